import assert from "node:assert/strict";
import test from "node:test";
import { createStream, refusal, waitS } from "../../assets/js/live/stream.mjs";

/** A browser of several tabs: one clock, one set of locks, one channel, and a server that says what it is told to. */
function browser() {
  const all = { s: 0, timers: [], holders: {}, sources: [], tabs: [], asked: [] };
  const locks = () => ({
    request(name, how, hold) {
      return new Promise((done, failed) => {
        const mine = { hold, done, failed }, holders = (all.holders[name] ??= []);
        if (how.steal && holders.length) holders.shift().failed(new Error("AbortError"));
        holders[how.steal ? "unshift" : "push"](mine);
        const next = () => {
          const [first] = holders;
          if (!first || first.held) return;
          first.held = true;
          first.hold().then(() => {
            if (holders[0] === first) holders.shift();
            first.done();
            next();
          });
        };
        next();
      });
    },
  });
  all.tab = (query = "world=live", more = {}) => {
    const me = String(all.tabs.length + 1);
    const tab = { told: [], hangs: false };
    const channel = (name) => {
      const mine = { name, postMessage(data) {
        const sent = structuredClone(data);
        if (!tab.hangs) queueMicrotask(() => all.tabs.forEach((t) => t !== tab && !t.hangs && t.channel?.name === name && t.channel.onmessage?.({ data: structuredClone(sent) })));
      }, close() { mine.name = undefined; } };
      return (tab.channel = mine);
    };
    all.tabs.push(tab);
    tab.stream = createStream({
      query, ...more, parts: {
        me, locks: locks(), channel, now: () => all.s, random: () => 0.5,
        after: (f, s) => { const timer = { f: () => tab.hangs || f(), at: all.s + s }; all.timers.push(timer); return timer; },
        asked: (url) => { all.asked.push(url); return Promise.resolve(all.refusal); },
        cancel: (timer) => { all.timers = all.timers.filter((t) => t !== timer); },
        open(url) {
          const source = { url, on: {}, tab, addEventListener: (name, f) => { source.on[name] = f; }, close() { source.closed = true; } };
          all.sources.push(source);
          return source;
        },
      },
    });
    for (const name of ["snapshot", "fixes", "whole", "resumed", "standing", "gone", "beat", "revoked"]) tab.stream.on(name, (data) => tab.told.push([name, data]));
    tab.stream.on("status", ({ stale, refused }) => tab.told.push(["stale", stale, ...(refused ? [refused] : [])]));
    return tab;
  };
  all.open = () => all.sources.filter((s) => !s.closed);
  all.say = (event, data, id = "") => all.open().forEach((s) => s.on[event]?.({ data: JSON.stringify(data), lastEventId: id }));
  all.pass = async (seconds) => {
    for (const end = all.s + seconds; all.s < end;) {
      all.s += 0.5;
      for (const due of all.timers.filter((t) => t.at <= all.s)) {
        all.timers = all.timers.filter((t) => t !== due);
        due.f();
      }
      await new Promise((done) => setImmediate(done));
    }
  };
  return all;
}

const HEAD = { columns: ["id", "t"], rows: 2, now: 1 };
const start = (all) => {
  all.say("snapshot", HEAD);
  all.say("fixes", [[1, 10], [2, 10]]);
  all.say("whole", { rows: 2 }, "5-abc");
};
const names = (tab) => tab.told.map(([name]) => name);

test("tabs that ask the same share one stream, and one that comes later is told the newest of all", async () => {
  const all = browser(), one = all.tab();
  await all.pass(1);
  start(all);
  all.say("fixes", [[2, 20]], "6-abc");
  await all.pass(1);
  const two = all.tab();
  await all.pass(1);
  assert.equal(all.open().length, 1);
  assert.deepEqual(names(two), ["snapshot", "fixes", "whole"]);
  assert.deepEqual(two.told[1][1], [[1, 10], [2, 20]]);
  all.say("fixes", [[1, 30]], "7-abc");
  await all.pass(1);
  assert.deepEqual(two.told.at(-1), one.told.at(-1));
  all.tab("world=exercise");
  await all.pass(1);
});

