// Pure: which time the timeline shows round a window, where things lie on it, and what its ticks are.

/** The span to show: the window and as much again before it, within what the world holds. */
export function spanOf(from, to, worldFrom, worldTo) {
  const length = to - from;
  const end = Math.max(to, Math.min(worldTo, to + length / 2));
  const start = Math.min(from, Math.max(worldFrom, end - 2 * length));
  return [start, end];
}

export const toX = (t, [start, end], width) => ((t - start) / (end - start)) * width;
export const toTime = (x, [start, end], width) => start + (x / width) * (end - start);

const STEPS = [60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400, 2 * 86_400, 7 * 86_400, 14 * 86_400, 30 * 86_400, 91 * 86_400, 365 * 86_400];

/** Ticks at round UTC times, at most `most` of them: their step and their times. */
export function ticks([start, end], most) {
  const step = STEPS.find((s) => (end - start) / s <= most) ?? STEPS.at(-1);
  const out = [];
  for (let t = Math.ceil(start / step) * step; t < end; t += step) out.push(t);
  return { step, times: out };
}

/** A window moved by `by` seconds, kept inside [low, high]. */
export function moved(from, to, by, low, high) {
  const shift = Math.min(high - to, Math.max(low - from, by));
  return [from + shift, to + shift];
}

/** How long a bin is, in words: `3 h`. */
export function stepWords(s) {
  if (s < 60) return `${Math.round(s)} s`;
  if (s < 3600) return `${Math.round(s / 60)} min`;
  if (s < 86_400) return `${Number((s / 3600).toFixed(1))} h`;
  return `${Number((s / 86_400).toFixed(1))} d`;
}
