import assert from "node:assert/strict";
import test from "node:test";
import { createFleet, underWay } from "../../assets/js/live/fleet.mjs";

const COLUMNS = ["id", "kind", "name", "t", "lon", "lat", "speed", "course", "sla_s", "gap_s"];
const row = (id, t, lon) => [id, "vessel", `V${id}`, t, lon, 26, 5, 90, 180, 1800];
const fleet = (...rows) => {
  const made = createFleet();
  made.told("snapshot", { columns: COLUMNS }, 0);
  made.told("fixes", rows, 0);
  made.told("whole", {}, 0);
  return made;
};
const ids = (f) => f.movement().tracks.map((t) => t.id);

test("new fixes are the trail's newest vertices, and nothing goes back", () => {
  const f = fleet(row(1, 10, 1));
  f.told("fixes", [row(1, 20, 2)], 5);
  f.told("fixes", [row(1, 15, 9)], 6);
  f.told("fixes", [row(1, 20, 3)], 7);
  const [track] = f.movement().tracks;
  assert.deepEqual([track.t, track.lon, track.speed], [[10, 20], [1, 3], 5]);
});

test("a new track appears; what is in no new snapshot is gone once that is whole", () => {
  const f = fleet(row(1, 10, 1), row(2, 10, 1));
  f.told("fixes", [row(3, 11, 1)], 1);
  assert.deepEqual(ids(f), [1, 2, 3]);
  f.told("fixes", [row(1, 12, 2)], 2);
  f.told("snapshot", { columns: COLUMNS }, 3);
  f.told("fixes", [row(1, 12, 2)], 3);
  assert.deepEqual(ids(f), [1, 2, 3], "until it is whole the picture stands");
  f.told("whole", {}, 3);
  assert.deepEqual(ids(f), [1]);
  assert.deepEqual(f.track(1).t, [10, 12], "and its trail with it");
});

test("a snapshot that broke off changes nothing where the stream is taken up", () => {
  const f = fleet(row(1, 10, 1), row(2, 10, 1));
  f.told("snapshot", { columns: COLUMNS }, 1);
  f.told("fixes", [row(1, 10, 1)], 1);
  f.told("resumed", { columns: COLUMNS }, 2);
  assert.deepEqual(ids(f), [1, 2]);
});

test("what is told as gone is in no picture, and comes back only when it is told again", () => {
  const f = fleet(row(1, 10, 1), row(2, 20, 1), row(3, 15, 1));
  assert.deepEqual(f.told("gone", [2, 9], 1), [2], "of those it had");
  assert.deepEqual([ids(f), f.size, f.movement().total, f.newest(), f.track(2)], [[1, 3], 2, 2, 15, undefined]);
  f.before({ tracks: [{ id: 2, kind: "vessel", t: [19], lon: [0], lat: [0], gap_s: 1800, sla_s: 900 }] }, 25);
  assert.deepEqual(ids(f), [1, 3], "an answer that was under way does not bring it back");
  f.told("fixes", [row(2, 30, 2)], 2);
  assert.deepEqual([ids(f), f.track(2).t], [[1, 3, 2], [30]], "and with nothing of before");
});

test("one gone while a snapshot comes is not in it", () => {
  const f = fleet(row(1, 10, 1), row(2, 10, 1));
  f.told("snapshot", { columns: COLUMNS }, 1);
  f.told("fixes", [row(1, 10, 1), row(2, 10, 1)], 1);
  assert.deepEqual(f.told("gone", [2], 1), [2]);
  assert.deepEqual(f.told("whole", {}, 1), []);
  assert.deepEqual(ids(f), [1]);
});

test("what no longer stands when the stream is taken up, or in a new snapshot, is gone", () => {
  const f = fleet(row(1, 10, 1), row(2, 10, 1), row(3, 10, 1));
  f.told("resumed", { columns: COLUMNS }, 1);
  assert.deepEqual(f.told("standing", [1, 3, 4], 1), [2]);
  f.told("snapshot", { columns: COLUMNS }, 2);
  f.told("fixes", [row(3, 10, 1)], 2);
  assert.deepEqual(f.told("whole", {}, 2), [1]);
  assert.deepEqual(ids(f), [3]);
});

