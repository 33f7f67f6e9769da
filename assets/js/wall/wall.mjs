// A wall: clocks, three figures, views in turn, alarms, and the proof that the picture is alive.
import { ask, whenSignedOut } from "../api.mjs";
import { createChoices, DEFAULT_LAYERS, filterQuery, formatLayers, parseLayers, streamQuery } from "../choices.mjs";
import { follow, followed, onlyMoved, worldOf } from "../following.mjs";
import { hoursOf, hoursWords } from "../layers/coverage.mjs";
import { createLive, feedWords, rightsOf } from "../live/live.mjs";
import { createView } from "../map/view.mjs";
import { strictest, tlp } from "../markings.mjs";
import { tokens } from "../theme.mjs";
import { age, clock, epoch, iso, moment, number } from "../times.mjs";
import { alarmOf, drawAlarm } from "./alarm.mjs";
import { analysisOf, draw as drawAnalysis } from "./analysis.mjs";
import { alarmCamera, cameraOf, go } from "./camera.mjs";
import * as faces from "./faces.mjs";
import { drift, freshness, offsetOf } from "./freshness.mjs";
import { addPlaces, showPlaces } from "./places.mjs";
import { choicesOf, createTurn, viewOf, viewsOf } from "./playlist.mjs";
import { isDim, keepPicture, reloadWhy, sendBeat, skewWords, stayAwake, tooMuch } from "./proof.mjs";
import { replay } from "./replay.mjs";
import { columnFor, paddingFor, unitOf } from "./sizes.mjs";
import { createSound } from "./sound.mjs";

const BEAT_S = 5;
const MOVED_S = 60; // what only moved is in the stream; its lines are asked for again so often
const LATELY_S = 60; // what a screen is told is asked for again so often, changed or not: a saved view may be another
const CREDIT_S = 12; // who made the basemap is told so long, large enough to be read
const told = JSON.parse(document.getElementById("wall").textContent);
const token = (name) => tokens()(name);
const $ = (id) => document.getElementById(id);
const monotonic = () => performance.now() / 1000;
const state = { views: [], found: [], lastS: monotonic(), aheadS: undefined, skewS: 0, map: undefined, held: undefined, build: told.build, timers: [], told, error: undefined, toldS: -Infinity, movedS: -Infinity };
const turn = createTurn(), sound = createSound();
/** The server's time, by a clock nobody sets; this machine's own only until the server told any. */
const serverNow = () => (state.aheadS === undefined ? Date.now() / 1000 : monotonic() + state.aheadS);
const live = createLive({ told: { changed: (whole) => streaming() && state.shown?.streamed(whole), beat: () => {}, revoked: () => ended() } });
live.also("alerts", () => void alarms());
const streaming = () => live.on(choices.get().world);

// No history on a wall: its choices are the screen's.
const choices = createChoices({ location: { search: "", pathname: "", hash: "" }, history: { pushState() {}, replaceState() {} }, addEventListener() {} });
const status = { follow: (_, promise) => promise.catch(() => undefined), say() {} };

async function start() {
  whenSignedOut(ended);
  addEventListener("error", (event) => (state.error = String(event.message).slice(0, 500)));
  addEventListener("unhandledrejection", (event) => (state.error = String(event.reason?.message ?? event.reason).slice(0, 500)));
  sized();
  const worlds = await retried(() => ask("/api/worlds"));
  const world = told.world ?? worlds.default;
  state.held = worldOf(worlds.worlds.find((w) => w.world === world));
  choices.set({ world });
  await look(world);
  choose();
  if (told.run) await analysed(told.run);
  listen();
  const view = await createView($("map"), {
    choices, token, status, live, wall: true, interactive: false, hash: false, pixelRatio: devicePixelRatio * state.unit, camera: state.views[0].center ? { center: state.views[0].center, zoom: state.views[0].zoom } : { bounds: state.views[0].bounds },
    told: {
      dressed: (map) => {
        addPlaces(map, token);
        drawAnalysis(map, state.analysis, { token });
        place({ jump: true });
      },
      legend: (run) => {
        state.runMarking = run?.marking;
        dress();
      },
      drawn: ({ stale, states }) => {
        faces.figure("stale", number(stale), "", "tracks stale");
        state.states = states;
      },
    },
  });
  [state.map, state.shown] = [view.map, view];
  state.picture = keepPicture(view.map, $("kept"));
  view.map.on("move", bracket);
  addEventListener("resize", sized);
  now();
  place({ jump: true });
  await figures();
  state.timers.push(follow({ world: () => world, held: () => state.held, changed }));
  every(1, tick);
  every(BEAT_S, beat);
  every(60, figures);
  every(CREDIT_S, () => document.body.classList.add("credited"));
  stayAwake();
  sound.ready();
  window.__wall = { state, view, choices, turn, sound, live };
  beat();
  alarms();
  tick();
  document.documentElement.dataset.wall = "ready";
}