test("very many tracks are handed to a later tab a piece at a time, and are whole with the last", async () => {
  const all = browser();
  all.tab();
  await all.pass(1);
  all.say("snapshot", HEAD);
  for (let i = 0; i < 3; i++) all.say("fixes", Array.from({ length: 3_000 }, (_, k) => [3_000 * i + k, 10]));
  all.say("whole", { rows: 9_000 }, "5-abc");
  await all.pass(1);
  const two = all.tab();
  await all.pass(1);
  assert.deepEqual(names(two), ["snapshot", "fixes", "fixes", "fixes", "whole"]);
  assert.deepEqual(two.told.slice(1, 4).map(([, rows]) => rows.length), [4_000, 4_000, 1_000]);
});

test("tabs with other rights share nothing", async () => {
  const all = browser();
  const one = all.tab("world=live", { who: "1,2" });
  await all.pass(1);
  start(all);
  const held = all.open().length;
  const other = all.tab("world=live", { who: "1" });
  all.say("fixes", [[9, 9]]);
  await all.pass(1);
  assert.equal(held, 1);
  assert.deepEqual([names(one).length, names(other)], [4, ['fixes']]);
});

test("when the tab that held it goes, another goes on where it was", async () => {
  const all = browser(), one = all.tab(), two = all.tab();
  await all.pass(1);
  start(all);
  one.stream.close();
  await all.pass(1);
  const [source] = all.open();
  assert.deepEqual([all.open().length, source.tab, source.url], [1, two, "/api/stream?world=live&after=5-abc"]);
  all.say("resumed", { columns: HEAD.columns, now: 2 });
  all.say("fixes", [[1, 11]], "8-abc");
  await all.pass(1);
  assert.deepEqual(names(two), ["snapshot", "fixes", "whole", "resumed", "fixes"]);
  const three = all.tab();
  await all.pass(1);
  assert.deepEqual(three.told[1], ["fixes", [[1, 11], [2, 10]]], "and tells it to the next");
});

test("from a tab that hangs it is taken, which then only listens", async () => {
  const all = browser(), one = all.tab(), two = all.tab();
  await all.pass(1);
  start(all);
  one.hangs = true;
  await all.pass(25);
  assert.equal(two.stream.state.leads, true);
  one.hangs = false;
  await all.pass(2);
  assert.deepEqual([one.stream.state.leads, two.stream.state.leads, all.open().every((s) => s.tab === two)], [false, true, true]);
});

test("silence is told within 15 s, the connection is tried again for ever, and a word ends it", async () => {
  const all = browser(), one = all.tab();
  await all.pass(1);
  start(all);
  await all.pass(14);
  assert.ok(!names(one).includes("stale"));
  await all.pass(2);
  assert.deepEqual(one.told.at(-1), ["stale", true]);
  const before = all.sources.length;
  assert.ok(before >= 2, "a connection that may be half open is opened anew");
  for (let i = 0; i < 12; i++) {
    all.open().forEach((s) => s.onerror());
    await all.pass(50);
  }
  while (!all.open().length) await all.pass(1);
  assert.ok(all.sources.length > before + 8);
  assert.ok(all.sources.at(-1).url.endsWith("after=5-abc"));
  all.say("beat", { now: 100, feeds: [] });
  assert.deepEqual(one.told.slice(-2).map(([name]) => name), ["beat", "stale"]);
  assert.equal(one.told.at(-1)[1], false);
});

test("waits grow to a limit and are never all the same", () => {
  assert.deepEqual([0, 1, 3, 20].map((n) => waitS(n, 0.5)), [0.5, 1, 4, 10]);
  assert.ok(waitS(20, 0) === 5 && waitS(20, 1) === 15);
});

