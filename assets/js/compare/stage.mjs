// The ground of two images: the page's map, a second one beside or over it, the divider, and when each image was taken.
import * as layer from "../layers/compare.mjs";
import { strictest, tlp } from "../markings.mjs";
import { link } from "./linked.mjs";
import { BLINK_S, movedWords, named, sample, shareWords, taken } from "./words.mjs";

const STEP = 0.02, LEAP = 0.1;
const WITH_SECOND = ["swipe", "side"];

function part(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/** Pure: where a key moves the divider, or undefined. */
export function stepped(at, key, shift = false) {
  const by = shift ? LEAP : STEP;
  const to = { ArrowLeft: at - by, ArrowDown: at - by, ArrowRight: at + by, ArrowUp: at + by, PageDown: at - LEAP, PageUp: at + LEAP, Home: 0, End: 1 }[key];
  return to === undefined ? undefined : Math.min(1, Math.max(0, Number(to.toFixed(4))));
}

/** `second(container)` makes the map beside the page's own; `told.at(share)` hears where a person put the divider, `told.shown(which)` which image is up. */
export function createStage({ box, map, second, token, told }) {
  const labels = ["before", "after"].map((which) => box.appendChild(part("div", `compare-label ${which}`)));
  const line = box.appendChild(part("div", "compare-line"));
  const knob = box.appendChild(part("div", "compare-knob"));
  knob.setAttribute("role", "slider");
  knob.tabIndex = 0;
  for (const [name, value] of Object.entries({ label: "Divider between the earlier and the later image", orientation: "horizontal", valuemin: 0, valuemax: 100 })) knob.setAttribute(`aria-${name}`, value);
  let other, unlink, timer, now = {}, up = 0;

  const maps = () => [map, other].filter((m) => m && layer.has(m));

  function open() {
    const container = box.insertBefore(part("div", "compare-map"), labels[0]);
    other = second(container);
    other.getCanvas().setAttribute("aria-label", "Map of the later image. It moves with the other.");
    unlink = link(map, other);
    const mine = other;
    mine.on("load", () => {
      if (mine !== other) return;
      dress(mine);
      paint();
      box.dataset.compareReady = "1";
    });
    mine.on("click", (event) => click(mine, event));
    mine.on("error", ({ error }) => error?.status === 404 || error?.name === "AbortError" || console.warn(error?.message ?? error));
  }

  function close() {
    unlink?.();
    other?.remove();
    box.querySelector(".compare-map")?.remove();
    other = unlink = undefined;
    delete box.dataset.compareReady;
  }

  function dress(m) {
    layer.remove(m);
    layer.add(m, { token, world: now.world, before: now.images[0], after: now.images[1] });
  }

  function click(m, { point: { x, y } }) {
    if (!layer.has(m)) return;
    const [found] = m.queryRenderedFeatures([[x - 4, y - 4], [x + 4, y + 4]], { layers: layer.clickable });
    if (found) told.picked(found.id);
  }
  map.on("click", (event) => now.images && click(map, event));

  /** What the pictures show, and what the labels say of it. */
  function paint() {
    if (!now.images) return;
    const { mode, at, features, chosen } = now;
    const shares = mode === "blink" ? [1, up] : mode === "opacity" ? [1, at] : [1, 0];
    if (layer.has(map)) layer.show(map, shares, { waits: mode === "blink" || mode === "opacity" });
    if (other && layer.has(other)) layer.show(other, [0, 1]);
    for (const m of maps()) layer.outline(m, features ?? [], chosen);
    const seen = mode === "blink" ? [1 - up, up] : mode === "opacity" ? [1 - at, at] : mode === "swipe" ? [at, 1 - at] : [1, 1];
    labels.forEach((label, i) => {
      label.classList.toggle("off", seen[i] < 0.005);
      label.querySelector(".compare-share").textContent = mode === "blink" ? (seen[i] ? "shown now" : "") : mode === "opacity" ? `${Math.round(100 * seen[i])} %` : "";
    });
  }

  function place(at) {
    const share = `${(100 * at).toFixed(2)}%`;
    box.style.setProperty("--compare-at", share);
    knob.setAttribute("aria-valuenow", Math.round(100 * at));
    knob.setAttribute("aria-valuetext", shareWords(at, ...now.images));
  }

  function words() {
    now.images.forEach((image, i) => {
      const head = part("span", "compare-which", i ? "Later" : "Earlier");
      head.append(part("span", "compare-share"));
      const facts = [named(image), sample(image.gsd_m), movedWords(now.offsets[i])].filter(Boolean).join(", ");
      const chip = strictest(image.marking) ? [part("span", tlp(image.marking), image.marking)] : [];
      labels[i].replaceChildren(head, part("b", "", taken(image)), part("span", "compare-facts", facts), ...chip);
    });
  }

  function blink() {
    clearInterval(timer);
    timer = undefined;
    if (now.mode !== "blink") return;
    if (now.blinking) timer = setInterval(() => {
      up = 1 - up;
      paint();
    }, BLINK_S * 1000);
  }

  function dragged(event) {
    const { left, width } = box.getBoundingClientRect();
    now.at = Math.min(1, Math.max(0, (event.clientX - left) / width));
    place(now.at);
    paint();
  }
  for (const grip of [knob, line]) {
    grip.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      knob.focus();
      grip.setPointerCapture(event.pointerId);
      grip.onpointermove = dragged;
    });
    for (const type of ["pointerup", "pointercancel"]) grip.addEventListener(type, () => {
      if (!grip.onpointermove) return;
      grip.onpointermove = null;
      told.at(now.at);
    });
  }
  knob.addEventListener("keydown", (event) => {
    const to = event.ctrlKey || event.metaKey || event.altKey ? undefined : stepped(now.at, event.key, event.shiftKey);
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // arrows elsewhere step the clock
    told.at(to);
  });

  return {
    /** Show a pair: `{ world, images, offsets, mode, at, blinking, features, chosen }`. */
    show(next) {
      const anew = !now.images || now.images.some((image, i) => image.id !== next.images[i].id);
      const moved = !anew && JSON.stringify(now.offsets) !== JSON.stringify(next.offsets);
      const from = now.mode;
      now = next;
      box.dataset.compare = document.documentElement.dataset.comparing = now.mode;
      if (from !== now.mode) map.resize(); // side by side it has half the room
      if (anew && other) close();
      if (!layer.has(map) || anew) {
        if (map.getLayer("slot-imagery")) dress(map);
      } else if (moved) for (const m of maps()) layer.again(m);
      if (WITH_SECOND.includes(now.mode) && !other) open();
      if (!WITH_SECOND.includes(now.mode) && other) close();
      if (from !== now.mode) other?.resize();
      words();
      place(now.at);
      blink();
      paint();
    },
    /** The page's map was given a new style: so is the other. */
    restyled() {
      if (!now.images) return;
      close();
      dress(map);
      if (WITH_SECOND.includes(now.mode)) open();
      paint();
    },
    leave() {
      now = {};
      clearInterval(timer);
      close();
      layer.remove(map);
      delete box.dataset.compare;
      delete document.documentElement.dataset.comparing;
      map.resize();
    },
    focus: () => knob.focus(),
    get other() {
      return other;
    },
  };
}
