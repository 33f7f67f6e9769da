// The page's browser side, put together: choices, clock, map, timeline, and what Dash's controls ask for.
import { ask, signInAt, watchInput, whenSignedOut } from "./api.mjs";
import { createChoices, filterQuery, formatLayers, parseLayers, setCount } from "./choices.mjs";
import { createClock, DEFAULT_SPEED } from "./clock.mjs";
import { follow, followed, worldOf } from "./following.mjs";
import { drawLegend, symbolCss } from "./legend.mjs";
import { createControls } from "./map/controls.mjs";
import { createDraw } from "./map/draw.mjs";
import { createView } from "./map/view.mjs";
import { searchAll, watchExports } from "./purpose.mjs";
import { keepRoles } from "./roles.mjs";
import { createScale, metresWords } from "./scale.mjs";
import { createSearch } from "./search.mjs";
import { drawSpeed } from "./speed.mjs";
import { createStatus } from "./status.mjs";
import { tokens, wear } from "./theme.mjs";
import { createTimeline } from "./timeline/timeline.mjs";
import { city, clock as clockWords, epoch, iso, number, zoned } from "./times.mjs";
import { watchWarnings } from "./warnings.mjs";

const PERIODS = { "24h": 86_400, "7d": 7 * 86_400, "14d": 14 * 86_400, "90d": 90 * 86_400 };
export const AMOUNTS_KG = [0, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, Infinity];
const ALL_DRUGS = ["cocaine", "opioid", "ats", "cannabis", "heroin", "other"];
const ALL_KINDS = ["vessel", "vehicle", "container", "tag", "aircraft", "drone", "person"];
// Without anything to show yet the map opens on the border the exercise is about.
const CAMERA = innerWidth < 760 ? { center: [-98.05, 26.12], zoom: 8.2 } : { bounds: [-99.05, 25.7, -96.75, 26.75] };

const app = {};
const token = (name) => tokens()(name);
const $ = (id) => document.getElementById(id);

/** Start: read the URL, mount everything. Called once, by Dash. */
export async function boot() {
  if (app.choices) return;
  watchInput(document);
  whenSignedOut(() => location.assign(signInAt(location)));
  app.choices = createChoices();
  keepRoles();
  wear(app.choices.get().theme);
  dressSymbols();
  void watchWarnings($("warnings"));
  app.status = createStatus($("status"), { retry: () => app.view?.refetch() });
  const [worlds] = await Promise.all([app.status.follow("Worlds", ask("/api/worlds")), leaveOutWrong()]);
  if (!worlds) return;
  app.worlds = Object.fromEntries(worlds.worlds.map((w) => [w.world, worldOf(w)]));
  const now = app.choices.get();
  if (!now.world) app.choices.set({ world: worlds.default, ...firstWindow(worlds.default) }, { push: false });
  else if (!now.from && !now.to) app.choices.set(firstWindow(now.world), { push: false });

  app.clock = createClock(ticked);
  app.timeline = createTimeline($("timeline"), { token, act: timelineActs });
  app.choices.subscribe(chosen);
  app.view = await createView($("map"), {
    choices: app.choices, token, status: app.status, camera: cameraOf(app.choices.get().world), hash: "map", told: { select, legend, drawn, hovered, drawing: () => app.draw?.active },
  });
  createScale($("scale"), app.view.map);
  app.draw = createDraw(app.view.map, { token, done: (area) => app.choices.set({ area }), measured: (m) => app.status.say(`${metresWords(Math.round(m))} measured`) });
  app.controls = createControls($("map").parentElement, app.view.map, { draw: () => drawing("polygon"), measure: () => drawing("linestring"), say: app.status.say });
  createSearch({
    input: $("search"), results: $("search-results"), world: () => app.choices.get().world, select, named, say: app.status.say,
    go: (f) => app.view.map.easeTo({ center: [f.lon, f.lat], zoom: Math.max(app.view.map.getZoom(), f.zoom ?? 10), duration: 600 }),
  });
  document.addEventListener("keydown", keyed);
  watchExports(document, { say: app.status.say });
  document.addEventListener("click", (event) => {
    const command = event.target.closest("[data-command]")?.dataset.command;
    if (command === "unselect") select(undefined);
    else if (command === "centre") app.view.reveal(app.choices.get().sel, { centre: true });
    else if (command === "name-all") searchAll(app.choices.get().q, "live").then((told) => told && named(app.choices.get().q), (error) => app.status.say(error.message));
  });
  new MutationObserver(details).observe($("details"), { childList: true });
  $("legend").addEventListener("click", (event) => {
    const heat = event.target.closest("[data-heat]")?.dataset.heat;
    if (heat !== undefined) app.choices.set({ heat: heat || undefined });
  });
  setInterval(clocks, 1000);
  follow({ world: () => app.choices.get().world, held: () => app.worlds[app.choices.get().world], changed: dataChanged });
  chosen(app.choices.get(), new Set(["world", "from", "to", "at", "theme"]));
  if (app.wrong) app.status.say(app.wrong);
  window.__vigia = { ...app, filterQuery };
}

