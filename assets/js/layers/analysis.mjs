// The chosen analysis on the map: its places by tiles, coloured in classes that its legend says in words; the one place that is pointed out.
import { addLayer, visible } from "../map/adapter.mjs";

const SOURCE = "analysis", CHOSEN = "analysis-chosen";
export const ids = ["analysis-fill", "analysis-line", "analysis-point"];
const chosenIds = ["analysis-chosen-line", "analysis-chosen-point"];
export const clickable = ["analysis-fill", "analysis-point", "analysis-line"];
const ZOOM_MAX = 12;

/** Put a run on the map, in its colours; undefined takes the last one away. */
export function put(map, run, colours, { token }) {
  for (const id of [...ids, ...chosenIds]) if (map.getLayer(id)) map.removeLayer(id);
  for (const id of [SOURCE, CHOSEN]) if (map.getSource(id)) map.removeSource(id);
  if (run === undefined) return;
  map.addSource(SOURCE, { type: "vector", tiles: [`${location.origin}/api/tiles/analyses/${run}/{z}/{x}/{y}.mvt`], minzoom: 0, maxzoom: ZOOM_MAX });
  map.addSource(CHOSEN, { type: "geojson", data: { type: "FeatureCollection", features: [] } });
  const paint = colours ? ["case", ...colours.classes.flatMap(({ token: name, test }) => [test, name ? token(name) : "rgba(0,0,0,0)"]), "rgba(0,0,0,0)"] : token("hot2");
  const polygon = ["==", ["geometry-type"], "Polygon"], point = ["==", ["geometry-type"], "Point"];
  addLayer(map, { id: "analysis-fill", type: "fill", source: SOURCE, "source-layer": "places", filter: polygon, paint: { "fill-color": paint, "fill-opacity": 0.42, "fill-antialias": false } }, "slot-hotspot-fill");
  addLayer(map, { id: "analysis-line", type: "line", source: SOURCE, "source-layer": "places", filter: ["!", point], layout: { "line-join": "round", "line-cap": "round" },
    paint: { "line-color": paint, "line-width": ["case", polygon, 1, 3], "line-opacity": 0.9 } }, "slot-hotspot-outline");
  addLayer(map, { id: "analysis-point", type: "circle", source: SOURCE, "source-layer": "places", filter: point,
    paint: { "circle-color": paint, "circle-radius": 6, "circle-stroke-color": token("t1"), "circle-stroke-width": 1 } }, "slot-marks");
  addLayer(map, { id: "analysis-chosen-line", type: "line", source: CHOSEN, filter: ["!", point], layout: { "line-join": "round" }, paint: { "line-color": token("t1"), "line-width": 3 } }, "slot-top");
  addLayer(map, { id: "analysis-chosen-point", type: "circle", source: CHOSEN, filter: point,
    paint: { "circle-color": "rgba(0,0,0,0)", "circle-radius": 10, "circle-stroke-color": token("t1"), "circle-stroke-width": 3 } }, "slot-top");
}

/** Point one place out; undefined: none. */
export const choose = (map, feature) => map.getSource(CHOSEN)?.setData({ type: "FeatureCollection", features: feature ? [feature] : [] });

export const show = (map, on) => visible(map, [...ids, ...chosenIds], on);

/** The place under a point of the screen. */
export const at = (map, point) => map.queryRenderedFeatures(point, { layers: clickable.filter((id) => map.getLayer(id)) })[0]?.properties.ordinal;
