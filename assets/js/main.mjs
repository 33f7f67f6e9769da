// The page's browser side, put together: choices, clock, map, timeline, and what Dash's controls ask for.
import { ask, latestOnly, signInAt, watchInput, whenSignedOut } from "./api.mjs";
import { watchAnalysis } from "./analysis/analysis.mjs";
import { linkCatalogue } from "./catalogue/link.mjs";
import { createChoices, filterQuery, format, parseLayers, VIEW_KEYS } from "./choices.mjs";
import { createAsOf } from "./asof.mjs";
import { createClock } from "./clock.mjs";
import { watchCoordinates } from "./coordinates/page.mjs";
import { watchCompare } from "./compare/compare.mjs";
import { watchPartners } from "./compare/with.mjs";
import { follow, followed, onlyMoved, worldOf } from "./following.mjs";
import { watchKnown } from "./known.mjs";
import { watchLook } from "./looks.mjs";
import { hoursOf, lookedWords } from "./layers/coverage.mjs";
import { drawLegend, symbolCss } from "./legend.mjs";
import { watchEvents } from "./events/events.mjs";
import { listen, watchLive } from "./live/page.mjs";
import { createControls } from "./map/controls.mjs";
import { createDraw } from "./map/draw.mjs";
import { createView } from "./map/view.mjs";
import { app, edge, firstWindow, span, streaming, windowAt } from "./page.mjs";
import { agenciesListed, drawing, select, tellDash } from "./proposals.mjs";
import { searchAll, watchExports } from "./purpose.mjs";
import { keepRoles } from "./roles.mjs";
import { createScale } from "./scale.mjs";
import { createSearch } from "./search.mjs";
import { drawSpeed, markClock } from "./speed.mjs";
import { createStatus } from "./status.mjs";
import { watchSteps } from "./steps.mjs";
import { tokens, wear } from "./theme.mjs";
import { createTimeline } from "./timeline/timeline.mjs";
import { city, clock as clockWords, epoch, iso, number, zoned } from "./times.mjs";
import { watchTrails } from "./trails.mjs";
import { watchVideos } from "./videos/videos.mjs";
import { watchViews } from "./views/views.mjs";
import { watchScreens } from "./screens.mjs";
import { watchWarnings } from "./warnings.mjs";

export { acts, AMOUNTS_KG, controls, layerControls, propose } from "./proposals.mjs";

// Without anything to show yet the map opens on the border the exercise is about.
const CAMERA = innerWidth < 760 ? { center: [-98.05, 26.12], zoom: 8.2 } : { bounds: [-99.05, 25.7, -96.75, 26.75] };

// What Dash draws nothing by: its details drawn again would take the keyboard from the list that was just used.
const UNTOLD = ["at", "look", "bands", "colormap", "stretch", "view"];
const BY_HAND = new Set(["rowClicked", "spaceKey", "checkboxSelected"]); // the grid's words for who selected a row
const MOVED_S = 60; // while live, lines of what moved are asked for again so often at most
const token = (name) => tokens()(name);
const $ = (id) => document.getElementById(id);

