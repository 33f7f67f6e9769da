import assert from "node:assert/strict";
import test from "node:test";
import { follow, followed, worldOf } from "../../assets/js/following.mjs";

test("a window that reached the edge keeps its length and follows, on whole minutes", () => {
  assert.deepEqual(followed([0, 600], 580, 700), [120, 720]);
  assert.deepEqual(followed([0, 600], 600, 600), [60, 660]);
});

test("a window that ends in the past, or still holds the new edge, stays", () => {
  assert.deepEqual(followed([0, 600], 5000, 6000), [0, 600]);
  assert.deepEqual(followed([0, 600], 100, 500), [0, 600]);
  assert.deepEqual(followed([0, 600], 580, undefined), [0, 600]);
});

test("an empty world has no times", () => {
  const row = worldOf({ world: "live", from: null, to: null, edge: null, state: "" });
  assert.deepEqual([row.from, row.to, row.edge, row.state], [undefined, undefined, undefined, ""]);
});

async function heard(answers, held) {
  const told = [];
  let last = false;
  const real = globalThis.fetch;
  globalThis.fetch = async () => {
    const next = answers.length > 1 ? answers.shift() : answers[0];
    last ||= answers.length === 1;
    if (next instanceof Error) throw next;
    return { ok: true, json: async () => ({ worlds: next }) };
  };
  const timer = follow({ world: () => "live", held: () => held, changed: (row, before) => told.push([row.state, before.state]), every: 0.005 });
  try {
    while (!last) await new Promise((done) => setTimeout(done, 2));
    await new Promise((done) => setTimeout(done, 20));
  } finally {
    clearInterval(timer);
    await new Promise((done) => setTimeout(done, 5));
    globalThis.fetch = real;
  }
  return told;
}

const live = (state) => [{ world: "live", state }, { world: "exercise", state: "e:9" }];

test("a change is told once it is there, and silence is borne", async () => {
  const told = await heard([live("s:1"), new TypeError("no network"), live("s:1"), live("s:2")], { state: "s:1" });
  assert.deepEqual(told[0], ["s:2", "s:1"]);
  assert.ok(told.every(([state]) => state === "s:2"));
});

test("a change of the other world, or of a world that is not there, is no news", async () => {
  assert.deepEqual(await heard([live("s:1"), [{ world: "live", state: "s:1" }, { world: "exercise", state: "e:10" }]], { state: "s:1" }), []);
  assert.deepEqual(await heard([[{ world: "exercise", state: "e:10" }]], { state: "s:1" }), []);
});
