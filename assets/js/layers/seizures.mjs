// Seizures: a disc with its letter, sized by weight; several near each other as a ring of their drugs; or heat.
import { addLayer, retile, visible } from "../map/adapter.mjs";
import { layerQuery, layerThen } from "../choices.mjs";
import { DISC_KG, DRUGS } from "../symbols/glyphs.mjs";

const POINTS = "seizure-points", TILES = "seizure-tiles", HEAT = "seizure-heat";
const GATHER_PX = 30, WALL_GATHER_PX = 46;
const empty = { type: "FeatureCollection", features: [] };

export const url = (choices) => `${location.origin}/api/tiles/seizures/{z}/{x}/{y}.mvt?${layerThen(choices, "seizures")}`;

export const points = (choices) => `/api/seizures/points?${layerQuery(choices, "seizures")}`;

const total = ["coalesce", ["get", "n"], ["get", "point_count"], 1];
const radius = ["step", total, 10.5, 4, 13, 10, 16, 25, 19];
const share = (drug) => ["to-string", ["round", ["/", ["*", 12, ["coalesce", ["get", drug], 0]], total]]];
const ring = ["concat", "ring-", ...DRUGS.flatMap((d, i) => (i ? ["-", share(d)] : [share(d)])), "-", ["to-string", radius]];
const discSize = ["case", ["!", ["has", "kg"]], "x", ["==", ["get", "kg"], null], "x", ["to-string", ["step", ["get", "kg"], 0, DISC_KG[0], 1, DISC_KG[1], 2, DISC_KG[2], 3, DISC_KG[3], 4]]];
const many = [">", total, 1];

function pair(map, prefix, source, { token, wall }) {
  addLayer(map, {
    id: `${prefix}-one`, type: "symbol", ...source, filter: ["!", many],
    layout: { "icon-image": ["concat", "disc-", ["get", "drug"], "-", discSize], "icon-allow-overlap": true, "symbol-sort-key": ["coalesce", ["get", "kg"], 0] },
  }, "slot-marks");
  addLayer(map, {
    id: `${prefix}-many`, type: "symbol", ...source, filter: many,
    layout: {
      "icon-image": ring, "icon-allow-overlap": true, "symbol-sort-key": total,
      // A wall drops the counts: size and shares can be read from afar, small numbers can't.
      "text-field": wall ? "" : ["to-string", total], "text-font": ["Sans SemiBold"], "text-size": ["step", total, 12, 100, 11, 1000, 10], "text-allow-overlap": true, "text-ignore-placement": true,
    },
    paint: { "text-color": token("t1") },
  }, "slot-marks");
}

const density = (token) => ({
  "heatmap-radius": ["interpolate", ["exponential", 1.5], ["zoom"], 3, 10, 7, 22, 10, 46, 14, 90],
  "heatmap-intensity": ["interpolate", ["linear"], ["zoom"], 3, 0.4, 10, 1],
  "heatmap-color": ["interpolate", ["linear"], ["heatmap-density"], 0, "rgba(0,0,0,0)", 0.15, `${token("hot1")}55`, 0.45, `${token("hot2")}aa`, 1, token("hot3")],
});

export function add(map, { token, choices, wall }) {
  map.addSource(POINTS, {
    type: "geojson", data: empty, cluster: true, clusterRadius: wall ? WALL_GATHER_PX : GATHER_PX, clusterMaxZoom: 15, clusterMinPoints: 2,
    clusterProperties: { ...Object.fromEntries(DRUGS.map((d) => [d, ["+", ["case", ["==", ["get", "drug"], d], 1, 0]]])), kg: ["+", ["coalesce", ["get", "kg"], 0]] },
  });
  map.addSource(TILES, { type: "vector", tiles: [url(choices)], minzoom: 0, maxzoom: 14 });
  map.addSource(HEAT, { type: "geojson", data: empty });
  addLayer(map, { id: "heat", type: "heatmap", source: HEAT, layout: { visibility: "none" }, paint: density(token) }, "slot-hotspot-fill");
  addLayer(map, {
    id: "heat-tile", type: "heatmap", source: TILES, "source-layer": "seizures", layout: { visibility: "none" },
    paint: { ...density(token), "heatmap-weight": ["min", 6, ["ln", ["+", 1, total]]] },
  }, "slot-hotspot-fill");
  pair(map, "seizure", { source: POINTS }, { token, wall });
  pair(map, "seizure-tile", { source: TILES, "source-layer": "seizures" }, { token, wall });
}

export const ids = ["seizure-one", "seizure-many", "seizure-tile-one", "seizure-tile-many"];
export const clickable = ids;

export function filtered(map, choices, again) {
  retile(map, TILES, [url(choices)], again);
}

/** The points (columns of /api/seizures/points) up to the clock's time; too many to hold are drawn from tiles. */
export function draw(map, points, at, heat) {
  const features = features_(points, at);
  const data = { type: "FeatureCollection", features };
  map.getSource(POINTS)?.setData(data);
  map.getSource(HEAT)?.setData(heat ? data : empty);
}

/** Pure: columns to features, those that happened up to `at`. */
export function features_(points, at) {
  const out = [];
  for (let i = 0; i < (points?.id?.length ?? 0); i++) {
    if (at !== undefined && points.t[i] > at) continue;
    out.push({
      type: "Feature", geometry: { type: "Point", coordinates: [points.lon[i], points.lat[i]] },
      properties: { id: points.id[i], drug: points.drug[i], ...(points.kg[i] === null ? {} : { kg: points.kg[i] }), t: points.t[i], precision_m: points.precision_m[i] },
    });
  }
  return out;
}

/** The heat view of the hotspots' layer: from points, or from tiles when there are too many of them. */
export function showHeat(map, on, opacity, from) {
  visible(map, ["heat"], on && from === "points");
  visible(map, ["heat-tile"], on && from === "tiles");
  for (const id of ["heat", "heat-tile"]) if (map.getLayer(id)) map.setPaintProperty(id, "heatmap-opacity", 0.62 * opacity);
}

/** `from` says whether the marks come of points or of tiles. */
export function show(map, on, opacity, { from = "points" } = {}) {
  visible(map, ["seizure-one", "seizure-many"], on && from === "points");
  visible(map, ["seizure-tile-one", "seizure-tile-many"], on && from === "tiles");
  for (const id of ids) {
    if (!map.getLayer(id)) continue;
    map.setPaintProperty(id, "icon-opacity", opacity);
    if (id.endsWith("many")) map.setPaintProperty(id, "text-opacity", opacity);
  }
}
