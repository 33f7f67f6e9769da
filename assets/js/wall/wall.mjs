// A wall: clocks, three figures, views in turn, and the proof that the picture is alive.
import { ask } from "../api.mjs";
import { createChoices, DEFAULT_LAYERS, filterQuery, formatLayers, parseLayers, streamQuery } from "../choices.mjs";
import { follow, followed, onlyMoved, worldOf } from "../following.mjs";
import { quiet } from "../legend.mjs";
import { createLive, feedWords, rightsOf } from "../live/live.mjs";
import { hoursOf, hoursWords } from "../layers/coverage.mjs";
import { createView } from "../map/view.mjs";
import { strictest, tlp } from "../markings.mjs";
import { GLYPHS } from "../symbols/glyphs.mjs";
import { analysisOf, draw as drawAnalysis } from "./analysis.mjs";
import { addPlaces, showPlaces } from "./places.mjs";
import { tokens } from "../theme.mjs";
import { age, city, clock, epoch, iso, number, zoned } from "../times.mjs";
import { drift, freshness, nextView, offsetOf } from "./freshness.mjs";

const BEAT_S = 5;
const DAYS = 7;
const MOVED_S = 60; // what only moved is in the stream; its lines are asked for again so often
const FAR_SCREENS = 2;
const CLOSEST_ZOOM = 9.5;
const told = JSON.parse(document.getElementById("wall").textContent);
const token = (name) => tokens()(name);
const $ = (id) => document.getElementById(id);
const state = { view: 0, views: [], turnedS: 0, lastS: performance.now() / 1000, offsetMs: 0, map: undefined, held: undefined, build: told.build };
const monotonic = () => performance.now() / 1000;
const serverNow = () => (Date.now() + state.offsetMs) / 1000;
const live = createLive({ told: { changed: (whole) => streaming() && state.shown?.streamed(whole), beat: () => feeds(state.states ?? {}), revoked: () => location.reload() } });
const streaming = () => live.on(choices.get().world);

// No history on a wall: its choices are the screen's.
const choices = createChoices({ location: { search: "", pathname: "", hash: "" }, history: { pushState() {}, replaceState() {} }, addEventListener() {} });
const status = { follow: (_, promise) => promise.catch(() => undefined), say() {} };

async function start() {
  const worlds = await retried(() => ask("/api/worlds"));
  const world = told.world ?? worlds.default;
  state.held = worldOf(worlds.worlds.find((w) => w.world === world));
  const to = Math.ceil((edge() + 1) / 60) * 60;
  choices.set({ world, from: iso(to - DAYS * 86_400), to: iso(to), ...told.look, ...(told.veil ? { veil: told.veil, layers: formatLayers(DEFAULT_LAYERS.map((l) => (l.name === "coverage" ? { ...l, on: true } : l))) } : {}) });
  if (told.run) {
    state.analysis = await analysisOf(told.run);
    $("analysis-words").textContent = state.analysis.words;
    // What it shows lies where the quick hotspots would.
    choices.set({ layers: formatLayers(parseLayers(choices.get().layers).map((l) => (l.name === "hotspots" ? { ...l, on: false } : l))) });
  }
  await look(world);
  live.ask(streamQuery(choices.get()), rightsOf(state.held.state));
  const view = await createView($("map"), {
    choices, token, status, live, wall: true, interactive: false, hash: false, camera: { bounds: state.views[0].bounds },
    told: {
      dressed: (map) => {
        addPlaces(map, token, innerHeight / 1080);
        drawAnalysis(map, state.analysis, { token });
        place({ jump: true });
      },
      legend: (run) => {
        state.runMarking = run?.marking;
        chips(world);
      },
      drawn: ({ stale, states }) => {
        figure("stale", number(stale), "", "tracks stale");
        feeds((state.states = states));
      },
    },
  });
  state.map = view.map;
  state.shown = view;
  const now = () => view.setClock(edge(), { live: true, stream: streaming(), playing: false, edge: edge(), speed: 1 });
  const goOn = (before, to) => {
    const held = [epoch(choices.get().from), epoch(choices.get().to)], next = followed(held, before, to);
    if (next[1] !== held[1]) choices.set({ from: iso(next[0]), to: iso(next[1]) });
  };
  now();
  setInterval(() => {
    if (!streaming()) return;
    goOn(state.held.edge ?? 0, edge());
    now();
  }, 1000);
  place({ jump: true });
  chips(world);
  dots();
  await figures();
  follow({
    world: () => world, held: () => state.held,
    changed(row, before) {
      if (streaming() && onlyMoved(before.state, row.state) && monotonic() - state.movedS < MOVED_S) return;
      state.movedS = monotonic();
      state.held = row;
      goOn(before.edge ?? 0, edge());
      now();
      view.refetch(true);
      figures();
      look(world);
    },
  });
  setInterval(tick, 1000);
  setInterval(beat, BEAT_S * 1000);
  setInterval(figures, 60_000);
  beat();
  tick();
  window.__wall = { state, view, choices };
  document.documentElement.dataset.wall = "ready";
}

