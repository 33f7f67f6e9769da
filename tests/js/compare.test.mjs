import assert from "node:assert/strict";
import test from "node:test";
import { next } from "../../assets/js/compare/candidates.mjs";
import { link } from "../../assets/js/compare/linked.mjs";
import { bounds, overlap } from "../../assets/js/compare/overlap.mjs";
import { lookWords } from "../../assets/js/compare/panel.mjs";
import { stepped } from "../../assets/js/compare/stage.mjs";
import { partners } from "../../assets/js/compare/with.mjs";
import { candidateWords, foundWords, modeOf, movedWords, pairOf, sample, shareOf, shareWords, taken } from "../../assets/js/compare/words.mjs";
import { address, hoursOf, lookedWords } from "../../assets/js/layers/coverage.mjs";
import { knownWords, veilWords } from "../../assets/js/legend.mjs";

const box = (w, s, e, n) => ({ type: "Polygon", coordinates: [[[w, s], [e, s], [e, n], [w, n], [w, s]]] });
const EARLIER = { id: 7, name: "a.tif", sortie: "SORTIE8", captured_at: "2025-11-13T20:14:00Z", gsd_m: 5 };
const LATER = { id: 15, name: "b.tif", sortie: null, captured_at: "2026-11-24T13:10:00Z", gsd_m: 0.08 };

test("outlines overlap by a corner, a crossing or whole, and not by their boxes alone", () => {
  assert.ok(overlap(box(0, 0, 2, 2), box(1, 1, 3, 3)));
  assert.ok(overlap(box(0, 0, 4, 4), box(1, 1, 2, 2)) && overlap(box(1, 1, 2, 2), box(0, 0, 4, 4)));
  assert.ok(overlap(box(0, 1, 4, 2), box(1, 0, 2, 4)), "a cross has no corner inside of the other");
  assert.ok(overlap(box(0, 0, 1, 1), box(0, 0, 1, 1)), "the same outline");
  const slanted = { type: "Polygon", coordinates: [[[0, 0], [4, 4], [3.8, 4.2], [-0.2, 0.2], [0, 0]]] };
  assert.ok(!overlap(slanted, box(3, 0, 4, 1)), "within its box, beside it");
  assert.ok(!overlap(box(0, 0, 1, 1), { type: "Point", coordinates: [0.5, 0.5] }), "a frame that nobody knows the lie of");
  assert.ok(overlap({ type: "MultiPolygon", coordinates: [box(9, 9, 10, 10).coordinates, box(0, 0, 1, 1).coordinates] }, box(0.5, 0.5, 2, 2)));
  assert.deepEqual(bounds(box(0, 1, 2, 3), box(-1, 2, 1, 5)), [-1, 1, 2, 5]);
  assert.equal(bounds({ type: "Point", coordinates: [1, 2] }), undefined);
});

test("partners share ground, lie on the map, and come newest first", () => {
  const row = (id, shape, at, more) => ({ id, footprint: shape, captured_at: at, on_tiles: true, ...more });
  const me = row(1, box(0, 0, 1, 1), "2026-11-01T00:00:00Z");
  const found = partners(me, [me, row(2, box(0.5, 0, 2, 1), "2026-10-01T00:00:00Z"), row(3, box(0, 0, 1, 1), "2026-11-20T00:00:00Z"), row(4, box(0, 0, 1, 1), "2026-11-21T00:00:00Z", { on_tiles: false }), row(5, box(3, 3, 4, 4), "2026-11-22T00:00:00Z")]);
  assert.deepEqual(found.map((r) => r.id), [3, 2]);
});

test("what an address says of a comparison is taken as it can be", () => {
  assert.deepEqual(pairOf("12,15"), [12, 15]);
  for (const wrong of [undefined, "", "12", "12,12", "a,b", "1,2,3", "-1,2"]) assert.equal(pairOf(wrong), undefined);
  assert.deepEqual([undefined, "", "x", "0.25", "-3", "9"].map(shareOf), [0.5, 0.5, 0.5, 0.25, 0, 1]);
  assert.deepEqual(["blink", "toString", undefined].map(modeOf), ["blink", "swipe", "swipe"]);
});

test("times say their year, ground samples their unit, offsets their way and error", () => {
  assert.equal(taken(EARLIER), "13 Nov 2025 20:14 UTC");
  assert.deepEqual([5, 0.08, 0.671, null].map(sample), ["5.0 m", "8 cm", "67 cm", ""]);
  assert.equal(movedWords(undefined), "not moved");
  const offset = { east_m: 2.04, north_m: -1.5, error_m: 0.21, score: 0.873 };
  assert.equal(movedWords(offset), "moved 2.0 m east, 1.5 m south (±\u00a00.2\u00a0m)");
  assert.match(foundWords(offset, EARLIER), /onto SORTIE8\. Likeness 0\.87 of 1/);
  assert.equal(shareWords(0.6, EARLIER, LATER), "60 % SORTIE8 of 13 Nov 2025 20:14 UTC on the left, 40 % b.tif of 24 Nov 2026 13:10 UTC on the right");
  assert.deepEqual(candidateWords({ score: 0.823, area_m2: 1234.4, brighter: 0.2 }), { score: "0.82", area: "1,234 m²", how: "darker" });
  assert.equal(lookWords({ made_at: "2026-11-26T08:38:00Z", open: 1, accepted: 0, rejected: 0 }), "26 Nov 08:38 UTC: 1 found, none decided");
  assert.equal(lookWords({ made_at: "2026-11-26T08:38:00Z", open: 6, accepted: 1, rejected: 1 }), "26 Nov 08:38 UTC: 8 found, 1 accepted, 1 rejected");
});

