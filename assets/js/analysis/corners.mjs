// Corners of zones that are still open: dragged on the map, or tapped and moved by buttons. They are kept as a new version, by whoever keeps zones.
import * as zoneLayer from "../layers/zones.mjs";
import { fine } from "../map/draw.mjs";
import { part } from "./parts.mjs";

const NEAR_PX = 24, STEP_PX = 8;
const LEAST = 3; // corners of a shape
const STEPS = [["↑", "Corner north", 0, -STEP_PX], ["↓", "Corner south", 0, STEP_PX], ["←", "Corner west", -STEP_PX, 0], ["→", "Corner east", STEP_PX, 0]];

const parts = (geometry) => (geometry.type === "MultiPolygon" ? geometry.coordinates : [geometry.coordinates]);
const closed = (ring) => [...ring, ring[0]];
/** Whether two rings have the same corners, wherever they begin and whichever way they run. */
const alike = (a, b) => a.length === b.length && new Set([...a, ...b].map(String)).size === new Set(a.map(String)).size;

/** Pure: what may be reshaped: the outlines of zones, closed ends left out: [{ zone, part, ring }]. */
export const outlines = (zones) => zones.flatMap(({ geometry }, zone) => parts(geometry).map(([outer], i) => ({ zone, part: i, ring: outer.slice(0, -1).map(([x, y]) => [x, y]) })));

/** Pure: zones with other outlines, `rings` as `outlines` numbers them. A hole that was another's outline goes with it: the buffer lies round the operation. */
export function reshaped(zones, rings) {
  const before = outlines(zones);
  return zones.map(({ role, name, geometry }, zone) => {
    const made = parts(geometry).map(([, ...holes], i) => [
      closed(rings[before.findIndex((o) => o.zone === zone && o.part === i)]),
      ...holes.map((hole) => {
        const of = before.findIndex((o) => alike(o.ring, hole.slice(0, -1)));
        return of < 0 ? hole : closed(rings[of]);
      }),
    ]);
    return { role, name, geometry: made.length > 1 ? { type: "MultiPolygon", coordinates: made } : { type: "Polygon", coordinates: made[0] } };
  });
}

/** Pure: a ring without one corner; the same where it would be no shape any more. */
export const less = (ring, i) => (ring.length > LEAST ? ring.filter((_, at) => at !== i) : ring);

/** Pure: a ring with a corner more, in the middle between one and the next. */
export function more(ring, i) {
  const [a, b] = [ring[i], ring[(i + 1) % ring.length]];
  return [...ring.slice(0, i + 1), [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], ...ring.slice(i + 1)];
}

/** `keep(zones)` stores them; `ended()` is told when the corners are left. */
export function createCorners({ map, draw, token, say, keep, ended }) {
  let held; // { zones, found, began, rings, which, corner, changed, tool }
  const box = part("div", "analysis-corners");
  const ring = () => held.rings[held.which];

  async function begin(zones) {
    const found = outlines(zones), began = found.map((o) => fine(o.ring)), mine = { zones, found, began, rings: [...began], which: 0, corner: undefined, changed: false };
    held = mine;
    try {
      mine.tool = await draw.reshape(began, { moved, ended: () => mine === held && end() });
      if (mine === held) which(0);
    } catch (error) {
      say(error.message);
      end();
    }
  }

  /** What nobody moved stays as it was told, to the last digit. */
  const now = () => reshaped(held.zones, held.rings.map((r, i) => (alike(r, held.began[i]) ? held.found[i].ring : r)));

  function end() {
    if (!held) return;
    held = undefined;
    zoneLayer.corner(map, undefined, { token });
    box.remove();
    ended();
  }

  function moved(i, told) {
    const before = held.rings[i], same = new Set(before.map(String));
    held.rings[i] = told;
    if (alike(before, told)) return;
    held.changed = true;
    const at = told.findIndex((c) => !same.has(String(c)));
    if (i === held.which) choose(at < 0 ? undefined : at);
  }

  function which(i) {
    held.which = i;
    held.tool.pick(i);
    choose(undefined);
  }

  function choose(corner) {
    held.corner = corner;
    zoneLayer.corner(map, corner === undefined ? undefined : ring()[corner], { token });
    paint();
  }

  function put(told, corner) {
    try {
      held.tool.put(held.which, told);
    } catch (error) {
      return void say(error.message);
    }
    choose(corner);
  }

  function step(dx, dy) {
    const { x, y } = map.project(ring()[held.corner]), to = map.unproject([x + dx, y + dy]);
    put(ring().map((c, i) => (i === held.corner ? [to.lng, to.lat] : c)), held.corner);
  }

  function paint() {
    const { zones, found, corner } = held, n = ring().length, list = part("select"), acts = part("p", "actions"), arrows = part("p", "actions arrows"), label = part("label", "", "Zone");
    list.id = "corners-zone";
    label.htmlFor = list.id;
    list.append(...found.map(({ zone, part: of }, i) => new Option(`${zones[zone].name || zones[zone].role}${of ? `, part ${of + 1}` : ""}`, i)));
    list.value = held.which;
    list.addEventListener("change", () => which(Number(list.value)));
    const button = (words, act, { off = corner === undefined, title, name = "action" } = {}) => {
      const made = Object.assign(part("button", name, words), { type: "button", disabled: off, ...(title ? { title } : {}) });
      if (title) made.setAttribute("aria-label", title);
      made.addEventListener("click", act);
      return made;
    };
    arrows.append(...STEPS.map(([words, title, dx, dy]) => button(words, () => step(dx, dy), { title })));
    acts.append(button("Next corner", () => choose(corner === undefined ? 0 : (corner + 1) % n), { off: false }), button("Add a corner", () => put(more(ring(), corner), corner + 1)),
      button("Delete corner", () => put(less(ring(), corner), undefined), { off: corner === undefined || n <= LEAST }));
    const said = part("p", "meta", corner === undefined ? `${n} corners. Drag one, or the dot between two; or tap one and use the buttons.` : `Corner ${corner + 1} of ${n}.`);
    said.setAttribute("role", "status");
    const focused = box.contains(document.activeElement) ? document.activeElement.textContent : undefined;
    const last = part("p", "actions");
    last.append(button("Keep as a new version", () => keep(now()), { off: !held.changed, name: "filled" }), button("Leave", () => draw.stop(), { off: false, name: "link" }));
    box.replaceChildren(label, list, said, arrows, acts, last);
    if (focused) [...box.querySelectorAll("button")].find((b) => b.textContent === focused && !b.disabled)?.focus(); // who goes on pressing finds it where it was
  }

  map.on("click", ({ point }) => {
    if (!held?.tool) return;
    const away = ring().map((at) => { const { x, y } = map.project(at); return Math.hypot(x - point.x, y - point.y); }), nearest = away.indexOf(Math.min(...away));
    if (away[nearest] <= NEAR_PX) choose(nearest);
  });

  return { box, begin, end: () => held && draw.stop(), get on() { return Boolean(held); } };
}
