// Events, watch areas with both their lines, silences, and the dark zone of a chosen gap.
import { addLayer, visible } from "../map/adapter.mjs";
import { EVENT_TYPES, eventImage } from "../symbols/event_glyphs.mjs";
import { TYPE_WORD } from "../events/words.mjs";
import { epoch } from "../times.mjs";

const EVENTS = "events", AREAS = "watch-areas", LINES = "event-lines", ZONE = "dark-zone";
const empty = { type: "FeatureCollection", features: [] };
export const ids = ["watch-fill", "watch-warning", "watch-edge", "watch-label", "event-gap", "event-mark", "event-urgent", "event-label", "zone-fill", "zone-edge"];
export const marks = ["watch-label", "event-gap", "event-mark", "event-urgent", "event-label"]; // the rest lies on the ground
export const clickable = ["event-mark", "event-urgent"];
const URGENT = ["critical", "emergency"];

const alpha = (opacity) => ["*", ["get", "alpha"], opacity];
const collection = (features) => ({ type: "FeatureCollection", features });
const feature = (geometry, properties) => ({ type: "Feature", geometry, properties });

/** Pure: events as points; what is urgent is drawn last. */
export function pointsOf(rows) {
  // Where a silence ended its line says so already.
  return collection(rows.filter((e) => e.type !== "reappearance").map((e) => {
    const urgent = URGENT.includes(e.severity) && !e.retracted;
    return feature({ type: "Point", coordinates: [e.place.lon, e.place.lat] }, {
      id: e.id, image: `event-${e.type}${urgent ? "-urgent" : ""}${e.retracted ? "-gone" : ""}`, words: e.retracted ? "withdrawn" : TYPE_WORD[e.type] ?? e.type, order: urgent ? 1 : 0,
      alpha: e.retracted ? 0.5 : 1, at: epoch(e.started_at),
    });
  }));
}

/** Pure: silences that are over, from the last fix to the next; nobody travelled there. */
export function gapsOf(rows, chosen) {
  return collection(rows.filter((e) => e.type === "gap" && e.ended_at && !e.retracted).map((e) => feature({ type: "LineString", coordinates: shorter(e.first_fix, e.last_fix) }, { id: e.id, chosen: e.id === chosen })));
}

const shorter = (a, b) => [[a.lon, a.lat], [b.lon - 360 * Math.round((b.lon - a.lon) / 360), b.lat]];

/** Pure: areas as their edges and their warning lines. */
export function areasOf(areas) {
  const features = [];
  for (const { id, geometry, properties: p } of areas?.features ?? []) {
    features.push(feature(geometry, { id, line: "critical", name: p.name, critical: p.critical }));
    if (p.warning_line) features.push(feature(p.warning_line, { id, line: "warning", name: `${p.name}: warning line` }));
  }
  return collection(features);
}

export function add(map, { token }) {
  for (const type of EVENT_TYPES) {
    for (const [name, how] of [["", {}], ["-urgent", { urgent: true }], ["-gone", { retracted: true }]]) {
      const image = `event-${type}${name}`;
      if (map.hasImage(image)) map.removeImage(image);
      map.addImage(image, eventImage(type, how, token), { pixelRatio: 2 });
    }
  }
  for (const source of [AREAS, LINES, EVENTS, ZONE]) if (!map.getSource(source)) map.addSource(source, { type: "geojson", data: empty });
  const critical = ["==", ["get", "line"], "critical"], warning = ["==", ["get", "line"], "warning"];
  const edge = ["case", ["get", "critical"], token("alert"), token("t1")];
  addLayer(map, { id: "zone-fill", type: "fill", source: ZONE, paint: { "fill-color": token("alert"), "fill-opacity": 0.06 } }, "slot-footprints");
  addLayer(map, { id: "zone-edge", type: "line", source: ZONE, paint: { "line-color": token("alert"), "line-width": 1.4, "line-dasharray": [2, 2.6] } }, "slot-footprints");
  addLayer(map, { id: "watch-fill", type: "fill", source: AREAS, filter: critical, paint: { "fill-color": edge, "fill-opacity": 0.04 } }, "slot-footprints");
  addLayer(map, { id: "watch-warning", type: "line", source: AREAS, filter: warning, paint: { "line-color": token("t2"), "line-width": 1, "line-dasharray": [4, 3] } }, "slot-footprints");
  addLayer(map, { id: "watch-edge", type: "line", source: AREAS, filter: critical, paint: { "line-color": edge, "line-width": 1.8 } }, "slot-footprints");
  const label = { "symbol-placement": "line", "text-field": ["get", "name"], "text-font": ["Condensed Medium"], "text-size": 12, "text-offset": [0, -0.8], "symbol-spacing": 400 };
  addLayer(map, { id: "watch-label", type: "symbol", source: AREAS, minzoom: 7, layout: label, paint: { "text-color": token("t1"), "text-halo-color": token("case"), "text-halo-width": 1.6 } }, "slot-marks");
  addLayer(map, { id: "event-gap", type: "line", source: LINES, paint: { "line-color": token("t1"), "line-width": ["case", ["get", "chosen"], 2.2, 1], "line-opacity": ["case", ["get", "chosen"], 1, 0.28], "line-dasharray": [2, 2.6] } }, "slot-marks");
  // What must be acted on is always drawn; of what is crowded the rest makes room, and stands in the list.
  for (const [id, urgent] of [["event-mark", 0], ["event-urgent", 1]]) {
    addLayer(map, {
      id, type: "symbol", source: EVENTS, filter: ["==", ["get", "order"], urgent],
      layout: { "icon-image": ["get", "image"], "icon-size": ["interpolate", ["linear"], ["zoom"], 5, 0.6, 9, 1], "icon-allow-overlap": Boolean(urgent), "icon-offset": [13, -13], "symbol-sort-key": ["-", 0, ["get", "at"]] },
      paint: { "icon-opacity": alpha(1) },
    });
  }
  addLayer(map, {
    id: "event-label", type: "symbol", source: EVENTS, minzoom: 9.5,
    layout: { "text-field": ["get", "words"], "text-font": ["Condensed Medium"], "text-size": 11.5, "text-anchor": "left", "text-offset": [2.1, -1.1], "text-optional": true },
    paint: { "text-color": token("t1"), "text-halo-color": token("case"), "text-halo-width": 1.6 },
  });
}

export function draw(map, { rows, areas, zone, chosen }) {
  map.getSource(EVENTS)?.setData(pointsOf(rows));
  map.getSource(LINES)?.setData(gapsOf(rows, chosen));
  map.getSource(AREAS)?.setData(areasOf(areas));
  map.getSource(ZONE)?.setData(zone ? collection([zone]) : empty);
}

export function show(map, on, opacity = 1) {
  visible(map, ids, on);
  const paint = (id, what, value) => map.getLayer(id) && map.setPaintProperty(id, what, value);
  for (const id of ["event-mark", "event-urgent"]) paint(id, "icon-opacity", alpha(opacity));
  for (const id of ["event-label", "watch-label"]) paint(id, "text-opacity", opacity);
  for (const id of ["zone-edge", "watch-warning", "watch-edge"]) paint(id, "line-opacity", opacity);
  paint("event-gap", "line-opacity", ["case", ["get", "chosen"], opacity, 0.28 * opacity]);
  paint("zone-fill", "fill-opacity", 0.06 * opacity);
  paint("watch-fill", "fill-opacity", 0.04 * opacity);
}
