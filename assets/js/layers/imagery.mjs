// Drone imagery: all of the window, newest on top, what is older than a day dimmed below; frames with crop marks and a label.
import { addLayer, retile, visible } from "../map/adapter.mjs";
import { layerQuery } from "../choices.mjs";
import { clock, day, iso } from "../times.mjs";
import * as looked from "./looked.mjs";

const FRAMES = "frames", CORNERS = "frame-corners";
const OLD_S = 86_400;
const APART_PX = 40, WORLD_PX = 512; // of the world at zoom 0
const LABEL_LATER = 2.5; // zooms on, a frame is as wide as two of its labels
// two sources of the same tiles, each of its own times
const PARTS = {
  "imagery-old": { opacity: 0.62, saturation: -0.45 },
  imagery: { opacity: 0.94, saturation: -0.12 },
};
const OWN = [">=", ["zoom"], ["get", "from"]];
const empty = { type: "FeatureCollection", features: [] };
export const ids = [...Object.keys(PARTS), "frame-fill", "frame-line", "frame-corner", "frame-label", "frame-point"];
export const clickable = ["frame-point", "frame-fill"];

const address = (choices, times) => `${location.origin}/api/tiles/imagery/{z}/{x}/{y}.webp?${layerQuery({ ...choices, ...times }, "imagery")}`;

export function add(map, { token, choices, wall }) {
  map.addSource(FRAMES, { type: "geojson", data: empty, promoteId: "id" });
  map.addSource(CORNERS, { type: "geojson", data: empty });
  for (const [id, { opacity, saturation }] of Object.entries(PARTS)) {
    map.addSource(id, { type: "raster", tiles: [address(choices)], tileSize: 256, minzoom: 5, maxzoom: 20 });
    addLayer(map, {
      id, type: "raster", source: id, minzoom: 6, layout: { visibility: "none" },
      paint: { "raster-opacity": opacity, "raster-saturation": saturation, "raster-fade-duration": 150 },
    }, "slot-imagery");
  }
  addLayer(map, { id: "frame-fill", type: "fill", source: FRAMES, paint: { "fill-color": token("footprint"), "fill-opacity": 0 } }, "slot-footprints");
  addLayer(map, { id: "frame-line", type: "line", source: FRAMES, paint: { "line-color": token("footprint"), "line-width": wall ? 2 : 0.9, "line-opacity": 0.55 } }, "slot-footprints");
  addLayer(map, {
    id: "frame-corner", type: "symbol", source: CORNERS, minzoom: 8, filter: ["all", ["has", "turn"], OWN],
    layout: { "icon-image": "crop", "icon-rotate": ["get", "turn"], "icon-rotation-alignment": "map", "icon-allow-overlap": true, "icon-ignore-placement": true },
  }, "slot-footprints");
  addLayer(map, {
    id: "frame-point", type: "symbol", source: FRAMES, filter: ["==", ["geometry-type"], "Point"], minzoom: 7,
    layout: { "icon-image": "crop-point", "icon-allow-overlap": true, "icon-ignore-placement": true },
  }, "slot-marks");
  if (wall) return;
  addLayer(map, {
    id: "frame-label", type: "symbol", source: CORNERS, minzoom: 7.5, filter: ["all", ["has", "label"], OWN],
    layout: { "text-field": ["get", "label"], "text-font": ["Condensed Medium"], "text-size": 12.5, "text-anchor": "bottom-left", "text-offset": [0.2, -0.5], "text-padding": 4 },
    paint: { "text-color": token("footprint"), "text-halo-color": token("land"), "text-halo-width": 1.6 },
  }, "slot-marks");
}

/** Where the images of these choices are listed. */
export const images = (choices) => `/api/images?${layerQuery(choices, "imagery")}&limit=1000`;

const taken = (row) => Date.parse(row.captured_at) / 1000;

/** Pure: for each part the times its tiles are asked with, or undefined when no image is in it. They change only when `at` passes an image. */
export function timesOf(rows, at) {
  const of = (mine) => {
    if (!mine.length) return undefined;
    const times = mine.map(taken);
    return { from: iso(Math.floor(Math.min(...times))), to: iso(Math.floor(Math.max(...times)) + 1) };
  };
  const shown = (rows ?? []).filter((r) => taken(r) <= at);
  return { "imagery-old": of(shown.filter((r) => at - taken(r) > OLD_S)), imagery: of(shown.filter((r) => at - taken(r) <= OLD_S)) };
}

