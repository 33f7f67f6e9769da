// What comparing says of two images: when, how fine, moved by how much, and which of them is seen how far. Pure.
import { number } from "../times.mjs";

export const MODES = { swipe: "Swipe", blink: "Blink", opacity: "Opacity", side: "Side by side" };
export const BLINK_S = 1; // each image's turn; three changes a second would be the most that is safe to look at

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (n) => String(n).padStart(2, "0");

/** `24 Nov 2026 13:10 UTC`: two images may be years apart, so the year is always said. */
export function taken(image) {
  const d = new Date(image.captured_at);
  return `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]} ${d.getUTCFullYear()} ${two(d.getUTCHours())}:${two(d.getUTCMinutes())} UTC`;
}

/** `8 cm`, `5.0 m`; nothing where nobody knows. */
export const sample = (gsd_m) => (gsd_m === null || gsd_m === undefined ? "" : gsd_m < 1 ? `${number(gsd_m * 100, gsd_m < 0.1 ? 1 : 0)} cm` : `${gsd_m.toFixed(1)} m`);

/** What to call an image: its flight, else its name. */
export const named = (image) => image.sortie ?? image.name;

const way = (metres, plus, minus) => `${Math.abs(metres).toFixed(1)} m ${metres < 0 ? minus : plus}`;

/** How far an image lies from where its file says. */
export function movedWords(offset) {
  if (!offset) return "not moved";
  return `moved ${way(offset.east_m, "east", "west")}, ${way(offset.north_m, "north", "south")} (±\u00a0${offset.error_m.toFixed(1)}\u00a0m)`;
}

/** What an estimate found, with what it is worth. */
export function foundWords(offset, against) {
  return `The later image was ${movedWords(offset)} onto ${named(against)}. Likeness ${offset.score.toFixed(2)} of 1. It is so for everybody until somebody undoes it.`;
}

/** Which image is how much of the map, for those who hear the handle. */
export function shareWords(at, before, after) {
  const left = Math.round(100 * at);
  return `${left} % ${named(before)} of ${taken(before)} on the left, ${100 - left} % ${named(after)} of ${taken(after)} on the right`;
}

/** The two of an address (`12,15`), or undefined. */
export function pairOf(text) {
  const [, before, after] = /^(\d{1,18}),(\d{1,18})$/.exec(text ?? "") ?? [];
  return before === undefined || before === after ? undefined : [Number(before), Number(after)];
}

/** Where the divider stands, 0 to 1; the middle where nothing sensible was told. */
export function shareOf(text) {
  const at = Number(text);
  return text !== undefined && text !== "" && Number.isFinite(at) ? Math.min(1, Math.max(0, at)) : 0.5;
}

export const modeOf = (text) => (Object.hasOwn(MODES, text ?? "") ? text : "swipe");

/** A candidate in a line. */
export function candidateWords({ score, area_m2, brighter }) {
  return { score: score.toFixed(2), area: `${number(area_m2, area_m2 < 10 ? 1 : 0)} m²`, how: brighter >= 0.5 ? "brighter" : "darker" };
}

export const STATE_WORDS = { open: "Open", accepted: "Accepted", rejected: "Rejected" };
