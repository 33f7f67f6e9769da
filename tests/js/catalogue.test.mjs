// The catalogue's pure parts: where footprints lie, what a view is as a filter, progress in words.
import assert from "node:assert/strict";
import test from "node:test";
import { catalogueAt } from "../../assets/js/catalogue/link.mjs";
import { bboxText, boundsOf, features } from "../../assets/js/catalogue/shapes.mjs";
import { Rate, bytes, left, whole } from "../../assets/js/catalogue/progress.mjs";

test("bounds hold every footprint, and take the short way over the antimeridian", () => {
  const square = (w, e) => ({ type: "MultiPolygon", coordinates: [[[[w, 10], [e, 10], [e, 11], [w, 11], [w, 10]]]] });
  assert.deepEqual(boundsOf([square(-98, -97)]).map((n) => Number(n.toFixed(2))), [-98.01, 9.99, -96.99, 11.01]);
  const [west, , east] = boundsOf([square(179, 179.9), square(-179.9, -179)]);
  assert.ok(east - west < 3 && west > 178);
  assert.equal(boundsOf([]), undefined);
  assert.equal(boundsOf([undefined, { type: "Point", coordinates: [1, 2] }])[0], 0.99);
});

test("what has no shape is in no feature", () => {
  assert.deepEqual(features([{ key: "image:3", shape: { type: "Point", coordinates: [1, 2] } }, { key: "sortie:4", shape: null }]).features.map((f) => [f.id, f.properties.key]), [[3, "image:3"]]);
});

test("a view is a bbox the server takes", () => {
  assert.equal(bboxText({ west: -98, south: 25, east: -97, north: 26 }), "-98,25,-97,26");
  assert.equal(bboxText({ west: 170, south: -95, east: 190, north: 26 }), "170,-90,-170,26");
  assert.equal(bboxText({ west: -400, south: -80, east: 200, north: 80 }), "-180,-80,180,80");
});

test("progress is told in words", () => {
  assert.deepEqual([0, 999, 1000, 12_300_000, 4.1e9].map(bytes), ["0 B", "999 B", "1.0 kB", "12 MB", "4.1 GB"]);
  assert.deepEqual([0.2, 59, 61, 3599, 7500].map(left), ["1 s", "59 s", "1 min", "1 h 0 min", "2 h 5 min"]);
  const rate = new Rate();
  rate.told(0, 1000);
  for (let s = 20; s < 30; s++) rate.told(s, 100);
  assert.equal(Math.round(rate.of(30)), 100, "what is long ago counts no more");
  assert.equal(rate.of(100), 0);
  assert.deepEqual(whole([{ file: {}, state: "sending", sent: 5, size: 10 }, { file: {}, state: "queued", sent: 0, size: 10 }, { file: {}, state: "waiting", sent: 10, size: 10 }, { state: "refused", sent: 1, size: 1 }]),
    { sent: 15, size: 30, files: 2, over: 1 });
});

test("the catalogue is opened under what the map shows", () => {
  assert.equal(catalogueAt({ world: "live", from: "2026-11-20T00:00:00Z", kind: ["vessel"], agency: ["Norte"], sel: "image:3", layers: "imagery" }), "/imagery?world=live&from=2026-11-20T00:00:00Z&agency=Norte&sel=image:3");
  assert.equal(catalogueAt({ world: "live", sel: "track:3" }), "/imagery?world=live");
});
