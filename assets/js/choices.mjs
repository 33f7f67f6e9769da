// The state of the page is its URL: the filter's keys as docs/api.md has them, and the view's own.
// A person's choice makes a new history entry; what moves by itself (the clock, the camera) only replaces the last one.

import { iso } from "./times.mjs";

export const FILTER_KEYS = [
  "world", "from", "to", "known_at", "bbox", "area", "kind", "track", "drug", "min_kg", "max_kg", "conveyance", "agency", "source", "q",
];
const LISTS = new Set(["kind", "track", "drug", "conveyance", "agency", "source"]);
export const VIEW_KEYS = ["at", "layers", "sel", "theme", "heat", "trail", "vector", "follow", "veil", "look", "bands", "colormap", "stretch", "compare", "compare_mode", "compare_at", "compare_look", "run", "coords", "view"];
export const LAYERS = ["events", "movements", "seizures", "hotspots", "imagery", "sections", "coverage"];
const OFF = ["sections", "coverage"];
export const DEFAULT_LAYERS = LAYERS.map((name) => ({ name, on: !OFF.includes(name), opacity: 1 }));

/** A query string as choices: filter keys as text or lists, view keys as text. Unknown keys are left out. */
export function parse(search) {
  const told = new URLSearchParams(search);
  const out = {};
  for (const key of [...FILTER_KEYS, ...VIEW_KEYS]) {
    const values = told.getAll(key).filter((v) => v !== "");
    if (!values.length) continue;
    out[key] = LISTS.has(key) ? [...new Set(values.flatMap((v) => v.split(",")).filter(Boolean))] : values.at(-1);
  }
  // Addresses from before events were a layer say it so.
  if (told.get("events") === "off") out.layers = formatLayers(parseLayers(out.layers).map((l) => (l.name === "events" ? { ...l, on: false } : l)));
  return out;
}

/** Choices as a query string in one order; empty values are left out. */
export function format(choices, keys = [...FILTER_KEYS, ...VIEW_KEYS]) {
  const parts = [];
  for (const key of keys) {
    const value = choices[key];
    if (value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length)) continue;
    const text = Array.isArray(value) ? value.join(",") : String(value);
    parts.push(`${key}=${encodeURIComponent(text).replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%20", "+")}`);
  }
  return parts.join("&");
}

/** Only what the server's Filter knows: of the whole window, wherever the clock stands. */
export const filterQuery = (choices) => format(choices, FILTER_KEYS);

/** The same up to the clock's time (epoch seconds); undefined while live. */
export const thenQuery = (choices, at) => format({ ...choices, at: at === undefined ? undefined : iso(at) }, [...FILTER_KEYS, "at"]);

const EACH = ["world", "from", "to", "known_at", "bbox", "area", "agency", "source", "q"];
const OWN = { movements: ["kind", "track"], seizures: ["drug", "min_kg", "max_kg", "conveyance"], imagery: [] };

/** What a stream is asked: what moves under the filter. The window is the page's own matter: it goes on with the time. */
export const streamQuery = (choices) => format(choices, FILTER_KEYS.filter((k) => !["from", "to", "known_at"].includes(k) && (EACH.includes(k) || OWN.movements.includes(k))));

/** Only what a layer has conditions on: any other choice leaves its address, and what came from there, as they are. */
export const layerQuery = (choices, layer) => format(choices, keysOf(layer));

/** The same up to where the clock stands: the `at` of these choices. */
export const layerThen = (choices, layer) => format(choices, [...keysOf(layer), "at"]);

const keysOf = (layer) => FILTER_KEYS.filter((k) => EACH.includes(k) || OWN[layer].includes(k));

/** The layers, top first: `seizures,movements:0.8,-imagery` (a minus is off, a number its opacity). */
export function parseLayers(text) {
  if (!text) return DEFAULT_LAYERS.map((l) => ({ ...l }));
  const out = [];
  for (const part of text.split(",")) {
    const [, off, name, opacity] = /^(-?)([a-z]+)(?::([\d.]+))?$/.exec(part.trim()) ?? [];
    if (!LAYERS.includes(name) || out.some((l) => l.name === name)) continue;
    const value = opacity === undefined ? 1 : Number(opacity);
    out.push({ name, on: !off, opacity: Number.isFinite(value) ? Math.min(1, Math.max(0.1, value)) : 1 });
  }
  // Events were shown before they were a layer, on top of all; what else is not named is off.
  if (!out.some((l) => l.name === "events")) out.unshift({ name: "events", on: true, opacity: 1 });
  for (const layer of DEFAULT_LAYERS) if (!out.some((l) => l.name === layer.name)) out.push({ ...layer, on: false });
  return out;
}

export function formatLayers(layers) {
  const text = layers.map((l) => `${l.on ? "" : "-"}${l.name}${l.opacity === 1 ? "" : `:${Number(l.opacity.toFixed(2))}`}`).join(",");
  const plain = DEFAULT_LAYERS.map((l) => `${l.on ? "" : "-"}${l.name}`).join(",");
  return text === plain ? undefined : text;
}

/** How many filters somebody has set (the world and the window are not among them). */
export function setCount(choices) {
  return ["known_at", "area", "kind", "drug", "conveyance", "agency", "source", "q", "track", "bbox"]
    .filter((k) => choices[k] !== undefined).length + (choices.min_kg !== undefined || choices.max_kg !== undefined ? 1 : 0);
}

/** The choices of a page: kept in its history, told to whoever subscribes. */
export function createChoices(view = window) {
  let now = parse(view.location.search);
  const listeners = new Set();
  // `by`: a person, the page itself (data came, the clock went on), or the browser's way back and forth.
  const tell = (changed, before, by) => listeners.forEach((f) => f(now, changed, { before, by }));

  view.addEventListener("popstate", () => {
    const before = now;
    now = parse(view.location.search);
    tell(changedKeys(before, now), before, "history");
  });

  return {
    get: () => now,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** Change some; undefined takes a key away. `push: false` replaces the history entry. */
    set(patch, { push = true } = {}) {
      const next = { ...now, ...patch };
      for (const key of Object.keys(next)) {
        if (next[key] === undefined || next[key] === "" || (Array.isArray(next[key]) && !next[key].length)) delete next[key];
      }
      const changed = changedKeys(now, next);
      if (!changed.size) return;
      const before = now;
      now = next;
      const url = `${view.location.pathname}?${format(now)}${view.location.hash}`;
      // Dash listens to popstate only, so this is no page change to it.
      if (push) view.history.pushState(null, "", url);
      else view.history.replaceState(view.history.state, "", url);
      tell(changed, before, push ? "person" : "page");
    },
  };
}

export function changedKeys(a, b) {
  const out = new Set();
  for (const key of [...FILTER_KEYS, ...VIEW_KEYS]) if (String(a[key] ?? "") !== String(b[key] ?? "")) out.add(key);
  return out;
}
