// How one image is looked at: what an address says of it, which bands that is, and what the colours mean.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lookOf } from "../../assets/js/layers/looked.mjs";
import { bandsOf, bandWords, keyOf } from "../../assets/js/looks.mjs";

const band = (number, name, unit = null) => ({ band: number, name, unit, least: 0, most: 900, low: 10, high: 800 });
const ramps = { gray: ["#000000", "#ffffff"], viridis: ["#440154", "#fde725"], inferno: ["#000004", "#fcffa4"] };
const MULTI = { dtype: "uint16", bands: [band(1, "blue"), band(2, "green"), band(3, "red"), band(4, "nir"), band(5, null)], shown: { bands: [3, 2, 1], scale: [1, 2, 3, 4, 5].map((n) => [n, n * 100]) }, ramps };
const THERMAL = { dtype: "float32", bands: [{ ...band(1, "thermal", "°C"), least: -12.25, most: 61.5, low: 3.141592, high: 44 }], shown: { bands: [1], scale: [[3.141592, 44]], colormap: "inferno" }, ramps };
const COLOUR = { dtype: "uint8", bands: [band(1, "red"), band(2, "green"), band(3, "blue")], shown: { bands: [1, 2, 3], scale: null }, ramps };

test("what an address says is taken where it can mean something", () => {
  assert.deepEqual(lookOf({ bands: "nir,red,green", stretch: "full" }), { bands: "nir,red,green", stretch: "full" });
  assert.deepEqual(lookOf({ bands: "4", colormap: "viridis" }), { bands: "4", colormap: "viridis" });
  assert.deepEqual(lookOf({ bands: "1,2", colormap: "<b>", stretch: "5" }), {});
  assert.deepEqual(lookOf({ bands: "1,2,3", colormap: "viridis" }), { bands: "1,2,3" }, "colours are of one band");
  assert.deepEqual(lookOf({ bands: "../x" }), {});
});

test("bands are found by name and number, and what the image has not is said", () => {
  assert.deepEqual([bandsOf(MULTI, { bands: "nir,red,green" }), bandsOf(MULTI, { bands: "5" }), bandsOf(MULTI, {}), bandsOf(MULTI, { colormap: "viridis" })], [[4, 3, 2], [5], [3, 2, 1], [3]]);
  assert.deepEqual([bandsOf(MULTI, { bands: "6" }), bandsOf(COLOUR, { bands: "nir" })], [undefined, undefined]);
  assert.equal(bandWords(MULTI, { bands: "nir,5,red" }), "nir, band 5, red");
});

test("the key is of one band: its colours, and the values at both ends with the unit", () => {
  assert.equal(keyOf(MULTI, {}), undefined);
  assert.deepEqual(keyOf(THERMAL, {}), { name: "thermal", colours: ramps.inferno, low: "3.142 °C", high: "44 °C" });
  assert.deepEqual(keyOf(THERMAL, { colormap: "viridis", stretch: "full" }), { name: "thermal", colours: ramps.viridis, low: "-12.25 °C", high: "61.5 °C" });
  assert.deepEqual(keyOf(MULTI, { bands: "nir" }), { name: "nir", colours: ramps.gray, low: "4", high: "400" });
  assert.deepEqual(keyOf(MULTI, { bands: "nir", stretch: "percentile" }).high, "800");
  assert.deepEqual(keyOf(COLOUR, { bands: "red" }), { name: "red", colours: ramps.gray, low: "0", high: "255" });
});
