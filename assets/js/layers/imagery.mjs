// Drone imagery: all of the window, newest on top; frames with crop marks and a label of time and ground sample.
import { addLayer, retile, visible } from "../map/adapter.mjs";
import { ask } from "../api.mjs";
import { filterQuery } from "../choices.mjs";
import { clock, day } from "../times.mjs";

const TILES = "imagery", FRAMES = "frames", CORNERS = "frame-corners";
const OLD_S = 86_400;
const empty = { type: "FeatureCollection", features: [] };
export const ids = ["imagery", "frame-fill", "frame-line", "frame-corner", "frame-label"];
export const clickable = ["frame-fill"];

const address = (choices, until) => `${location.origin}/api/tiles/imagery/{z}/{x}/{y}.webp?${filterQuery(until ? { ...choices, to: until } : choices)}`;

export function add(map, { token, choices }) {
  map.addSource(TILES, { type: "raster", tiles: [address(choices)], tileSize: 256, minzoom: 5, maxzoom: 20 });
  map.addSource(FRAMES, { type: "geojson", data: empty, promoteId: "id" });
  map.addSource(CORNERS, { type: "geojson", data: empty });
  addLayer(map, { id: "imagery", type: "raster", source: TILES, minzoom: 6, paint: { "raster-opacity": 0.94, "raster-saturation": -0.12, "raster-fade-duration": 150 } }, "slot-imagery");
  addLayer(map, { id: "frame-fill", type: "fill", source: FRAMES, paint: { "fill-color": token("footprint"), "fill-opacity": 0 } }, "slot-footprints");
  addLayer(map, { id: "frame-line", type: "line", source: FRAMES, paint: { "line-color": token("footprint"), "line-width": 0.9, "line-opacity": 0.55 } }, "slot-footprints");
  addLayer(map, {
    id: "frame-corner", type: "symbol", source: CORNERS, minzoom: 8, filter: ["has", "turn"],
    layout: { "icon-image": "crop", "icon-rotate": ["get", "turn"], "icon-rotation-alignment": "map", "icon-allow-overlap": true, "icon-ignore-placement": true },
  }, "slot-footprints");
  addLayer(map, {
    id: "frame-label", type: "symbol", source: CORNERS, minzoom: 7.5, filter: ["has", "label"],
    layout: { "text-field": ["get", "label"], "text-font": ["Condensed Medium"], "text-size": 12.5, "text-anchor": "bottom-left", "text-offset": [0.2, -0.5], "text-padding": 4 },
    paint: { "text-color": token("footprint"), "text-halo-color": token("land"), "text-halo-width": 1.6 },
  }, "slot-marks");
}

/** The images of these choices. */
export const images = (choices, signal) => ask(`/api/images?${filterQuery(choices)}&limit=1000`, { signal });

export function filtered(map, choices, until) {
  retile(map, TILES, [address(choices, until)]);
}

/** The frames of images taken up to `at`. */
export function draw(map, rows, at, edge) {
  const taken = (rows ?? []).filter((r) => at === undefined || Date.parse(r.captured_at) / 1000 <= at);
  map.getSource(FRAMES)?.setData({
    type: "FeatureCollection",
    features: taken.map((r) => ({ type: "Feature", geometry: r.footprint, properties: { id: r.id, old: edge - Date.parse(r.captured_at) / 1000 > OLD_S } })),
  });
  map.getSource(CORNERS)?.setData({ type: "FeatureCollection", features: taken.flatMap((r) => corners(r, edge)) });
  return taken.length;
}

/** Pure: the crop marks of a frame, and its label at the topmost corner. */
export function corners(row, edge) {
  const points = row.corners?.length ? row.corners : ringOf(row.footprint);
  if (!points?.length) return [];
  const middle = points.reduce((m, p) => [m[0] + p[0] / points.length, m[1] + p[1] / points.length], [0, 0]);
  const out = (row.corners ?? []).map((p) => ({
    type: "Feature", geometry: { type: "Point", coordinates: p },
    // the mark opens to the lower right at turn 0; at each corner it opens to the middle
    properties: { turn: (Math.atan2(middle[0] - p[0], middle[1] - p[1]) * 180) / Math.PI - 135 },
  }));
  const top = points.reduce((a, b) => (b[1] > a[1] ? b : a));
  const t = Date.parse(row.captured_at) / 1000;
  const when = edge - t < OLD_S && day(t) === day(edge) ? `${clock(t, false)} UTC` : day(t);
  const sample = row.gsd_m < 1 ? `${Math.round(row.gsd_m * 100)} cm` : `${row.gsd_m.toFixed(1)} m`;
  out.push({ type: "Feature", geometry: { type: "Point", coordinates: top }, properties: { label: `${when}  ${sample}` } });
  return out;
}

const ringOf = (footprint) => (footprint?.type === "MultiPolygon" ? footprint.coordinates[0]?.[0] : footprint?.coordinates?.[0]);

export function show(map, on, opacity) {
  visible(map, ids, on);
  if (map.getLayer("imagery")) map.setPaintProperty("imagery", "raster-opacity", 0.94 * opacity);
}
