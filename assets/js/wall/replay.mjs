// The last 24 hours of a view in 15 seconds, then live again. What is drawn bears its own time; the clocks go on.

const SPAN_S = 86_400, LASTS_S = 15, STEP_MS = 100;

/** Pure: the time that is shown, `spentS` after it began. */
export const shownAt = (edge, spentS) => Math.min(edge, edge - SPAN_S + (SPAN_S / LASTS_S) * spentS);

/** Begin. `told()` each second; `ended()` when it is over; `stop()` ends it before. */
export function replay({ view, edge, ended, told = () => {}, monotonic = () => performance.now() / 1000 }) {
  const begun = monotonic(), speed = SPAN_S / LASTS_S;
  const state = { on: true, at: edge - SPAN_S, stop };
  const timer = setInterval(step, STEP_MS);
  function step() {
    state.at = shownAt(edge, monotonic() - begun);
    if (state.at >= edge) {
      stop();
      return ended();
    }
    view.asOf({ at: state.at, playing: true });
    view.setClock(state.at, { live: false, stream: false, playing: true, edge, speed });
    told();
  }
  function stop() {
    state.on = false;
    clearInterval(timer);
  }
  step();
  return state;
}
