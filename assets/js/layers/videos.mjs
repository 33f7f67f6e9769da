// Films on the map: where each begins, and of the chosen one where its sensor is, where it looks and what it sees at the clock's time.
import { addLayer, visible } from "../map/adapter.mjs";

const FILMS = "films", LOOK = "film-look";
const KEEPS_S = 2; // what was told is shown for so long; then nobody knows
export const ids = ["film-fill", "film-edge", "film-line", "film-way", "film-centre", "film-sensor", "film-mark"];
export const clickable = ["film-mark"];

const collection = (features) => ({ type: "FeatureCollection", features });
const feature = (part, geometry, more = {}) => ({ type: "Feature", geometry, properties: { part, ...more } });

/** Pure: films as points; those that tell no place are in no list of the map. */
export const marksOf = (rows) => collection((rows ?? []).filter((r) => r.place).map((r) => feature("film", r.place, { id: r.id })));

/** Pure: the newest look at or before a time; -1 when there is none, or it is too old. */
export function lookAt(t, at) {
  let low = 0, high = t.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (t[middle] <= at + 1e-6) low = middle + 1;
    else high = middle;
  }
  return low && at - t[low - 1] <= KEEPS_S ? low - 1 : -1;
}

/** Pure: the sensor's way so far, and where it is, looks and sees at a time. */
export function featuresAt(looks, at) {
  const i = looks && at !== undefined ? lookAt(looks.t, at) : -1;
  if (i < 0) return collection([]);
  const sensor = looks.sensor[i], centre = looks.centre[i], seen = looks.footprint[i], out = [];
  if (seen) out.push(feature("seen", { type: "Polygon", coordinates: [seen] }));
  const way = looks.sensor.slice(0, i + 1).filter(Boolean);
  if (way.length > 1) out.push(feature("way", { type: "LineString", coordinates: way }));
  if (sensor && centre) out.push(feature("line", { type: "LineString", coordinates: [sensor, centre] }));
  if (centre) out.push(feature("centre", { type: "Point", coordinates: centre }));
  if (sensor) out.push(feature("sensor", { type: "Point", coordinates: sensor }, { turn: looks.heading_deg[i] ?? 0 }));
  return collection(out);
}

export function add(map, { token }) {
  for (const source of [FILMS, LOOK]) if (!map.getSource(source)) map.addSource(source, { type: "geojson", data: collection([]) });
  const part = (name) => ["==", ["get", "part"], name];
  addLayer(map, { id: "film-fill", type: "fill", source: LOOK, filter: part("seen"), paint: { "fill-color": token("accent"), "fill-opacity": 0.12 } }, "slot-footprints");
  addLayer(map, { id: "film-edge", type: "line", source: LOOK, filter: part("seen"), paint: { "line-color": token("accent"), "line-width": 1.8 } }, "slot-footprints");
  addLayer(map, { id: "film-way", type: "line", source: LOOK, filter: part("way"), paint: { "line-color": token("track-air"), "line-width": 1.4 } }, "slot-footprints");
  addLayer(map, { id: "film-line", type: "line", source: LOOK, filter: part("line"), paint: { "line-color": token("accent"), "line-width": 1, "line-dasharray": [3, 3] } }, "slot-footprints");
  addLayer(map, { id: "film-centre", type: "symbol", source: LOOK, filter: part("centre"), layout: { "icon-image": "film-centre", "icon-allow-overlap": true, "icon-ignore-placement": true } }, "slot-marks");
  addLayer(map, {
    id: "film-sensor", type: "symbol", source: LOOK, filter: part("sensor"),
    layout: { "icon-image": "glyph-drone-live", "icon-rotate": ["get", "turn"], "icon-rotation-alignment": "map", "icon-allow-overlap": true, "icon-ignore-placement": true },
  }, "slot-marks");
  addLayer(map, { id: "film-mark", type: "symbol", source: FILMS, minzoom: 6, layout: { "icon-image": "film", "icon-allow-overlap": true, "icon-ignore-placement": true } }, "slot-marks");
}

export function draw(map, { rows, looks, at }) {
  if (rows) map.getSource(FILMS)?.setData(marksOf(rows));
  map.getSource(LOOK)?.setData(featuresAt(looks, at));
}

export const show = (map, on) => visible(map, ids, on);