/** An address somebody wrote may hold values no filter knows: they are left out, and that is said. */
async function leaveOutWrong() {
  const told = filterQuery(app.choices.get());
  if (!told) return;
  const problems = await ask(`/api/tiles/seizures.json?${told}`).then(() => [], (error) => error.problems ?? []);
  if (!problems.length) return;
  app.choices.set(Object.fromEntries(problems.map((p) => [p.key, undefined])), { push: false });
  app.wrong = `Left out of the address: ${problems.map((p) => `${p.key}=${p.value} (expected ${p.expected})`).join(", ")}`;
}

/** What a search is for was told: what it leaves in is asked for again where the filter is that text. */
function named(text) {
  app.named = text;
  if (text !== app.choices.get().q) return;
  chosen(app.choices.get(), new Set(["q"]));
  app.view.refetch(true);
}

// -- the window and the clock

/** The first window of a world: its last seven days, or as many more as show something of each layer it holds. */
function window_(world) {
  const { from, edge, to, newest = {} } = app.worlds[world] ?? {};
  const end = Math.ceil(((edge ?? to ?? Date.now() / 1000) + 1) / 60) * 60;
  const oldest = Math.min(end, ...Object.values(newest).filter(Boolean).map(epoch));
  const long = ["7d", "14d", "90d"].map((p) => PERIODS[p]).find((s) => end - s <= oldest) ?? Infinity;
  return { from: iso(Math.max(end - long, from ? Math.floor(from / 60) * 60 : end - PERIODS["7d"])), to: iso(Math.max(end, oldest)), at: undefined };
}

/** The same, kept: while nobody chose another it is not a person's. */
const firstWindow = (world) => (app.first = window_(world));

/** Where the map opens: on the exercise's border, or on the data somebody brought. */
function cameraOf(world) {
  const bounds = world === "live" ? app.worlds.live?.bounds : undefined;
  return bounds ? { bounds } : CAMERA;
}

/** New data: everything is asked again and a window that ends now follows; the camera stays where the person put it. */
function dataChanged(world, before) {
  app.worlds[world.world] = world;
  const now = app.choices.get();
  // The first data of an empty world may be years old: a window that nobody chose goes to where they lie.
  const unchosen = before.to === undefined && now.at === undefined && now.from === app.first?.from && now.to === app.first?.to;
  if (unchosen) app.choices.set(firstWindow(world.world), { push: false });
  const [from, to] = now.at === undefined && now.to && !unchosen ? followed(span(), before.edge ?? 0, world.edge) : span();
  app.choices.set({ from: iso(from), to: iso(to) }, { push: false });
  app.timeline.window(from, to, [Math.min(world.from ?? from, from), Math.max(world.to ?? to, to)]);
  app.clock.bounds(from, edge());
  app.view.refetch(true);
  lanes();
  tellDash();
}

const span = () => {
  const now = app.choices.get();
  const w = app.worlds[now.world] ?? {};
  const to = epoch(now.to) ?? w.to ?? Date.now() / 1000;
  return [epoch(now.from) ?? w.from ?? to - PERIODS["7d"], to];
};

/** The newest moment of the window: the edge of what is known, or the window's end. */
function edge() {
  const w = app.worlds[app.choices.get().world] ?? {};
  const [, to] = span();
  return Math.min(w.edge ?? to, to);
}

