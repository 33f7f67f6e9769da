import assert from "node:assert/strict";
import test from "node:test";
import { streamQuery } from "../../assets/js/choices.mjs";
import { createClock } from "../../assets/js/clock.mjs";
import { followed, onlyMoved } from "../../assets/js/following.mjs";
import { told } from "../../assets/js/known.mjs";
import { createFleet } from "../../assets/js/live/fleet.mjs";
import { createLive, feedWords, rightsOf } from "../../assets/js/live/live.mjs";
import { circle, marksAt, trail, vector } from "../../assets/js/layers/movement_marks.mjs";
import { isDue, spanFor } from "../../assets/js/map/moving.mjs";
import { clockX, pathOf } from "../../assets/js/speed.mjs";

const feed = (standing, world = "live") => ({ world, standing });

test("feeds in a few words, only what is wrong by name", () => {
  assert.deepEqual(feedWords([feed("live"), feed("live"), feed("stale"), feed("off"), feed("dead", "exercise")], "live"), { words: "2 feeds live, 1 stale", wrong: "1 feed stale" });
  assert.deepEqual(feedWords([feed("live")], "live"), { words: "1 feed live", wrong: "" });
  assert.equal(feedWords([feed("off")], "live"), undefined);
  assert.equal(feedWords(null, "live"), undefined);
});

test("a stream is asked what moves, whatever the window", () => {
  assert.equal(streamQuery({ world: "live", from: "a", to: "b", known_at: "c", kind: ["vessel"], drug: ["heroin"], q: "x" }), "world=live&kind=vessel&q=x");
});

test("rights are told apart by what stands before a world's layers", () => {
  assert.deepEqual([rightsOf("ab12,seizures:1@17.5,tracks:40@18.1"), rightsOf("ab12"), rightsOf(undefined)], ["ab12", "ab12", ""]);
});

test("what only moved is told apart from any other change", () => {
  const state = (tracks, seizures = "1@5.0") => `ab,seizures:${seizures},tracks:${tracks}`;
  assert.deepEqual([onlyMoved(state("1@1.5"), state("2@2.5")), onlyMoved(state("1@1.5"), state("2@2.5", "2@6.0")), onlyMoved(state("1@1.5"), state("1@1.5")), onlyMoved("ab", state("1@1"))], [true, false, false, false]);
  assert.equal(onlyMoved("ab,tracks:1@1", "cd,tracks:2@2"), false, "other rights");
});

test("a long window goes on in longer steps", () => {
  assert.deepEqual(followed([0, 7 * 86_400], 0, 7 * 86_400 + 1), [600, 7 * 86_400 + 600]);
});

test("the server's time is told by the message that was under way least, and silence and an end are told on", () => {
  let mono = 100, asked = 0;
  const on = {}, heard = [];
  const live = createLive({
    monotonic: () => mono, local: () => 5,
    make: () => ({ on: (name, f) => { on[name] = f; }, close() { asked -= 1; }, state: {}, ...{ n: (asked += 1) } }),
    told: { changed: (whole) => heard.push(whole), stale: (s) => heard.push(s), revoked: () => heard.push("revoked") },
  });
  assert.equal(live.now(), 5);
  live.ask("world=live", "a");
  on.snapshot({ now: 1000, columns: ["id", "t", "lon", "lat"] });
  on.fixes([[1, 990, 0, 0]]);
  on.whole({});
  mono = 110;
  on.beat({ now: 1012, feeds: [] });
  assert.deepEqual([live.now(), live.on("live"), heard], [1012, true, [true]]);
  mono = 1000;
  assert.equal(live.on("live"), false, "nothing came for long, and no feed is on");
  on.beat({ now: 1902, feeds: [feed("dead")] });
  assert.equal(live.on("live"), true);
  on.status({ stale: true, silentS: 16 });
  on.status({ stale: false, silentS: 0 });
  on.revoked({});
  assert.deepEqual(heard.slice(1), [16, undefined, "revoked"]);
  live.ask("world=live", "a");
  assert.equal(asked, 1, "the same is not asked twice");
  live.ask(undefined);
  assert.deepEqual([asked, live.stream, live.on("live"), live.fleet.size], [0, undefined, false, 0]);
});

test("a time as told in a zone", () => {
  const at = (text, zone) => new Date(1000 * told(text, zone)).toISOString();
  assert.equal(at("2026-11-24T03:12", "UTC"), "2026-11-24T03:12:00.000Z");
  assert.equal(at("2026-11-24T03:12", "America/Chicago"), "2026-11-24T09:12:00.000Z");
  assert.equal(at("2026-07-01T03:12", "America/Chicago"), "2026-07-01T08:12:00.000Z");
  assert.equal(at("2026-11-01T01:30", "America/Chicago"), "2026-11-01T07:30:00.000Z", "of two the later");
  assert.equal(told("2026-03-08T02:30", "America/Chicago"), undefined, "the hour that is left out");
  for (const wrong of ["", "now", "2026-11-24", "2026-13-40T99:00"]) assert.equal(told(wrong, "UTC"), undefined);
});

