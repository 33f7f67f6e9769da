import assert from "node:assert/strict";
import test from "node:test";
import { sizeAt } from "../../assets/js/layers/glyph_layer.mjs";
import { imageOf, mercatorX, mercatorY, packed, thin, uppermost, within } from "../../assets/js/layers/many_marks.mjs";
import { marksAt } from "../../assets/js/layers/movement_marks.mjs";
import { KINDS, STATES } from "../../assets/js/symbols/glyphs.mjs";

const NOW = 1e6;
const track = (id, lon, lat, more = {}) => ({ id, kind: "vessel", name: `V${id}`, t: [NOW], lon: [lon], lat: [lat], speed: 5, course: 90, sla_s: 180, gap_s: 1800, ...more });
const of = (...tracks) => ({ detail: "trails", tracks, total: tracks.length });
const WORLD = { x0: 0, y0: 0, x1: 1, y1: 1 };
const ids = (marks) => [...marks.drawn.subarray(0, marks.count)].map((i) => marks.ids[i]);

test("numbers say what features say: state, way, how many are stale, the freshest of a kind", () => {
  const tracks = KINDS.flatMap((kind, k) => [0, 100, 200, 5000].map((old, i) => track(10 * k + i, k, i, { kind, t: [NOW - old], course: 90 * i, heading: i === 3 ? 45 : null })));
  tracks.push(track(99, 9, 9, { t: [1, 2, 3, 4].map((s) => NOW - 5 + s), lon: [9, 9, 9, 9], lat: [9, 9, 9, 9] }));
  const features = marksAt(of(...tracks), NOW, { live: true }), marks = packed(of(...tracks), NOW, { live: true });
  assert.deepEqual([marks.n, marks.stale, marks.states], [features.marks.length, features.stale, features.states]);
  const turns = (kind) => !["container", "tag", "person"].includes(kind);
  for (const { properties: p } of features.marks) {
    const i = marks.ids.indexOf(p.id);
    assert.equal(marks.image[i], imageOf(p.kind, p.state));
    assert.equal(Math.round((marks.angle[i] / 65_536) * 360), turns(p.kind) ? p.course : 0);
  }
  assert.equal(STATES[marks.image[marks.ids.indexOf(99)] % STATES.length], "frozen");
  const silent = packed(of(...tracks), NOW, { live: true, silent: true });
  assert.ok(silent.stale === tracks.length && [...silent.image.subarray(0, silent.n)].every((i) => STATES[i % STATES.length] === "stale"));
});

test("of what falls on the same few pixels the uppermost is drawn, the chosen one always, and all are counted", () => {
  const pile = [track(1, 10, 10, { t: [NOW - 5000] }), track(2, 10, 10), track(3, 10, 10, { kind: "vehicle" }), track(4, 40, 10)];
  const drawn = (how) => thin(packed(of(...pile), NOW, { live: true, ...how }), WORLD, 512 * 32);
  assert.deepEqual([ids(drawn({})).sort(), drawn({}).under], [[2, 4], 2], "what is heard above what is silent, others above land");
  assert.deepEqual(ids(drawn({ chosen: 1 })), [4, 1]);
  for (const how of [{}, { chosen: 1 }]) assert.equal(drawn(how).count + drawn(how).under, 4);
});

test("closer, all of them are drawn; a camera that moves changes nothing; what is not in view is there when the camera comes", () => {
  const tracks = Array.from({ length: 400 }, (_, i) => track(i, 10 + (i % 20) / 1e3, 10 + Math.floor(i / 20) / 1e3)), at = (z, lon = 10) => {
    const x = mercatorX(lon), y = mercatorY(10), px = 512 * 2 ** z, half = 800 / px;
    return thin(packed(of(...tracks), NOW, { live: true }), { x0: x - half, x1: x + half, y0: y - half, y1: y + half }, px);
  };
  assert.ok(at(6).count < 20 && at(6).count + at(6).under === 400);
  assert.equal(at(18).count, 400);
  assert.deepEqual(ids(at(9)), ids(at(9, 10.3)));
  assert.equal(at(6, 100).count, 400, "far from the camera nothing is left out");
});

test("however many there are, what is in view stays a number that can be drawn", () => {
  const tracks = Array.from({ length: 40_000 }, (_, i) => track(i, -180 + (i % 400) * 0.9, -70 + Math.floor(i / 400) * 1.4));
  const marks = thin(packed(of(...tracks), NOW, { live: true }), WORLD, 1600, { most: 6_000 });
  assert.ok(marks.count < 25_000 && marks.cell === 12 && marks.count + marks.under === 40_000, `${marks.count} at ${marks.cell} px`);
  assert.equal(thin(packed(of(...tracks), NOW, { live: true }), WORLD, 1600, { most: 40_000 }).cell, 3);
});

test("places are true to a centimetre though the card counts in single floats", () => {
  const marks = thin(packed(of(track(1, -97.123456, 26.654321)), NOW, { live: true }), WORLD, 512);
  const [x, y, dx, dy] = marks.places;
  assert.ok(Math.abs(x + dx - mercatorX(-97.123456)) * 40_075_017 < 0.01 && Math.abs(y + dy - mercatorY(26.654321)) * 40_075_017 < 0.01);
});

test("the uppermost drawn mark at a place, over the date line too, and those of a box", () => {
  const marks = thin(packed(of(track(1, 10, 10, { kind: "vehicle" }), track(2, 10.0001, 10), track(3, 179.99, 0)), NOW, { live: true }), { x0: 0, x1: 1e-5, y0: 0, y1: 1e-5 }, 512 * 2 ** 16);
  const at = (lon, lat, degrees = 0.001) => marks.ids[uppermost(marks, mercatorX(lon), mercatorY(lat), () => degrees / 360)];
  assert.deepEqual([at(10, 10), at(10, 11), at(-180.005, 0, 0.01)], [2, undefined, 3]);
  const box = { x0: mercatorX(9), x1: mercatorX(11), y0: mercatorY(11), y1: mercatorY(9) };
  assert.deepEqual([within(marks, box, 5).map((i) => marks.ids[i]), within(marks, box, 1)], [[1, 2], undefined]);
});

test("glyphs are as large as the layer of features draws them", () => {
  assert.deepEqual([2, 4, 8, 9, 10, 14].map((z) => Number(sizeAt(z).toFixed(3))), [0.62, 0.62, 0.92, 0.96, 1, 1]);
});
