// What moves, for the map: while live what the stream tells, at any other time what was asked for round it.
import { layerQuery } from "../choices.mjs";
import { underWay } from "../live/fleet.mjs";
import { reachS } from "../layers/movement_marks.mjs";
import { epoch, iso } from "../times.mjs";

const AHEAD_S = 3600; // movement is fetched at least this far ahead of the clock
const AHEAD_REAL_S = 12, LEAST_REAL_S = 4; // and so far ahead of one that runs, in time of ours; less than that is fetched again
const SPAN_MAX_S = 31 * 86_400; // of one question (routes/tracks.py)
const GLIDING_MAX = 3_000; // marks: above it they go from place to place, and are drawn as numbers (layers/many.mjs)
const STILL = "(prefers-reduced-motion: reduce)";

/** Pure: what to fetch for a clock at `at`. */
export function spanFor(at, { playing, speed }, trail) {
  const ahead = playing ? Math.max(AHEAD_S, speed * AHEAD_REAL_S) : AHEAD_S, back = reachS(trail);
  return [Math.floor((at - back) / 60) * 60, Math.ceil((at + Math.min(ahead, SPAN_MAX_S - back - 120)) / 60) * 60];
}

/** Pure: whether what is held will do for a clock at `at`; a running one has to have some in hand. */
export function isDue(held, at, { playing, speed }, trail) {
  if (!held) return true;
  const span = held.to - held.from;
  return at < held.from + reachS(trail) - 120 || at > held.to - (playing ? Math.min(span / 2, Math.max(60, speed * LEAST_REAL_S)) : 0);
}

/** `answer(name, words, address, again)` asks; `live` is the page's live side; `clock` the view's. */
export function createMoving({ map, choices, clock, held, answer, live, drawn }) {
  const monotonic = () => performance.now() / 1000;
  const streaming = () => Boolean(clock.stream && live?.fleet.whole);
  const many = () => streaming() && live.fleet.size > GLIDING_MAX;
  const still = () => matchMedia(STILL).matches;
  let asking;

  async function fetch(at, again) {
    const now = choices.get(), [from, to] = spanFor(at, clock, now.trail);
    // One question at a time while it plays: another each frame would cancel them all.
    if (asking && clock.playing && at >= asking.from && at <= asking.to) return;
    const gathered = held.movement?.detail === "gathered" || held.movement?.detail === "positions";
    const where = gathered && !streaming() ? `&bbox=${boundsOf(map())}` : "";
    // A chosen box is the person's filter; the view's own is only asked when there is too much to hold.
    const query = `${layerQuery(now, "movements")}${now.bbox ? "" : where}&move_from=${iso(from)}&move_to=${iso(to)}&zoom=${Math.floor(map().getZoom())}`;
    const mine = (asking = { from, to });
    const found = await answer("movement", "Movements", `/api/movement?${query}`, again);
    if (asking === mine) asking = undefined;
    if (!found) return;
    held.movement = found;
    if (live && now.known_at === undefined) live.fleet.before(found, live.now());
    drawn();
  }

  return {
    fetch, streaming,
    /** What is to be drawn now. */
    picture: () => (streaming() ? live.fleet.movement(epoch(choices.get().from)) : held.movement),
    /** How it is to be drawn: as marksAt and featuresOf take it. */
    how() {
      if (!streaming()) return { glide: !clock.live, whole: clock.playing };
      const glides = !many() && !still(), nowS = monotonic();
      return { live: true, many: many(), silent: live.stale, ...(glides && !live.stale ? { way: (track) => underWay(track, nowS) } : {}) };
    },
    /** Whether marks are under way: then they are drawn again soon. */
    gliding: () => streaming() && !many() && !still() && live.fleet.moving(monotonic()),
    due: (at) => !streaming() && isDue(held.movement, at, clock, choices.get().trail),
    /** Whether what is held reaches so far: a clock that runs waits for it. */
    reaches: (at) => streaming() || Boolean(held.movement && at <= held.movement.to && at >= held.movement.from),
    many,
  };
}

const boundsOf = (map) => {
  const b = map.getBounds();
  const lon = (x) => Math.max(-180, Math.min(180, x)).toFixed(4);
  return [lon(b.getWest()), b.getSouth().toFixed(4), lon(b.getEast()), b.getNorth().toFixed(4)].join(",");
};
