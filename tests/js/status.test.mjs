import assert from "node:assert/strict";
import test from "node:test";
import { createStatus } from "../../assets/js/status.mjs";

const node = () => ({ children: [], append(...more) { this.children.push(...more); }, replaceChildren() { this.children = []; }, addEventListener() {} });
const later = () => {
  let settle;
  return [new Promise((done, fail) => (settle = { done, fail })), settle];
};

test("a question that another of its name replaced ends nothing that is still waited for", async () => {
  globalThis.document = { createElement: node, documentElement: { dataset: {} } };
  const { dataset } = document.documentElement, box = node(), status = createStatus(box, { retry() {} });
  const [old, oldEnds] = later(), [cancelled, cancelEnds] = later(), [asked, askedEnds] = later();
  const all = [status.follow("Seizures", old), status.follow("Seizures", cancelled), status.follow("Seizures", asked)];
  assert.equal(dataset.busy, "1");
  cancelEnds.done(undefined);
  oldEnds.fail(new Error("The server does not answer."));
  await all[0], await all[1];
  assert.deepEqual([dataset.busy, box.children.length], ["1", 0], "neither a cancel nor a failure of before");
  askedEnds.done({ rows: 3 });
  assert.deepEqual(await all[2], { rows: 3 });
  assert.equal(dataset.busy, "0");
});

test("what did not come is said until it comes", async () => {
  globalThis.document = { createElement: node, documentElement: { dataset: {} } };
  const box = node(), status = createStatus(box, { retry() {} });
  await status.follow("Imagery", Promise.reject(new Error("The server said 503.")));
  assert.match(box.children[0].children[0], /Imagery did not load: The server said 503/);
  await status.follow("Imagery", Promise.resolve([]));
  assert.equal(box.children.length, 0);
});

test("words that nobody asked for stay until others are said", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.document = { createElement: node, documentElement: { dataset: {} } };
  const box = node(), status = createStatus(box, { retry() {} }), said = () => box.children.map((line) => line.textContent);
  status.say("That view was deleted.", { stays: true });
  t.mock.timers.tick(3_600_000);
  assert.deepEqual(said(), ["That view was deleted."]);
  status.say("Kept.");
  assert.deepEqual(said(), ["Kept."]);
  t.mock.timers.tick(60_000);
  assert.deepEqual(said(), []);
});
