// Pure: the answer of /api/movement and a time to marks and trails. No mark is ever beyond a track's last fix.
import { age as ageWords } from "../times.mjs";
import { GLYPHS, STATES, stateOf } from "../symbols/glyphs.mjs";

// How long a trail reaches back, by family (seconds); or as somebody chose it.
export const TRAIL_S = { sea: 7200, land: 3000, air: 900 };
export const TRAILS = { "0": 0, "10m": 600, "1h": 3600, "6h": 21_600, "24h": 86_400 };
const LONGEST_TRAIL_S = Math.max(...Object.values(TRAIL_S));
const TRAILS_MAX = 1_500; // tracks: above it only the chosen one has a trail (data/movement.py)
const PIECES = 6; // a trail fades in this many steps
const ONE_U = 0.6; // and is so strong where it is one line
const FROZEN_FIXES = 4; // the same place told this often while it says it moves
const MOVING_MPS = 0.5; // slower, a vector would only be noise
const CIRCLE_PX = 8; // a smaller circle of uncertainty is hidden by its mark
const M_A_PX_Z0 = 78_271.517; // on the equator, at zoom 0, of 512 px tiles
const DEGREE_M = 111_320;

/** How far back trails have to be known. */
export const reachS = (trail) => TRAILS[trail] ?? LONGEST_TRAIL_S;

/** A silence after the i-th vertex. Where a long span was thinned, the answer says which steps are silences. */
export function gapAfter(track, i) {
  if (track.t[i + 1] - track.t[i] <= track.gap_s) return false;
  return !(track.thinned_to >= track.t[i + 1]) || track.gaps.includes(track.t[i]);
}

/** The last index with t[i] <= at, or -1. */
export function indexAt(t, at) {
  let low = 0, high = t.length - 1, found = -1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (t[middle] <= at) {
      found = middle;
      low = middle + 1;
    } else high = middle - 1;
  }
  return found;
}

/** Where a track is at a time: between two known fixes when gliding, else at its last one. undefined before the first. */
export function placeAt(track, at, glide) {
  const i = indexAt(track.t, at);
  if (i < 0) return undefined;
  const next = i + 1;
  const last = { lon: track.lon[i], lat: track.lat[i], t: track.t[i], i, seen: track.t[i] };
  if (!glide || next >= track.t.length) return last;
  const step = track.t[next] - track.t[i];
  if (step <= 0 || gapAfter(track, i) || Math.abs(track.lon[next] - track.lon[i]) > 180) return last;
  const u = (at - track.t[i]) / step;
  return {
    lon: track.lon[i] + u * (track.lon[next] - track.lon[i]), lat: track.lat[i] + u * (track.lat[next] - track.lat[i]),
    t: at, i, seen: at, // between two fixes it was heard of on both sides
  };
}

/** Degrees from north from one place to the next; undefined when they are one. */
export function bearing(lon0, lat0, lon1, lat1) {
  const x = (lon1 - lon0) * Math.cos(((lat0 + lat1) / 2) * (Math.PI / 180));
  const y = lat1 - lat0;
  if (Math.abs(x) < 1e-7 && Math.abs(y) < 1e-7) return undefined;
  return (Math.atan2(x, y) * 180) / Math.PI;
}

/** The way it points: as it told, else as it went. */
export function courseAt(track, place) {
  const { t, lon, lat } = track;
  const newest = place.moving || place.i === t.length - 1;
  const turned = newest ? track.heading ?? track.course : undefined;
  if (turned !== null && turned !== undefined) return turned;
  for (let i = place.i; i >= Math.max(0, place.i - 3); i--) {
    const from = i > 0 ? i - 1 : i, to = i > 0 ? i : i + 1;
    if (to >= t.length) break;
    const course = bearing(lon[from], lat[from], lon[to], lat[to]);
    if (course !== undefined) return course;
  }
  return track.course ?? 0;
}

function frozen(track, i) {
  if (!(track.speed > 0.5) || i !== track.t.length - 1 || i < FROZEN_FIXES - 1) return false;
  for (let k = 1; k < FROZEN_FIXES; k++) {
    if (track.lon[i - k] !== track.lon[i] || track.lat[i - k] !== track.lat[i]) return false;
  }
  return true;
}

/** Of STATES; `silent` as marksAt has it. */
export function stateAt(track, place, at, silent) {
  const state = silent ? "stale" : stateOf(at - place.seen, track.sla_s);
  return state === "live" && frozen(track, place.i) ? "frozen" : state;
}

/**
 * Marks and trails as GeoJSON features, how many marks are stale or lost, and the freshest state of each kind.
 *
 * `live`: each at its newest place, whatever the clock of the device that told it says; `way(track)` is where it is on its way there.
 * `silent`: nobody is heard, so every mark is hollow and one badge elsewhere carries the age. `vectorMin`: minutes at the told speed and
 * course; `zoom`: for circles of uncertainty; `trail`: how far back, a key of TRAILS; `whole`: each trail as one line.
 */
