import assert from "node:assert/strict";
import test from "node:test";
import { timesOf } from "../../assets/js/layers/imagery.mjs";
import { features_ } from "../../assets/js/layers/seizures.mjs";
import { featuresOf } from "../../assets/js/layers/selection.mjs";

const at = (text) => Date.parse(text) / 1000;
const image = (captured_at) => ({ captured_at });

test("pictures older than a day are asked for apart, and a part without any asks nothing", () => {
  const rows = [image("2026-11-20T10:00:00Z"), image("2026-11-23T10:00:00.500Z"), image("2026-11-24T10:00:00Z")];
  const now = timesOf(rows, at("2026-11-24T12:00:00Z"));
  assert.deepEqual(now.imagery, { from: "2026-11-24T10:00:00Z", to: "2026-11-24T10:00:01Z" });
  assert.deepEqual(now["imagery-old"], { from: "2026-11-20T10:00:00Z", to: "2026-11-23T10:00:01Z" });
  const early = timesOf(rows, at("2026-11-20T11:00:00Z"));
  assert.deepEqual([early.imagery.from, early["imagery-old"]], ["2026-11-20T10:00:00Z", undefined]);
  assert.deepEqual(timesOf(undefined, 0), { "imagery-old": undefined, imagery: undefined });
});

test("the clock passes an image: until then the tiles' address stays", () => {
  const rows = [image("2026-11-24T08:00:00Z"), image("2026-11-24T10:00:00Z")];
  const told = (time) => JSON.stringify(timesOf(rows, at(time)));
  assert.equal(told("2026-11-24T08:30:00Z"), told("2026-11-24T09:59:59Z"));
  assert.notEqual(told("2026-11-24T09:59:59Z"), told("2026-11-24T10:00:00Z"));
});

const points = { detail: "points", id: [7, 8], lon: [0, 1], lat: [0, 1], drug: ["ats", "other"], kg: [null, 2], t: [10, 20], precision_m: [null, 5], t_off_map: [5, 30] };

test("no seizure is drawn before it happened", () => {
  assert.deepEqual(features_(points, 10).map((f) => f.properties.id), [7]);
});

const track = { id: 3, name: "A", kind: "vessel", gap_s: 1800, speed: 5, course: 7.2, t: [0, 100], lon: [0, 1], lat: [0, 0] };
const held = { points, movement: { tracks: [track] }, images: [{ id: 4, footprint: { type: "Polygon", coordinates: [[[0, 0], [1, 0], [1, 1], [0, 0]]] } }], at: 100, glide: false };

test("what is chosen is found where it is at the clock's time", () => {
  const [mark] = featuresOf("track:3", held);
  assert.deepEqual([mark.geometry.coordinates, mark.properties.words], [[1, 0], "A\n9.7 kn 007°"]);
  assert.deepEqual(featuresOf("seizure:8", held)[0].geometry.coordinates, [1, 1]);
  assert.equal(featuresOf("image:4", held)[0].geometry.type, "Polygon");
});

test("what is not there, or is no choice at all, is nothing", () => {
  for (const sel of ["track:99", "seizure:99", "image:99", "nobody:1", "track:", "", undefined]) assert.deepEqual(featuresOf(sel, held), [], String(sel));
  assert.deepEqual(featuresOf("track:3", { ...held, at: -1 }), []);
  assert.deepEqual(featuresOf("track:3", {}), []);
});
