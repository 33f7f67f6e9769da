// Pure: which time the timeline shows round a window, where things lie on it, and what its ticks are.
import { day, moment, month } from "../times.mjs";

/** The span to show: the window and as much again before it, within what the world holds. */
export function spanOf(from, to, worldFrom, worldTo) {
  const length = to - from;
  const end = Math.max(to, Math.min(worldTo, to + length / 2));
  const start = Math.min(from, Math.max(worldFrom, end - 2 * length));
  return [start, end];
}

export const toX = (t, [start, end], width) => ((t - start) / (end - start)) * width;
export const toTime = (x, [start, end], width) => start + (x / width) * (end - start);

const STEPS = [60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400, 2 * 86_400, 7 * 86_400, 14 * 86_400];
const MONTHS = [1, 3, 6, 12, 24, 60, 120, 240, 600];
const MONTH_S = 365.2425 / 12 * 86_400;

/** Ticks at round UTC times, at most `most` of them: their step and their times. Past a fortnight they are the first days of months. */
export function ticks([start, end], most) {
  const step = STEPS.find((s) => (end - start) / s <= most);
  const out = [];
  if (step) {
    for (let t = Math.ceil(start / step) * step; t < end; t += step) out.push(t);
    return { step, times: out };
  }
  const every = MONTHS.find((m) => (end - start) / (m * MONTH_S) <= most) ?? MONTHS.at(-1);
  const first = new Date(start * 1000);
  for (let m = Math.floor((first.getUTCFullYear() * 12 + first.getUTCMonth()) / every) * every; ; m += every) {
    const t = Date.UTC(Math.floor(m / 12), m % 12, 1) / 1000;
    if (t >= end) break;
    if (t >= start) out.push(t);
  }
  return { step: every * MONTH_S, times: out };
}

/** What a tick says: the time within days, the day within months, the month with its year, the year; a year wherever `end` lies in another. */
export function tickWords(t, step, end) {
  const year = new Date(t * 1000).getUTCFullYear();
  if (step > 11 * MONTH_S) return String(year);
  if (step >= MONTH_S) return `${month(t)} ${year}`;
  if (step < 86_400) return moment(t).slice(step >= 3600 && t % 86_400 ? -5 : 0);
  return year === new Date(end * 1000).getUTCFullYear() ? day(t) : `${day(t)} ${year}`;
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
