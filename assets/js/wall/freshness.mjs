// Pure: is the picture still true. Told by a clock that nobody can set (performance.now), never by the wall's own.

export const STALE_AFTER_S = 15;

/** How old the last answer is, and whether that is too old. */
export function freshness(nowS, lastS) {
  const silentS = Math.max(0, nowS - lastS);
  return { silentS, stale: silentS >= STALE_AFTER_S };
}

/** The server's time, from its answer and how long that took: right to about half the way. */
export function offsetOf(serverMs, sentMs, gotMs) {
  return serverMs - (sentMs + gotMs) / 2;
}

/** A few pixels this way and that, another place each minute, so that nothing burns in. */
export function drift(minute) {
  const steps = [[0, 0], [2, 1], [3, 3], [1, 4], [-2, 3], [-3, 1], [-2, -2], [1, -3]];
  return steps[minute % steps.length];
}