export function marksAt(movement, at, { chosen, glide = false, live = false, way, silent = false, vectorMin = 0, zoom, trail: long, whole = false } = {}) {
  const out = { marks: [], trails: [], vectors: [], circles: [], stale: 0, states: {} };
  if (movement?.detail === "gathered") {
    out.marks = movement.gathered.map((g, i) => ({ type: "Feature", id: i, geometry: point(g.lon, g.lat), properties: { n: g.n } }));
    return out;
  }
  const tracks = movement?.tracks ?? [];
  for (const track of tracks) {
    const place = way?.(track) ?? placeAt(track, live ? Infinity : at, glide);
    if (!place) continue;
    const old = at - place.seen;
    const isChosen = track.id === chosen;
    const state = stateAt(track, place, at, silent);
    const isOld = state === "stale" || state === "lost";
    out.stale += isOld;
    // A kind is as fresh as the freshest thing of it.
    if (!(track.kind in out.states) || STATES.indexOf(state) < STATES.indexOf(out.states[track.kind])) out.states[track.kind] = state;
    const properties = {
      id: track.id, kind: track.kind, state, course: courseAt(track, place), name: track.name,
      order: (isChosen ? 100 : 0) + (isOld ? 0 : 10) + (GLYPHS[track.kind].family === "land" ? 0 : 1),
    };
    if (isOld && !silent) properties.age = ageWords(old);
    else if (state === "frozen") properties.age = "frozen";
    out.marks.push({ type: "Feature", geometry: point(place.lon, place.lat), properties });
    const newest = place.moving || place.i === track.t.length - 1;
    if (newest && !isOld && vectorMin) out.vectors.push(...vector(track, place, vectorMin));
    if (newest && track.accuracy_m > 0 && zoom !== undefined) out.circles.push(...circle(track, place, zoom));
    if (state !== "lost" && (isChosen || tracks.length <= TRAILS_MAX)) out.trails.push(...trail(track, place, at, isChosen, TRAILS[long], whole ? 1 : PIECES));
  }
  return out;
}

/** Where it would be in so many minutes at the speed and course it told: a line, no place. */
export function vector(track, { lon, lat }, minutes) {
  if (!(track.speed > MOVING_MPS) || track.course === null || track.course === undefined || Math.abs(lat) > 85) return [];
  const m = track.speed * 60 * minutes, turn = (track.course * Math.PI) / 180;
  const end = [lon + (m * Math.sin(turn)) / (DEGREE_M * Math.cos((lat * Math.PI) / 180)), lat + (m * Math.cos(turn)) / DEGREE_M];
  return [{ type: "Feature", geometry: { type: "LineString", coordinates: [[lon, lat], end] }, properties: { id: track.id, kind: track.kind } }];
}

/** How far off it may be, where that can be seen at the zoom. `r0` is the radius in px at zoom 0. */
export function circle(track, { lon, lat }, zoom) {
  const r0 = track.accuracy_m / (M_A_PX_Z0 * Math.cos((lat * Math.PI) / 180));
  return r0 * 2 ** zoom < CIRCLE_PX ? [] : [{ type: "Feature", geometry: point(lon, lat), properties: { id: track.id, kind: track.kind, r0 } }];
}

const point = (lon, lat) => ({ type: "Point", coordinates: [lon, lat] });

/** A trail in pieces that fade with age; a gap is one straight dashed piece. */
export function trail(track, place, at, isChosen, reach = TRAIL_S[GLYPHS[track.kind].family], pieces = PIECES) {
  if (!reach) return [];
  const since = place.seen - reach;
  const out = [];
  let i = place.i;
  let piece = [[place.lon, place.lat]];
  let step = pieces;
  const stepOf = (t) => Math.min(pieces, Math.max(1, Math.ceil((pieces * (t - since)) / reach)));
  const close = () => {
    if (piece.length > 1) out.push(line(track, piece, pieces === 1 ? ONE_U : step / pieces, false, isChosen));
  };
  for (let after = { lon: place.lon, lat: place.lat, t: place.t }; i >= 0 && track.t[i] > since; i--) {
    const here = { lon: track.lon[i], lat: track.lat[i], t: track.t[i] };
    if (Math.abs(after.lon - here.lon) > 180) break;
    if (i < place.i && gapAfter(track, i)) {
      close();
      out.push(line(track, [[after.lon, after.lat], [here.lon, here.lat]], 1, true, isChosen));
      piece = [];
      step = stepOf(here.t);
    } else if (stepOf(here.t) !== step) {
      piece.push([here.lon, here.lat]);
      close();
      piece = [];
      step = stepOf(here.t);
    }
    piece.push([here.lon, here.lat]);
    after = here;
  }
  close();
  return out;
}

const line = (track, coordinates, u, gap, chosen) => ({
  type: "Feature", geometry: { type: "LineString", coordinates }, properties: { id: track.id, kind: track.kind, u, gap, chosen },
});