const every = (s, f) => state.timers.push(setInterval(f, 1000 * s));

/** Sizes, by who sits how far away from how large a picture. */
function sized() {
  state.unit = Math.min(4, Math.max(0.25, unitOf({ ...told, width: innerWidth, height: innerHeight })));
  for (const [name, value] of [["--u", `${state.unit}px`], ["--k", state.unit]]) document.documentElement.style.setProperty(name, value);
  if (!state.map) return;
  state.map.setPixelRatio(devicePixelRatio * state.unit);
  state.map.resize();
  place({ jump: true });
}

// -- what is looked at

/** Now, while something comes; else the newest moment known of the world, or the server's own time while it holds nothing. */
const edge = () => (streaming() ? live.now() : undefined) ?? state.held.edge ?? state.held.to ?? serverNow();
const current = () => state.pushed ?? state.views[turn.at] ?? state.views[0];

/** Views: those of the playlist, else where the data is; without any, the screen's own. */
async function look(world) {
  const found = await ask(`/api/views?world=${world}`).catch(() => undefined);
  if (found?.views.length) state.found = found.views;
  views(world);
}

function views(world) {
  const before = current()?.key;
  const { views: all, gone } = viewsOf(state.told, state.found, world);
  const pushed = state.told.follow;
  [state.views, state.gone] = [all, gone];
  state.pushed = pushed && !pushed.gone && pushed.world === world ? viewOf(pushed, told.turn_s) : undefined;
  state.unshown = pushed && !state.pushed ? pushed.gone ?? "What was pushed here is of the other world" : undefined;
  const at = all.findIndex((v) => v.key === before);
  if (at >= 0) turn.moved(at); // in another order it stays
  else if (!state.pushed) turn.go(Math.min(turn.at, all.length - 1), all.length);
  return current()?.key !== before;
}

/** The choices of the view whose turn it is; while an alarm waits nothing is filtered, for what it is of must be seen. */
function choose() {
  const view = state.alarm?.waits ? { choices: {}, lengthS: current().lengthS } : current();
  const own = { ...told.look, ...(told.veil ? { veil: told.veil, layers: formatLayers(DEFAULT_LAYERS.map((l) => (l.name === "coverage" ? { ...l, on: true } : l))) } : {}) };
  const wanted = { ...choicesOf(view, edge(), iso), world: choices.get().world, ...own };
  const run = told.run ?? view.choices.run;
  // What an analysis shows lies where the quick hotspots would.
  if (run) wanted.layers = formatLayers(parseLayers(wanted.layers).map((l) => (l.name === "hotspots" ? { ...l, on: false } : l)));
  choices.set(wanted);
}

function listen() {
  live.ask(streamQuery(choices.get()), rightsOf(state.held.state));
}

/** Show the view whose turn it is. */
function show({ jump = false } = {}) {
  state.playing?.stop();
  choose();
  listen();
  now();
  place({ jump });
  dress();
  void figures();
  if (current().replay && !state.alarm?.waits && state.shown) state.playing = replay({ view: state.shown, edge: edge(), ended: now, told: dress });
}

/** The map stands at now, or at the time its view was saved at. */
function now() {
  if (!state.shown || state.playing?.on) return;
  const { stands } = state.alarm?.waits ? {} : current();
  state.shown.asOf({ at: stands, playing: false });
  state.shown.setClock(stands ?? edge(), { live: stands === undefined, stream: stands === undefined && streaming(), playing: false, edge: edge(), speed: 1 });
}

function place({ jump = false } = {}) {
  if (!state.map) return;
  const waits = state.alarm?.waits, { clientWidth: width, clientHeight: height } = state.map.getContainer();
  const padding = paddingFor({ unit: 1, width, height, alarm: Boolean(state.alarm) }); // the map is drawn in units
  showPlaces(state.map, waits ? [] : current().places);
  go(state.map, waits ? alarmCamera(state.map, state.alarm.line.newest, padding) : cameraOf(state.map, current(), padding), { jump });
  bracket();
}

/** Corners round the place of an alarm. */
function bracket() {
  const box = $("bracket");
  if (!box) return;
  box.hidden = !state.alarm?.waits || !state.map;
  if (box.hidden) return;
  const { lon, lat } = state.alarm.line.newest, p = state.map.project([lon, lat]);
  box.style.transform = `translate(${p.x * state.unit}px, ${p.y * state.unit}px) translate(-50%, -50%)`;
}

// -- each second

