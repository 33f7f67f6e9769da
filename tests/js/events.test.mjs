import assert from "node:assert/strict";
import test from "node:test";
import { told, within, without } from "../../assets/js/events/events.mjs";
import { bannerWords, lineWords, says, stateWords, when, zoneWords } from "../../assets/js/events/words.mjs";
import { areasOf, gapsOf, pointsOf } from "../../assets/js/layers/events.mjs";

const event = (more = {}) => ({
  id: 1, type: "gap", track: { id: 9, name: "Marisma Azul", kind: "vessel" }, other: null, area: null, started_at: "2026-11-24T08:00:00Z", ended_at: "2026-11-24T15:30:00Z",
  place: { lon: 179.9, lat: 1 }, first_fix: { lon: 179.9, lat: 1 }, last_fix: { lon: -179.9, lat: 1 }, facts: {}, severity: "notice", revision: 1, retracted: false, ...more,
});

test("an event says what happened and when", () => {
  assert.equal(says(event()), "Marisma Azul was silent for 7 h 30 min");
  assert.equal(says(event({ ended_at: null })), "Marisma Azul is silent");
  assert.equal(says(event({ type: "enter", area: { name: "Mouth" }, facts: { line: "warning" } })), "Marisma Azul entered the warning line of Mouth");
  assert.equal(says(event({ type: "encounter", other: { name: "Garza" } })), "Marisma Azul met Garza");
  assert.equal(says(event({ type: "coverage_void", track: null, area: { name: "Mouth" } })), "Nobody in Mouth");
  assert.equal(when(event(), 2026), "24 Nov 08:00 to 24 Nov 15:30 UTC");
  assert.equal(when(event({ ended_at: null }), 2026), "since 24 Nov 08:00 UTC");
});

test("an event lies in a window when it was going on in it", () => {
  const [from, to] = [Date.parse("2026-11-24T12:00:00Z") / 1000, Date.parse("2026-11-24T13:00:00Z") / 1000];
  assert.ok(within(event(), from, to) && within(event({ ended_at: null }), from, to));
  assert.ok(!within(event(), to + 86_400, undefined) && !within(event(), undefined, from - 86_400));
});

test("a newer revision takes the place of an older one, never the other way", () => {
  const rows = told(new Map(), [event({ revision: 2, retracted: true })]);
  assert.equal(told(rows, [event()]).get(1).revision, 2);
  assert.equal(told(rows, [event({ revision: 3 })]).get(1).retracted, false);
});

test("marks: what is withdrawn is struck, what is urgent is red, a silence over the antimeridian takes the short way", () => {
  const images = pointsOf([event(), event({ severity: "critical" }), event({ severity: "critical", retracted: true }), event({ type: "reappearance" })]).features.map((f) => f.properties.image);
  assert.deepEqual(images, ["event-gap", "event-gap-urgent", "event-gap-gone"]);
  assert.deepEqual(gapsOf([event(), event({ ended_at: null }), event({ retracted: true })], 1).features.map((f) => [f.geometry.coordinates[1][0], f.properties.chosen]), [[180.1, true]]);
});

test("an area is its edge, and a warning line where it has one", () => {
  const area = (warning) => ({ id: 3, geometry: { type: "MultiPolygon", coordinates: [] }, properties: { name: "Mouth", critical: true, warning_line: warning } });
  assert.deepEqual(areasOf({ features: [area({ type: "Polygon", coordinates: [] }), area(null)] }).features.map((f) => f.properties.line), ["critical", "warning", "critical"]);
  assert.deepEqual(areasOf(undefined).features, []);
});

const line = (more = {}) => ({ count: 1, ids: [7], severity: "critical", state: "new", retracted: 0, newest: { ...event(), track: "Marisma Azul", area: "Mouth", rule: "Enters", state: "new" }, ...more });

test("one alert says what happened, many what they share", () => {
  assert.equal(lineWords(line()).title, "Marisma Azul was silent for 7 h 30 min");
  assert.deepEqual(lineWords(line({ count: 1200, retracted: 2 })), { title: "1,200 × Enters in Mouth", more: "newest: Marisma Azul was silent for 7 h 30 min; 2 withdrawn" });
  assert.match(lineWords(line({ newest: { ...line().newest, retracted: true } })).more, /^Withdrawn/);
  assert.equal(stateWords(line()), "Not acknowledged");
  const done = { ...line().newest, state: "acknowledged", state_by: "Ana", state_at: "2026-11-24T16:00:00Z", note: "seen" };
  assert.equal(stateWords(line({ state: "acknowledged", newest: done })), "Acknowledged by Ana 16:00 UTC: seen");
});

test("the banner is for emergencies that nobody acknowledged", () => {
  assert.equal(bannerWords([line()]), undefined);
  assert.equal(bannerWords([line({ severity: "emergency", state: "acknowledged" })]), undefined);
  assert.equal(bannerWords([line({ severity: "emergency", count: 3 }), line({ severity: "emergency", count: 2 })]).words, "Emergency: 3 × Enters in Mouth, and 2 more");
});

test("a dark zone says how large it is and what it can have reached", () => {
  assert.equal(zoneWords({ km2: 1234.4, speed_mps: 10, areas: [] }), "It can be anywhere in 1,234 km² at up to 19 kn. It can have reached no watch area.");
  assert.match(zoneWords({ km2: 1, speed_mps: 1, areas: [{ name: "Mouth", share: 0.126, earliest_at: "2026-11-24T16:00:00Z" }] }), /Mouth \(13 % of the zone, 24 Nov 16:00 UTC at the earliest\)/);
});

test("what is gone is in no list", () => {
  const rows = new Map([[1, event()], [2, event({ id: 2 })]]);
  assert.deepEqual([...without(rows, [2, 9]).keys()], [1]);
  assert.deepEqual([...rows.keys()], [1, 2]);
});
