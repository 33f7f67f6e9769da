import assert from "node:assert/strict";
import test from "node:test";
import * as geodesic from "../../assets/vendor/geodesic.mjs";
import { boxRing, circleRing, CORNERS_MAX, kilometres, textOf, thinned, told } from "../../assets/js/pick/shapes.mjs";
import { measureRing } from "../../assets/js/map/measure.mjs";
import { shapeOf } from "../../assets/js/map/draw.mjs";

test("a radius is a circle on the ellipsoid", () => {
  for (const [lon, lat, m] of [[-97.9, 26.15, 10_000], [12.5, 71, 250_000], [-179.95, 10, 20_000]]) {
    const ring = circleRing([lon, lat], m, geodesic);
    for (const [x, y] of ring) assert.ok(Math.abs(geodesic.between(lon, lat, x, y).s12 - m) < 0.001);
    const { area_m2 } = measureRing([...ring, ring[0]], geodesic);
    assert.ok(area_m2 < Math.PI * m * m && area_m2 > 0.997 * Math.PI * m * m, `${area_m2}`);
  }
  assert.equal(circleRing([0, 89.9], 100_000, geodesic), undefined, "round a pole it is no ring");
});

test("what is told is once round the world, not over 180°, and has three corners", () => {
  assert.deepEqual(told(boxRing([260, 25], [262, 27])), [[-100, 25], [-98, 25], [-98, 27], [-100, 27]]);
  assert.equal(told(boxRing([179, 1], [181, 2])), undefined);
  assert.equal(told(boxRing([1, 1], [1, 1])), undefined);
  assert.deepEqual([told([[0, 0], [1, 1]]), textOf([[-98.1234567, 26], [0, 0.1]])], [undefined, "-98.12346 26;0 0.1"]);
  assert.deepEqual(shapeOf(textOf(boxRing([1, 2], [3, 4]))).geometry.coordinates[0].length, 5);
});

test("a hand's line keeps the corners that matter", () => {
  const wobbly = Array.from({ length: 4000 }, (_, i) => [Math.cos(i * Math.PI / 2000) + (i % 2) * 1e-6, Math.sin(i * Math.PI / 2000)]);
  const ring = thinned(wobbly);
  assert.equal(ring.length, CORNERS_MAX);
  const area = (r) => Math.abs(r.reduce((sum, [x, y], i) => sum + x * r[(i + 1) % r.length][1] - r[(i + 1) % r.length][0] * y, 0)) / 2;
  assert.ok(Math.abs(area(ring) / area(wobbly) - 1) < 0.01);
  assert.ok(textOf(ring).length < 2000);
  assert.deepEqual([kilometres("2,5"), kilometres(" 10 "), kilometres(""), kilometres("0"), kilometres("3000"), kilometres("ten")], [2.5, 10, undefined, undefined, undefined, undefined]);
});
