// What Dash's controls ask for (assets/bridge.js): each proposes a change of the choices, and all are set from the choices again.
import { formatLayers, parseLayers, setCount, thenQuery } from "./choices.mjs";
import { app, firstSpan, firstWindow, PERIODS, span } from "./page.mjs";
import { tokens } from "./theme.mjs";
import { epoch, iso } from "./times.mjs";

export const AMOUNTS_KG = [0, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, Infinity];
const ALL_DRUGS = ["cocaine", "opioid", "ats", "cannabis", "heroin", "other"];
const ALL_KINDS = ["vessel", "vehicle", "container", "tag", "aircraft", "drone", "person"];
const token = (name) => tokens()(name);
const $ = (id) => document.getElementById(id);

export function select(sel) {
  app.choices.set({ sel, ...(sel === app.choices.get().sel ? {} : { follow: undefined }) });
}

export async function drawing(mode) {
  if (app.draw.active === mode) return app.draw.stop();
  await app.draw.start(mode);
  app.status.say(mode === "line" ? "Click along the line; click the last point again to end." : "Click the corners; click the first one again to close the area.");
}

let telling = false;

/** Tell Dash what is chosen: once, however much of it changed at once. */
export function tellDash() {
  if (telling) return;
  telling = true;
  queueMicrotask(() => {
    telling = false;
    tell();
  });
}

function tell() {
  const now = app.choices.get(), { at, playing } = app.asOf.told;
  const colours = Object.fromEntries(["t1", "t2", ...ALL_DRUGS].map((n) => [n, token(n)]));
  window.dash_clientside.set_props("choices", { data: { ...now, query: thenQuery(now, at), playing, state: app.worlds[now.world]?.state, colours: { ...colours, hot: token("hot2") } } });
}

/** Which period the window is, if it is one of the buttons. */
function periodOf(now) {
  const w = app.worlds[now.world] ?? {};
  const [from, to] = span();
  if (w.from && from <= w.from && to >= w.to) return "all";
  return Object.entries(PERIODS).find(([, s]) => Math.abs(to - from - s) < 60)?.[0] ?? null;
}

const amountOf = (now) => [
  Math.max(0, AMOUNTS_KG.findIndex((kg) => kg >= Number(now.min_kg ?? 0))),
  now.max_kg === undefined ? AMOUNTS_KG.length - 1 : Math.max(0, AMOUNTS_KG.findIndex((kg) => kg >= Number(now.max_kg))),
];
const kgWords = (kg) => (kg >= 1000 ? `${kg / 1000} t` : kg >= 1 ? `${kg} kg` : `${kg * 1000} g`);
function amountWords([low, high]) {
  if (low === 0 && high === AMOUNTS_KG.length - 1) return "any";
  if (high === AMOUNTS_KG.length - 1) return `${kgWords(AMOUNTS_KG[low])} or more`;
  return low === 0 ? `up to ${kgWords(AMOUNTS_KG[high])}` : `${kgWords(AMOUNTS_KG[low])} to ${kgWords(AMOUNTS_KG[high])}`;
}
const CLEARED = Object.fromEntries(["known_at", "area", "kind", "drug", "conveyance", "agency", "source", "q", "track", "bbox", "min_kg", "max_kg"].map((k) => [k, undefined]));

