import assert from "node:assert/strict";
import test from "node:test";
import { chipsOf, without } from "../../assets/js/sheet/chosen.mjs";
import { createDraft, slowLink, wayIn } from "../../assets/js/sheet/draft.mjs";
import { landed } from "../../assets/js/sheet/sheet.mjs";

test("what is set is told in chips, many of one list in one", () => {
  const now = { world: "live", from: "x", drug: ["ats", "heroin"], kind: ["vessel", "tag", "drone", "person"], min_kg: "2", max_kg: "5000", q: "lancha", area: "1 2;3 4;5 6", known_at: "2026-11-24T12:00:00Z" };
  assert.deepEqual(chipsOf(now, (key, value) => `${key} ${value}`).map((c) => c.words), ["4 kinds", "drug ats", "drug heroin", "2 kg to 5,000 kg", "“lancha”", "Area", "As known at 2026-11-24 12:00 UTC"]);
  assert.deepEqual([chipsOf({ world: "live", from: "x", to: "y" }), chipsOf({ max_kg: "0.5" })[0].words], [[], "up to 0.5 kg"]);
});

test("a chip takes away its own choice and no other", () => {
  const now = { drug: ["ats", "heroin"], kind: ["vessel"], min_kg: "2" };
  assert.deepEqual(without(now, { key: "drug", value: "ats" }), { drug: ["heroin"] });
  assert.deepEqual(without(now, { key: "kind", value: "vessel" }), { kind: undefined });
  assert.deepEqual(without(now, { key: "kind" }), { kind: undefined });
  assert.deepEqual(without(now, { key: "amount" }), { min_kg: undefined, max_kg: undefined });
});

test("changes are collected until they are shown, and left out where they are not", () => {
  let now = { world: "live", drug: ["ats"], q: "x" };
  const sets = [], told = [];
  const draft = createDraft({ choices: { get: () => now, set: (patch) => sets.push(patch) }, changed: (how) => told.push(how) });
  draft.add({ drug: undefined });
  draft.add({ kind: ["tag"] });
  assert.deepEqual([draft.seen(), draft.size, sets], [{ world: "live", q: "x", kind: ["tag"] }, 2, []]);
  draft.add({ drug: ["ats"] });
  assert.equal(draft.size, 1, "one that was taken back is none");
  now = { world: "live", drug: ["ats"] }; // somebody undid the text meanwhile
  assert.deepEqual(draft.seen(), { world: "live", drug: ["ats"], kind: ["tag"] });
  draft.apply();
  assert.deepEqual([sets, draft.size], [[{ drug: ["ats"], kind: ["tag"] }], 0]);
  draft.add({ q: "y" });
  draft.drop();
  draft.drop();
  draft.apply();
  assert.deepEqual([sets.length, draft.seen(), told], [1, now, ["more", "more", "more", "applied", "more", "dropped"]]);
});

test("a link is slow where the browser says so", () => {
  assert.deepEqual([slowLink(undefined), slowLink({ effectiveType: "4g" }), slowLink({ effectiveType: "3g" }), slowLink({ effectiveType: "4g", saveData: true })], [false, false, true, true]);
  const kept = {}, storage = { getItem: (k) => kept[k] ?? null, setItem: (k, v) => (kept[k] = v) };
  wayIn(storage).way = "button";
  assert.equal(wayIn(storage).way, "button");
  kept["vigia-apply"] = "nonsense";
  assert.equal(wayIn(storage).way, "link");
});

test("a sheet lands where it is let go", () => {
  assert.deepEqual([100, 300, 460, 700].map((h) => landed(h, 844)), ["shut", "half", "half", "full"]);
});
