// What was looked at: a veil over ground that nobody saw in the last hours, thin outlines round what somebody saw.
import { addLayer, retile, visible } from "../map/adapter.mjs";
import { format } from "../choices.mjs";
import { degrees } from "../coordinates/written.mjs";
import { clock, day, iso } from "../times.mjs";

const SOURCE = "coverage";
export const FROM_ZOOM = 5; // below it the server tells nothing: a veil over a continent says nothing
export const HOURS = [1, 6, 24, 72, 168];
export const ids = ["veil", "seen-line"];
export const clickable = [];
const MINUTE_S = 60;
const DAYS = 366; // how far back anybody is asked for

/** Pure: the hours of an address; a day where none of ours were told. */
export const hoursOf = (text) => (HOURS.includes(Number(text)) ? Number(text) : 24);
export const hoursWords = (hours) => (hours === 168 ? "7 d" : `${hours} h`);

/** Pure: where its tiles come from, at a time by the minute. */
export const address = (choices, at) =>
  `/api/tiles/coverage/{z}/{x}/{y}.mvt?${format(choices, ["world", "known_at"])}&hours=${hoursOf(choices.veil)}&at=${iso(Math.ceil(at / MINUTE_S) * MINUTE_S)}`;

export function add(map, { token, wall }) {
  map.addSource(SOURCE, { type: "vector", tiles: [`${location.origin}/api/tiles/coverage/{z}/{x}/{y}.mvt`], minzoom: FROM_ZOOM, maxzoom: 14 });
  addLayer(map, {
    id: "veil", type: "fill", source: SOURCE, "source-layer": "unseen", minzoom: FROM_ZOOM, layout: { visibility: "none" },
    paint: { "fill-pattern": "hatch", "fill-antialias": false },
  }, "slot-hotspot-outline");
  addLayer(map, {
    id: "seen-line", type: "line", source: SOURCE, "source-layer": "seen", minzoom: FROM_ZOOM, layout: { visibility: "none", "line-join": "round" },
    paint: { "line-color": token("t1"), "line-width": wall ? 2 : 1,
      // What a unit passed is told in hours, and what a film saw in minutes, that lie over each other: fainter, or their ends look like things.
      "line-opacity": ["*", ["match", ["get", "how"], "image", 1, 0.35], ["step", ["get", "age_h"], 0.9, 3.1, 0.65, 24.1, 0.4, 72.1, 0.25]] },
  }, "slot-footprints");
  map.vigiaVeil = undefined;
}

/** Ask the veil of a moment, by the minute, while it is on. */
export function draw(map, choices, at) {
  const held = (map.vigiaVeil ??= { on: false, url: undefined }), url = address(choices, at);
  if (!held.on || url === held.url) return;
  if (held.url === undefined) visible(map, ids, true);
  held.url = url;
  retile(map, SOURCE, [location.origin + url]);
}

export function show(map, on, opacity) {
  (map.vigiaVeil ??= { url: undefined }).on = on;
  // Nothing is asked before a moment was: its first address has no time.
  visible(map, ids, on && Boolean(map.vigiaVeil.url));
  if (map.getLayer("veil")) map.setPaintProperty("veil", "fill-opacity", opacity);
}

const by = ({ how, name, sortie }) => ({ image: `image ${sortie ?? name}`, video: `film ${name}` })[how] ?? `${name}, passing`;

/** Pure: who looked last at a place, in words; `edge` is the day that needs no date. */
export function lookedWords({ lon, lat, looks }, edge) {
  const where = degrees(lon, lat, 4);
  const [last] = looks;
  if (!last) return `${where}: not seen in the last ${DAYS} days`;
  const t = Date.parse(last.at) / 1000;
  const when = day(t) === day(edge) && edge - t < 86_400 ? "" : `${day(t)} ${edge - t > 180 * 86_400 ? `${new Date(t * 1000).getUTCFullYear()} ` : ""}`;
  const fine = last.gsd_m === null || last.gsd_m === undefined ? "" : last.gsd_m < 1 ? ` (${Math.round(last.gsd_m * 100)} cm)` : ` (${last.gsd_m.toFixed(1)} m)`;
  return `${where}: last seen ${when}${clock(t, false)} UTC by ${by(last)}${fine}`;
}