/** Now, while something comes; else the newest moment known of the world, or the server's own time while it holds nothing. */
const edge = () => (streaming() ? live.now() : undefined) ?? state.held.edge ?? state.held.to ?? serverNow();

/** What to look at: where the data is; without any, the screen's own view. */
async function look(world) {
  const found = await ask(`/api/views?world=${world}`).catch(() => undefined);
  if (found?.views.length) state.views = found.views;
  else if (!state.views.length) state.views = told.views;
  state.view = Math.min(state.view, state.views.length - 1);
}

/** The camera of the view in turn: its ground fills what the column, the bar and the chips leave free. */
function cameraOf(view) {
  const u = innerHeight / 1080;
  const [west, south, east, north] = view.bounds;
  const padding = { left: 620 * u, top: 190 * u, right: 130 * u, bottom: 90 * u };
  return { ...state.map.cameraForBounds([[west, south], [east, north]], { padding, maxZoom: CLOSEST_ZOOM + Math.log2(u) }) };
}

function place({ jump = false } = {}) {
  if (!state.map) return;
  const view = state.views[state.view];
  showPlaces(state.map, view.places);
  const camera = cameraOf(view);
  const far = jump || distanceInScreens(camera) > FAR_SCREENS || matchMedia("(prefers-reduced-motion: reduce)").matches;
  state.map[far ? "jumpTo" : "easeTo"]({ ...camera, duration: 1200 });
}

function tick() {
  const now = serverNow();
  $("utc").textContent = `${clock(now)} UTC`;
  $("local").textContent = `${zoned(now, told.zone)} ${city(told.zone)}`;
  // The picture is as old as the older of its two signs of life: the server answers, and the stream tells.
  const { silentS, stale } = freshness(monotonic(), Math.min(state.lastS, live.stream?.state.heardS ?? state.lastS));
  document.body.classList.toggle("is-stale", stale);
  $("stale").hidden = !stale;
  if (stale) $("stale").querySelector("span").textContent = `Nothing new since ${clock(now - silentS)}, ${age(silentS)}${live.stream?.state.refused ? `: ${live.stream.state.refused}; it is tried again by itself` : ""}`;
  state.turnedS += 1;
  // A picture that stopped is not turned: it would look alive.
  if (!stale && state.turnedS >= told.turn_s) turn();
  const [x, y] = drift(Math.floor(now / 60));
  if (!stale) $("column").style.translate = `${x}px ${y}px`;
}

function turn() {
  state.turnedS = 0;
  state.view = nextView(state.view, state.views.length);
  place();
  dots();
}

function distanceInScreens({ center, zoom }) {
  const p = state.map.project(center), w = innerWidth, h = innerHeight;
  return Math.max(Math.abs(p.x - w / 2) / w, Math.abs(p.y - h / 2) / h, Math.abs(state.map.getZoom() - zoom) / 2);
}

async function beat() {
  const sent = Date.now();
  try {
    const answer = await ask("/api/health/live", { signal: AbortSignal.timeout(BEAT_S * 900) });
    if (!answer?.live) return;
    state.lastS = monotonic();
    state.offsetMs = offsetOf(Date.parse(answer.now), sent, Date.now());
    if (answer.build !== state.build) location.reload();
  } catch {
    // Silence is told by the bar; the next beat asks again, for ever.
  }
}