function chosen(now, changed) {
  const [from, to] = span();
  if (["world", "from", "to", "at"].some((k) => changed.has(k))) {
    const w = app.worlds[now.world] ?? {};
    app.timeline.window(from, to, [Math.min(w.from ?? from, from), Math.max(w.to ?? to, to)]);
    app.clock.bounds(from, edge());
    if (!app.clock.state.playing) {
      app.clock.state.at = epoch(now.at);
      ticked(app.clock.state.at, false, false);
    }
  }
  if (changed.has("theme")) {
    wear(now.theme);
    dressSymbols();
    app.timeline.repaint();
  }
  if ([...changed].some((k) => !["at", "sel", "layers", "theme", "heat"].includes(k))) lanes();
  if (changed.has("sel")) {
    if (now.sel) app.view?.reveal(now.sel);
    app.revealing = now.sel;
    showRow(app.grid);
  }
  $("text-all").hidden = !now.q || now.world !== "live" || now.q === app.named;
  tellDash();
  legend();
}

function ticked(at, playing, keep = true) {
  const live = at === undefined;
  const moment = at ?? edge();
  app.timeline.clock(at, { playing, live, speed: app.clock.state.speed });
  app.view?.setClock(moment, { live, playing, edge: edge(), speed: app.clock.state.speed });
  // While it runs the URL is left alone: a browser allows only so many changes of it.
  if (keep && !playing) app.choices.set({ at: live ? undefined : iso(moment) }, { push: false });
}

const timelineActs = {
  window: (from, to) => app.choices.set({ from: iso(from), to: iso(to) }),
  seek: (at) => app.clock.seek(at),
  play: () => app.clock.play(),
  pause: () => app.clock.pause(),
  speed: (value) => app.clock.speed(value),
  live() {
    app.clock.state.playing = false;
    app.clock.state.at = undefined;
    ticked(undefined, false);
  },
};

let lanesFor;
async function lanes() {
  lanesFor?.abort();
  const mine = (lanesFor = new AbortController());
  const [from, to] = app.timeline.span();
  const bins = Math.max(40, Math.min(240, Math.round($("timeline").clientWidth / 11)));
  const query = `${filterQuery(app.choices.get())}&span_from=${iso(from)}&span_to=${iso(to)}&bins=${bins}`;
  const found = await app.status.follow("Timeline", ask(`/api/timeline?${query}`, { signal: mine.signal }));
  if (found && !mine.signal.aborted) app.timeline.lanes(found);
}

function clocks() {
  const utc = $("clock-utc"), local = $("clock-local");
  if (!utc) return;
  const now = Date.now() / 1000;
  const zone = document.documentElement.dataset.zone || "America/Chicago";
  utc.innerHTML = `${clockWords(now)}<small>UTC</small>`;
  local.innerHTML = `${zoned(now, zone)}<small>${city(zone)}</small>`;
}

// -- what is drawn and chosen

function select(sel) {
  app.choices.set({ sel });
}

/** What is pointed at on the map lights its row in the table. */
function hovered(sel) {
  if (app.lit === sel) return;
  app.lit = sel;
  for (const row of document.querySelectorAll("#table .ag-row")) row.classList.toggle("lit", row.getAttribute("row-id") === sel);
}

/** The table's rows answer the map and the map its rows. Called for each new table. */
export function dressTable(api) {
  api.addEventListener("cellMouseOver", ({ data }) => app.view?.hover(data?.id));
  api.addEventListener("cellMouseOut", () => app.view?.hover(undefined));
  api.addEventListener("modelUpdated", () => showRow(api));
  app.grid = api;
  showRow(api);
}

/** The chosen thing's row is chosen too, and in view, if the table has fetched it. */
function showRow(api) {
  if (!api || api.isDestroyed?.()) return;
  const node = app.choices?.get().sel && api.getRowNode(app.choices.get().sel);
  if (!node) return api.deselectAll();
  if (!node.isSelected()) {
    node.setSelected(true, true);
    api.ensureNodeVisible(node);
  }
}

function drawn({ shown, stale, seizures, images }) {
  app.timeline.counts(`<span><b>${number(seizures)}</b> seizures</span><span><b>${number(shown)}</b> tracks</span><span><b>${number(images)}</b> images</span>`);
  document.documentElement.dataset.stale = String(stale);
}

