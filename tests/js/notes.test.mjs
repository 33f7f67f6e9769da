import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";

import { chosenOf, circleOf, marksOf } from "../../assets/js/layers/notes.mjs";
import { beginning } from "../../assets/js/notes/list.mjs";
import { newId } from "../../assets/js/notes/notes.mjs";
import { createQueue, outcome, sorted, wait_s } from "../../assets/js/notes/queue.mjs";
import { labelOf, newKey, opened, packed, sealed, unpacked } from "../../assets/js/notes/seal.mjs";
import { countWords, epochOf, localOf, photoWrong, placeOf, whyWords, wrongOf } from "../../assets/js/notes/words.mjs";

const { subtle } = webcrypto;

/** A store in memory, a server that stores by id, and a clock: what a queue needs. */
function bench({ answers = [], person = "ana" } = {}) {
  const rows = new Map(), server = new Map(), timers = [], told = [];
  const at = { s: 1000, person, sent: [] };
  const store = { all: async () => [...rows.values()].map((r) => ({ ...r })), put: async (row) => void rows.set(row.id, { ...row }), remove: async (id) => void rows.delete(id) };
  async function send(row) {
    at.sent.push(row.id);
    const [answer = "ok"] = answers.splice(0, 1);
    if (answer === "ok" || answer === "lost") {
      const same = server.get(row.id) === undefined || server.get(row.id) === row.words;
      if (same) server.set(row.id, row.words);
      if (answer === "lost") return { status: 0, error: "The server does not answer." };
      return same ? { status: 201 } : { status: 409, error: "stored with other content" };
    }
    return answer;
  }
  const make = () => createQueue({ store, send, person: () => at.person, now: () => at.s, random: () => 1, changed: (t) => told.push(t), later: (act, s) => timers.push([s, act]), cancel: () => (timers.length = 0) });
  return { rows, server, timers, told, at, store, make };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
const row = (id, person = "ana", words = id) => ({ id, person, words });

test("a note is kept before it is sent, and goes when the server has it", async () => {
  const { rows, server, make, told } = bench();
  await make().put(row("a"));
  assert.equal(told[0].waiting.length, 1);
  await settle();
  assert.deepEqual([[...server.keys()], rows.size, told.at(-1).waiting.length], [["a"], 0, 0]);
});

test("an answer that is lost after the server stored it: sent again, stored once", async () => {
  const { rows, server, timers, at, make } = bench({ answers: ["lost"] });
  await make().put(row("a"));
  await settle();
  assert.equal(rows.get("a").state, "waiting");
  assert.equal(timers.length, 1);
  assert.ok(Math.abs(timers[0][0] - 2) < 0.01, "after two seconds");
  at.s += 3;
  timers[0][1]();
  await settle();
  assert.deepEqual([at.sent, [...server], rows.size], [["a", "a"], [["a", "a"]], 0]);
});

test("it outlives the page: another queue over the same store goes on, oldest first", async () => {
  const { rows, server, make, at } = bench({ answers: [{ status: 0 }, { status: 0 }] });
  const first = make();
  await first.put(row("b"));
  await settle();
  at.s += 1;
  await first.put(row("c"));
  await settle();
  first.stop();
  assert.equal(rows.size, 2);
  await make().flush(true);
  assert.deepEqual([at.sent.slice(-2), server.size, rows.size], [["b", "c"], 2, 0]);
});

test("another person on the browser sends none of them and knows only how many", async () => {
  const { rows, at, make, told } = bench({ answers: [{ status: 0 }] });
  const queue = make();
  await queue.put(row("a"));
  await settle();
  at.person = "otto";
  await queue.flush(true);
  assert.deepEqual([at.sent.length, rows.size], [1, 1]);
  assert.deepEqual([told.at(-1).waiting, told.at(-1).refused, told.at(-1).others], [[], [], 1]);
  at.person = undefined;
  await queue.flush(true);
  assert.equal(at.sent.length, 1, "nobody is known to be here");
  at.person = "ana";
  await queue.flush(true);
  assert.equal(rows.size, 0);
});

test("a refused note is kept with why, is sent no more by itself, and can be sent changed", async () => {
  const { rows, server, make, at } = bench({ answers: [{ status: 422, error: "the text is refused" }] });
  const queue = make();
  await queue.put(row("a"));
  await settle();
  assert.deepEqual([rows.get("a").state, rows.get("a").why], ["refused", "the text is refused"]);
  await queue.flush(true);
  assert.equal(at.sent.length, 1);
  await queue.put({ ...rows.get("a"), words: "changed" });
  await settle();
  assert.deepEqual([[...server], rows.size], [[["a", "changed"]], 0]);
});

test("a note that was stored and then changed is a refusal, never a second note", async () => {
  const { rows, server, make } = bench({ answers: ["lost"] });
  const queue = make();
  await queue.put(row("a"));
  await settle();
  await queue.put({ ...rows.get("a"), words: "changed" });
  await settle();
  assert.deepEqual([[...server], rows.get("a").state, rows.get("a").status], [[["a", "a"]], "refused", 409]);
});

test("one the server stumbles over does not keep the rest; no link keeps all", async () => {
  const stumble = bench({ answers: [{ status: 503, error: "busy" }] });
  await stumble.store.put({ ...row("a"), state: "waiting", made_at: 1, next_at: 0, tries: 0 });
  await stumble.store.put({ ...row("b"), state: "waiting", made_at: 2, next_at: 0, tries: 0 });
  await stumble.make().flush();
  assert.deepEqual([stumble.at.sent, [...stumble.rows.keys()]], [["a", "b"], ["a"]]);
  for (const status of [0, 401]) {
    const none = bench({ answers: [{ status }] });
    await none.store.put({ ...row("a"), state: "waiting", made_at: 1, next_at: 0, tries: 0 });
    await none.store.put({ ...row("b"), state: "waiting", made_at: 2, next_at: 0, tries: 0 });
    await none.make().flush();
    assert.deepEqual([none.at.sent, none.rows.size], [["a"], 2]);
  }
});

test("what another tab changed while it was sent is not put back as it was", async () => {
  const { rows, store } = bench();
  const put = store.put;
  await put({ ...row("a"), state: "waiting", made_at: 1, next_at: 0, tries: 0, version: 1 });
  let sent;
  const queue = createQueue({ store, person: () => "ana", later: () => {}, cancel: () => {}, send: () => new Promise((resolve) => (sent = resolve)) });
  const going = queue.flush(true);
  await settle();
  assert.equal(queue.take("a"), false, "on its way");
  await put({ ...rows.get("a"), words: "changed", version: 2 });
  sent({ status: 503 });
  await going;
  assert.deepEqual([rows.get("a").words, rows.get("a").version], ["changed", 2]);
});

test("what is open to be changed is not sent meanwhile", async () => {
  const { at, make, store } = bench();
  await store.put({ ...row("a"), state: "waiting", made_at: 1, next_at: 0, tries: 0 });
  const queue = make();
  assert.equal(queue.take("a"), true);
  await queue.flush(true);
  assert.deepEqual(at.sent, []);
  queue.release("a");
  await settle();
  assert.deepEqual(at.sent, ["a"]);
});

test("what a store can't keep is thrown to who wrote it", async () => {
  const { make, store } = bench();
  store.put = async () => { throw new Error("QuotaExceededError"); };
  await assert.rejects(() => make().put(row("a")), /Quota/);
});

test("answers and waits", () => {
  assert.deepEqual([200, 201, 0, 401, 503, 507, 429, 409, 413, 422, 403, 404].map(outcome),
    ["kept", "kept", "link", "signIn", "later", "later", "later", "refused", "refused", "refused", "refused", "refused"]);
  assert.deepEqual([1, 2, 3, 99].map((n) => wait_s(n, () => 1)), [2, 4, 8, 300]);
  assert.equal(wait_s(1, () => 0), 1, "spread over half of it");
  assert.deepEqual(sorted([], undefined), { waiting: [], refused: [], others: 0 });
});

test("sealed for one person and one note", async () => {
  const key = await newKey(subtle), other = await newKey(subtle), photo = { type: "image/jpeg", bytes: new Uint8Array([1, 2, 3]).buffer };
  const note = { text: "قارب واحد" }, content = await sealed({ subtle, key, id: "a", note, photo });
  assert.ok(!Buffer.from(content.data).includes(Buffer.from("قارب")));
  const found = await opened({ subtle, key, id: "a", content });
  assert.deepEqual([found.note, found.photo.type, [...new Uint8Array(found.photo.bytes)]], [note, "image/jpeg", [1, 2, 3]]);
  await assert.rejects(() => opened({ subtle, key: other, id: "a", content }));
  await assert.rejects(() => opened({ subtle, key, id: "b", content }));
  await assert.rejects(() => subtle.exportKey("raw", key), "the key can't be read out");
  const plain = await sealed({ subtle: undefined, key: undefined, id: "a", note });
  assert.deepEqual([plain.sealed, (await opened({ id: "a", content: plain })).note], [false, note]);
  assert.deepEqual(unpacked(packed(note)).photo, undefined);
  assert.notEqual(await labelOf(subtle, "https://a", 1), await labelOf(subtle, "https://a", 2));
});

test("times in a zone, there and back, over a change of the clocks", () => {
  const at = Date.UTC(2026, 10, 24, 14, 32) / 1000;
  assert.equal(localOf(at, "America/Chicago"), "2026-11-24T08:32");
  for (const zone of ["UTC", "America/Chicago", "Asia/Kathmandu", "Pacific/Kiritimati"]) assert.equal(epochOf(localOf(at, zone), zone), at, zone);
  // Chicago, 1 November 2026: 01:30 comes twice; 8 March 2026: 02:30 never.
  assert.equal(epochOf("2026-11-01T01:30", "America/Chicago"), Date.UTC(2026, 10, 1, 6, 30) / 1000);
  assert.equal(epochOf("2026-03-08T02:30", "America/Chicago"), Date.UTC(2026, 2, 8, 8, 30) / 1000);
  assert.equal(epochOf("", "UTC"), undefined);
});

test("what is wrong is said before it is kept", () => {
  const good = { place: { lon: 1, lat: 2 }, at: 5, text: "x", photo: undefined, precision_m: undefined };
  assert.equal(wrongOf(good), undefined);
  assert.match(wrongOf({ ...good, place: undefined }), /Place/);
  assert.match(wrongOf({ ...good, at: undefined }), /Time/);
  assert.match(wrongOf({ ...good, text: " " }), /Write something/);
  assert.equal(wrongOf({ ...good, text: "", photo: {} }), undefined);
  assert.match(wrongOf({ ...good, precision_m: NaN }), /Precision/);
  assert.match(photoWrong({ type: "image/svg+xml", size: 1 }), /JPEG/);
  assert.match(photoWrong({ type: "image/jpeg", size: 10_400_000 }), /10.4 MB/);
  assert.deepEqual(placeOf("26.1 -97.9"), { lon: -97.9, lat: 26.1 });
  assert.equal(placeOf("nowhere"), undefined);
});

test("counts and reasons in words", () => {
  const none = { waiting: [], refused: [], others: 0 };
  assert.equal(countWords(none).shown, false);
  assert.deepEqual(countWords({ waiting: [1, 2], refused: [1], others: 4 }), { shown: true, number: "3", words: "Notes: 2 waiting, 1 refused, 4 of others" });
  assert.deepEqual(countWords({ ...none, others: 2 }), { shown: true, number: "2", words: "Notes: 2 of others" });
  assert.match(whyWords({ waiting: [1] }, false), /No link/);
  assert.match(whyWords({ waiting: [1], why: { means: "signIn" } }, true), /signed in/);
  assert.equal(whyWords(none, true), "");
});

test("marks, and how sure the chosen one's place is", () => {
  const rows = [{ id: 7, geometry: { type: "Point", coordinates: [-97.9, 60] }, properties: { kind: "sighting", observed_at: "2026-11-24T14:32:00Z", precision_m: 1000 } }];
  assert.deepEqual(marksOf(rows).features[0].properties, { id: 7, image: "note-sighting", at: Date.UTC(2026, 10, 24, 14, 32) / 1000 });
  assert.deepEqual(chosenOf(rows, 7).features.map((f) => f.properties.part), ["ring", "precision"]);
  assert.deepEqual(chosenOf(rows, 8).features, []);
  assert.deepEqual(chosenOf([{ ...rows[0], properties: { ...rows[0].properties, precision_m: null } }], 7).features.length, 1);
  const [ring] = circleOf([-97.9, 60], 1000).coordinates;
  assert.deepEqual(ring[0], ring.at(-1));
  assert.ok(Math.abs((ring[0][1] - 60) * 111_195 - 1000) < 1, "a kilometre to the north");
  assert.ok(Math.abs((ring[16][0] + 97.9) * 111_195 * 0.5 - 1000) < 2, "and to the east, where degrees are half as long");
});

test("a UUID also where the browser makes none by itself", () => {
  const plain = { getRandomValues: (b) => webcrypto.getRandomValues(b) }, made = new Set(Array.from({ length: 50 }, () => newId(plain)));
  assert.equal(made.size, 50);
  for (const id of made) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("the beginning of a text is one line and cuts no character", () => {
  assert.equal(beginning(" two men,\n one  boat "), "two men, one boat");
  assert.equal(beginning("🛥".repeat(91)), `${"🛥".repeat(90)}…`);
});
