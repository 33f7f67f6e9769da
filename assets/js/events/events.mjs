// Events on the page: those of the window from /api/events, each revision and the alerts from the stream, drawn on the map and listed in the panel.
import { ask, latestOnly } from "../api.mjs";
import { FILTER_KEYS, format, formatLayers, parseLayers, thenQuery } from "../choices.mjs";
import * as layer from "../layers/events.mjs";
import { tellDash } from "../proposals.mjs";
import { eventSvg } from "../symbols/event_glyphs.mjs";
import { epoch, number } from "../times.mjs";
import { change, saveArea } from "./area.mjs";
import { createPanel } from "./panel.mjs";
import { says, zoneWords } from "./words.mjs";

const MOST = 1000;
const GOES_ON_S = 3600;
const STREAM_KEYS = FILTER_KEYS.filter((k) => !["from", "to", "known_at"].includes(k));

/** Pure: whether an event lies in a window. */
export const within = (e, from, to) => (from === undefined || e.ended_at === null || epoch(e.ended_at) >= from) && (to === undefined || epoch(e.started_at) < to);

/** Pure: an event as it was at a time, undefined before it began; what was not over goes on (data/events.py). */
export function asItWas(e, at) {
  if (at === undefined || epoch(e.started_at) > at) return at === undefined ? e : undefined;
  return e.ended_at !== null && epoch(e.ended_at) > at ? { ...e, ended_at: null, facts: {}, last_fix: e.first_fix } : e;
}

/** Pure: rows by number with others that were told anew; an older revision never takes the place of a newer one. */
export function told(rows, anew) {
  const out = new Map(rows);
  for (const e of anew) if (!out.has(e.id) || out.get(e.id).revision <= e.revision) out.set(e.id, e);
  return out;
}

/** Pure: rows by number without those that are not there any more. */
export function without(rows, gone) {
  const out = new Map(rows);
  for (const id of gone) out.delete(id);
  return out;
}