function tick() {
  const s = serverNow();
  // The picture is as old as the older of its two signs of life: the server answers, and the stream tells.
  const { silentS, stale } = freshness(monotonic(), Math.min(state.lastS, live.stream?.state.heardS ?? state.lastS));
  state.stale = stale;
  faces.stale(stale ? `Nothing new since ${clock(s - silentS)}, ${age(silentS)}${live.stream?.state.refused ? `: ${live.stream.state.refused}; it is tried again by itself` : ""}` : undefined);
  const waits = Boolean(state.alarm?.waits), view = current(), playing = Boolean(state.playing?.on);
  // A picture that stopped is not turned: it would look alive. Nor is one that waits for somebody, or was pushed here.
  const held = stale || waits || playing || Boolean(state.pushed), number_ = state.views.length;
  if (turn.tick(monotonic(), { held, turnS: view.turnS, number: number_ })) {
    turn.go(turn.at + 1, number_);
    show();
  }
  if (streaming() && view.stands === undefined && !playing) {
    goOn(state.held.edge ?? 0, edge());
    now();
  }
  faces.dots(state.views, turn.at, { share: turn.spentS / current().turnS, paused: held });
  drawAlarm($("alarm"), state.alarm, s, sound.blocked);
  sound.alarm(waits && !stale ? state.alarm.key : undefined);
  faces.wrong(feedWords(live.feeds, choices.get().world)?.wrong, skewWords(state.skewS), state.unshown, faces.kinds(state.states ?? {}, token), state.gone ? `${state.gone} view${state.gone > 1 ? "s" : ""} gone` : "");
  dress(s);
  const [x, y] = drift(Math.floor(s / 60));
  if (!stale) for (const id of ["column", "chips", "dots"]) $(id).style.translate = `${x}px ${y}px`;
  quietly();
}

