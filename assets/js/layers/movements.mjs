// Movements: where things went (tiles), where they are at the clock's time with a trail behind them, and how old that is.
import { addLayer, retile, visible } from "../map/adapter.mjs";
import { layerThen } from "../choices.mjs";
import { GLYPHS, KINDS } from "../symbols/glyphs.mjs";
import { mixed } from "../theme.mjs";
import * as many from "./many.mjs";
import { marksAt } from "./movement_marks.mjs";

const TILES = "track-tiles", MARKS = "marks", TRAILS = "trails", VECTORS = "vectors", CIRCLES = "circles";
/** The sources that are set anew with the clock. */
export const own = [MARKS, TRAILS, VECTORS, CIRCLES];
/** What lies on the ground, below names; the others are marks. */
export const paths = ["flow", "history", "history-gap", "history-still", "accuracy", "trail-case", "trail", "trail-gap", "vector"];
const IDS = [...paths, "mark", "mark-gathered", "mark-gathered-n", ...many.ids];
const TURNS = KINDS.filter((k) => GLYPHS[k].turns);
const empty = { type: "FeatureCollection", features: [] };

// Many trails over each other on one road would outshine all else: from afar each is thinner and paler.
const FAR = 5, MIDDLE = 9, NEAR = 12;
const trailOpacity = (by = 1) => {
  const faded = ["+", 0.06, ["*", 0.84, ["^", ["get", "u"], 1.5]]];
  const of = (far) => ["case", ["boolean", ["get", "chosen"], false], faded, ["*", far * by, faded]];
  return ["interpolate", ["linear"], ["zoom"], FAR, of(0.25), MIDDLE, of(0.5), NEAR, of(1)];
};
const trailWidth = (wide) => ["interpolate", ["linear"], ["zoom"], FAR, ["case", ["boolean", ["get", "chosen"], false], 2.6 * wide, 1 * wide], NEAR, ["case", ["boolean", ["get", "chosen"], false], 2.6 * wide, 1.7 * wide]];

const colour = (token) => ["match", ["get", "kind"], "vessel", token("track-sea"), "aircraft", token("track-air"), "drone", token("track-air"), token("track-land")];
// Where much went its lines add up to their colour: what went before is texture, so that colour is near the ground's.
const PAST = 0.3, HISTORY = [0.16, 0.5];
const past = (token) => colour((name) => mixed(token(name), token("land"), PAST));

export const url = (choices) => `${location.origin}/api/tiles/tracks/{z}/{x}/{y}.mvt?${layerThen(choices, "movements")}`;

