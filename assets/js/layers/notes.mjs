// Notes on the map: a pin where something was seen, a sheet where something was said; of the chosen one how sure its place is.
import { addLayer, visible } from "../map/adapter.mjs";

const NOTES = "notes", CHOSEN = "note-chosen";
const EARTH_M = 6_371_008.8, CORNERS = 64, NEARLY_M = 5; // a place that is surer than this needs no ring
export const ids = ["note-precision", "note-ring", "note-mark"];
export const marks = ["note-precision", "note-ring", "note-mark"];
export const clickable = ["note-mark"];

const collection = (features) => ({ type: "FeatureCollection", features });
const rad = Math.PI / 180;

/** Pure: notes as points; the newest is drawn last. */
export const marksOf = (rows) => collection(rows.map(({ id, geometry, properties: p }) => ({ type: "Feature", geometry, properties: { id, image: `note-${p.kind}`, at: Date.parse(p.observed_at) / 1000 } })));

/** Pure: the ground within a distance of a place, as a polygon. */
export function circleOf([lon, lat], metres) {
  const far = metres / EARTH_M, from = lat * rad, ring = [];
  for (let i = 0; i <= CORNERS; i += 1) {
    const turn = (2 * Math.PI * (i % CORNERS)) / CORNERS;
    const to = Math.asin(Math.sin(from) * Math.cos(far) + Math.cos(from) * Math.sin(far) * Math.cos(turn));
    const along = Math.atan2(Math.sin(turn) * Math.sin(far) * Math.cos(from), Math.cos(far) - Math.sin(from) * Math.sin(to));
    ring.push([lon + along / rad, to / rad]);
  }
  return { type: "Polygon", coordinates: [ring] };
}

/** Pure: a ring round the chosen note, and the ground it may be on. */
export function chosenOf(rows, chosen) {
  const found = rows.find((row) => row.id === chosen);
  if (!found) return collection([]);
  const { precision_m: precision, kind } = found.properties;
  return collection([
    { type: "Feature", geometry: found.geometry, properties: { part: "ring", kind } },
    ...(precision > NEARLY_M ? [{ type: "Feature", geometry: circleOf(found.geometry.coordinates, precision), properties: { part: "precision" } }] : []),
  ]);
}

export function add(map, { token }) {
  for (const source of [NOTES, CHOSEN]) if (!map.getSource(source)) map.addSource(source, { type: "geojson", data: collection([]) });
  const part = (name) => ["==", ["get", "part"], name];
  addLayer(map, { id: "note-precision", type: "line", source: CHOSEN, filter: part("precision"), paint: { "line-color": token("note"), "line-width": 1.6, "line-dasharray": [3, 2] } }, "slot-marks");
  addLayer(map, {
    id: "note-ring", type: "circle", source: CHOSEN, filter: part("ring"),
    paint: { "circle-radius": 18, "circle-color": "rgba(0,0,0,0)", "circle-stroke-color": token("accent"), "circle-stroke-width": 2 },
  }, "slot-marks");
  addLayer(map, {
    id: "note-mark", type: "symbol", source: NOTES,
    layout: { "icon-image": ["get", "image"], "icon-anchor": ["match", ["get", "image"], "note-sighting", "bottom", "center"], "icon-size": ["interpolate", ["linear"], ["zoom"], 5, 0.7, 9, 1], "icon-allow-overlap": true, "icon-ignore-placement": true,
      "symbol-sort-key": ["get", "at"] },
  }, "slot-marks");
}

export function draw(map, { rows, chosen }) {
  map.getSource(NOTES)?.setData(marksOf(rows));
  map.getSource(CHOSEN)?.setData(chosenOf(rows, chosen));
}

export function show(map, on, opacity = 1) {
  visible(map, ids, on);
  if (map.getLayer("note-mark")) map.setPaintProperty("note-mark", "icon-opacity", opacity);
}