test("keys move the divider within its ends, and through candidates within theirs", () => {
  assert.deepEqual([stepped(0.5, "ArrowLeft"), stepped(0.5, "ArrowRight", true), stepped(0.99, "PageUp"), stepped(0.3, "Home"), stepped(0.3, "End"), stepped(0.3, "x")], [0.48, 0.6, 1, 0, 1, undefined]);
  assert.deepEqual([next([3, 5, 8], undefined, 1), next([3, 5, 8], 5, 1), next([3, 5, 8], 8, 1), next([3, 5, 8], 3, -1), next([], 1, 1)], [3, 8, 8, 3, undefined]);
});

test("linked maps follow each other and never themselves", () => {
  const made = (name) => ({
    name, at: [0, 0], jumps: 0, heard: {},
    on(type, f) { this.heard[type] = f; },
    off(type) { delete this.heard[type]; },
    getCenter() { return this.at; }, getZoom: () => 9, getBearing: () => 0, getPitch: () => 0,
    jumpTo({ center }) {
      this.at = center;
      this.jumps += 1;
      for (const type of ["move", "moveend"]) this.heard[type]?.(); // the library tells of it before it returns
    },
  });
  const one = made("one"), other = made("other");
  one.at = [3, 3];
  const unlink = link(one, other);
  assert.deepEqual([other.at, one.jumps, other.jumps], [[3, 3], 0, 1]);
  other.at = [5, 5];
  other.heard.move();
  assert.deepEqual([one.at, one.jumps, other.jumps], [[5, 5], 1, 1]);
  unlink();
  assert.deepEqual([one.heard, other.heard], [{}, {}]);
});

test("the veil is asked by the minute and by nothing that does not change it", () => {
  const at = Date.parse("2026-11-24T13:10:05Z") / 1000;
  assert.equal(address({ world: "exercise", drug: ["ats"], from: "x", veil: "72" }, at), "/api/tiles/coverage/{z}/{x}/{y}.mvt?world=exercise&hours=72&at=2026-11-24T13:11:00Z");
  assert.equal(address({ world: "live" }, at), address({ world: "live", sel: "track:1" }, at + 50));
  assert.deepEqual([undefined, "6", "5", "168"].map(hoursOf), [24, 6, 24, 168]);
  assert.deepEqual([knownWords(undefined, 5), knownWords("2026-11-24T00:00:00Z", 9)], [undefined, undefined]);
  assert.match(knownWords("2026-11-24T00:00:00Z", 8), /from afar only of up to 20,000 track-hours/);
  assert.deepEqual([veilWords(168, 8), veilWords(24, 4)], ["Not looked at for 7 d", "Looked at: told from closer by"]);
});

test("who looked last at a place is said with time, name and ground sample", () => {
  const edge = Date.parse("2026-11-24T14:00:00Z") / 1000, here = { lon: -97.18, lat: 26.062 };
  const look = { how: "image", at: "2026-11-24T13:10:00Z", name: "x.tif", sortie: "SORTIE5", gsd_m: 0.08 };
  assert.equal(lookedWords({ ...here, looks: [look] }, edge), "26.0620 N 97.1800 W: last seen 13:10 UTC by image SORTIE5 (8 cm)");
  assert.equal(lookedWords({ ...here, looks: [{ ...look, at: "2026-11-20T13:10:00Z", sortie: null }] }, edge), "26.0620 N 97.1800 W: last seen 20 Nov 13:10 UTC by image x.tif (8 cm)");
  assert.equal(lookedWords({ ...here, looks: [{ how: "track", at: "2026-01-20T13:10:00Z", name: "Patrol 7", gsd_m: null }] }, edge), "26.0620 N 97.1800 W: last seen 20 Jan 2026 13:10 UTC by Patrol 7, passing");
  assert.equal(lookedWords({ ...here, looks: [{ how: "video", at: "2026-11-24T13:10:00Z", name: "Creek flight", sortie: "S1", gsd_m: null }] }, edge), "26.0620 N 97.1800 W: last seen 13:10 UTC by film Creek flight");
  assert.equal(lookedWords({ ...here, looks: [] }, edge), "26.0620 N 97.1800 W: not seen in the last 366 days");
});