/** Put sources and layers on a map whose style was just set. */
export function add(map, { token, choices, wall }) {
  const wide = wall ? 2.35 : 1;
  map.addSource(TILES, { type: "vector", tiles: [url(choices)], minzoom: 0, maxzoom: 14 });
  map.addSource(TRAILS, { type: "geojson", data: empty });
  map.addSource(MARKS, { type: "geojson", data: empty, promoteId: "id" });
  map.addSource(VECTORS, { type: "geojson", data: empty });
  map.addSource(CIRCLES, { type: "geojson", data: empty });
  const tint = colour(token), pale = past(token);
  addLayer(map, {
    id: "flow", type: "line", source: TILES, "source-layer": "tracks", maxzoom: 9, filter: ["has", "each"], layout: { "line-cap": "round" },
    paint: {
      "line-color": pale,
      "line-opacity": ["interpolate", ["linear"], ["ln", ["max", 1, ["get", "each"]]], 0, 0.14, 3, 0.28, 6, 0.45],
      "line-width": ["interpolate", ["linear"], ["ln", ["max", 1, ["get", "each"]]], 0, 0.7, 6, 1.3],
    },
  }, "slot-trails");
  addLayer(map, {
    id: "history", type: "line", source: TILES, "source-layer": "tracks", filter: ["all", ["!", ["has", "gap"]], ["has", "t0"], ["==", ["geometry-type"], "LineString"]],
    layout: { "line-join": "round" }, paint: { "line-color": pale, "line-width": ["interpolate", ["linear"], ["zoom"], 9, 0.7, 13, 1.2], "line-opacity": ["interpolate", ["linear"], ["zoom"], 9, HISTORY[0], 13, HISTORY[1]] },
  }, "slot-trails");
  addLayer(map, {
    id: "history-gap", type: "line", source: TILES, "source-layer": "tracks", minzoom: 11, filter: ["has", "gap"],
    paint: { "line-color": pale, "line-width": 1, "line-opacity": 0.4, "line-dasharray": [2, 2.6] },
  }, "slot-trails");
  addLayer(map, {
    id: "trail-case", type: "line", source: TRAILS, filter: ["!", ["get", "gap"]], layout: { "line-join": "round", "line-cap": "butt" },
    paint: { "line-color": token("case"), "line-width": ["interpolate", ["linear"], ["zoom"], FAR, 2 * wide, NEAR, 3.6 * wide], "line-opacity": ["*", 0.5, ["get", "u"]] },
  }, "slot-trails");
  addLayer(map, {
    id: "trail", type: "line", source: TRAILS, filter: ["!", ["get", "gap"]], layout: { "line-join": "round", "line-cap": "butt" },
    paint: { "line-color": tint, "line-width": trailWidth(wide), "line-opacity": trailOpacity() },
  }, "slot-trails");
  addLayer(map, {
    id: "trail-gap", type: "line", source: TRAILS, filter: ["get", "gap"],
    paint: { "line-color": tint, "line-width": 1.4 * wide, "line-opacity": 0.6, "line-dasharray": [2, 2.6] },
  }, "slot-trails");
  addLayer(map, { id: "vector", type: "line", source: VECTORS, paint: { "line-color": tint, "line-width": 1 * wide, "line-opacity": 0.9 } }, "slot-trails");
  addLayer(map, {
    id: "accuracy", type: "circle", source: CIRCLES,
    paint: {
      "circle-radius": ["interpolate", ["exponential", 2], ["zoom"], 0, ["get", "r0"], 24, ["*", 2 ** 24, ["get", "r0"]]], "circle-pitch-alignment": "map",
      "circle-color": tint, "circle-opacity": 0.07, "circle-stroke-color": tint, "circle-stroke-width": 1 * wide, "circle-stroke-opacity": 0.55,
    },
  }, "slot-trails");
  // What was lost long ago is still there, and quieter.
  const age = ["coalesce", ["get", "age"], ""];
  const small = ["case", ["==", ["get", "state"], "lost"], 0.72, 1];
  addLayer(map, {
    id: "mark", type: "symbol", source: MARKS, filter: ["has", "kind"],
    layout: {
      "icon-image": ["concat", "glyph-", ["get", "kind"], "-", ["get", "state"]],
      "icon-rotate": ["case", ["in", ["get", "kind"], ["literal", TURNS]], ["coalesce", ["get", "course"], 0], 0],
      // On a wall large marks would hide each other: the more important ones stand.
      "icon-rotation-alignment": "map", "icon-allow-overlap": !wall, "icon-padding": wall ? 0 : 2,
      "icon-size": ["interpolate", ["linear"], ["zoom"], 4, ["*", 0.62, small], 7.9, ["*", 0.8, small], 8, ["*", 0.92, small], 10, small],
      "symbol-sort-key": wall ? ["-", 0, ["get", "order"]] : ["get", "order"],
      // The age is a part of its mark: it gives way to other marks, its own stays.
      ...(wall ? {} : {
        "text-field": ["step", ["zoom"], "", 6.5, ["case", ["==", ["get", "state"], "lost"], "", age], 9.5, age], "text-font": ["Condensed Medium"], "text-size": 12.5,
        "text-offset": [0, 1.25], "text-anchor": "top", "text-optional": true, "text-padding": 2,
      }),
    },
    paint: { "text-color": token("caution"), "text-halo-color": token("land"), "text-halo-width": 1.6 },
  }, "slot-top");
  many.add(map, { token, wall }, MARKS);
  addLayer(map, {
    id: "mark-gathered", type: "circle", source: MARKS, filter: ["has", "n"],
    paint: { "circle-radius": ["interpolate", ["linear"], ["ln", ["get", "n"]], 0, 4, 7, 15], "circle-color": token("s1"), "circle-stroke-color": token("track-land"), "circle-stroke-width": 1.5 },
  }, "slot-top");
  if (wall) return;
  addLayer(map, {
    id: "mark-gathered-n", type: "symbol", source: MARKS, filter: ["all", ["has", "n"], [">", ["get", "n"], 9]],
    layout: { "text-field": ["to-string", ["get", "n"]], "text-font": ["Condensed Medium"], "text-size": 10.5, "text-allow-overlap": true },
    paint: { "text-color": token("t1") },
  }, "slot-top");
}

