import assert from "node:assert/strict";
import { test } from "node:test";
import { featuresAt, lookAt, marksOf } from "../../assets/js/layers/videos.mjs";
import { covers, inStep, stepFor } from "../../assets/js/videos/sync.mjs";

const film = { from: 1000, to: 1060 };
const looks = {
  t: [1000, 1000.5, 1001], sensor: [[0, 0], null, [0, 2]], centre: [[1, 0], [1, 1], null], heading_deg: [90, null, 0],
  footprint: [[[0, 0], [1, 0], [1, 1], [0, 0]], null, null],
};

/** What a video element is to us. */
function element({ currentTime = 0, readyState = 4 } = {}) {
  const heard = {};
  return {
    currentTime, readyState, seeking: false, ended: false, error: null, playbackRate: 1, paused: true, did: [],
    addEventListener: (name, act) => { heard[name] = act; }, removeEventListener: (name) => { delete heard[name]; },
    async play() { this.did.push("play"); this.paused = false; }, pause() { this.did.push("pause"); this.paused = true; },
    tell(name) { heard[name]?.(); }, heard,
  };
}

function clockOf(did = []) {
  return { did, seek: (at) => did.push(["seek", at]), play: () => did.push("play"), pause: () => did.push("pause"), speed: (v) => did.push(["speed", v]) };
}

test("a film that stands goes where the clock stands, and no further than its ends", () => {
  const still = { currentTime: 0, seeking: false };
  assert.deepEqual(stepFor(film, { at: 1012.5, playing: false, speed: 600 }, still), { play: false, rate: 1, seek: 12.5 });
  assert.equal(stepFor(film, { at: 5000, playing: false, speed: 1 }, still).seek, 60);
  assert.equal(stepFor(film, { at: 10, playing: false, speed: 1 }, { currentTime: 3, seeking: false }).seek, 0);
  assert.equal(stepFor(film, { at: 1012.5, playing: false, speed: 1 }, { currentTime: 12.49, seeking: false }).seek, undefined, "half a picture is near enough");
  assert.equal(stepFor(film, { at: 1012.5, playing: false, speed: 1 }, { currentTime: 0, seeking: true }).seek, undefined, "one seek at a time");
  assert.deepEqual(stepFor(film, { at: undefined, playing: false, speed: 1 }, still), { play: false, rate: 1, seek: undefined }, "live has no moment");
});

test("it plays with a clock that runs as fast as browsers can, and goes in steps with a faster one", () => {
  const at = { currentTime: 10.1, seeking: false };
  assert.deepEqual(stepFor(film, { at: 1010, playing: true, speed: 2 }, at), { play: true, rate: 2, seek: undefined });
  assert.deepEqual(stepFor(film, { at: 1010, playing: true, speed: 600 }, at), { play: false, rate: 1, seek: 10 });
  assert.equal(stepFor(film, { at: 1012, playing: true, speed: 1 }, at).seek, 12, "what drifted is put right");
  assert.equal(stepFor(film, { at: 1100, playing: true, speed: 1 }, at).play, false, "after its end it stands");
  assert.ok(covers(film, 1000) && covers(film, 1060) && !covers(film, 999.9) && !covers(film, undefined));
});

test("what the clock does to the film does not come back to the clock", () => {
  const video = element(), clock = clockOf();
  const step = inStep(video, film, clock);
  step.follow({ at: 1020, playing: false, speed: 1 });
  assert.equal(video.currentTime, 20);
  video.tell("seeking");
  video.tell("seeked");
  step.follow({ at: 1020, playing: true, speed: 2 });
  video.tell("ratechange");
  video.tell("play");
  step.follow({ at: 1020.5, playing: false, speed: 2 });
  video.tell("pause");
  assert.deepEqual([clock.did, video.did, video.playbackRate], [[], ["play", "pause"], 1]);
});

test("what a person does to the film moves the clock", () => {
  const video = element(), clock = clockOf();
  const step = inStep(video, film, clock);
  video.currentTime = 30;
  video.tell("seeking");
  assert.deepEqual(clock.did.splice(0), [["seek", 1030]]);
  video.tell("play");
  assert.deepEqual(clock.did.splice(0), [["speed", 1], ["seek", 1030], "play"]);
  video.playbackRate = 4;
  video.tell("ratechange");
  video.tell("pause");
  assert.deepEqual(clock.did.splice(0), [["speed", 4], "pause"]);
  video.currentTime = 60;
  video.tell("play");
  assert.deepEqual(clock.did.splice(0), [["speed", 4], ["seek", 1000], "play"], "from its end it begins again");
  step.stop();
  assert.deepEqual(Object.keys(video.heard), []);
});

test("the clock waits for a film that is not here yet, and only while it plays", () => {
  const video = element({ readyState: 1 }), step = inStep(video, film, clockOf());
  assert.equal(step.reaches(1010), true);
  step.follow({ at: 1010, playing: true, speed: 1 });
  assert.deepEqual([step.reaches(1010), step.reaches(2000)], [false, true]);
  video.readyState = 4;
  assert.equal(step.reaches(1010), true);
  video.readyState = 0;
  video.error = { code: 4 };
  assert.equal(step.reaches(1010), true, "one that can't be played holds nothing up");
});

test("the newest look is shown, and none that is too old", () => {
  assert.deepEqual([999.9, 1000, 1000.7, 1002.9, 1003.1].map((at) => lookAt(looks.t, at)), [-1, 0, 1, 2, -1]);
  assert.equal(lookAt([], 1), -1);
});

test("what is not told is not drawn", () => {
  const parts = (at) => featuresAt(looks, at).features.map((f) => f.properties.part);
  assert.deepEqual(parts(1000), ["seen", "line", "centre", "sensor"]);
  assert.deepEqual(parts(1000.5), ["centre"]);
  assert.deepEqual(parts(1001), ["way", "sensor"]);
  assert.deepEqual([parts(900), featuresAt(undefined, 1000).features, featuresAt(looks, undefined).features], [[], [], []]);
  assert.equal(featuresAt(looks, 1000).features.at(-1).properties.turn, 90);
  assert.deepEqual(marksOf([{ id: 3, place: { type: "Point", coordinates: [1, 2] } }, { id: 4, place: null }]).features.map((f) => f.properties.id), [3]);
});
