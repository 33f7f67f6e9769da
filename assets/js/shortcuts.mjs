// The keys of the page: one table, which the handler obeys and the sheet shows. Off while somebody types; single keys can be switched off.
import { asked, button, part } from "./views/parts.mjs";

const KEPT = "vigia-keys";

// `map`: the map has a meaning of its own for it while it has the focus. `button`: so has a button. `always`: works when single keys are off.
export const SHORTCUTS = [
  { keys: ["?"], act: "sheet", words: "This list" },
  { keys: ["/"], act: "search", words: "To the search" },
  { keys: [" "], shown: ["Space"], act: "play", words: "Play the clock, or pause it", button: true },
  { keys: ["ArrowLeft"], shown: ["←"], act: "earlier", words: "The clock a step back", map: true },
  { keys: ["ArrowRight"], shown: ["→"], act: "later", words: "The clock a step on", map: true },
  { keys: ["ArrowLeft"], shift: true, shown: ["Shift", "←"], act: "windowEarlier", words: "The window a step back", map: true },
  { keys: ["ArrowRight"], shift: true, shown: ["Shift", "→"], act: "windowLater", words: "The window a step on", map: true },
  { keys: ["Home"], act: "begin", words: "The clock to the begin of the window" },
  { keys: ["End"], act: "live", words: "The clock to the newest" },
  { keys: ["+"], act: "faster", words: "Play faster", map: true },
  { keys: ["-"], act: "slower", words: "Play slower", map: true },
  { keys: ["Escape"], shown: ["Esc"], act: "leave", words: "Leave drawing, comparing, or what is chosen", always: true },
  { keys: ["z"], ctrl: true, shift: false, shown: ["Ctrl", "Z"], act: "undo", words: "Undo what was chosen last", always: true },
  { keys: ["z"], ctrl: true, shift: true, shown: ["Ctrl", "Shift", "Z"], act: "redo", words: "Do it again", always: true },
];

/** Pure: the entry that an event of the keyboard means; undefined: none. `on` says whether single keys work. */
export function meant(event, on) {
  const { target, key, ctrlKey, metaKey, altKey, shiftKey } = event, inside = (what) => Boolean(target?.closest?.(what));
  if (altKey || event.isComposing || inside("input, select, textarea, [contenteditable], dialog")) return undefined;
  const name = key.length === 1 ? key.toLowerCase() : key;
  return SHORTCUTS.find((s) => s.keys.includes(name) && Boolean(s.ctrl) === (ctrlKey || metaKey) && (s.ctrl || key.startsWith("Arrow") ? Boolean(s.shift) === shiftKey : true)
    && (on || s.always) && !(s.map && inside(".maplibregl-canvas")) && !(s.button && inside("button, summary, label")));
}

/** Whether single keys work is kept in this browser. */
export function keptIn(storage = globalThis.localStorage) {
  let on = storage?.getItem(KEPT) !== "off";
  return {
    get on() { return on; },
    set on(value) {
      on = value;
      storage?.setItem(KEPT, value ? "on" : "off");
    },
  };
}

/** `acts` by name, as the table has them but for `sheet`. */
export function watchShortcuts(acts, { root = document, kept = keptIn() } = {}) {
  const all = { ...acts, sheet: () => sheet(kept) };
  root.addEventListener("keydown", (event) => {
    const found = meant(event, kept.on);
    if (!found) return;
    event.preventDefault();
    all[found.act]();
  });
  return { sheet: all.sheet };
}

/** Every key there is, and the switch. */
function sheet(kept) {
  return asked("Keys", (box, close) => {
    const rows = SHORTCUTS.map((s) => part("tr", "", part("td", "", ...(s.shown ?? s.keys).flatMap((key, i) => [...(i ? [" + "] : []), part("kbd", "", key)])), part("td", "", s.words)));
    const check = part("input", ""), label = part("label", "check", check, " Single keys work (those with Ctrl, and Esc, always do)");
    Object.assign(check, { type: "checkbox", checked: kept.on, id: "keys-on" });
    check.addEventListener("change", () => (kept.on = check.checked));
    const done = button("Close", "filled", () => close());
    box.append(part("table", "keys", part("tbody", "", ...rows)), part("p", "", "Off while you type. On the map the arrows move it, plus and minus zoom."), label, part("div", "actions-row", done));
    return done;
  }, "purpose keys-sheet");
}