/** The column and the chips, as many as have room. */
function dress(s = serverNow()) {
  if (!state.held || !$("chips")) return;
  const chips = faces.chips(chipsOf());
  const texts = chips + (state.alarm ? (state.alarm.waits ? 2 : 1) : 0) + (state.alarm?.waits ? 0 : Math.min(2, current().places?.length ?? 0)) + (state.stale ? 2 : 0) + ($("analysis-words").textContent ? 1 : 0);
  const room = columnFor({ units: innerHeight / state.unit, zones: told.zones.length, texts, stale: state.stale });
  faces.clocks(s, told.zones.slice(0, room.zones));
  faces.fit(room);
  $("feed-words").hidden = !room.words;
  const [hours, minutes] = new Intl.DateTimeFormat("en-GB", { timeZone: told.zones[0], hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(1000 * s)).split(":").map(Number);
  document.body.classList.toggle("is-dim", isDim(told.dim, 60 * hours + minutes) && !state.alarm?.waits && !state.stale);
}

function goOn(before, to) {
  const held = [epoch(choices.get().from), epoch(choices.get().to)], next = followed(held, before, to);
  if (next[1] !== held[1]) choices.set({ from: iso(next[0]), to: iso(next[1]) });
}

function changed(row, before) {
  if (streaming() && onlyMoved(before.state, row.state) && monotonic() - state.movedS < MOVED_S) return;
  state.movedS = monotonic();
  state.held = row;
  if (current().stands === undefined) goOn(before.edge ?? 0, edge());
  now();
  state.shown.refetch(true);
  figures();
  look(row.world);
}

/** What marks the picture, then what it is, the most important first. */
function chipsOf() {
  const view = current(), marking = strictest(state.marking, state.runMarking, state.analysis?.marking, view?.marking);
  return [
    ...(marking ? [[tlp(marking), marking]] : []), ...(choices.get().world === "exercise" ? [["exercise", "EXERCISE"]] : []),
    ...(state.playing?.on ? [["veiled", `Replay ${moment(state.playing.at)}`]] : view?.stands !== undefined && !state.alarm?.waits ? [["veiled", `As it was ${moment(view.stands)} UTC`]] : []),
    ...(told.veil ? [["veiled", `Hatched: unseen ${hoursWords(hoursOf(told.veil))}`]] : []), ...lookChip(), ...(state.analysis ? [["veiled", state.analysis.title]] : []),
    ...(state.pushed ? [["veiled", `Shown now: ${view.name || "a place"}`]] : []), ...(told.kind === "preview" ? [["veiled", "Preview"]] : []),
  ];
}

/** One image in other bands or colours is named: nobody should take them for what the eye would see. */
function lookChip() {
  const row = told.look && state.shown?.held.images?.find((r) => String(r.id) === told.look.look);
  const how = told.look && [told.look.bands?.replaceAll(",", ", "), told.look.colormap, { full: "least to most", percentile: "2nd to 98th percentile" }[told.look.stretch]].filter(Boolean).join(", ");
  return row ? [["looked", `${row.sortie ?? row.name}: ${how}`]] : [];
}

async function analysed(run) {
  state.analysis = await analysisOf(run);
  $("analysis-words").textContent = state.analysis.words;
}

async function figures() {
  const asked = filterQuery(choices.get()), counts = await ask(`/api/counts?${asked}`).catch(() => undefined);
  if (!counts || asked !== filterQuery(choices.get()) || !$("figures")) return;
  state.marking = counts.marking;
  const days = Math.round((epoch(choices.get().to) - epoch(choices.get().from)) / 86_400), over = days >= 1 ? `${days} d` : `${Math.round((epoch(choices.get().to) - epoch(choices.get().from)) / 3600)} h`;
  faces.figure("seizures", number(counts.seizures.total), "", `seizures, ${over}`);
  const kg = counts.seizures.kg;
  faces.figure("kg", kg >= 100_000 ? number(kg / 1000) : number(kg), kg >= 100_000 ? "t" : "kg", `seized, ${over}`);
  dress();
}

// -- alarms, and the proof

/** The alerts that wait in this world, whatever the view's own filter is. */
async function alarms() {
  if (!state.held) return;
  const found = await ask(`/api/alerts?world=${choices.get().world}`).catch(() => undefined);
  if (!found || state.over) return;
  const before = state.alarm;
  state.alarm = alarmOf(found.lines, serverNow());
  const waited = before?.waits ? before.key : undefined, waits = state.alarm?.waits ? state.alarm.key : undefined;
  if (waited === waits || !state.map) return;
  show();
  tick();
}

async function beat() {
  const sent = monotonic();
  const answer = await ask("/api/health/live", { signal: AbortSignal.timeout(BEAT_S * 900) }).catch(() => undefined);
  if (state.over) return;
  if (answer?.live) {
    const got = monotonic();
    state.lastS = got;
    state.aheadS = offsetOf(Date.parse(answer.now) / 1000, sent, got);
    state.skewS = serverNow() - Date.now() / 1000;
    state.newBuild = answer.build !== state.build;
    void alarms();
  }
  if (told.kind === "screen") hear(await sendBeat(report(), { signal: AbortSignal.timeout(BEAT_S * 900) }));
  else if (told.kind === "preview" && monotonic() - state.toldS > LATELY_S) void again();
}

const report = () => ({
  build: state.build, view: (state.alarm?.waits ? "An alarm" : current()?.name ?? "").slice(0, 250), lines: innerHeight, width: innerWidth, sound: sound.state, stale: Boolean(state.stale), alarm: Boolean(state.alarm?.waits),
  ...(performance.memory ? { memory_mb: performance.memory.usedJSHeapSize / 1e6 } : {}), ...(state.error ? { error: state.error } : {}),
});

function hear(answer) {
  if (answer?.gone) return ended();
  if (!answer) return;
  state.ordered = answer.reload !== told.reload;
  if (answer.version !== state.told.version || monotonic() - state.toldS > LATELY_S) void again();
}

/** What this screen is told now: other views take their places at once, other sizes with a new page. */
async function again() {
  state.toldS = monotonic();
  const found = await ask(`/api/screens/${encodeURIComponent(told.slug)}`).catch(() => undefined);
  if (!found || state.over) return;
  state.told = { ...state.told, ...found, views: told.views };
  if (["distance_m", "diagonal_in", "world", "dim", "turn_s"].some((key) => found[key] !== told[key]) || String(found.zones) !== String(told.own_zones)) state.ordered = !new URL(location.href).search;
  if (views(choices.get().world)) show();
}

function quietly() {
  const why = reloadWhy({ ordered: state.ordered, build: state.newBuild, contextLostS: state.picture?.lostS(), memory: tooMuch(performance.memory), stale: state.stale, alarm: state.alarm?.waits });
  if (why) location.reload();
}

/** Signed out, or revoked while it was on: nothing of any record stays on this page. */
function ended() {
  if (state.over) return;
  state.over = true;
  state.timers.forEach(clearInterval);
  state.playing?.stop();
  live.ask(undefined);
  state.map?.remove();
  faces.over("This screen is signed out", told.kind === "screen" ? "Its sign-in was revoked or has ended. Whoever keeps the screens can make a new address for it." : "Sign in again, at /sign-in.");
  delete window.__wall;
  document.documentElement.dataset.wall = "over";
}

async function retried(question) {
  for (let wait = 1; !state.over; wait = Math.min(30, wait * 2)) {
    try {
      return await question();
    } catch {
      await new Promise((done) => setTimeout(done, 1000 * wait * (0.8 + 0.4 * Math.random())));
    }
  }
  throw new Error("signed out");
}

start();
