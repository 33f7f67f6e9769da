// What the parts of the page share: its choices, its clock, its map, and which window and moment they are at.
import { epoch, iso } from "./times.mjs";

export const PERIODS = { "24h": 86_400, "7d": 7 * 86_400, "14d": 14 * 86_400, "90d": 90 * 86_400 };

/** Filled by main.mjs at the start: choices, clock, timeline, view, live, worlds (by name) ... */
export const app = {};

/** The window that is chosen, or what the world holds (epoch seconds). */
export const span = () => {
  const now = app.choices.get();
  const w = app.worlds[now.world] ?? {};
  const to = epoch(now.to) ?? w.to ?? Date.now() / 1000;
  return [epoch(now.from) ?? w.from ?? to - PERIODS["7d"], to];
};

/** Whether the window goes on with the time: no other moment was chosen, it reaches to the newest there is, and something comes. */
export function goesOn() {
  const now = app.choices.get();
  if (now.at !== undefined || now.known_at !== undefined || app.clock.state.at !== undefined || !app.live?.on(now.world)) return false;
  return span()[1] >= (app.worlds[now.world]?.edge ?? 0);
}

/** Whether what is shown is what the stream tells: the window reaches to now. */
export const streaming = () => goesOn() && app.live.now() <= span()[1];

/** The newest moment of the window: now while it is live; else the edge of what is known, or the window's end. */
export function edge() {
  const now = app.choices.get(), w = app.worlds[now.world] ?? {}, [, to] = span();
  if (now.known_at === undefined && app.live?.on(now.world)) return Math.min(app.live.now(), to);
  return Math.min(w.edge ?? to, to, epoch(now.known_at) ?? Infinity);
}

/** The first window of a world: its last seven days, or as many more as show something of each layer it holds. */
export function firstSpan(world) {
  const { from, edge: newestTrack, to, newest = {} } = app.worlds[world] ?? {};
  const end = Math.ceil(((newestTrack ?? to ?? Date.now() / 1000) + 1) / 60) * 60;
  const oldest = Math.min(end, ...Object.values(newest).filter(Boolean).map(epoch));
  const long = ["7d", "14d", "90d"].map((p) => PERIODS[p]).find((s) => end - s <= oldest) ?? Infinity;
  return { from: iso(Math.max(end - long, from ? Math.floor(from / 60) * 60 : end - PERIODS["7d"])), to: iso(Math.max(end, oldest)), at: undefined };
}

/** The same, kept: while nobody chose another it is not a person's. */
export const firstWindow = (world) => (app.first = firstSpan(world));

/** The window of an address that tells none: the first one, or where the clock of the address stands outside of it, seven days about that. */
export function windowAt(world, told) {
  const first = firstWindow(world), at = epoch(told);
  if (at === undefined || (at >= epoch(first.from) && at <= epoch(first.to))) return { ...first, at: told };
  return { from: iso(at - 6 * 86_400), to: iso(at + 86_400), at: told };
}
