import assert from "node:assert/strict";
import { test } from "node:test";

import { silentWords } from "../../assets/js/screens.mjs";
import { alarmOf, alarmWords, stopwatch } from "../../assets/js/wall/alarm.mjs";
import { clearOf } from "../../assets/js/wall/camera.mjs";
import { choicesOf, createTurn, viewOf, viewsOf } from "../../assets/js/wall/playlist.mjs";
import { isDim, reloadWhy, sendBeat, skewWords, tooMuch } from "../../assets/js/wall/proof.mjs";
import { replay, shownAt } from "../../assets/js/wall/replay.mjs";
import { columnFor, pxFor, unitOf } from "../../assets/js/wall/sizes.mjs";
import { createSound } from "../../assets/js/wall/sound.mjs";
import { iso } from "../../assets/js/times.mjs";

const at = (diagonal_in, distance_m, width = 1920, height = 1080) => ({ diagonal_in, distance_m, width, height });

test("letters are as large as the formula says", () => {
  for (const [minutes, screen, px] of [[16, at(55, 5), 53], [20, at(55, 5), 66], [35, at(55, 5), 115], [16, at(65, 5), 45], [16, at(85, 5), 34], [16, at(55, 8), 85], [20, at(55, 8), 106],
    [16, at(55, 5, 3840, 2160), 106], [20, at(55, 5, 3840, 2160), 132], [16, at(98, 8, 3840, 2160), 95]]) {
    const found = pxFor(minutes, screen);
    assert.ok(Math.abs(found - px) < 1, `${found} of ${px}`);
  }
  assert.ok(Math.abs(unitOf(at(55, 5)) - 1) < 0.01);
  // Twice as far, twice as large; an ultrawide picture of the same diagonal is less high, so its letters take more of its lines.
  assert.ok(Math.abs(pxFor(20, at(55, 10)) / pxFor(20, at(55, 5)) - 2) < 1e-3);
  assert.ok(pxFor(20, at(49, 3, 3440, 1440)) / 1440 > pxFor(20, at(49, 3, 2560, 1440)) / 1440);
});

test("what has no room is left out in order, and never more than fifteen texts", () => {
  const all = columnFor({ units: 1080, zones: 1, texts: 4, stale: false });
  assert.deepEqual(all, { zones: 1, figures: 3, feeds: true, words: true });
  for (const units of [300, 500, 700, 900, 1080, 1600, 3000]) {
    for (const zones of [0, 1, 2, 4]) {
      for (const texts of [0, 4, 6, 8]) {
        for (const stale of [false, true]) {
          const shown = columnFor({ units, zones, texts, stale });
          const n = texts + 1 + 1 + shown.zones + (shown.figures ? 2 * shown.figures + (shown.figures > 1) : 0);
          assert.ok(n <= 15, `${n} texts of ${JSON.stringify([units, zones, texts])}`);
          const high = 88 + 81 * (1 + shown.zones) + (shown.figures ? 42 + 212 * shown.figures : 0) + (shown.feeds ? 60 : 0) + (shown.words ? 83 : 0) + (stale ? 118 : 0);
          assert.ok(high <= Math.max(units, 88 + 81 + (stale ? 118 : 0)), `${high} of ${units}`);
          assert.ok(shown.zones <= zones);
        }
      }
    }
  }
  assert.ok(columnFor({ units: 400, zones: 4, texts: 4 }).zones >= 1 && columnFor({ units: 400, zones: 4, texts: 4 }).figures === 0);
});

test("a place stands in the middle of what is free", () => {
  const [lon, lat] = clearOf([-97, 26], 8, { left: 600, right: 100, top: 0, bottom: 0 });
  assert.ok(lon < -97 && Math.abs(lat - 26) < 1e-9);
  const px = (360 / (512 * 2 ** 8)) * 250;
  assert.ok(Math.abs(lon + 97 + px) < 1e-9);
  assert.ok(clearOf([0, 60], 4, { left: 0, right: 0, top: 200, bottom: 0 })[1] > 60);
});