function legend() {
  if (!app.view) return;
  const now = app.choices.get();
  const [from, to] = span();
  const on = parseLayers(now.layers).find((l) => l.name === "hotspots")?.on;
  drawLegend($("legend"), {
    token, run: app.view.held.run, levels: app.view.held.levels, zoom: Math.floor(app.view.map.getZoom()), hotspotsOn: on, heat: now.heat === "1",
    days: Math.round((to - from) / 86_400), theme: now.theme ?? "dark",
  });
}

function details() {
  // The panel takes ground from the map: what was just chosen near that edge is brought back into view. Once: the panel is
  // drawn again with new data and by an address that is opened, and neither moves the camera.
  const chosenNow = app.revealing;
  app.revealing = undefined;
  if (chosenNow) requestAnimationFrame(() => chosenNow === app.choices.get().sel && app.view?.reveal(chosenNow));
  const box = document.getElementById("speed-chart");
  if (!box || box.dataset.drawn) return;
  box.dataset.drawn = "1";
  drawSpeed(box, Number(box.dataset.track), epoch(app.choices.get().at) ?? edge(), { token, world: app.choices.get().world });
}

function dressSymbols() {
  const sheet = document.getElementById("symbol-sheet") ?? document.head.appendChild(Object.assign(document.createElement("style"), { id: "symbol-sheet" }));
  sheet.textContent = symbolCss(token);
}

async function drawing(mode) {
  if (app.draw.active === mode) return app.draw.stop();
  await app.draw.start(mode);
  app.status.say(mode === "polygon" ? "Click the corners; click the first one again to close the area." : "Click along the line; click the last point again to end.");
}

function keyed(event) {
  if (event.target.closest("input, select, textarea, [contenteditable]") || event.ctrlKey || event.metaKey || event.altKey) return;
  const onMap = event.target.closest(".maplibregl-canvas");
  const acts = {
    "/": () => $("search").focus(),
    " ": () => (app.clock.state.playing ? app.clock.pause() : app.clock.play()),
    ArrowLeft: () => (event.shiftKey ? app.timeline.shift(-1) : app.clock.seek((app.clock.state.at ?? edge()) - app.timeline.step())),
    ArrowRight: () => (event.shiftKey ? app.timeline.shift(1) : app.clock.seek((app.clock.state.at ?? edge()) + app.timeline.step())),
    Home: () => app.clock.seek(span()[0]),
    End: () => timelineActs.live(),
    "+": () => app.timeline.faster(),
    "-": () => app.timeline.slower(),
    Escape: () => (app.draw.active ? app.draw.stop() : select(undefined)),
  };
  if (!acts[event.key] || (onMap && /^Arrow|[+-]/.test(event.key)) || (event.key === " " && event.target.closest("button, summary, label"))) return;
  event.preventDefault();
  acts[event.key]();
}

// -- Dash

function tellDash() {
  const now = app.choices.get();
  const colours = Object.fromEntries(["t2", ...ALL_DRUGS].map((n) => [n, token(n)]));
  window.dash_clientside.set_props("choices", { data: { ...now, query: filterQuery(now), state: app.worlds[now.world]?.state, colours: { ...colours, hot: token("hot2") } } });
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
    const end = epoch(window_(now.world).to);
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
  draw_area: () => drawing("polygon"),
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
  row_selected: (id) => id !== app.choices.get().sel && select(id),
  hover: (id) => app.view?.hover(id),
};

function layer(name, change) {
  app.choices.set({ layers: formatLayers(parseLayers(app.choices.get().layers).map((l) => (l.name === name ? change(l) : l))) });
}

// Persons come last, and only where there are any.
const kindsShown = () => ALL_KINDS.slice(0, Math.max(1, document.querySelectorAll("#kind input").length));

// What each control was last set to: Dash tells that back as if a person had chosen it.
const echoes = {};

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
    set_agency: now.agency ?? [], set_conveyance: now.conveyance ?? [], set_text: now.q ?? "", set_theme: now.theme ?? "dark",
  };
  for (const [name, value] of Object.entries(values)) echoes[name] = JSON.stringify(value);
  return [...Object.values(values), amountWords(amount), set ? `Clear ${set}` : "Clear", set === 0, now.area === undefined];
}

export function layerControls(ids) {
  const layers = parseLayers(app.choices.get().layers);
  const of = (id) => layers.find((l) => l.name === id.layer);
  return [ids.map((id) => String(of(id).on)), ids.map((id) => of(id).opacity), ids.map((id) => ({ order: layers.indexOf(of(id)) }))];
}
