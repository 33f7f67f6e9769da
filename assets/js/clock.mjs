// One clock for every layer. Live: the newest there is. Otherwise a time somebody chose, standing or running.

export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 600, 1800, 3600, 10_000, 30_000, 100_000];
export const DEFAULT_SPEED = 600;

/** The next faster (or slower) speed. */
export function nextSpeed(speed, way) {
  const i = SPEEDS.findIndex((s) => s >= speed);
  return SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, (i < 0 ? SPEEDS.length - 1 : i) + way))];
}

/** Where the clock stands after `elapsedS` of real time; it stops at `end`. */
export function advance(at, speed, elapsedS, end) {
  return Math.min(end, at + speed * elapsedS);
}

export const speedWords = (speed) => `${speed >= 1000 ? speed.toLocaleString("en-US") : speed}×`;

/** A running clock: `tick(at, playing)` is called when the time changes. It waits (`state.waiting`) where what there was then is not here yet: `reaches(at)`. */
export function createClock(tick, { now = () => performance.now() / 1000, frame = requestAnimationFrame, reaches = () => true } = {}) {
  const state = { at: undefined, speed: DEFAULT_SPEED, playing: false, waiting: false, bounds: [0, 0] };
  let last = 0;

  const step = () => {
    if (!state.playing) return;
    const moment = now();
    // A tab that slept goes on where it was: nobody saw the time in between.
    const elapsed = Math.min(0.5, moment - last);
    last = moment;
    const next = advance(state.at, state.speed, elapsed, state.bounds[1]);
    state.waiting = !reaches(next);
    if (!state.waiting) state.at = next;
    if (state.at >= state.bounds[1]) state.playing = false;
    tick(state.at, state.playing);
    frame(step);
  };

  return {
    state,
    play() {
      if (state.playing) return;
      if (state.at === undefined || state.at >= state.bounds[1]) state.at = state.bounds[0];
      state.playing = true;
      last = now();
      frame(step);
      tick(state.at, true);
    },
    pause() {
      state.playing = state.waiting = false;
      tick(state.at, false);
    },
    seek(at) {
      state.at = Math.min(state.bounds[1], Math.max(state.bounds[0], at));
      tick(state.at, state.playing);
    },
    speed(value) {
      state.speed = value;
      tick(state.at, state.playing);
    },
    bounds(from, to) {
      state.bounds = [from, to];
    },
  };
}
