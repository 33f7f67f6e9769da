// Movements where very many are live: marks as numbers for the graphics card in place of features, and features only for what the view has room for.
import { addLayer } from "../map/adapter.mjs";
import { age as ageWords } from "../times.mjs";
import { STATES } from "../symbols/glyphs.mjs";
import { glyphLayer, sizeAt } from "./glyph_layer.mjs";
import { mercatorX, mercatorY, packed, thin, within } from "./many_marks.mjs";
import { circle, placeAt, trail, TRAILS, vector } from "./movement_marks.mjs";

export const MARKS = "mark-many", AGES = "mark-age";
export const ids = [MARKS, AGES];
const WORDS_MOST = 400, LINES_MOST = 2_000; // marks in view: with more of them no ages, or no lines and circles
const WALL_PX = 60; // of a glyph on a wall: there marks do not hide each other

/** Both layers, on a map whose style was just set; `source` is the one ages are put into. */
export function add(map, { token, wall }, source) {
  map.vigiaMany = glyphLayer(MARKS, { token, wall });
  addLayer(map, map.vigiaMany, "slot-top");
  addLayer(map, {
    id: AGES, type: "symbol", source, filter: ["has", "aged"],
    layout: { "text-field": ["get", "aged"], "text-font": ["Condensed Medium"], "text-size": 12.5, "text-offset": [0, 1.25], "text-anchor": "top", "text-padding": 2 },
    paint: { "text-color": token("caution"), "text-halo-color": token("land"), "text-halo-width": 1.6 },
  }, "slot-top");
}

/** Nothing of it, when there are few again. */
export const clear = (map) => map.vigiaMany?.count && map.vigiaMany.set(undefined);

/** As marksAt answers, the marks themselves in the layer; `under` is how many stand under another and are not drawn, `drawn` how many are. */
export function draw(map, movement, at, { chosen, live, silent, trail: long, vectorMin, zoom }) {
  const view = viewOf(map), layer = map.vigiaMany, { wall } = layer, size = sizeAt(zoom);
  const marks = thin(packed(movement, at, { chosen, live, silent }, layer.marks), view, 512 * 2 ** zoom, wall ? { cells: [WALL_PX * size] } : {});
  layer.set(marks);
  const out = { marks: [], trails: [], vectors: [], circles: [], stale: marks.stale, states: marks.states, under: marks.under, drawn: marks.count, chosen: undefined };
  const near = within(marks, view, LINES_MOST);
  for (const i of near ?? []) {
    const track = marks.tracks[i], place = placeAt(track, live ? Infinity : at, false), state = STATES[marks.image[i] % STATES.length], isOld = state === "stale" || state === "lost";
    const words = wall || near.length > WORDS_MOST || silent ? undefined : state === "frozen" ? "frozen" : isOld ? ageWords(at - place.seen) : undefined;
    if (words) out.marks.push({ type: "Feature", geometry: { type: "Point", coordinates: [place.lon, place.lat] }, properties: { id: track.id, aged: words } });
    if (!isOld && vectorMin) out.vectors.push(...vector(track, place, vectorMin));
    if (track.accuracy_m > 0) out.circles.push(...circle(track, place, zoom));
  }
  const track = chosen === undefined ? undefined : movement.tracks.find(({ id }) => id === chosen), place = track && placeAt(track, live ? Infinity : at, false);
  if (!place) return out;
  out.chosen = [place.lon, place.lat];
  out.trails = trail(track, place, at, true, TRAILS[long]);
  return out;
}

/** What the camera sees, as parts of the world. */
function viewOf(map) {
  const b = map.getBounds();
  return { x0: mercatorX(b.getWest()), x1: mercatorX(b.getEast()), y0: mercatorY(b.getNorth()), y1: mercatorY(b.getSouth()) };
}