/** Ask the tiles of what was taken up to `at`; a part with no image asks nothing. */
function pictures(map, rows, at, choices) {
  const layer = map.vigiaImagery ?? { on: true, opacity: 1 };
  for (const [id, times] of Object.entries(timesOf(rows, at))) {
    visible(map, [id], layer.on && Boolean(times));
    if (times) retile(map, id, [address(choices, times)]);
  }
}

/** The images taken up to `at`, with their frames; `edge` is the newest moment known. */
export function draw(map, rows, at, edge, choices) {
  const shown = (rows ?? []).filter((r) => taken(r) <= at);
  map.getSource(FRAMES)?.setData({ type: "FeatureCollection", features: shown.map((r) => ({ type: "Feature", geometry: r.footprint, properties: { id: r.id } })) });
  const from = marksFrom(shown);
  map.getSource(CORNERS)?.setData({ type: "FeatureCollection", features: shown.flatMap((r) => corners(r, edge, from.get(r.id))) });
  pictures(map, rows, at, choices);
  looked.draw(map, shown.find((r) => String(r.id) === choices.look && r.on_tiles), choices);
}

/** Pure: from which zoom on each image has marks of its own, by its number. Of a flight's frames one always has; the others where they can be told apart, or a thousand marks would lie on one spot. */
export function marksFrom(rows) {
  const flights = new Set();
  return new Map(rows.map((row) => {
    if (row.product !== "frame" || !row.corners?.length) return [row.id, 0];
    const first = !flights.has(row.sortie), c = row.corners;
    flights.add(row.sortie);
    const sides = c.map(([lon, lat], i) => Math.hypot(lon - c[(i + 1) % c.length][0], (lat - c[(i + 1) % c.length][1]) / Math.cos((lat * Math.PI) / 180)));
    return [row.id, first ? 0 : Math.log2((APART_PX * 360) / (WORLD_PX * Math.max(1e-9, Math.min(...sides))))];
  }));
}

/** Pure: the crop marks of an image, and its label at the topmost corner, seen from a zoom on. */
export function corners(row, edge, from = 0) {
  if (row.footprint?.type === "Point") return []; // it has a mark of its own, and no outline to mark
  const points = row.corners?.length ? row.corners : ringOf(row.footprint);
  if (!points?.length) return [];
  const middle = points.reduce((m, p) => [m[0] + p[0] / points.length, m[1] + p[1] / points.length], [0, 0]);
  const out = (row.corners ?? []).map((p) => ({
    type: "Feature", geometry: { type: "Point", coordinates: p },
    // the mark opens to the lower right at turn 0; at each corner it opens to the middle
    properties: { from, turn: (Math.atan2(middle[0] - p[0], middle[1] - p[1]) * 180) / Math.PI - 135 },
  }));
  const top = points.reduce((a, b) => (b[1] > a[1] ? b : a));
  const t = taken(row);
  const when = edge - t < OLD_S && day(t) === day(edge) ? `${clock(t, false)} UTC` : day(t);
  const sample = row.gsd_m === null ? "" : row.gsd_m < 1 ? `${Math.round(row.gsd_m * 100)} cm` : `${row.gsd_m.toFixed(1)} m`;
  out.push({ type: "Feature", geometry: { type: "Point", coordinates: top }, properties: { from: from && from + LABEL_LATER, label: `${when}  ${sample}`.trim() } });
  return out;
}

const ringOf = (footprint) => (footprint?.type === "MultiPolygon" ? footprint.coordinates[0]?.[0] : footprint?.coordinates?.[0]);

export function show(map, on, opacity) {
  map.vigiaImagery = { on, opacity };
  // The pictures' own visibility is set with their times, by the next draw.
  visible(map, ids.filter((id) => !(id in PARTS)), on);
  for (const [id, part] of Object.entries(PARTS)) {
    if (!map.getLayer(id)) continue;
    map.setPaintProperty(id, "raster-opacity", part.opacity * opacity);
    if (!on) visible(map, [id], false);
  }
  looked.show(map, on, opacity);
}
