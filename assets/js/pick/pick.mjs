// Selecting on the map: by a box, by a line of the hand, by a radius, or what is in view. What is selected is counted, listed in the table,
// taken out, or made the filter's area. It is in the address (`pick`), and hides nothing.
import { format } from "../choices.mjs";
import { shapeOf } from "../map/draw.mjs";
import { loadGeodesic } from "../map/measure.mjs";
import { button, labelled, part } from "../views/parts.mjs";
import { watchHand } from "./hand.mjs";
import { boxRing, circleRing, kilometres, RADIUS_KM, textOf, thinned, told } from "./shapes.mjs";

const MODES = [["box", "Box"], ["lasso", "Lasso"], ["round", "Radius"]];
const HOW = {
  box: "Drag a box, or tap two corners.",
  lasso: "Draw round it, or tap its corners and close it.",
  round: "Drag from the middle, or tap it: the radius is as typed.",
};
const number = (n) => n.toLocaleString("en");

/** `open()` shows the table; `began()` is told that the hand is on the map now. */
export function watchPick({ root, map, choices, token, say, open, began, exports }) {
  let mode, over, corners = [], shown = false, totals, opened = false;
  const words = part("p", "pick-words"), how = part("p", "note"), km = part("input", "");
  words.setAttribute("role", "status");
  Object.assign(km, { type: "text", inputMode: "decimal", value: "10", maxLength: 8 });
  const modes = MODES.map(([name, word]) => button(word, "action", () => start(mode === name ? undefined : name)));
  const round = part("div", "pick-round", ...labelled("pick-km", "Kilometres", km), button("Round the middle of the map", "action", () => circle(map.getCenter().toArray())));
  const shut = button("Close it", "action", () => close(corners));
  const ends = part("div", "pick-acts",
    button("Table", "action", () => open()),
    button("Use as area", "action", () => choices.set({ area: choices.get().pick, pick: undefined })),
    taking(),
    button("Clear", "action", () => choices.set({ pick: undefined })));
  root.replaceChildren(
    part("div", "pick-head", part("h2", "", "Selection"), button("×", "close", leave, "Close")),
    part("div", "pick-modes", ...modes, button("In view", "action", inView)), round, how, shut, words, ends);

  /** The menu of files, as it stands in the top bar, cut to what is selected. */
  function taking() {
    const menu = part("div", "menu"), box = part("details", "tool-menu", part("summary", "action", "Export"), menu);
    box.addEventListener("toggle", () => {
      if (!box.open) return;
      menu.replaceChildren(...exports().map((link) => {
        const copy = link.cloneNode(true);
        copy.href = `${link.getAttribute("href")}&${format(choices.get(), ["pick"])}`;
        return copy;
      }));
    });
    return box;
  }

  function draw(ring) {
    const shape = ring ? (ring.length > 2 ? { type: "Polygon", coordinates: [[...ring, ring[0]]] } : { type: "LineString", coordinates: ring.length > 1 ? ring : [ring[0], ring[0]] }) : shapeOf(choices.get().pick)?.geometry;
    map.getSource("pick")?.setData({ type: "FeatureCollection", features: shape ? [{ type: "Feature", geometry: shape, properties: {} }] : [] });
  }

  /** The style was set anew. */
  function dress() {
    if (map.getSource("pick")) return;
    map.addSource("pick", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    map.addLayer({ id: "pick-ground", type: "fill", source: "pick", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": token("accent"), "fill-opacity": 0.1 } }, "slot-marks");
    map.addLayer({ id: "pick-line", type: "line", source: "pick", paint: { "line-color": token("accent"), "line-width": 2 } }, "slot-marks");
    draw();
  }

  function close(ring) {
    const here = told(thinned(ring));
    stop();
    if (!here) return void (draw(), say("Nothing is selected: a selection has three corners at least, and does not reach over 180°."));
    choices.set({ pick: textOf(here) });
    draw();
    paint();
  }

  async function circle(at, m = undefined) {
    const typed = kilometres(km.value);
    if (m === undefined && typed === undefined) return say(`A radius is ${RADIUS_KM[0]} to ${number(RADIUS_KM[1])} km, not “${km.value}”.`);
    const ring = circleRing(at, m ?? typed * 1000, await loadGeodesic());
    if (ring) close(ring);
    else say("A selection does not reach round a pole.");
  }

  function inView() {
    const bounds = map.getBounds();
    close(boxRing(bounds.getSouthWest().toArray(), bounds.getNorthEast().toArray()));
  }

  function stop() {
    over?.();
    over = mode = undefined;
    corners = [];
    paint();
  }

  async function start(wanted) {
    stop();
    draw();
    if (!wanted) return;
    began();
    mode = wanted;
    const geodesic = wanted === "round" ? await loadGeodesic() : undefined;
    if (mode !== wanted) return; // another was pressed meanwhile
    const away = (points) => geodesic.between(...points[0], ...points.at(-1)).s12;
    over = watchHand(map, {
      drag(points) {
        if (mode === "round") {
          const m = away(points);
          km.value = String(Number((m / 1000).toPrecision(3)));
          draw(circleRing(points[0], m, geodesic));
        } else draw(mode === "box" ? boxRing(points[0], points.at(-1)) : points);
      },
      dragged: (points) => (mode === "round" ? circle(points[0], away(points)) : close(mode === "box" ? boxRing(points[0], points.at(-1)) : points)),
      tapped(place) {
        if (mode === "round") return circle(place);
        corners.push(place);
        if (mode === "box" && corners.length === 2) return close(boxRing(...corners));
        draw(corners);
        paint();
      },
    });
    paint();
  }

  function leave() {
    stop();
    opened = false;
    choices.set({ pick: undefined });
    draw();
    paint();
  }

  function paint() {
    const { pick } = choices.get();
    shown = Boolean(pick) || opened;
    root.hidden = !shown;
    for (const [i, [name]] of MODES.entries()) modes[i].setAttribute("aria-pressed", String(mode === name));
    round.hidden = mode !== "round";
    how.textContent = mode ? HOW[mode] : "";
    how.hidden = !mode;
    shut.hidden = mode !== "lasso" || corners.length < 3;
    ends.hidden = words.hidden = !pick || Boolean(mode); // while a hand draws, the ground is wanted
    words.textContent = !pick ? "" : totals ? ["seizures", "tracks", "images"].map((layer) => `${number(totals[layer])} ${totals[layer] === 1 ? layer.slice(0, -1) : layer}`).join(", ") : "Counting…";
  }

  choices.subscribe((now, changed) => {
    if (!changed.has("pick")) return;
    totals = undefined;
    draw();
    paint();
  });
  if (map.getLayer("area")) dress();
  paint();

  return {
    get active() { return mode; },
    get isOpen() { return shown; },
    dress, leave,
    /** The button: opens what selects, and closes it. */
    toggle() {
      if (shown) return leave();
      opened = true;
      paint();
      modes[0].focus();
    },
    /** Something else takes the hand. */
    stop: () => mode && (stop(), draw()),
    /** The numbers of what is selected came (callbacks/counts.py). */
    counted(picked) {
      totals = picked ?? undefined;
      paint();
    },
  };
}
