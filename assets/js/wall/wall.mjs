// A wall: clocks, three figures, views in turn, and the proof that the picture is alive.
import { ask } from "../api.mjs";
import { createChoices, filterQuery } from "../choices.mjs";
import { createView } from "../map/view.mjs";
import { GLYPHS } from "../symbols/glyphs.mjs";
import { tokens } from "../theme.mjs";
import { age, city, clock, epoch, iso, number, zoned } from "../times.mjs";
import { drift, freshness, nextView, offsetOf } from "./freshness.mjs";

const BEAT_S = 5;
const DAYS = 7;
const FAR_SCREENS = 2;
const told = JSON.parse(document.getElementById("wall").textContent);
const token = (name) => tokens()(name);
const $ = (id) => document.getElementById(id);
const state = { view: 0, turnedS: 0, lastS: performance.now() / 1000, lastAt: undefined, offsetMs: 0, map: undefined, edge: undefined, build: told.build };
const monotonic = () => performance.now() / 1000;
const serverNow = () => (Date.now() + state.offsetMs) / 1000;

// No history on a wall: its choices are the screen's.
const choices = createChoices({ location: { search: "", pathname: "", hash: "" }, history: { pushState() {}, replaceState() {} }, addEventListener() {} });
const status = { follow: (_, promise) => promise.catch(() => undefined), say() {} };

async function start() {
  const worlds = await retried(() => ask("/api/worlds"));
  const world = told.world ?? worlds.default;
  const held = worlds.worlds.find((w) => w.world === world);
  state.edge = epoch(held.edge ?? held.to) ?? serverNow();
  const to = Math.ceil((state.edge + 1) / 60) * 60;
  choices.set({ world, from: iso(to - DAYS * 86_400), to: iso(to) });
  const first = told.views[0];
  const u = innerHeight / 1080;
  const view = await createView($("map"), {
    choices, token, status, interactive: false, hash: false, camera: { center: first.center, zoom: zoomOf(first) },
    padding: { left: 540 * u, top: 60 * u, right: 20 * u, bottom: 40 * u },
    told: { drawn: ({ stale }) => figure("stale", number(stale), "", "tracks stale") },
  });
  state.map = view.map;
  view.setClock(state.edge, { live: true, playing: false, edge: state.edge, speed: 1 });
  chips(world);
  dots();
  feeds();
  await figures();
  setInterval(tick, 1000);
  setInterval(beat, BEAT_S * 1000);
  setInterval(figures, 60_000);
  beat();
  tick();
  window.__wall = { state, view };
  document.documentElement.dataset.wall = "ready";
}

// A view's zoom is for 1080 lines; a screen of more shows the same ground larger.
const zoomOf = (view) => view.zoom + Math.log2(innerHeight / 1080);

function tick() {
  const now = serverNow();
  $("utc").textContent = `${clock(now)} UTC`;
  $("local").textContent = `${zoned(now, told.zone)} ${city(told.zone)}`;
  const { silentS, stale } = freshness(monotonic(), state.lastS);
  document.body.classList.toggle("is-stale", stale);
  $("stale").hidden = !stale;
  if (stale) $("stale").querySelector("span").textContent = `Nothing new since ${clock(state.lastAt ?? now - silentS)}, ${age(silentS)}`;
  state.turnedS += 1;
  // A picture that stopped is not turned: it would look alive.
  if (!stale && state.turnedS >= told.turn_s) turn();
  const [x, y] = drift(Math.floor(now / 60));
  if (!stale) $("column").style.translate = `${x}px ${y}px`;
}

function turn() {
  state.turnedS = 0;
  state.view = nextView(state.view, told.views.length);
  const view = told.views[state.view];
  const far = distanceInScreens(view) > FAR_SCREENS || matchMedia("(prefers-reduced-motion: reduce)").matches;
  state.map[far ? "jumpTo" : "easeTo"]({ center: view.center, zoom: zoomOf(view), duration: 1200 });
  dots();
}

function distanceInScreens(view) {
  const p = state.map.project(view.center), w = innerWidth, h = innerHeight;
  return Math.max(Math.abs(p.x - w / 2) / w, Math.abs(p.y - h / 2) / h, Math.abs(state.map.getZoom() - zoomOf(view)) / 2);
}

async function beat() {
  const sent = Date.now();
  try {
    const answer = await ask("/api/health/live", { signal: AbortSignal.timeout(BEAT_S * 900) });
    if (!answer?.live) return;
    state.lastS = monotonic();
    state.lastAt = Date.parse(answer.now) / 1000;
    state.offsetMs = offsetOf(Date.parse(answer.now), sent, Date.now());
    if (answer.build !== state.build) location.reload();
  } catch {
    // Silence is told by the bar; the next beat asks again, for ever.
  }
}

async function figures() {
  const counts = await ask(`/api/counts?${filterQuery(choices.get())}`).catch(() => undefined);
  if (!counts) return;
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
  $("chips").innerHTML = `${world === "exercise" ? '<span class="exercise">EXERCISE</span>' : ""}<span class="marking">TLP:AMBER</span>`;
}

function dots() {
  $("dots").replaceChildren(...told.views.map((view, i) => {
    const dot = document.createElement("li");
    dot.setAttribute("aria-current", String(i === state.view));
    dot.setAttribute("aria-label", view.name);
    return dot;
  }));
}

function feeds() {
  const kinds = ["vessel", "tag", "container", "vehicle", "aircraft", "drone"];
  $("feeds").innerHTML = kinds.map((k) => `<svg viewBox="0 0 24 24" aria-label="${k}"><path fill="${token("t1")}" fill-rule="evenodd" d="${GLYPHS[k].path}"/></svg>`).join("");
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
