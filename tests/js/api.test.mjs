import assert from "node:assert/strict";
import test from "node:test";
import { ask, headers, latestOnly, Refused, signInAt, watchInput, whenSignedOut } from "../../assets/js/api.mjs";
import { fileName, purposeHeaders } from "../../assets/js/purpose.mjs";

/** Run with a `fetch` of ours. */
async function asking(fetch, run) {
  const real = globalThis.fetch;
  globalThis.fetch = fetch;
  try {
    return await run();
  } finally {
    globalThis.fetch = real;
  }
}
const answer = (status, body) => ({ ok: status < 400, status, json: async () => body });
const slow = (url, { signal }) => new Promise((done, fail) => {
  signal.addEventListener("abort", () => fail(Object.assign(new Error("aborted"), { name: "AbortError" })));
  if (!url.includes("hangs")) setTimeout(() => done(answer(200, { url })), 5);
});

test("an answer is its JSON", async () => {
  assert.deepEqual(await asking(async () => answer(200, { a: 1 }), () => ask("/x")), { a: 1 });
});

test("a refusal says the server's own words and names the keys", async () => {
  const problems = [{ key: "drug", value: "soap" }];
  await assert.rejects(asking(async () => answer(422, { error: "no drug soap", problems }), () => ask("/x")),
    (error) => error instanceof Refused && error.status === 422 && error.message === "no drug soap" && error.problems === problems);
});

test("an error without JSON still says its number, a dead server that it is silent", async () => {
  await assert.rejects(asking(async () => ({ ok: false, status: 502, json: async () => { throw new SyntaxError("<html>"); } }), () => ask("/x")), /said 502/);
  await assert.rejects(asking(async () => { throw new TypeError("failed"); }, () => ask("/x")), (error) => error.status === 0 && /does not answer/.test(error.message));
});

test("a cancel is no error", async () => {
  const stop = new AbortController();
  const asked = asking(slow, () => ask("/hangs", { signal: stop.signal }));
  stop.abort();
  assert.equal(await asked, undefined);
});

test("a newer question cancels the older one", async () => {
  await asking(slow, async () => {
    const one = latestOnly();
    const [first, second] = await Promise.all([one("/hangs"), one("/2")]);
    assert.deepEqual([first, second], [undefined, { url: "/2" }]);
  });
});

test("a session that has ended is told to whoever watches, and one comes back to where one was", async () => {
  let out = 0;
  whenSignedOut(() => { out += 1; });
  await assert.rejects(asking(async () => answer(401, { error: "sign in first" }), () => ask("/x")), (error) => error.status === 401);
  await asking(async () => answer(200, {}), () => ask("/x"));
  assert.equal(out, 1);
  assert.equal(signInAt({ pathname: "/", search: "?world=live&q=a b", hash: "#map=8/26/-97" }), "/sign-in?next=%2F%3Fworld%3Dlive%26q%3Da%20b%23map%3D8%2F26%2F-97");
});

test("only a person's hand keeps a session open", () => {
  assert.equal(headers()["X-Active"], undefined);
  const heard = {};
  watchInput({ addEventListener: (type, act) => { heard[type] = act; } });
  heard.keydown();
  assert.equal(headers()["X-Active"], "1");
  watchInput({ addEventListener: (type, act) => { heard[type] = act; } }, () => performance.now() - 61_000);
  heard.wheel();
  assert.equal(headers()["X-Active"], undefined);
});

test("a purpose travels in headers, whatever its letters", () => {
  assert.deepEqual(purposeHeaders(undefined), {});
  assert.deepEqual(purposeHeaders({ words: "Investigation", case: "Nº 7/ñ" }), { "X-Purpose": "Investigation", "X-Case": "N%C2%BA%207%2F%C3%B1" });
  assert.equal(fileName('attachment; filename="vigia-live.csv"'), "vigia-live.csv");
  assert.equal(fileName(null), "export");
});