test("a clock waits for what is not here yet, and goes on where it stood", () => {
  let now = 0, frame, here = false;
  const told_ = [], clock = createClock((at) => told_.push([at, clock.state.waiting]), { now: () => now, frame: (f) => { frame = f; }, reaches: () => here });
  clock.bounds(0, 1e9);
  clock.seek(100);
  clock.speed(100_000);
  clock.play();
  now = 0.1;
  frame();
  assert.deepEqual(told_.at(-1), [100, true]);
  here = true;
  now = 0.2;
  frame();
  assert.deepEqual([Math.round(told_.at(-1)[0]), told_.at(-1)[1]], [10_100, false]);
});

test("a fast clock is given more in hand, and a question is never longer than the server takes", () => {
  const of = (speed, trail) => { const [from, to] = spanFor(1e6, { playing: true, speed }, trail); return to - from; };
  assert.ok(of(1) < of(10_000) && of(100_000) <= 31 * 86_400 && of(100_000, "24h") <= 31 * 86_400);
  const held = { from: 1e6 - 7200, to: 1e6 + 1.2e6 };
  assert.deepEqual([isDue(undefined, 1e6, {}), isDue(held, 1e6, { playing: true, speed: 100_000 }), isDue(held, 2e6, { playing: true, speed: 100_000 }), isDue(held, 1e6, { playing: false, speed: 1 }, "24h")], [true, false, true, true]);
});

const track = (more) => ({ id: 1, kind: "vessel", name: "A", sla_s: 900, gap_s: 1800, speed: 10, course: 90, t: [0, 600], lon: [0, 1], lat: [0, 0], ...more });

test("a live mark stands at its newest place whatever its own clock says, and is hollow without an age while nobody is heard", () => {
  const ahead = marksAt({ tracks: [track({ t: [0, 5000] })] }, 4000, { live: true }).marks[0];
  assert.deepEqual([ahead.geometry.coordinates, ahead.properties.state], [[1, 0], "live"]);
  const silent = marksAt({ tracks: [track()] }, 700, { live: true, silent: true }).marks[0].properties;
  assert.deepEqual([silent.state, silent.age], ["stale", undefined]);
});

test("a vector is where speed and course lead, and only of what is heard and moves", () => {
  const [line] = vector(track(), { lon: 0, lat: 0 }, 6);
  assert.ok(Math.abs(line.geometry.coordinates[1][0] - (10 * 360) / 111_320) < 1e-9);
  const of = (more, at = 650) => marksAt({ tracks: [track(more)] }, at, { live: true, vectorMin: 6 }).vectors.length;
  assert.deepEqual([of(), of({ speed: 0.1 }), of({ speed: null }), of({ course: null }), of({}, 99_999)], [1, 0, 0, 0, 0]);
  assert.equal(marksAt({ tracks: [track()] }, 300, { glide: true, vectorMin: 6 }).vectors.length, 0, "told of another moment");
});

test("a circle of uncertainty is drawn where it can be seen", () => {
  const at = (zoom, accuracy_m = 100) => circle(track({ accuracy_m }), { lon: 0, lat: 0 }, zoom).length;
  assert.deepEqual([at(8), at(14), at(8, 10_000)], [0, 1, 1]);
});

test("a trail is as long as somebody chose", () => {
  const long = track({ t: [0, 600, 1200, 1800], lon: [0, 1, 2, 3], lat: [0, 0, 0, 0] });
  const back = (reach) => Math.min(...trail(long, { lon: 3, lat: 0, t: 1800, seen: 1800, i: 3 }, 1800, false, reach).flatMap((p) => p.geometry.coordinates.map(([x]) => x)));
  assert.deepEqual([back(700), back(1300), trail(long, { lon: 3, lat: 0, t: 1800, seen: 1800, i: 3 }, 1800, false, 0)], [2, 1, []]);
});

test("where a span was thinned only what is told is a silence", () => {
  const thin = track({ t: [0, 4000, 8000, 8100], lon: [0, 1, 2, 3], lat: [0, 0, 0, 0], gaps: [4000], thinned_to: 8000 });
  const gaps = trail(thin, { lon: 3, lat: 0, t: 8100, seen: 8100, i: 3 }, 8100, true, 86_400).filter((p) => p.properties.gap);
  assert.deepEqual(gaps.map((g) => g.geometry.coordinates), [[[2, 0], [1, 0]]]);
});

test("the chart leaves silences empty, and its line is the clock's", () => {
  assert.equal((pathOf([0, 60, 9000, 9060], [1, 2, null, 3], 0, 4, 1800).match(/M/g) ?? []).length, 2);
  assert.deepEqual([clockX(0, 0), clockX(-1, 0), clockX(10_801, 0)], [30, undefined, undefined]);
});

test("an empty fleet is no trouble", () => {
  assert.deepEqual([createFleet().movement().total, createFleet().newest()], [0, -Infinity]);
});
