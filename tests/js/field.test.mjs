// Areas taken along: what is asked for, what it weighs, how old it is, when it goes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { areaOf, areaQuery, badge, judgedAt, mayStay, numbersWords, ownerOf, roomWords, sizeOf, untilWords, weight, weightWords } from "../../assets/js/field/areas.mjs";
import { leanParts, leftOut, poor, since, switched } from "../../assets/js/field/lite.mjs";
import { canWork } from "../../assets/js/field/shell.mjs";
import { linesOf, lookedAt, pickedWords } from "../../assets/js/no_link/lines.mjs";

const VIEW = [-99, 25.7, -96.75, 26.75];
const T = Date.parse("2026-11-26T12:00:00Z") / 1000;
const area = { owner: "a", taken_at: "2026-11-26T12:00:00Z", expires_at: "2026-11-27T12:00:00Z", because: "marking", world: "live" };

test("the drawn area goes before the filter's box, and that before what the map shows", () => {
  assert.deepEqual(areaOf({}, VIEW), { of: "view", bbox: VIEW });
  assert.deepEqual(areaOf({ bbox: "-98,26,-97,27" }, VIEW), { of: "filter", bbox: [-98, 26, -97, 27] });
  assert.deepEqual(areaOf({ bbox: "-98,26,-97,27", area: "-98.5 26;-97.5 26.2;-98 26.6" }, VIEW), { of: "drawn", bbox: [-98.5, 26, -97.5, 26.6] });
  assert.deepEqual(areaOf({ area: "nothing" }, VIEW).of, "view");
});

test("the query is the filter in that box, with what is wanted of it", () => {
  const told = areaQuery({ world: "live", drug: ["cocaine"], theme: "sun", at: "2026-01-01T00:00:00Z" }, VIEW, { hours: 24, imageryZoom: 16 });
  assert.equal(told, "world=live&bbox=-99.00000,25.70000,-96.75000,26.75000&drug=cocaine&hours=24&imagery_zoom=16");
  assert.ok(!areaQuery({}, VIEW, { hours: 8 }).includes("imagery"));
});

test("what it weighs is told to the byte where it is known, else with its error", () => {
  const plan = { records_bytes: 100_000, basemap: { files: [{ bytes: 400_000 }, { bytes: 500_000 }] }, imagery: { bytes: 2_000_000, error_bytes: 300_000 } };
  assert.deepEqual(weight(plan), { records: 100_000, basemap: 900_000, imagery: 2_000_000, error: 300_000, total: 3_000_000 });
  assert.equal(weightWords(3_000_000, 300_000), "about 3.0 MB, give or take 300 kB");
  assert.equal(weightWords(weight({ ...plan, imagery: null }).total), "1.0 MB");
  assert.equal(roomWords(1_000_000, { quota: 10_000_000, usage: 1_000_000 }), undefined);
  assert.match(roomWords(9_000_000, { quota: 10_000_000, usage: 1_000_000 }), /room for 9\.0 MB more, and the area weighs 9\.0 MB/);
  assert.equal(roomWords(1e12, undefined), undefined, "a browser that does not say is tried");
});

test("its age, and the hour before it goes", () => {
  assert.deepEqual(badge(area, T + 120), { words: "2 min old", level: "fresh" });
  assert.deepEqual(badge(area, T + 7 * 3600), { words: "7 h old", level: "old" });
  assert.deepEqual(badge(area, T + 23.5 * 3600), { words: "23 h 30 min old, gone in 30 min", level: "ends" });
  assert.deepEqual(badge(area, T + 24 * 3600), { words: "over", level: "ends" });
  assert.equal(untilWords(area, T), "until 27 Nov 12:00 UTC, as its marking allows");
});

test("what is over goes, what is another person's goes, and a clock put back makes nothing younger", () => {
  assert.ok(mayStay(area, T + 1, "a") && mayStay(area, T + 1, undefined));
  assert.ok(!mayStay(area, T + 1, "b"));
  assert.ok(!mayStay(area, T + 86_400, "a"));
  const seen = judgedAt(T + 86_400, T);
  assert.ok(!mayStay(area, judgedAt(T - 3600, seen), "a"));
  assert.equal(judgedAt(T, undefined), T);
});

test("an owner is told apart and not told", async () => {
  const [a, b, c] = await Promise.all([ownerOf({ kind: "person", name: "eva" }, "https://x"), ownerOf({ kind: "person", name: "ana" }, "https://x"), ownerOf({ kind: "person", name: "eva" }, "https://y")]);
  assert.equal(new Set([a, b, c]).size, 3);
  assert.match(a, /^[0-9a-f]{64}$/);
});