/** Events and alerts of the page; `live` tells what the stream tells of them (assets/js/live/live.mjs). */
export function watchEvents({ map, choices, token, status, parts, drawing, live, order }) {
  const held = { rows: new Map(), total: 0, areas: undefined, zone: undefined };
  const fetchRows = latestOnly(), fetchAreas = latestOnly(), fetchZone = latestOnly();
  let ready = false, then = { at: undefined, playing: false };
  const stands = () => (then.playing ? undefined : then.at);

  const panel = createPanel({
    ...parts, say: status.say,
    go: (e) => map.easeTo({ center: [e.place?.lon ?? e.lon, e.place?.lat ?? e.lat], zoom: Math.max(map.getZoom(), 9.5), duration: 600 }),
    select: (e) => choices.set({ sel: `event:${e.id}` }),
    async act(ids, what, note) {
      try {
        // A line may stand for more alerts than one request takes.
        for (let i = 0; i < ids.length; i += MOST) await change("POST", `/api/alerts/${ids.slice(i, i + MOST).join(",")}/${what}`, note ? { note } : {});
      } catch (error) {
        status.say(error.message);
      }
      await fetchAlerts();
    },
  });

  const window_ = () => [epoch(choices.get().from), epoch(choices.get().to)];
  const shown = () => {
    const [from, to] = window_();
    return [...held.rows.values()].map((e) => asItWas(e, then.at)).filter((e) => e && within(e, from, to));
  };
  const own = () => parseLayers(choices.get().layers).find((l) => l.name === "events");
  const on = () => own().on;
  const drawnNow = () => on() && !choices.get().compare; // two images are compared with nothing over them

  /** A window that only goes on with the time: what came into it was told by the stream. */
  function goesOn(changed) {
    const [from, to] = window_();
    return [...changed].every((k) => k === "from" || k === "to") && Boolean(live.stream) && from >= held.from && to >= held.to && to - held.to < GOES_ON_S;
  }

  let drawn;
  function draw() {
    const rows = shown(), [what, id] = (choices.get().sel ?? "").split(":");
    const picked = what === "event" ? Number(id) : undefined;
    // Each second something may ask for it: what is the same stays as it is, or nobody could point at it.
    const now = [
      ready, on(), drawnNow(), own().opacity, picked, held.total, Boolean(choices.get().area), held.zone?.properties.event, held.zone?.properties.until,
      ...(held.areas?.features ?? []).map((f) => `${f.id}.${f.properties.version}`), ...rows.map((e) => `${e.id}.${e.revision}.${e.alert?.state}.${e.ended_at}`),
    ].join();
    if (now === drawn) return;
    drawn = now;
    const total = then.at === undefined || !then.playing ? Math.max(held.total, rows.length) : rows.length;
    panel.rows(rows, total, picked);
    parts.line.textContent = total > rows.length ? `${number(total)} found, the newest ${number(rows.length)} shown` : `${number(total)} found`;
    parts.onMap.setAttribute("aria-pressed", String(on()));
    parts.onMap.textContent = on() ? "Hide on the map" : "Show on the map";
    parts.save.hidden = !choices.get().area;
    if (!ready) return;
    layer.draw(map, { rows, areas: held.areas, zone: held.zone, chosen: picked });
    layer.show(map, drawnNow(), own().opacity);
  }

  async function fetchAll() {
    const query = thenQuery(choices.get(), stands()), asked = window_();
    const [page, areas] = await Promise.all([
      status.follow("Events", fetchRows(`/api/events?${query}&limit=${MOST}`)), status.follow("Watch areas", fetchAreas(`/api/watch-areas?${format(choices.get(), ["world", "known_at"])}`)),
    ]);
    if (page) [held.from, held.to, held.rows, held.total] = [...asked, new Map(page.rows.map((e) => [e.id, e])), page.total];
    if (areas) held.areas = areas;
    draw();
  }

  async function fetchAlerts() {
    const found = await status.follow("Alerts", ask(`/api/alerts?${format(choices.get(), STREAM_KEYS)}`));
    if (found) panel.alerts(found);
  }

  live.also("events", ({ rows, whole, gone = [] }) => {
    // A stream that begins anew tells what goes on; what ended, was withdrawn or erased meanwhile is asked for.
    if (whole) return void fetchAll();
    const left = without(held.rows, gone), sel = choices.get().sel;
    held.total -= held.rows.size - left.size;
    held.rows = told(left, rows);
    if (gone.some((id) => sel === `event:${id}`)) {
      held.zone = undefined;
      tellDash(); // its details are asked for again: they say that it is not there
    }
    draw();
  });
  live.also("alerts", (found) => panel.alerts(found));

  /** A gap that is chosen shows where its object can be. */
  async function chosen() {
    const [what, id] = (choices.get().sel ?? "").split(":");
    const gap = what === "event" && held.rows.get(Number(id));
    held.zone = undefined;
    draw();
    if (!gap || gap.type !== "gap" || gap.retracted) return;
    const found = await fetchZone(`/api/events/${gap.id}/zone?world=${choices.get().world}`).catch((error) => void status.say(`${says(gap)}: ${error.message}`));
    if (!found || choices.get().sel !== `event:${gap.id}`) return;
    held.zone = found;
    status.say(zoneWords(found.properties));
    draw();
  }

  function dress() {
    layer.add(map, { token });
    ready = true;
    order();
    drawn = undefined;
    draw();
  }
  if (map.isStyleLoaded() && map.getLayer("chosen-ring")) dress();
  map.on("style.load", dress);
  map.on("click", (event) => {
    if (drawing() || !drawnNow() || !map.getLayer("event-mark")) return;
    const { x, y } = event.point;
    const [found] = map.queryRenderedFeatures([[x - 6, y - 6], [x + 6, y + 6]], { layers: layer.clickable });
    if (found) choices.set({ sel: `event:${found.properties.id}` });
  });
  new MutationObserver(() => {
    const mark = parts.details.querySelector(".event-symbol[data-event]:empty");
    if (mark) mark.innerHTML = eventSvg(mark.dataset.event, 22);
  }).observe(parts.details, { childList: true });
  parts.onMap.addEventListener("click", () => choices.set({ layers: formatLayers(parseLayers(choices.get().layers).map((l) => (l.name === "events" ? { ...l, on: !l.on } : l))) }));
  parts.save.addEventListener("click", async () => {
    const agencies = (await ask("/api/me").catch(() => undefined))?.agencies ?? [];
    const kept = await saveArea(choices.get().area, { world: choices.get().world, agencies });
    if (!kept) return;
    status.say(`${kept.name} is watched from now on.`);
    await fetchAll();
  });

  choices.subscribe((_, changed) => {
    if (FILTER_KEYS.some((k) => changed.has(k))) {
      if (goesOn(changed)) return draw();
      void fetchAll();
      if (STREAM_KEYS.some((k) => changed.has(k))) void fetchAlerts();
    } else if (changed.has("layers") || changed.has("compare")) draw();
    if (changed.has("sel")) void chosen();
  });
  void fetchAll().then(chosen);
  void fetchAlerts();
  return {
    held, panel,
    /** The clock stands at a time, or runs: what is held is drawn as it was then. */
    asOf(now) {
      const before = stands();
      then = now;
      if (stands() === before) draw();
      else void fetchAll();
    },
  };
}
