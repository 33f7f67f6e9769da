// The rail on a narrow screen: a sheet over the map's lower part, half or full, by its grip dragged or pressed.
// Half, the map above it answers; full, it is modal. Escape and the browser's way back close it.

export const NARROW = "(max-width: 760px)";
const DRAG_PX = 6; // less is no drag
const SHUT_BELOW = 0.26, FULL_ABOVE = 0.7; // of the screen's height, where it is let go

/** Pure: what a sheet becomes that is let go at this height. */
export const landed = (height, screen) => (height < screen * SHUT_BELOW ? "shut" : height > screen * FULL_ABOVE ? "full" : "half");

/**
 * `toggle` opens it; `opened(is)` is told of both. `address()` is what the address should be whatever the history brings back:
 * going back closes the sheet and takes nothing back of what was chosen in it.
 */
export function createSheet({ rail, toggle, opened = () => {}, address, narrow = matchMedia(NARROW), view = window }) {
  const grip = rail.querySelector(".grip"), head = rail.querySelector(".sheet-head");
  let state = "shut", leaving = false;

  const others = () => [...rail.parentElement.children].filter((e) => e !== rail && !e.classList.contains("strip"));

  function wear(next) {
    state = next;
    const open = next !== "shut", modal = next === "full" && narrow.matches;
    rail.classList.toggle("open", open);
    rail.classList.toggle("full", next === "full");
    rail.style.height = "";
    toggle.setAttribute("aria-expanded", String(open));
    grip.setAttribute("aria-label", next === "full" ? "Sheet to half height" : "Sheet to full height");
    for (const [name, value] of [["role", open && narrow.matches && "dialog"], ["aria-label", open && narrow.matches && "Layers and filters"], ["aria-modal", modal && "true"]]) {
      if (value) rail.setAttribute(name, value);
      else rail.removeAttribute(name);
    }
    for (const other of others()) other.inert = modal;
  }

  function open() {
    if (state !== "shut") return;
    wear("half");
    view.history.pushState({ ...view.history.state, sheet: true }, "", view.location.href);
    grip.focus({ preventScroll: true });
    opened(true);
  }

  /** `back`: the browser has left the sheet's place in its history already. */
  function close({ back = false } = {}) {
    if (state === "shut") return;
    const held = rail.contains(document.activeElement) || document.activeElement === document.body;
    wear("shut");
    opened(false);
    if (held) toggle.focus({ preventScroll: true });
    if (back || !view.history.state?.sheet) return; // what was chosen since lies above it: it stays there and does nothing
    leaving = true;
    view.history.back();
  }

  view.addEventListener("popstate", (event) => {
    if (!leaving && state === "shut") return;
    event.stopImmediatePropagation();
    if (!leaving) close({ back: true });
    leaving = false;
    view.history.replaceState(view.history.state, "", address());
  }, { capture: true });

  rail.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || state === "shut" || !narrow.matches) return;
    event.preventDefault();
    event.stopPropagation();
    close();
  });
  narrow.addEventListener("change", () => state !== "shut" && (narrow.matches ? wear(state) : close()));

  grip.addEventListener("click", () => wear(state === "full" ? "half" : "full"));
  head.addEventListener("pointerdown", ({ target, button, clientY: from }) => {
    if (button !== 0 || target.closest("button")) return;
    const height = rail.offsetHeight;
    let dragged = false;
    const move = ({ clientY }) => {
      dragged ||= Math.abs(clientY - from) > DRAG_PX;
      if (dragged) rail.style.height = `${Math.max(0, height + from - clientY)}px`;
    };
    const end = ({ type }) => {
      view.removeEventListener("pointermove", move);
      for (const kind of ["pointerup", "pointercancel"]) view.removeEventListener(kind, end);
      if (!dragged) return;
      const next = type === "pointercancel" ? state : landed(rail.offsetHeight, view.innerHeight);
      if (next === "shut") close();
      else wear(next);
    };
    view.addEventListener("pointermove", move);
    for (const kind of ["pointerup", "pointercancel"]) view.addEventListener(kind, end);
  });

  rail.addEventListener("click", ({ target }) => {
    const page = target.closest("button[data-shows]")?.dataset.shows;
    if (!page) return;
    rail.dataset.shows = page;
    for (const button of rail.querySelectorAll("button[data-shows]")) button.setAttribute("aria-pressed", String(button.dataset.shows === page));
    rail.scrollTop = 0;
  });

  return {
    get isOpen() { return state !== "shut" && narrow.matches; },
    open, close,
    toggle: () => (state === "shut" ? open() : close()),
  };
}