export const ids = IDS;
export const clickable = ["mark"];

/** Another filter: other tiles; the old ones stay until those are there. */
export function filtered(map, choices, again) {
  retile(map, TILES, [url(choices)], again);
}

const PAST_LINES = ["history", "history-gap"];

/** While the clock runs the lines that began by `at` alone, from what is there; undefined: all, as the server cut them. */
export function upTo(map, at) {
  for (const id of PAST_LINES) {
    if (!map.getLayer(id)) continue;
    const whole = (map.vigiaPast ??= {})[id] ??= map.getFilter(id);
    map.setFilter(id, at === undefined ? whole : ["all", whole, ["<=", ["get", "t0"], at]]);
  }
}

/**
 * Everything that moves, at the clock's time; `how` as marksAt has it, `many`: more than features will do for. Returns how many marks, of them how
 * many are stale and how many stand under another and are not drawn, and the chosen one's place.
 */
export function draw(map, movement, at, how) {
  if (!how.many) many.clear(map);
  const { marks, trails, vectors, circles, stale, states, under = 0, ...told } = (how.many ? many.draw : (_, ...of) => marksAt(...of))(map, movement, at, { ...how, zoom: map.getZoom() });
  for (const [source, features] of [[MARKS, marks], [TRAILS, trails], [VECTORS, vectors], [CIRCLES, circles]]) put(map, source, features);
  const chosen = how.chosen === undefined ? undefined : told.chosen ?? marks.find((mark) => mark.properties.id === how.chosen)?.geometry.coordinates;
  return { shown: movement?.total ?? 0, stale, states, under, chosen };
}

/** Whether the marks that were set last are on the map. */
export const settled = (map) => !map.getSource(MARKS) || map.isSourceLoaded(MARKS);

/** What was empty and is so again is left alone: each setting costs a turn of the map's worker. */
function put(map, name, features) {
  const source = map.getSource(name);
  if (!source || (!features.length && source.vigiaEmpty)) return;
  source.vigiaEmpty = !features.length;
  source.setData({ type: "FeatureCollection", features });
}

/** The number of the track whose mark is at a point of the screen, where the map's library does not know of it. */
export const trackAt = (map, point) => map.vigiaMany?.at(point);

/** While the clock runs passes are not drawn: they are half of what a frame costs, and no news then. */
export function play(map, playing) {
  if (Boolean(map.vigiaPlaying) === playing) return;
  map.vigiaPlaying = playing;
  plain(map);
}

function plain(map) {
  const { vigiaPlaying: playing, vigiaShown: on } = map;
  if (!map.getLayer("flow")) return;
  visible(map, ["flow"], on && !playing);
  map.setLayerZoomRange("trail-case", playing ? MIDDLE : 0, 24);
}

export function show(map, on, opacity) {
  visible(map, IDS, on);
  map.vigiaShown = on;
  plain(map);
  if (!map.getLayer("mark")) return;
  map.setPaintProperty("mark", "icon-opacity", opacity);
  map.setPaintProperty("mark", "text-opacity", opacity);
  map.setPaintProperty(many.AGES, "text-opacity", opacity);
  map.vigiaMany.opacity(opacity);
  map.setPaintProperty("trail", "line-opacity", trailOpacity(opacity));
  map.setPaintProperty("history", "line-opacity", ["interpolate", ["linear"], ["zoom"], 9, HISTORY[0] * opacity, 13, HISTORY[1] * opacity]);
}