test("a playlist is of the screen's world, without what is gone, and without any the data's own views", () => {
  const told = { turn_s: 20, views: [{ name: "Border", bounds: [0, 0, 1, 1], places: [] }], playlist: [
    { state: "world=live&drug=cocaine&camera=8.6/26.15/-97.9&theme=light&follow=1", world: "live", name: "Ports", turn_s: 40 },
    { gone: "The view 7 was deleted, or is not for this screen", name: "Old" }, { state: "world=exercise", world: "exercise" },
  ] };
  const { views, gone } = viewsOf(told, [], "live");
  assert.deepEqual([views.length, gone, views[0].name, views[0].turnS, views[0].center, views[0].zoom], [1, 1, "Ports", 40, [-97.9, 26.15], 8.6]);
  assert.deepEqual(views[0].choices, { world: "live", drug: ["cocaine"] });
  assert.equal(viewsOf({ ...told, playlist: [told.playlist[1]] }, [], "live").views[0].name, "Border");
  assert.deepEqual(viewsOf({ ...told, playlist: [] }, [{ name: "All", bounds: [1, 1, 2, 2] }], "live").views.map((v) => [v.name, v.turnS]), [["All", 20]]);
});

test("a view's window goes on with now, and one of a past moment stands there and says so", () => {
  const moving = viewOf({ state: "world=live&from=2026-11-01T00:00:00Z&to=2026-11-03T00:00:00Z" }, 20);
  const edge = Date.parse("2026-11-26T12:00:30Z") / 1000, choices = choicesOf(moving, edge, iso);
  assert.deepEqual([choices.from, choices.to, choices.at], ["2026-11-24T12:01:00Z", "2026-11-26T12:01:00Z", undefined]);
  assert.ok("drug" in choices && choices.drug === undefined, "what the view before had is taken away");
  const past = viewOf({ state: "world=live&from=2026-11-01T00:00:00Z&to=2026-11-03T00:00:00Z&at=2026-11-02T00:00:00Z" }, 20);
  assert.deepEqual([choicesOf(past, edge, iso).to, choicesOf(past, edge, iso).at, past.stands], ["2026-11-03T00:00:00Z", "2026-11-02T00:00:00Z", Date.parse("2026-11-02T00:00:00Z") / 1000]);
});

test("the turn waits while it is held, goes on where it was, and a clock set back does nothing", () => {
  const turn = createTurn(), tick = (s, held = false) => turn.tick(s, { held, turnS: 10, number: 3 });
  assert.deepEqual([tick(0), tick(6), tick(8, true), tick(900, true), tick(901), tick(903)], [false, false, false, false, false, false]);
  assert.equal(tick(904), true);
  turn.go(turn.at + 1, 3);
  assert.deepEqual([turn.at, turn.spentS, tick(913), tick(900)], [1, 0, false, false]);
  turn.go(3, 3);
  assert.equal(turn.at, 0);
  assert.equal(turn.tick(2000, { held: false, turnS: 10, number: 1 }), false, "one view does not turn");
});

const line = (id, more = {}, newest = {}) => ({ ids: [id], count: 1, retracted: 0, severity: "critical", state: "new", ...more,
  newest: { type: "gap", track: "Marisma Azul", ended_at: null, lon: -97, lat: 26, raised_at: "2026-11-26T12:00:00Z", state_at: "2026-11-26T12:00:00Z", ...newest } });
const NOON = Date.parse("2026-11-26T12:02:10Z") / 1000;

test("an alarm waits until somebody has seen it, stays in sight a while, and the rest is counted", () => {
  assert.equal(alarmOf([], NOON), undefined);
  assert.equal(alarmOf([line(1, { severity: "warning" })], NOON), undefined);
  assert.equal(alarmOf([line(1, { retracted: 1 })], NOON), undefined, "what did not happen is no alarm");
  const found = alarmOf([line(3, { severity: "emergency" }), line(2, { count: 400 })], NOON);
  assert.deepEqual([found.waits, found.key, found.more], [true, "3", 400]);
  assert.deepEqual(alarmWords(found, NOON, false), ["Marisma Azul is silent", "Not acknowledged 2:10, 400 more"]);
  assert.deepEqual(alarmWords({ ...found, more: 0 }, NOON, true)[1], "Not acknowledged 2:10, Sound blocked");
  const seen = alarmOf([line(3, { state: "acknowledged" }, { state_at: "2026-11-26T12:01:00Z" })], NOON);
  assert.deepEqual([seen.waits, alarmWords(seen, NOON, true)], [false, ["Marisma Azul is silent, acknowledged 12:01", ""]]);
  assert.equal(alarmOf([line(3, { state: "acknowledged" })], NOON + 3600), undefined);
  assert.deepEqual([stopwatch(-1), stopwatch(59), stopwatch(3730)], ["0:00", "0:59", "1:02:10"]);
});

