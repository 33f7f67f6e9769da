import assert from "node:assert/strict";
import test from "node:test";
import { validateStyleMin } from "@maplibre/maplibre-gl-style-spec";
import { archiveStyle, withSlots } from "../../assets/js/basemap/own.mjs";
import { LAYER_SLOTS } from "../../assets/js/basemap/style.mjs";

const token = (name) => ({ water: "#000001", land: "#000002", border: "#000003", river: "#000004" })[name] ?? "#123456";
const ids = (style) => style.layers.map((l) => l.id);
const valid = (style) => assert.deepEqual(validateStyleMin(style).map((e) => e.message), []);

test("a user's style gets every slot in order: ground below its words, marks on top", () => {
  const mine = { version: 8, sources: {}, layers: [{ id: "a", type: "background" }, { id: "words", type: "symbol", source: "x" }, { id: "z", type: "line", source: "x" }] };
  const got = ids(withSlots(mine));
  assert.deepEqual(got.filter((id) => id.startsWith("slot-")), LAYER_SLOTS);
  assert.ok(got.indexOf("slot-trails") < got.indexOf("words") && got.indexOf("z") < got.indexOf("slot-marks"));
  assert.equal(mine.layers.length, 3, "the style that was given is left alone");
});

test("a style without words, and one without layers", () => {
  assert.deepEqual(ids(withSlots({ version: 8, sources: {}, layers: [{ id: "a", type: "background" }] })), ["a", ...LAYER_SLOTS]);
  assert.deepEqual(ids(withSlots({ version: 8, sources: {}, layers: [] })), LAYER_SLOTS);
});

test("a vector archive is drawn in our colours: land, then water, then lines, then words", () => {
  const style = archiveStyle({ raster: false, layers: ["places", "roads", "water", "boundaries", "earth"] }, "pmtiles://x", token);
  valid(style);
  const layer = (id) => style.layers.find((l) => l.id === id);
  assert.equal(layer("water").paint["background-color"], "#000001");
  assert.equal(layer("own-earth-Polygon").paint["fill-color"], "#000002");
  assert.equal(layer("own-water-Polygon").paint["fill-color"], "#000001");
  assert.equal(layer("own-boundaries-LineString").paint["line-color"], "#000003");
  assert.ok(ids(style).indexOf("own-earth-Polygon") < ids(style).indexOf("own-water-Polygon"));
  assert.ok(layer("own-places-Point"));
});

test("an archive without land has water drawn on it", () => {
  const style = archiveStyle({ raster: false, layers: ["water"] }, "pmtiles://x", token);
  assert.equal(style.layers[0].paint["background-color"], "#000002");
});

test("an archive of pictures is one layer", () => {
  const style = archiveStyle({ raster: true, layers: [], attribution: "Me" }, "pmtiles://x", token);
  valid(style);
  assert.deepEqual(style.sources.own, { type: "raster", url: "pmtiles://x", attribution: "Me" });
  assert.equal(style.layers[1].type, "raster");
});