test("of what the stream does not look back to it says nothing; another answer does", () => {
  const f = fleet(row(1, 3e6, 3)), old = { id: 2, kind: "tag", t: [10], lon: [0], lat: [0], gap_s: 1800, sla_s: 900 };
  f.before({ tracks: [old] }, 3e6);
  f.told("standing", [1], 1);
  assert.deepEqual(ids(f), [1, 2]);
  f.before({ tracks: [] }, 3e6);
  assert.deepEqual(ids(f), [1]);
});

test("what was before is put behind, and only what the stream does not look back to is added", () => {
  const f = fleet(row(1, 3e6, 3));
  const old = (id, t) => ({ id, kind: "tag", t, lon: t.map(() => 0), lat: t.map(() => 0), gap_s: 1800, sla_s: 900 });
  f.before({ tracks: [old(1, [2.9e6, 2.99e6, 3e6]), old(2, [10]), old(3, [2.9e6])] }, 3e6);
  assert.deepEqual(f.track(1).t, [2.9e6, 2.99e6, 3e6]);
  assert.deepEqual(ids(f), [1, 2], "one that the stream would tell of, and does not, may be seen no more");
  f.before({ tracks: [old(1, [2.9e6, 2.99e6, 3e6])] }, 3e6);
  assert.deepEqual(f.track(1).t, [2.9e6, 2.99e6, 3e6], "twice is once");
  const g = fleet(row(1, 3e6 + 0.149, 3));
  g.before({ tracks: [old(1, [2.9e6, 3e6 + 0.1])] }, 3e6);
  assert.deepEqual(g.track(1).t, [2.9e6, 3e6 + 0.149], "a fix that the trail tells rounded is not another");
});

test("a trail does not grow without end", () => {
  const f = fleet(row(1, 0, 0));
  for (let t = 1; t < 5000; t++) f.told("fixes", [row(1, t, t / 1e4)], t);
  const [track] = f.movement().tracks;
  assert.ok(track.t.length <= 500 && track.t.length >= 400);
  assert.equal(track.t.at(-1), 4999);
});

test("the window's start leaves out who was silent longer", () => {
  const f = fleet(row(1, 10, 1), row(2, 90, 1));
  assert.deepEqual([f.movement(50).tracks.map((t) => t.id), f.movement(50).total, f.newest()], [[2], 1, 90]);
});

test("a mark is under way for two seconds at most, between its last two places, and never beyond", () => {
  const f = fleet(row(1, 0, 0));
  f.told("fixes", [row(1, 60, 1)], 100);
  const track = f.track(1);
  assert.deepEqual([underWay(track, 100).lon, underWay(track, 101).lon, underWay(track, 102), underWay(track, 500), underWay(track, 99)], [0, 0.5, undefined, undefined, undefined]);
  assert.deepEqual([f.moving(101), f.moving(103)], [true, false]);
  f.told("fixes", [row(1, 60.5, 1.1)], 110);
  assert.equal(underWay(track, 110.6), undefined, "no longer than the time between them");
});

test("nothing is under way over a gap, round the world, or from its first place", () => {
  const f = fleet(row(1, 0, 0), row(2, 0, 179.9), row(3, 0, 0));
  f.told("fixes", [row(1, 4000, 1), row(2, 60, -179.9)], 10);
  for (const id of [1, 2, 3]) assert.equal(underWay(f.track(id), 10.5), undefined);
});

test("of very many tracks less is kept behind each, but of the chosen one", () => {
  const f = fleet(...Array.from({ length: 20_000 }, (_, i) => row(i + 1, 10, 1)));
  f.long = 2;
  for (let t = 11; t < 200; t++) f.told("fixes", [row(1, t, 1), row(2, t, 1)], t);
  assert.ok(f.track(1).t.length <= 63, `${f.track(1).t.length}: a million vertices in all`);
  assert.equal(f.track(2).t.length, 190);
  assert.equal(f.newest(), 199);
});