/** Start: read the URL, mount everything. Called once, by Dash. */
export async function boot() {
  if (app.choices) return;
  watchInput(document);
  whenSignedOut(() => location.assign(signInAt(location)));
  app.choices = createChoices();
  // What a short link was opened without (routes/short_links.py): told once.
  const leftOut = new URLSearchParams(location.search).get("left_out")?.split(",").map((key) => ({ key }));
  keepRoles();
  wear(app.choices.get().theme);
  dressSymbols();
  void watchWarnings($("warnings"));
  void watchScreens($("screens-silent"));
  app.status = createStatus($("status"), { retry: () => app.view?.refetch() });
  const [worlds] = await Promise.all([app.status.follow("Worlds", ask("/api/worlds")), leaveOutWrong()]);
  if (!worlds) return;
  app.worlds = Object.fromEntries(worlds.worlds.map((w) => [w.world, worldOf(w)]));
  const now = app.choices.get();
  const world = now.world ?? worlds.default;
  app.choices.set({ world, ...(now.from || now.to ? {} : windowAt(world, now.at)) }, { push: false });

  app.asOf = createAsOf((then) => {
    tellDash();
    app.view?.asOf(then);
    app.events?.asOf(then);
  });
  app.clock = createClock(ticked, { reaches: (at) => (app.view?.moving.reaches(at) ?? true) && (app.videos?.reaches(at) ?? true) });
  app.timeline = createTimeline($("timeline"), { token, act: timelineActs });
  app.choices.subscribe(chosen);
  watchLive({ ticked: () => ticked(app.clock.state.at, app.clock.state.playing, false), signedOut: () => location.assign(signInAt(location)) });
  watchKnown({ choices: app.choices, container: $("timeline"), stage: $("map").parentElement, now: () => app.clock.state.at ?? edge() });
  watchTrails({ choices: app.choices });
  linkCatalogue(app.choices);
  app.view = await createView($("map"), {
    choices: app.choices, token, status: app.status, live: app.live, camera: cameraOf(app.choices.get().world), hash: "map",
    told: { select, legend, drawn, hovered, drawing: () => app.draw?.active, ground, zoomed: legend },
  });
  app.view.asOf(app.asOf.told);
  app.look = watchLook({ details: $("details"), choices: app.choices, status: app.status, row: (id) => app.view.held.images?.find((r) => String(r.id) === id), changed: legend });
  let scale;
  const places = watchCoordinates({ root: $("details"), choices: app.choices, say: app.status.say, shown: () => scale?.shown() });
  scale = createScale($("scale"), app.view.map, { format: () => places.format(), text: (lon, lat) => places.text(lon, lat), choose: (coords) => app.choices.set({ coords: coords === "dd" ? undefined : coords }) });
  app.draw = createDraw(app.view.map, { token, done: (area) => app.choices.set({ area }), measured: app.status.say });
  app.events = watchEvents({
    map: app.view.map, choices: app.choices, token, status: app.status, live: app.live, drawing: () => app.draw?.active, order: app.view.order,
    parts: { panel: $("alerts"), toggle: $("alerts-toggle"), banner: $("emergency"), lines: $("alert-lines"), rows: $("event-rows"), total: $("event-total"), onMap: $("events-on-map"), line: $("event-line"), save: $("area-save"), details: $("details") },
  });
  app.events.asOf(app.asOf.told);
  app.compare = watchCompare({ map: app.view.map, second: app.view.second, choices: app.choices, token, status: app.status, stage: $("map").parentElement, root: $("compare") });
  watchPartners({ details: $("details"), world: () => app.choices.get().world, start: (before, after) => app.choices.set({ compare: `${before},${after}`, sel: undefined }) });
  app.analysis = watchAnalysis({ map: app.view.map, choices: app.choices, token, status: app.status, root: $("analysis"), toggles: [...document.querySelectorAll("[data-command=analysis]")], legend: $("analysis-legend"), draw: app.draw });
  app.videos = watchVideos({ map: app.view.map, choices: app.choices, token, status: app.status, clock: app.clock, details: $("details"), drawing: () => app.draw?.active, reach });
  app.controls = createControls($("map").parentElement, app.view.map, { draw: () => drawing("area"), measure: () => drawing("line"), measureArea: () => drawing("ground"), say: app.status.say });
  createSearch({
    input: $("search"), results: $("search-results"), world: () => app.choices.get().world, select, named, say: app.status.say,
    go: (f) => app.view.map.easeTo({ center: [f.lon, f.lat], zoom: Math.max(app.view.map.getZoom(), f.zoom ?? 10), duration: 600 }),
  });
  watchSteps({ live: timelineActs.live });
  app.views = watchViews({
    map: app.view.map, choices: app.choices, status: app.status, root: $("views"), bar: $("view-bar"), toggles: [...document.querySelectorAll("[data-command=views]")], windowOf: windowAt,
    settle: () => app.clock.state.playing && app.clock.pause(), opened: () => (app.revealing = undefined), leftOut,
  });
  watchExports(document, { say: app.status.say });
  document.addEventListener("click", (event) => {
    const command = event.target.closest("[data-command]")?.dataset.command;
    if (command === "unselect") select(undefined);
    else if (command === "centre") app.view.reveal(app.choices.get().sel, { centre: true });
    else if (command === "follow") app.choices.set({ follow: app.choices.get().follow ? undefined : "1" });
    else if (command === "name-all") searchAll(app.choices.get().q, "live").then((told) => told && named(app.choices.get().q), (error) => app.status.say(error.message));
  });
  new MutationObserver(details).observe($("details"), { childList: true });
  $("legend").addEventListener("click", (event) => {
    const heat = event.target.closest("[data-heat]")?.dataset.heat;
    if (heat !== undefined) app.choices.set({ heat: heat || undefined });
  });
  setInterval(clocks, 1000);
  follow({ world: () => app.choices.get().world, held: () => app.worlds[app.choices.get().world], changed: dataChanged });
  listen();
  chosen(app.choices.get(), new Set(["world", "from", "to", "at", "theme"]));
  if (app.wrong) app.status.say(app.wrong, { stays: true });
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

/** Where the map opens: on the exercise's border, or on the data somebody brought. */
function cameraOf(world) {
  const bounds = world === "live" ? app.worlds.live?.bounds : undefined;
  return bounds ? { bounds } : CAMERA;
}

/** New data: everything is asked again and a window that ends now follows; the camera stays where the person put it. */
function dataChanged(world, before) {
  // What only moved is in the stream already.
  if (streaming() && onlyMoved(before.state, world.state) && performance.now() / 1000 - app.movedS < MOVED_S) return;
  app.movedS = performance.now() / 1000;
  app.worlds[world.world] = world;
  const now = app.choices.get();
  // The first data of an empty world may be years old: a window that nobody chose goes to where they lie.
  const unchosen = before.to === undefined && now.at === undefined && now.from === app.first?.from && now.to === app.first?.to;
  if (unchosen) app.choices.set(firstWindow(world.world), { push: false });
  const [from, to] = now.at === undefined && now.to && !unchosen && !streaming() ? followed(span(), before.edge ?? 0, world.edge) : span();
  app.choices.set({ from: iso(from), to: iso(to) }, { push: false });
  app.timeline.window(from, to, [Math.min(world.from ?? from, from), Math.max(world.to ?? to, to)]);
  bounds(from);
  app.view.refetch(true);
  app.videos?.refetch();
  lanes();
  tellDash();
}

/** Room in the window and for the clock up to a time: a film may end after the last thing that moved. */
function reach(from, to) {
  const [a, b] = span();
  if (from < a || to > b) app.choices.set({ from: iso(Math.min(a, Math.floor(from))), to: iso(Math.max(b, Math.ceil(to))) }, { push: false });
  bounds(span()[0], to);
}

/** How far the clock may go: to the newest there is, and to the end of a film that is chosen. */
const bounds = (from, to = app.videos?.held.film?.to ?? 0) => app.clock.bounds(from, Math.max(edge(), to));

function chosen(now, changed) {
  const [from, to] = span();
  if (["world", "from", "to", "at"].some((k) => changed.has(k))) {
    const w = app.worlds[now.world] ?? {};
    app.timeline.window(from, to, [Math.min(w.from ?? from, from), Math.max(w.to ?? to, to)]);
    bounds(from);
    if (!app.clock.state.playing) {
      app.clock.state.at = epoch(now.at);
      ticked(app.clock.state.at, false, false);
    }
  }
  if (app.view) listen();
  if (changed.has("follow") || changed.has("sel")) followButton();
  if (changed.has("theme")) {
    wear(now.theme);
    dressSymbols();
    app.timeline.repaint();
  }
  if ([...changed].some((k) => !VIEW_KEYS.includes(k))) lanes();
  if (changed.has("sel")) {
    if (now.sel) app.view?.reveal(now.sel);
    app.revealing = now.sel;
    showRow(app.grid);
  }
  $("text-all").hidden = !now.q || now.world !== "live" || now.q === app.named;
  // Where the clock stands is told when it has come to rest.
  if ([...changed].some((k) => !UNTOLD.includes(k))) tellDash();
  legend();
}

function ticked(at, playing, keep = true) {
  const live = at === undefined;
  const moment = at ?? edge();
  const { speed, waiting, pace } = app.clock.state;
  app.timeline.clock(at, { playing, live, speed, waiting, pace });
  app.asOf.ticked(at, playing);
  app.view?.setClock(moment, { live, stream: live && streaming(), playing, edge: edge(), speed });
  markClock($("speed-chart"), moment);
  app.videos?.ticked();
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
  const now = app.live?.now() ?? Date.now() / 1000;
  const zone = document.documentElement.dataset.zone || "America/Chicago";
  utc.innerHTML = `${clockWords(now)}<small>UTC</small>`;
  local.innerHTML = `${zoned(now, zone)}<small>${city(zone)}</small>`;
}

// -- what is drawn and chosen

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
  // What a hand chose, at once. Dash would tell of every selection, our own too, and later: a choice taken back would come again.
  api.addEventListener("selectionChanged", ({ source }) => {
    const [row] = BY_HAND.has(source) ? api.getSelectedRows() : [];
    if (row && row.id !== app.choices.get().sel) select(row.id);
  });
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

/** The numbers of rail and drawer (callbacks/counts.py) at the timeline too, with their time while that goes on. */
export function counted(told) {
  if (!told) return;
  agenciesListed();
  app.asOf.answered();
  const { playing } = app.asOf.told, asOf = told.at ? playing && epoch(told.at) : app.live?.on(app.choices.get().world) && told.counted_at;
  app.timeline.counts(["seizures", "tracks", "images"].map((layer) => `<span><b>${number(told[layer])}</b> ${layer}</span>`).join("") + (asOf ? `<span>as of ${clockWords(asOf)} UTC</span>` : ""));
}

function drawn({ shown, under, stale }) {
  app.timeline.under(under ? `${number(under)} of ${number(shown)} marks under others` : "");
  document.documentElement.dataset.stale = String(stale);
}

function legend() {
  if (!app.view) return;
  const now = app.choices.get();
  const [from, to] = span();
  const on = parseLayers(now.layers).find((l) => l.name === "hotspots")?.on;
  drawLegend($("legend"), {
    token, run: app.view.held.run, levels: app.view.held.levels, zoom: Math.floor(app.view.map.getZoom()), hotspotsOn: on, heat: now.heat === "1",
    days: Math.round((to - from) / 86_400), theme: now.theme ?? "dark", veil: parseLayers(now.layers).find((l) => l.name === "coverage").on ? hoursOf(now.veil) : undefined,
    known: now.known_at, shown: Object.fromEntries(parseLayers(now.layers).map((l) => [l.name, l.on])),
    look: parseLayers(now.layers).find((l) => l.name === "imagery").on ? app.look?.key() : undefined,
  });
}

/** Nothing lies where somebody clicked: who looked there last, while that is what the map shows. */
async function ground({ lng, lat }, { at, live }) {
  const now = app.choices.get(), edgeAt = live && now.world === "live" ? (app.live?.now() ?? at) : at;
  if (now.compare || !parseLayers(now.layers).find((l) => l.name === "coverage").on) return;
  const found = await asked(`/api/coverage?${format(now, ["world", "known_at"])}&lon=${lng.toFixed(6)}&lat=${lat.toFixed(6)}&at=${iso(Math.ceil(edgeAt))}`).catch((error) => void app.status.say(error.message));
  if (found) app.status.say(lookedWords(found, edgeAt));
}
const asked = latestOnly();

function details() {
  // The panel takes ground from the map: what was just chosen near that edge is brought back into view. Once: the panel is
  // drawn again with new data and by an address that is opened, and neither moves the camera.
  const chosenNow = app.revealing;
  app.revealing = undefined;
  if (chosenNow) requestAnimationFrame(() => chosenNow === app.choices.get().sel && app.view?.reveal(chosenNow));
  followButton();
  const box = document.getElementById("speed-chart");
  if (!box || box.dataset.drawn) return;
  box.dataset.drawn = "1";
  drawSpeed(box, Number(box.dataset.track), epoch(app.choices.get().at) ?? edge(), { token, world: app.choices.get().world, known: app.choices.get().known_at, seek: (at) => app.clock.seek(at) });
}

function followButton() {
  document.querySelector("[data-command=follow]")?.setAttribute("aria-pressed", String(Boolean(app.choices.get().follow)));
}

function dressSymbols() {
  const sheet = document.getElementById("symbol-sheet") ?? document.head.appendChild(Object.assign(document.createElement("style"), { id: "symbol-sheet" }));
  sheet.textContent = symbolCss(token);
}