test("a page begins anew at a quiet moment, and never trades the last picture for none", () => {
  const why = (more) => reloadWhy({ stale: false, alarm: false, ...more });
  assert.deepEqual([why({}), why({ build: true }), why({ memory: true }), why({ ordered: true, alarm: true })], [undefined, "a new build", "memory", "ordered"]);
  assert.deepEqual([why({ build: true, alarm: true }), why({ memory: true, alarm: true }), why({ build: true, stale: true }), why({ contextLostS: 60, stale: true })], [undefined, undefined, undefined, undefined]);
  assert.deepEqual([why({ contextLostS: 9 }), why({ contextLostS: 10, alarm: true })], [undefined, "the picture was lost"]);
  assert.deepEqual([tooMuch(undefined), tooMuch({ usedJSHeapSize: 1e8, jsHeapSizeLimit: 4e9 }), tooMuch({ usedJSHeapSize: 1.6e9, jsHeapSizeLimit: 4e9 }), tooMuch({ usedJSHeapSize: 9e8, jsHeapSizeLimit: 1e9 })], [false, false, true, true]);
});

test("a machine's clock that is wrong is told, and when the map is dimmed", () => {
  assert.deepEqual([skewWords(1.9), skewWords(-2.4), skewWords(7200), skewWords(-300)], ["", "Clock here 2 s fast", "Clock here 2 h slow", "Clock here 5 min fast"]);
  const at = (h, m = 0) => 60 * h + m;
  assert.deepEqual([isDim("22:00-06:00", at(23)), isDim("22:00-06:00", at(5, 59)), isDim("22:00-06:00", at(6)), isDim("01:00-02:00", at(1)), isDim(undefined, 1), isDim("25", 1)], [true, true, false, true, false, false]);
});

test("a beat hears that the screen is signed out, and a silent server is no word", async () => {
  const answer = (status, body) => async () => ({ status, ok: status < 400, json: async () => body });
  assert.deepEqual(await sendBeat({}, { get: answer(200, { version: 3, reload: 0 }) }), { version: 3, reload: 0 });
  assert.deepEqual(await sendBeat({}, { get: answer(401) }), { gone: true });
  assert.equal(await sendBeat({}, { get: answer(503) }), undefined);
  assert.equal(await sendBeat({}, { get: async () => { throw new TypeError("gone"); } }), undefined);
});

test("a sound comes once for an alarm and again after half a minute; kept silent by the browser, that is said", () => {
  let now = 0, made = 0;
  const part = () => ({ frequency: {}, gain: { setValueAtTime() {}, linearRampToValueAtTime() {} }, connect: (next) => next, start() { made += 1; }, stop() {}, disconnect() {} });
  class Context {
    constructor() { this.state = Context.first; this.currentTime = 0; this.destination = {}; }
    resume() { return Promise.resolve(); }
    createOscillator() { return part(); }
    createGain() { return part(); }
  }
  Context.first = "running";
  const sound = createSound({ Context, monotonic: () => now });
  assert.deepEqual([sound.state, sound.alarm("1"), made, sound.alarm("1"), sound.state], ["blocked", true, 3, false, "on"]);
  now = 31;
  assert.equal(sound.alarm("1"), true);
  assert.equal(sound.alarm("2"), true, "another alarm sounds at once");
  assert.equal(sound.alarm(undefined), false);
  assert.equal(sound.alarm("2"), true, "and so does one that comes back");
  Context.first = "suspended";
  const kept = createSound({ Context, monotonic: () => now });
  made = 0;
  assert.deepEqual([kept.alarm("1"), made, kept.blocked, kept.state], [false, 0, true, "blocked"]);
  assert.equal(createSound({ Context: undefined, monotonic: () => now }).state, "none");
});

test("a day is played in fifteen seconds, and then it is live again", () => {
  assert.deepEqual([shownAt(100_000, 0), shownAt(100_000, 7.5), shownAt(100_000, 99)], [13_600, 56_800, 100_000]);
  const clock = { now: 0 }, told = [];
  const view = { asOf: ({ at }) => told.push(at), setClock() {} };
  const state = replay({ view, edge: 100_000, ended() {}, monotonic: () => clock.now });
  assert.deepEqual([state.on, told], [true, [13_600]]);
  state.stop();
  assert.equal(state.on, false);
});

test("screens that fell silent are an alarm for whoever keeps them", () => {
  assert.equal(silentWords([]), undefined);
  assert.deepEqual(silentWords([{ name: "East <b>", silent_s: 130 }]), { word: "Screen East <b> silent for 2 min", told: "East <b> silent for 2 min" });
  assert.equal(silentWords([{ name: "A", silent_s: null }, { name: "B", silent_s: 70 }]).word, "2 screens silent");
});
