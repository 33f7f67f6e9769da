import assert from "node:assert/strict";
import test from "node:test";

import { cell, charts, colouring, columns, facts, knobValue, scored, scoreWords, stateWords, unitWords } from "../../assets/js/analysis/words.mjs";
import { middle } from "../../assets/js/analysis/analysis.mjs";
import { zonesOf } from "../../assets/js/analysis/zones.mjs";
import { less, more, outlines, reshaped } from "../../assets/js/analysis/corners.mjs";
import { unitsOf, unitsOfRows } from "../../assets/js/analysis/units.mjs";
import { parse, format } from "../../assets/js/choices.mjs";

const place = (properties, id = 1) => ({ type: "Feature", id, properties, geometry: { type: "Point", coordinates: [0, 0] } });

test("a run says its state in words, and why nothing of it is shown", () => {
  assert.equal(stateWords({ state: "running", progress: 0.426 }), "42 % done");
  assert.equal(stateWords({ state: "failed", failure: "toy needs 2 points, 1 are given" }), "toy needs 2 points, 1 are given");
  assert.equal(stateWords({ state: "done", told: { words: "x", withheld: "no better than counts" } }), "Withheld: no better than counts");
});

test("levels are coloured by the words of the legend", () => {
  const legend = { n: "Seizures", level: "3 far more, 2 many more, 1 more than chance would give, 0 as chance would, -1 fewer" };
  const { column, classes } = colouring(legend, [place({ n: 1, level: 3 }), place({ n: 2, level: -1 }), place({ n: 2, level: 0 })]);
  assert.equal(column, "level");
  assert.deepEqual(classes.map(({ token, words }) => [token, words]), [["hot3", "far more"], [undefined, "as chance would"], ["cold1", "fewer"]]);
  assert.deepEqual(classes[0].test, ["==", ["get", "level"], 3]);
});

test("a number is coloured in thirds that say their ends, and none is in two", () => {
  const features = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => place({ expected: n, n }));
  const { column, classes } = colouring({ n: "Seizures", expected: "How many are expected" }, features);
  assert.equal(column, "expected");
  assert.deepEqual(classes.map((c) => c.words), ["most: 7 to 9", "middle: 4 to under 7", "least: 1 to under 4"]);
  assert.equal(colouring({ n: "Seizures" }, [place({ n: 3 }), place({ n: 3 })]), undefined, "all alike say nothing by colour");
  assert.equal(colouring({ n: "x" }, [place({ n: null })]), undefined);
});

test("classes in words are coloured by how often they come", () => {
  const { column, classes } = colouring({ class: "new: …; persistent: …" }, [place({ class: "persistent" }), place({ class: "persistent" }), place({ class: "new" }), place({ class: "" })]);
  assert.deepEqual([column, classes.map((c) => c.words)], ["class", ["persistent", "new"]]);
});

test("a table has the legend's columns that hold anything, names first", () => {
  assert.deepEqual(columns({ n: "a", z: "b", unit: "c", q: "d" }, [place({ n: 1, z: null, unit: "x" })]), ["unit", "n"]);
  assert.deepEqual([cell(1234567), cell(0.00123456), cell(null), cell(true), cell(1234.5), cell(1e-9)], ["1,234,567", "0.00123", "", "yes", "1,235", "< 0.0001"]);
});

test("what a map rests on is said: n, window, effort or its lack, score", () => {
  const told = { n: 1200, given: { first: "2026-01-02T00:00:00Z", last: "2026-03-04T00:00:00Z" }, effort: "no effort data", score: { pai: 4.25, words: "better than counts" }, significance: "5 % false finds" };
  assert.deepEqual(facts(told), ["From 1,200 seizures, 2026-01-02 to 2026-03-04", "5 % false finds", "No effort data", "Score: better than counts"]);
  assert.equal(scoreWords({ pai: 4.25, effect_claimed: "none", per: [1] }), "pai 4.25, effect claimed none");
});

test("charts are drawn as series, those of what is withheld are not", () => {
  const [moved] = charts({ charts: [{ kind: "intervals", title: "t", x: ["a"], y: [1], low: [0], high: [2] }, { x: [] }] });
  assert.deepEqual(moved.series, [{ name: "", y: [1] }]);
  assert.deepEqual(charts({ withheld: "no", charts: [{ x: [1], y: [1] }] }), []);
});

test("a cell of a grid is told by its middle, anything else by its name", () => {
  const geometry = { type: "Polygon", coordinates: [[[-98.4, 26], [-98.2, 26], [-98.2, 26.1], [-98.4, 26.1], [-98.4, 26]]] };
  assert.equal(unitWords({ properties: { unit: 2251797699756125 }, geometry }), "26.05 N 98.30 W");
  assert.equal(unitWords({ properties: { unit: "8544c1affffffff" }, geometry }), "26.05 N 98.30 W");
  assert.deepEqual([{ unit: "México–Texas 012" }, { unit: 12 }].map((properties) => unitWords({ properties, geometry })), ["México–Texas 012", "12"]);
});

test("a knob that stands as it does by itself is not told", () => {
  assert.equal(knobValue({ kind: "float", default: 500 }, "500"), undefined);
  assert.equal(knobValue({ kind: "int", default: 1 }, "3"), 3);
  assert.equal(knobValue({ kind: "bool", default: true }, "false"), "false");
});

