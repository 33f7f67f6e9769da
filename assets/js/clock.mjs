// One clock for every layer. Live: the newest there is. Otherwise a time somebody chose, standing or running.

export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 600, 1800, 3600, 10_000, 30_000, 100_000];
export const DEFAULT_SPEED = 600;

const SLEPT_S = 10; // no frame takes so long: the machine slept
const PACE_S = 8; // over so long the true speed is told
const onHidden = (told) => globalThis.document?.addEventListener("visibilitychange", () => document.hidden && told());

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

/** Pure: how fast it went, by where it stood at times of ours; undefined over less than a second. */
export function paceOf(steps) {
  const [first, last] = [steps[0], steps.at(-1)];
  return steps.length > 1 && last[0] - first[0] >= 1 ? (last[1] - first[1]) / (last[0] - first[0]) : undefined;
}

/** Pure: its speed in words, and how fast it is truly shown where drawing can't keep up. */
export const replayWords = (speed, pace) => `Replay ${speedWords(speed)}${pace < 0.8 * speed ? `, shown at ${speedWords(Number(pace.toPrecision(2)))}` : ""}`;

/** A running clock: `tick(at, playing)` is called when the time changes. It waits (`state.waiting`) where what there was then is not here yet: `reaches(at)`. */
export function createClock(tick, { now = () => performance.now() / 1000, frame = requestAnimationFrame, reaches = () => true, hidden = onHidden } = {}) {
  const state = { at: undefined, speed: DEFAULT_SPEED, playing: false, waiting: false, bounds: [0, 0], pace: undefined };
  let last = 0, slept = false, steps = [];
  hidden(() => (slept = true));

  const step = () => {
    if (!state.playing) return;
    const moment = now();
    // A tab that slept goes on where it was: nobody saw the time in between. A slow frame counts whole, or the speed would not be the one that is told.
    if (slept || moment - last > SLEPT_S) {
      last = moment;
      paced();
    }
    const elapsed = moment - last;
    [last, slept] = [moment, false];
    const next = advance(state.at, state.speed, elapsed, state.bounds[1]);
    state.waiting = !reaches(next);
    if (!state.waiting) state.at = next;
    if (state.at >= state.bounds[1]) state.playing = false;
    steps = [...steps.filter(([then]) => moment - then < PACE_S), [moment, state.at]];
    state.pace = paceOf(steps) ?? state.pace;
    tick(state.at, state.playing);
    frame(step);
  };

  function paced() {
    steps = [];
    state.pace = undefined;
  }

  return {
    state,
    play() {
      if (state.playing) return;
      if (state.at === undefined || state.at >= state.bounds[1]) state.at = state.bounds[0];
      state.playing = true;
      slept = false;
      paced();
      last = now();
      frame(step);
      tick(state.at, true);
    },
    pause() {
      state.playing = state.waiting = false;
      tick(state.at, false);
    },
    seek(at) {
      paced();
      state.at = Math.min(state.bounds[1], Math.max(state.bounds[0], at));
      tick(state.at, state.playing);
    },
    speed(value) {
      paced();
      state.speed = value;
      tick(state.at, state.playing);
    },
    bounds(from, to) {
      state.bounds = [from, to];
    },
  };
}
