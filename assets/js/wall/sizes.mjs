// Pure: how large letters have to be for whoever sits farthest away, and what then has room. What has none is left out; nothing is made smaller than that.
// ref: NUREG-0700: 16 minutes of arc at the least; docs/wall.md

const CAP = 0.698; // height of a capital of IBM Plex Sans, in em
const INCH_M = 0.0254, MINUTE = Math.PI / 180 / 60;
const LABEL_MIN = 20;
const BASE = 66; // the size that all others of wall.css are told against: a label's
const EDGE = 88, CLOCK = 81, FIGURES = 42, FIGURE = 212, FEEDS = 60, FEED_WORDS = 83, STALE = 118;
export const TEXTS_MAX = 15;

/** The size in CSS px of letters `minutes` of arc high at `distance_m`, on a picture of `width` by `height` px and `diagonal_in`. */
export function pxFor(minutes, { distance_m: distance, diagonal_in: diagonal, width, height }) {
  const heightM = diagonal * INCH_M * height / Math.hypot(width, height);
  return 2 * distance * Math.tan(minutes * MINUTE / 2) / (heightM / height) / CAP;
}

/** The unit of wall.css: a label of 66 of them is 20 minutes of arc high. */
export const unitOf = (screen) => pxFor(LABEL_MIN, screen) / BASE;

/**
 * What of the column has room: clocks (UTC and so many zones), figures (so many of three), and whether the words of the feeds do.
 * `units` is the picture's height by the unit, `texts` how many texts stand elsewhere. What matters least goes first: clocks beyond the second, then the third figure …
 */
export function columnFor({ units, zones, texts, stale }) {
  const shown = { zones: 0, figures: 0, feeds: false, words: false };
  let room = units - EDGE - CLOCK - (stale ? STALE : 0), left = TEXTS_MAX - texts - 1 - 1; // UTC, and one for what is wrong with a feed
  const take = (height, n) => {
    if (height > room || n > left) return false;
    room -= height;
    left -= n;
    return true;
  };
  const zone = () => { if (shown.zones < zones && take(CLOCK, 1)) shown.zones += 1; };
  const figure = () => { if (take(FIGURE + (shown.figures ? 0 : FIGURES), shown.figures === 1 ? 3 : 2)) shown.figures += 1; };
  if (!stale) shown.words = take(FEED_WORDS, 0); // its place among the texts is kept already
  zone();
  figure();
  shown.feeds = take(FEEDS, 0);
  if (shown.figures === 1) figure();
  zone();
  if (shown.figures === 2) figure();
  for (let i = 2; i < zones; i += 1) zone();
  return shown;
}

/** How far from the edges the ground of a view has to stay, in px: the column, the chips and the alarm lie there; less where they would take all of it. */
export function paddingFor({ unit, width, height, alarm }) {
  const most = (px, of) => Math.min(px, of);
  return { left: most(620 * unit, 0.5 * width), top: most(190 * unit, 0.25 * height), right: most(130 * unit, 0.1 * width), bottom: most((alarm ? 260 : 90) * unit, 0.3 * height) };
}