/** What Dash's controls call, by name (assets/bridge.js). Each proposes a change; `controls` sets them all again. */
export const acts = {
  set_world: (world) => world && world !== app.choices.get().world && app.choices.set({ ...CLEARED, sel: undefined, world, ...firstWindow(world) }),
  set_period(period) {
    const now = app.choices.get();
    if (!period || period === periodOf(now)) return;
    const w = app.worlds[now.world] ?? {};
    const end = epoch(firstSpan(now.world).to);
    if (period === "all") app.choices.set({ from: iso(Math.floor((w.from ?? end - PERIODS["7d"]) / 60) * 60), to: iso(Math.max(end, Math.ceil((w.to ?? end) / 60) * 60)), at: undefined });
    else app.choices.set({ from: iso(end - PERIODS[period]), to: iso(end), at: undefined });
  },
  // All chosen is the same as none: nothing is filtered then, and the URL stays short.
  set_drug: (drugs) => app.choices.set({ drug: !drugs?.length || drugs.length === ALL_DRUGS.length ? undefined : drugs }),
  set_kind: (kinds) => app.choices.set({ kind: !kinds?.length || kindsShown().every((k) => kinds.includes(k)) ? undefined : kinds }),
  set_amount([low, high]) {
    // The slider stands at the nearest of its steps: an amount between two of them is left as it was told.
    if (String([low, high]) === String(amountOf(app.choices.get()))) return;
    app.choices.set({ min_kg: low ? String(AMOUNTS_KG[low]) : undefined, max_kg: high < AMOUNTS_KG.length - 1 ? String(AMOUNTS_KG[high]) : undefined });
  },
  set_agency: (names) => app.choices.set({ agency: names ?? undefined }),
  set_conveyance: (names) => app.choices.set({ conveyance: names ?? undefined }),
  set_text: (text) => app.choices.set({ q: text?.trim() || undefined }),
  set_theme: (theme) => app.choices.set({ theme: theme === "dark" ? undefined : theme }),
  clear_filters: () => app.choices.set(CLEARED),
  draw_area: () => drawing("area"),
  clear_area: () => app.choices.set({ area: undefined }),
  toggle_rail() {
    const open = $("rail").classList.toggle("open");
    $("rail-toggle").setAttribute("aria-expanded", String(open));
  },
  toggle_drawer() {
    const open = $("drawer").hidden;
    $("drawer").hidden = !open;
    $("drawer-toggle").setAttribute("aria-expanded", String(open));
  },
  toggle_layer: (id) => layer(id.layer, (l) => ({ ...l, on: !l.on })),
  set_opacity: (id, value) => layer(id.layer, (l) => ({ ...l, opacity: value })),
  move_layer(id) {
    const layers = parseLayers(app.choices.get().layers);
    const i = layers.findIndex((l) => l.name === id.layer), j = i + (id.way === "up" ? -1 : 1);
    if (j < 0 || j >= layers.length) return;
    [layers[i], layers[j]] = [layers[j], layers[i]];
    app.choices.set({ layers: formatLayers(layers) });
  },
  hover: (id) => app.view?.hover(id),
};

function layer(name, change) {
  const now = parseLayers(app.choices.get().layers), next = formatLayers(now.map((l) => (l.name === name ? change(l) : l)));
  // An address that does not name every layer is left as it was written until somebody changes one.
  if (next !== formatLayers(now)) app.choices.set({ layers: next });
}

// Persons come last, and only where there are any.
const kindsShown = () => ALL_KINDS.slice(0, Math.max(1, document.querySelectorAll("#kind input").length));

// What each control was last set to: Dash tells that back as if a person had chosen it.
const echoes = {};

// The names of agencies come with the first numbers. A dropdown takes out of its value what is not among its options, and Dash tells of it as of a
// choice: until they are there it is not set.
let listed = false;

/** The agencies are listed: what is chosen of them can be shown. */
export function agenciesListed() {
  if (listed) return;
  listed = true;
  const value = app.choices.get().agency ?? [];
  echoes.set_agency = JSON.stringify(value);
  window.dash_clientside.set_props("agency", { value });
}

/** A control's new value, unless it is only what was put there. */
export function propose(name, value) {
  if (JSON.stringify(value) !== echoes[name]) acts[name](value);
}

/** The value of every control for the choices as they are now, in the order callbacks/wiring.py lists them. */
export function controls() {
  const now = app.choices.get();
  const amount = amountOf(now);
  const set = setCount(now);
  const values = {
    set_world: now.world, set_period: periodOf(now), set_drug: now.drug ?? ALL_DRUGS, set_kind: now.kind ?? ALL_KINDS, set_amount: amount,
    set_agency: listed ? (now.agency ?? []) : window.dash_clientside.no_update, set_conveyance: now.conveyance ?? [], set_text: now.q ?? "", set_theme: now.theme ?? "dark",
  };
  for (const [name, value] of Object.entries(values)) echoes[name] = JSON.stringify(value);
  return [...Object.values(values), amountWords(amount), set ? `Clear ${set}` : "Clear", set === 0, now.area === undefined];
}

export function layerControls(ids) {
  const layers = parseLayers(app.choices.get().layers);
  const of = (id) => layers.find((l) => l.name === id.layer);
  return [ids.map((id) => String(of(id).on)), ids.map((id) => of(id).opacity), ids.map((id) => ({ order: layers.indexOf(of(id)) }))];
}