test("zones of a file are what it says, or words", () => {
  assert.deepEqual(zonesOf('{"type":"Feature","properties":{"role":"operation","name":3},"geometry":null}'), [{ role: "operation", name: "3", geometry: null }]);
  assert.throws(() => zonesOf("{"), /no JSON/);
  assert.throws(() => zonesOf("{}"), /no features/);
});

test("the open analysis is in the address, and a shape has a middle", () => {
  assert.equal(format(parse("?world=exercise&run=12")), "world=exercise&run=12");
  assert.deepEqual(middle({ type: "LineString", coordinates: [[0, 0], [4, 2]] }), [2, 1]);
});

test("a forecast's score stands beside the best of the simple ones", () => {
  const score = { scored: 12, rows: [{ model: "counts of a year", own: false, best_by: ["pai"], pai: [2, 1.5, 2.5], log: [-4, -5, -3] }, { model: "hawkes", own: true, best_by: [], pai: [3, 2.6, 3.5], log: [-3, -4, -2] }] };
  assert.equal(scoreWords(score), "PAI 3 (2.6 to 3.5), best of the simple ones (counts of a year) 2 (1.5 to 2.5), tried on 12 earlier times");
  assert.deepEqual(scored(score), { head: ["model", "PAI", "log"], rows: [["counts of a year", "2 (1.5 to 2.5)", "-4 (-5 to -3)"], ["hawkes (this)", "3 (2.6 to 3.5)", "-3 (-4 to -2)"]] });
  assert.equal(scored({ p: 1 }), undefined);
});

test("units are read from lines and from GeoJSON, and a wrong one is named", () => {
  const north = { name: "North", kind: "patrol", lon: -97.5, lat: 25.95, reach_km: 20, shifts: 2 };
  assert.deepEqual(unitsOf(" North, patrol, -97.50, 25.95, 20, 2\n\n"), [north]);
  const feature = { type: "Feature", geometry: { type: "Point", coordinates: [-97.5, 25.95] }, properties: { name: "North", kind: "patrol", reach_km: 20, shifts: "2" } };
  assert.deepEqual(unitsOf(JSON.stringify({ type: "FeatureCollection", features: [feature] })), [north]);
  assert.throws(() => unitsOf("North, patrol, -97.5, 25.9, 20, 2\nHawk, balloon, 1, 2, 3, 4"), /The 2\. unit/);
  assert.throws(() => unitsOf("North, patrol, -97.5, , 20, 2"), /The 1\. unit/);
  assert.throws(() => unitsOf(JSON.stringify({ ...feature, geometry: { type: "LineString", coordinates: [[1, 2], [3, 4]] } })), /The 1\. unit/);
  assert.throws(() => unitsOf("{"), /no JSON/);
});

test("rows of a form are units, alike ones numbered", () => {
  const row = { name: "", kind: "patrol", count: 2, lon: 1, lat: 2, reach_km: 20, shifts: 3 };
  const told = unitsOfRows([row, { ...row, kind: "drone", count: 1, name: "Hawk" }, { ...row, count: 1 }, { ...row, name: "South" }]);
  assert.deepEqual(told.map((u) => u.name), ["Patrol 1", "Patrol 2", "Hawk", "Patrol 3", "South 1", "South 2"]);
  assert.deepEqual(told[2], { name: "Hawk", kind: "drone", lon: 1, lat: 2, reach_km: 20, shifts: 3 });
});

test("corners move, and the buffer's hole goes with the operation", () => {
  const square = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], wide = [[-1, -1], [2, -1], [2, 2], [-1, 2], [-1, -1]];
  const zones = [{ role: "operation", name: "", geometry: { type: "Polygon", coordinates: [square] } },
    { role: "buffer", name: "near", geometry: { type: "Polygon", coordinates: [wide, [[1, 1], [1, 0], [0, 0], [0, 1], [1, 1]]] } },
    { role: "control", name: "", geometry: { type: "MultiPolygon", coordinates: [[[[5, 5], [6, 5], [6, 6], [5, 5]]], [[[7, 7], [8, 7], [8, 8], [7, 7]]]] } }];
  const found = outlines(zones);
  assert.deepEqual(found.map((o) => [o.zone, o.part, o.ring.length]), [[0, 0, 4], [1, 0, 4], [2, 0, 3], [2, 1, 3]]);
  assert.deepEqual(reshaped(zones, found.map((o) => o.ring)).map((z) => z.geometry.coordinates[0]).slice(0, 2), [[square][0], wide]);
  const rings = found.map((o) => o.ring);
  rings[0] = [[0, 0], [1, 0], [1.5, 1.5], [0, 1]];
  const [operation, buffer, control] = reshaped(zones, rings);
  assert.deepEqual(operation.geometry.coordinates, [[[0, 0], [1, 0], [1.5, 1.5], [0, 1], [0, 0]]]);
  assert.deepEqual(buffer.geometry.coordinates, [wide, [[0, 0], [1, 0], [1.5, 1.5], [0, 1], [0, 0]]]);
  assert.deepEqual(control.geometry, zones[2].geometry);
  assert.deepEqual(more(rings[0], 3).at(-1), [0, 0.5]);
  assert.equal(less(rings[0], 0).length, 3);
  assert.equal(less([[0, 0], [1, 0], [1, 1]], 0).length, 3, "a shape has three corners");
});
