// Pure: very many marks as rows of numbers, as the graphics card takes them; which of them is at a place.
import { GLYPHS, KINDS, STATES } from "../symbols/glyphs.mjs";
import { courseAt, placeAt, stateAt } from "./movement_marks.mjs";

const ORDERS = 4; // land below the others, what is silent below what is heard; the chosen one above all
const TURN = 65_536;
const CELLS_PX = [3, 5, 8, 12], MOST_IN_VIEW = 6_000; // more would be a carpet, and costs seconds to draw where there is no graphics card

export const imageOf = (kind, state) => KINDS.indexOf(kind) * STATES.length + STATES.indexOf(state);

/** Web Mercator's square as [0, 1): x to the east, y to the south. */
export const mercatorX = (lon) => (lon + 180) / 360;
export const mercatorY = (lat) => 0.5 - Math.log(Math.tan(Math.PI / 4 + (Math.max(-85.05, Math.min(85.05, lat)) * Math.PI) / 360)) / (2 * Math.PI);

/**
 * Marks from the lowest to the uppermost: `ids`, `tracks`, `x` and `y` (mercatorX, mercatorY), `image` (imageOf), `angle` (65,536ths of a turn); how
 * many are stale, and the freshest state of each kind. `into` is an older answer whose arrays are used again.
 */
export function packed(movement, at, { chosen, live = false, silent = false } = {}, into) {
  const tracks = movement?.tracks ?? [], n = tracks.length;
  const out = into?.room >= n ? into : made(Math.ceil(n * 1.2));
  const { order } = out, begins = new Uint32Array(ORDERS + 2), states = {}, places = new Array(n);
  out.stale = 0;
  for (let i = 0; i < n; i++) {
    const track = tracks[i], place = (places[i] = placeAt(track, live ? Infinity : at, false));
    if (!place) continue;
    const s = STATES.indexOf((place.state = stateAt(track, place, at, silent))), isOld = place.state === "stale" || place.state === "lost";
    out.stale += isOld;
    if (!(states[track.kind] <= s)) states[track.kind] = s;
    order[i] = track.id === chosen ? ORDERS : (isOld ? 0 : 2) + (GLYPHS[track.kind].family === "land" ? 0 : 1);
    begins[order[i] + 1] += 1;
  }
  for (let o = 0; o < begins.length - 1; o++) begins[o + 1] += begins[o];
  for (let i = 0; i < n; i++) {
    if (!places[i]) continue;
    const to = begins[order[i]]++, track = tracks[i];
    out.ids[to] = track.id;
    out.tracks[to] = track;
    out.x[to] = mercatorX(places[i].lon);
    out.y[to] = mercatorY(places[i].lat);
    out.image[to] = imageOf(track.kind, places[i].state);
    out.angle[to] = GLYPHS[track.kind].turns ? (((((courseAt(track, places[i]) % 360) + 360) % 360) / 360) * TURN) : 0;
  }
  out.n = out.tracks.length = begins[ORDERS];
  out.states = Object.fromEntries(Object.entries(states).map(([kind, s]) => [kind, STATES[s]]));
  return out;
}

const made = (room) => ({
  room, n: 0, stale: 0, states: {}, ids: new Float64Array(room), tracks: [], x: new Float64Array(room), y: new Float64Array(room), image: new Uint8Array(room), angle: new Uint16Array(room),
  order: new Uint8Array(room), kept: new Uint8Array(room), drawn: new Uint32Array(room), places: new Float32Array(4 * room), images: new Uint16Array(2 * room),
});

/**
 * Which marks are drawn: of those that fall into one cell of a few px the uppermost, until no more than `most` are in view. `view` is what the camera
 * sees, { x0, y0, x1, y1 } in parts of the world, `px` how many px the world is wide. What lies outside of the view and its half round about is all drawn, so
 * that nothing is missing where the camera goes. Fills `drawn` (positions, from the lowest), `places` (x and y, then what single floats left out of
 * them: together true to a centimetre) and `images`; says how many are drawn, how many stand under another, and the cell.
 */
export function thin(marks, { x0, y0, x1, y1 }, px, { cells = CELLS_PX, most = MOST_IN_VIEW } = {}) {
  const [mx, my] = [(x1 - x0) / 2, (y1 - y0) / 2], { n, x, y, kept, drawn, places, images } = marks;
  let cell, taken, count;
  for (cell of cells) {
    const a = px / cell, left = Math.floor((x0 - mx) * a), top = Math.floor((y0 - my) * a);
    const across = Math.floor((x1 + mx) * a) - left + 1, down = Math.floor((y1 + my) * a) - top + 1, full = new Uint8Array(across * down);
    taken = count = 0;
    for (let i = n - 1; i >= 0; i--) {
      const column = Math.floor(x[i] * a) - left, row = Math.floor(y[i] * a) - top; // counted over the whole world: a camera that moves changes nothing
      const outside = column < 0 || row < 0 || column >= across || row >= down;
      kept[i] = outside || !full[row * across + column];
      if (outside) continue;
      full[row * across + column] = 1;
      taken += !kept[i];
      count += kept[i] && x[i] >= x0 && x[i] < x1 && y[i] >= y0 && y[i] < y1;
    }
    if (count <= most) break;
  }
  let to = 0;
  for (let i = 0; i < n; i++) {
    if (!kept[i]) continue;
    drawn[to] = i;
    places[4 * to] = x[i];
    places[4 * to + 1] = y[i];
    places[4 * to + 2] = x[i] - places[4 * to];
    places[4 * to + 3] = y[i] - places[4 * to + 1];
    images[2 * to] = marks.image[i];
    images[2 * to + 1] = marks.angle[i];
    to += 1;
  }
  return Object.assign(marks, { count: to, under: taken, cell });
}

/** The drawn marks in a box { x0, y0, x1, y1 }, by position; undefined when they are more than `most`. */
export function within({ count, drawn, x, y }, { x0, y0, x1, y1 }, most) {
  const found = [];
  for (let k = 0; k < count; k++) {
    const i = drawn[k];
    if (y[i] < y0 || y[i] > y1 || x[i] < x0 || x[i] > x1) continue;
    if (found.length === most) return undefined;
    found.push(i);
  }
  return found;
}

/** The uppermost drawn mark no farther than `reach(i)` (a part of the world's width) from a place; -1 when there is none. */
export function uppermost({ count, drawn, x, y }, px, py, reach) {
  for (let k = count - 1; k >= 0; k--) {
    const i = drawn[k], r = reach(i);
    if (Math.abs(y[i] - py) <= r && Math.abs(((((x[i] - px + 0.5) % 1) + 1) % 1) - 0.5) <= r) return i;
  }
  return -1;
}