async function figures() {
  const counts = await ask(`/api/counts?${filterQuery(choices.get())}`).catch(() => undefined);
  if (!counts) return;
  state.marking = counts.marking;
  chips(choices.get().world);
  figure("seizures", number(counts.seizures.total), "", `seizures, ${DAYS} d`);
  const kg = counts.seizures.kg;
  figure("kg", kg >= 100_000 ? number(kg / 1000) : number(kg), kg >= 100_000 ? "t" : "kg", `seized, ${DAYS} d`);
}

function figure(id, value, unit, caption) {
  const order = ["seizures", "kg", "stale"];
  for (const name of order) {
    if (!document.getElementById(`figure-${name}`)) $("figures").insertAdjacentHTML("beforeend", `<dt id="figure-${name}"></dt><dd></dd>`);
  }
  const dt = document.getElementById(`figure-${id}`);
  dt.replaceChildren(value, ...(unit ? [Object.assign(document.createElement("small"), { textContent: unit })] : []));
  dt.nextElementSibling.textContent = caption;
}

function chips(world) {
  const marking = strictest(state.marking, state.runMarking, state.analysis?.marking);
  $("chips").innerHTML = `${world === "exercise" ? '<span class="exercise">EXERCISE</span>' : ""}${told.veil ? `<span class="veiled">Hatched: not seen for ${hoursWords(hoursOf(told.veil))}</span>` : ""}${lookChip()}${marking ? `<span class="${tlp(marking)}">${marking}</span>` : ""}`;
  if (state.analysis) $("chips").append(Object.assign(document.createElement("span"), { className: "veiled", textContent: state.analysis.title }));
}

/** One image in other bands or colours is named: nobody should take them for what the eye would see. */
function lookChip() {
  const row = told.look && state.shown?.held.images?.find((r) => String(r.id) === told.look.look);
  return row ? `<span class="looked">${quiet(`${row.sortie ?? row.name}: ${[told.look.bands?.replaceAll(",", ", "), told.look.colormap, { full: "least to most", percentile: "2nd to 98th percentile" }[told.look.stretch]].filter(Boolean).join(", ")}`)}</span>` : "";
}

function dots() {
  $("dots").replaceChildren(...state.views.map((view, i) => {
    const dot = document.createElement("li");
    dot.setAttribute("aria-current", String(i === state.view));
    dot.setAttribute("aria-label", view.name);
    return dot;
  }));
}

const KIND_WORDS = { vessel: "Vessels", tag: "Tags", container: "Containers", vehicle: "Vehicles", aircraft: "Aircraft", drone: "Drones" };
const QUIET = { late: "late", stale: "silent", lost: "lost", frozen: "frozen" };

/** A glyph a kind that is heard of: white filled while its freshest is live, yellow hollow when it is not; only what is wrong is named. */
function feeds(states) {
  const kinds = Object.keys(KIND_WORDS).filter((k) => k in states);
  const wrong = kinds.filter((k) => states[k] !== "live");
  const glyph = (k) => {
    const [outline] = GLYPHS[k].path.split("Z");
    return states[k] === "live" ? `<path fill="${token("t1")}" fill-rule="evenodd" d="${GLYPHS[k].path}"/>` : `<path fill="none" stroke="${token("caution")}" stroke-width="2.2" d="${outline}Z"/>`;
  };
  $("feeds").innerHTML = kinds.map((k) => `<svg viewBox="0 0 24 24" role="img" aria-label="${KIND_WORDS[k]} ${QUIET[states[k]] ?? "live"}">${glyph(k)}</svg>`).join("");
  const silent = wrong.length > 1 ? `${wrong.length} kinds silent` : wrong.map((k) => `${KIND_WORDS[k]} ${QUIET[states[k]]}`).join("");
  $("feed-words").textContent = feedWords(live.feeds, choices.get().world)?.wrong || silent; // a feed that is wrong is why a kind is
}

async function retried(question) {
  for (let wait = 1; ; wait = Math.min(30, wait * 2)) {
    try {
      return await question();
    } catch {
      await new Promise((done) => setTimeout(done, 1000 * wait * (0.8 + 0.4 * Math.random())));
    }
  }
}

start();