test("words of what is in it", () => {
  assert.equal(numbersWords({ seizures: 1, tracks: 1200, images: 3, lines: false }, true), "1 seizure, 1,200 tracks (a place each, no lines), 3 images");
  assert.equal(numbersWords({ seizures: 0, tracks: 0, images: 0, lines: false }), "0 seizures, 0 tracks");
  assert.equal(sizeOf([0, 0, 1, 1]), "111 × 111 km");
});

test("a worker only where a browser allows one", () => {
  assert.ok(!canWork({ isSecureContext: false, navigator: { serviceWorker: {} } }));
  assert.ok(!canWork({ isSecureContext: true, navigator: {} }));
  assert.ok(canWork({ isSecureContext: true, navigator: { serviceWorker: {} } }));
});

const track = { id: 7, kind: "vessel", name: "Ana", gap_s: 3600, gaps: [], t: [0, 60, 120, 10_000, 10_060, 10_120], lon: [1, 2, 3, 4, 179.9, -179.9], lat: [0, 0, 0, 0, 0, 0] };

test("lines are broken where a track was silent and at 180 degrees", () => {
  assert.deepEqual(linesOf({ tracks: [track] }).map((f) => f.geometry.coordinates.map((c) => c[0])), [[1, 2, 3], [4, 179.9]]);
  assert.deepEqual(linesOf(undefined), []);
});

test("what was tapped, with its age at the time it is looked at", () => {
  const records = { seizures: { id: [3], drug: ["cocaine"], kg: [12.5], t: [T] }, movement: { tracks: [track] } };
  assert.equal(pickedWords(records, { seizure: 3 }, T), "Seizure 3: cocaine, 12.5 kg, 26 Nov 12:00 UTC");
  assert.equal(pickedWords(records, { track: 7 }, 10_180), "Ana, vessel: last heard of 1 Jan 02:48 UTC, 1 min ago");
  assert.equal(pickedWords(records, { track: 8 }, T), "");
  assert.equal(lookedAt(area, T + 5), T + 5);
  assert.equal(lookedAt({ world: "exercise", tracks_to: "2026-11-26T12:00:00Z" }, T + 5), T);
});

test("lite is chosen by itself where data is to be saved or the link is slow, and nowhere else", () => {
  assert.equal(poor({ saveData: true, effectiveType: "4g" }), "this device is set to save data");
  assert.equal(poor({ effectiveType: "2g" }), "the link is slow (2g)");
  assert.equal(poor({ effectiveType: "slow-2g" }), "the link is slow (slow-2g)");
  for (const told of [{ effectiveType: "3g" }, { saveData: false }, undefined]) assert.equal(poor(told), undefined);
});

test("switched on, what is heavy is off and can be asked for; switched off, what is usual is on", () => {
  const on = switched({}, true);
  assert.deepEqual(on, { lite: "1", layers: "events,notes,movements,seizures,-hotspots,-imagery,-sections,-coverage" });
  assert.ok(leftOut(on, "imagery") && leftOut(on, "hotspots") && !leftOut(on, "movements"));
  const asked = { ...on, layers: on.layers.replace("-hotspots", "hotspots") };
  assert.ok(!leftOut(asked, "hotspots"));
  assert.deepEqual(switched(asked, false), { lite: "0", layers: undefined });
  assert.ok(!leftOut({ layers: "-imagery" }, "imagery"), "off and not lite: it is asked for, as ever");
  assert.equal(switched({ layers: "seizures:0.5,imagery" }, true).layers, "events,seizures:0.5,-imagery,-notes,-movements,-hotspots,-sections,-coverage");
});

test("a lean basemap has no relief and no rivers, and draws the coarser coast on and on", () => {
  const coast = [{ file: "a", from: 0, to: 4 }, { file: "b", from: 4, to: 7 }, { file: "c", from: 7, to: 24 }];
  const lean = leanParts({ layers: { coast, borders: coast, rivers: coast }, relief: "r.pmtiles", attribution: ["x"] });
  assert.deepEqual(lean, { layers: { coast: [coast[0], { file: "b", from: 4, to: 24 }], borders: coast }, relief: null, attribution: ["x"] });
  assert.deepEqual(leanParts({ layers: { land: [coast[0]] }, relief: null }).layers.land, [coast[0]]);
  assert.deepEqual(leanParts(undefined), { layers: {}, relief: null });
});

test("what came since a moment, and nothing from before it", () => {
  assert.equal(since([{ startTime: 1, transferSize: 900 }, { startTime: 5, transferSize: 700 }, { startTime: 6 }, { startTime: 7, transferSize: 0 }], 5), 700);
});
