// Hotspots: hexagons in one lightness ladder of brass, quiet until strong. Too few to say: no hexagon.
import { addLayer, visible } from "../map/adapter.mjs";
import { layerThen } from "../choices.mjs";

const SOURCE = "hotspots";
export const ids = ["hotspot-fill", "hotspot-line"];
export const clickable = [];

const byLevel = (three, two, one, none, fewer) => ["match", ["get", "level"], 3, three, 2, two, 1, one, -1, fewer, none];

export function add(map, { token }) {
  map.addSource(SOURCE, { type: "vector", tiles: [`${location.origin}/api/tiles/hotspots/0/{z}/{x}/{y}.mvt`], minzoom: 0, maxzoom: 12 });
  const a = (name) => Number(token(`${name}-a`));
  addLayer(map, {
    id: "hotspot-fill", type: "fill", source: SOURCE, "source-layer": "hotspots", filter: ["!=", ["get", "level"], 0], layout: { visibility: "none" },
    paint: {
      "fill-color": byLevel(token("hot3"), token("hot2"), token("hot1"), "rgba(0,0,0,0)", token("cold1")),
      "fill-opacity": byLevel(a("hot3"), a("hot2"), a("hot1"), 0, a("cold1")), "fill-antialias": false,
    },
  }, "slot-hotspot-fill");
  addLayer(map, {
    id: "hotspot-line", type: "line", source: SOURCE, "source-layer": "hotspots", layout: { visibility: "none", "line-join": "round" },
    paint: {
      "line-color": byLevel(token("hot3-line"), token("hot-line"), token("hot-line"), token("hot-line"), token("cold1")),
      "line-width": byLevel(1.6, 1.2, 0.9, 0.8, 1), "line-opacity": byLevel(0.95, 0.8, 0.62, 0.2, 0.7),
    },
  }, "slot-hotspot-outline");
}

/** The run of these choices, or undefined when a newer question overtook it. */
export const run = (choices) => `/api/hotspots?${layerThen(choices, "seizures")}`;

export function use(map, found) {
  map.getSource(SOURCE)?.setTiles([`${location.origin}/api/tiles/hotspots/${found.run}/{z}/{x}/{y}.mvt`]);
}

export function show(map, on, opacity) {
  visible(map, ids, on);
  if (!map.getLayer("hotspot-fill")) return;
  const base = map.vigiaHot ??= map.getPaintProperty("hotspot-fill", "fill-opacity");
  map.setPaintProperty("hotspot-fill", "fill-opacity", opacity === 1 ? base : ["*", opacity, base]);
}
