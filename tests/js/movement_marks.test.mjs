import assert from "node:assert/strict";
import test from "node:test";
import { bearing, indexAt, marksAt, placeAt, trail } from "../../assets/js/layers/movement_marks.mjs";
import { stateOf } from "../../assets/js/symbols/glyphs.mjs";

const track = { id: 1, kind: "vehicle", name: "A", sla_s: 900, gap_s: 1800, speed: 10, course: 45, t: [0, 600, 1200, 6000], lon: [0, 1, 2, 8], lat: [0, 0, 0, 0] };

test("the last fix at or before a time", () => {
  assert.deepEqual([-1, 0, 599, 600, 9999].map((at) => indexAt(track.t, at)), [-1, 0, 0, 1, 3]);
});

test("no place beyond the last fix, none before the first", () => {
  assert.equal(placeAt(track, -1, true), undefined);
  const late = placeAt(track, 50_000, true);
  assert.deepEqual([late.lon, late.t], [8, 6000]);
});

test("gliding lies between two known fixes, and never over a gap", () => {
  assert.equal(placeAt(track, 300, true).lon, 0.5);
  assert.equal(placeAt(track, 300, false).lon, 0);
  assert.equal(placeAt(track, 3000, true).lon, 2);
});

test("nothing glides round the world", () => {
  const over = { ...track, lon: [179.9, -179.9, -179.8, -179], t: [0, 60, 120, 180] };
  assert.equal(placeAt(over, 30, true).lon, 179.9);
});

test("age is the feed's own promise", () => {
  assert.deepEqual([0, 449, 450, 899, 900, 8999, 9000].map((a) => stateOf(a, 900)), ["live", "live", "late", "late", "stale", "stale", "lost"]);
});

test("a stale mark carries its age and is counted", () => {
  const { marks, stale } = marksAt({ detail: "trails", tracks: [track] }, 6000 + 3600);
  assert.equal(stale, 1);
  assert.deepEqual([marks[0].properties.state, marks[0].properties.age], ["stale", "1 h"]);
});

test("a gap is one dashed piece and is never part of a trail", () => {
  const pieces = trail(track, placeAt(track, 6000, false), 6000, false);
  assert.ok(pieces.every((p) => !p.properties.gap || p.geometry.coordinates.length === 2));
  for (const p of pieces.filter((p) => !p.properties.gap)) {
    const lon = p.geometry.coordinates.map(([x]) => x);
    assert.ok(!(lon.includes(2) && lon.includes(8)), "joined over the gap");
  }
});

test("a trail gets fainter towards its tail", () => {
  const t = Array.from({ length: 30 }, (_, i) => i * 100);
  const long = { ...track, t, lon: t.map((x) => x / 1000), lat: t.map(() => 0) };
  const u = trail(long, placeAt(long, 2900, false), 2900, false).map((p) => p.properties.u);
  assert.deepEqual(u, [...u].sort((a, b) => b - a));
  assert.ok(u.at(-1) < u[0]);
});

test("the same place told again while it says it moves is frozen", () => {
  const still = { ...track, t: [0, 60, 120, 180], lon: [1, 1, 1, 1], lat: [0, 0, 0, 0] };
  assert.equal(marksAt({ tracks: [still] }, 200).marks[0].properties.state, "frozen");
  assert.equal(marksAt({ tracks: [{ ...still, speed: 0 }] }, 200).marks[0].properties.state, "live");
});

test("bearings", () => {
  assert.equal(Math.round(bearing(0, 0, 0, 1)), 0);
  assert.equal(Math.round(bearing(0, 0, 1, 0)), 90);
  assert.equal(bearing(1, 1, 1, 1), undefined);
});

test("gathered marks are counts", () => {
  const { marks, trails } = marksAt({ detail: "gathered", gathered: [{ lon: 1, lat: 2, n: 40 }] }, 0);
  assert.deepEqual([marks[0].properties, trails], [{ n: 40 }, []]);
});

test("while it plays a trail is one line between its gaps", () => {
  const t = Array.from({ length: 30 }, (_, i) => i * 100 + (i > 14 ? 2000 : 0)), long = { ...track, t, lon: t.map((x) => x / 1000), lat: t.map(() => 0) };
  const { trails } = marksAt({ tracks: [long] }, 4900, { trail: "6h", whole: true });
  assert.deepEqual(trails.map((f) => [f.properties.gap, f.geometry.coordinates.length]), [[false, 16], [true, 2], [false, 15]], "from where it is, back");
});
