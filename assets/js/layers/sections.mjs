// Border sections: a line as wide and bright as its rate of seizures per 100 km.
import { addLayer, retile, visible } from "../map/adapter.mjs";
import { layerThen } from "../choices.mjs";

const SOURCE = "sections";
export const ids = ["section", "section-label"];
export const clickable = [];
export const url = (choices) => `${location.origin}/api/tiles/sections/{z}/{x}/{y}.mvt?${layerThen(choices, "seizures")}`;

export function add(map, { token, choices }) {
  map.addSource(SOURCE, { type: "vector", tiles: [url(choices)], minzoom: 0, maxzoom: 12 });
  const rate = ["ln", ["+", 1, ["get", "rate"]]];
  addLayer(map, {
    id: "section", type: "line", source: SOURCE, "source-layer": "sections", filter: [">", ["get", "n"], 0], layout: { "line-cap": "butt", "line-join": "round", visibility: "none" },
    paint: {
      "line-color": ["interpolate", ["linear"], rate, 0, token("hot1"), 2, token("hot2"), 4.5, token("hot3")],
      "line-width": ["interpolate", ["linear"], rate, 0, 3, 5, 11], "line-opacity": 0.8,
    },
  }, "slot-footprints");
  addLayer(map, {
    id: "section-label", type: "symbol", source: SOURCE, "source-layer": "sections", minzoom: 8, filter: [">", ["get", "n"], 0],
    layout: { visibility: "none", "symbol-placement": "line-center", "text-field": ["concat", ["number-format", ["get", "rate"], { "max-fraction-digits": 0 }], " per 100 km"], "text-font": ["Condensed Medium"], "text-size": 12, "text-offset": [0, 1.1] },
    paint: { "text-color": token("hot-line"), "text-halo-color": token("land"), "text-halo-width": 1.6 },
  }, "slot-marks");
}

export function filtered(map, choices, again) {
  retile(map, SOURCE, [url(choices)], again);
}

export function show(map, on, opacity) {
  visible(map, ids, on);
  if (map.getLayer("section")) map.setPaintProperty("section", "line-opacity", 0.8 * opacity);
}