test("one whose session ended asks no more", async () => {
  const all = browser(), one = all.tab(), two = all.tab();
  await all.pass(1);
  start(all);
  all.say("revoked", {});
  await all.pass(120);
  assert.deepEqual([names(one).at(-1), names(two).at(-1), all.open().length, all.sources.length], ["revoked", "revoked", 0, 1]);
});

test("a server that closes is come back to", async () => {
  const all = browser();
  all.tab();
  await all.pass(1);
  start(all);
  all.say("closing", {});
  assert.equal(all.open().length, 0);
  await all.pass(2);
  assert.equal(all.open().length, 1);
});

test("a name somebody asks for later is listened to, in whichever tab", async () => {
  const all = browser(), one = all.tab(), two = all.tab();
  await all.pass(1);
  const told = [];
  two.stream.on("events", (data) => told.push(data));
  await all.pass(1);
  all.say("events", [1]);
  await all.pass(1);
  assert.deepEqual(told, [[1]]);
  assert.ok(one.stream.state.leads);
});

test("without locks each tab has its own", async () => {
  const all = browser();
  const parts = { open: (url) => all.sources.push({ url, addEventListener() {}, close() {} }) && all.sources.at(-1), now: () => 0, after() {}, cancel() {}, random: () => 0, me: "1" };
  createStream({ query: "a=1", parts });
  createStream({ query: "a=1", parts });
  assert.equal(all.sources.length, 2);
});

test("where no place is free it is asked why, told in every tab, and tried again when the server said, not sooner", async () => {
  const all = browser(), one = all.tab(), two = all.tab();
  await all.pass(1);
  start(all);
  all.refusal = { words: "12 streams are open", waitS: 15 };
  const refuse = () => all.open().forEach((s) => { s.readyState = 2; s.onerror(); });
  refuse();
  await all.pass(1);
  assert.deepEqual([one.told.at(-1), all.asked.length, all.open().length], [["stale", true, "12 streams are open"], 1, 0]);
  await all.pass(6);
  assert.deepEqual(two.told.at(-1), ["stale", true, "12 streams are open"]);
  await all.pass(7);
  assert.equal(all.sources.length, 1, "not before 15 s");
  for (let i = 0; i < 60; i++) {
    refuse();
    await all.pass(1);
  }
  assert.ok(all.sources.length <= 5 && all.sources.length >= 3, `${all.sources.length} in 75 s`);
  while (!all.open().length) await all.pass(1);
  all.say("beat", { now: 100 });
  await all.pass(1);
  for (const tab of [one, two]) assert.deepEqual(tab.told.at(-1), ["stale", false]);
});

test("a refusal is told by its words and its time, and one that would open now is let go", async () => {
  const answer = (ok, body, after) => async (url, { signal }) => {
    assert.equal(signal.aborted, false);
    held = signal;
    return { ok, json: async () => body, headers: { get: () => after } };
  };
  let held;
  assert.deepEqual(await refusal("/a", answer(false, { error: "full" }, "15")), { words: "full", waitS: 15 });
  assert.deepEqual(await refusal("/a", answer(false, { error: "sign in" }, null)), { words: "sign in", waitS: 10 });
  assert.equal(await refusal("/a", answer(true)), undefined);
  assert.ok(held.aborted);
  assert.equal(await refusal("/a", () => Promise.reject(new Error("gone"))), undefined);
});

test("what is gone is told in every tab, and handed to none that comes later", async () => {
  const all = browser(), one = all.tab(), two = all.tab();
  await all.pass(1);
  start(all);
  all.say("gone", [1]);
  await all.pass(1);
  for (const tab of [one, two]) assert.deepEqual(tab.told.at(-1), ["gone", [1]]);
  const three = all.tab();
  await all.pass(1);
  assert.deepEqual(three.told[1], ["fixes", [[2, 10]]]);
  all.say("resumed", { columns: HEAD.columns });
  all.say("standing", []);
  await all.pass(1);
  const four = all.tab();
  await all.pass(1);
  assert.deepEqual(four.told[1], ["fixes", []]);
});
