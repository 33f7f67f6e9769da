import assert from "node:assert/strict";
import test from "node:test";
import { createAsOf } from "../../assets/js/asof.mjs";
import { asItWas } from "../../assets/js/events/events.mjs";

function made() {
  const asked = [], clock = { ms: 0, waits: undefined };
  const asOf = createAsOf((then) => asked.push([then.at, then.playing]), {
    now: () => clock.ms, later: (act, ms) => (clock.waits = { act, at: clock.ms + ms }), never: () => (clock.waits = undefined),
  });
  const pass = (ms) => {
    clock.ms += ms;
    if (clock.waits && clock.waits.at <= clock.ms) clock.waits = void clock.waits.act();
  };
  return { asOf, asked, pass };
}

test("live is told at once, and once", () => {
  const { asOf, asked } = made();
  for (let i = 0; i < 5; i++) asOf.ticked(undefined, false);
  assert.deepEqual(asked, [[undefined, false]]);
});

test("a running clock asks once a second, and waits for an answer", () => {
  const { asOf, asked, pass } = made();
  asOf.ticked(undefined, false);
  for (let ms = 0; ms < 5000; ms += 100) {
    asOf.ticked(100 + ms / 10, true);
    pass(100);
  }
  assert.equal(asked.length, 2, "no answer, no other question");
  asOf.answered();
  for (let ms = 0; ms < 5000; ms += 100) {
    asOf.ticked(1000 + ms / 10, true);
    asOf.answered();
    pass(100);
  }
  assert.equal(asked.length, 7);
  assert.ok(asked.slice(1).every(([at, playing]) => playing && Number.isInteger(at)));
});

test("an answer that never comes holds up the next but for a while", () => {
  const { asOf, asked, pass } = made();
  asOf.ticked(1, true);
  pass(9000);
  asOf.ticked(2, true);
  assert.equal(asked.length, 2);
});

test("a hand that is dragged asks where it comes to rest; so does a clock that stops", () => {
  const { asOf, asked, pass } = made();
  asOf.ticked(undefined, false);
  for (let at = 0; at < 20; at++) {
    asOf.ticked(at, false);
    pass(50);
  }
  assert.equal(asked.length, 1);
  pass(250);
  assert.deepEqual(asked.at(-1), [19, false]);
  asOf.ticked(20.4, true);
  asOf.ticked(20.6, false);
  pass(300);
  assert.deepEqual(asked.slice(2), [[20, true], [20.6, false]]);
});

test("an event is as it was: not before it began, and going on until it was over", () => {
  const at = (text) => Date.parse(text) / 1000;
  const e = { id: 1, started_at: "2026-11-20T10:00:00Z", ended_at: "2026-11-20T12:00:00Z", facts: { duration_s: 7200 }, first_fix: { at: 1 }, last_fix: { at: 2 } };
  assert.equal(asItWas(e, at("2026-11-20T09:59:59Z")), undefined);
  assert.deepEqual(asItWas(e, at("2026-11-20T11:00:00Z")), { ...e, ended_at: null, facts: {}, last_fix: e.first_fix });
  assert.equal(asItWas(e, at("2026-11-20T12:00:00Z")), e);
  assert.equal(asItWas(e, undefined), e);
});
