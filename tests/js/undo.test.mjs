import assert from "node:assert/strict";
import test from "node:test";
import { createChoices } from "../../assets/js/choices.mjs";
import { createUndo, MOST } from "../../assets/js/undo.mjs";

function page(search = "?world=live") {
  const listeners = [], view = {
    location: { search, pathname: "/", hash: "" }, history: { state: null, pushState() {}, replaceState() {} }, addEventListener: (_, f) => listeners.push(f),
  };
  const at = { camera: "5/0/0", time: 0 }, went = [];
  const choices = createChoices(view);
  let steps;
  const undo = createUndo({ choices, camera: () => at.camera, go: (c) => went.push((at.camera = c)), changed: (n) => (steps = n), now: () => at.time });
  return { choices, undo, at, went, view, listeners, steps: () => steps, later: () => (at.time += 10_000) };
}

test("what a person chose is undone and done again, with where the camera stood", () => {
  const { choices, undo, at, went, later, steps } = page();
  choices.set({ drug: ["ats"] });
  at.camera = "9/1/1";
  later();
  choices.set({ kind: ["vessel"], q: "x" });
  at.camera = "12/2/2"; // moved since: no change of its own
  assert.deepEqual(steps(), { back: 2, forth: 0 });
  assert.ok(undo.undo());
  assert.deepEqual([choices.get(), at.camera], [{ world: "live", drug: ["ats"] }, "9/1/1"]);
  assert.ok(undo.undo());
  assert.deepEqual([choices.get(), at.camera], [{ world: "live" }, "5/0/0"]);
  assert.equal(undo.undo(), false);
  assert.ok(undo.redo() && undo.redo());
  assert.deepEqual([choices.get(), at.camera], [{ world: "live", drug: ["ats"], kind: ["vessel"], q: "x" }, "12/2/2"]);
  assert.equal(undo.redo(), false);
  assert.deepEqual(went, ["9/1/1", "5/0/0", "9/1/1", "12/2/2"]);
});

test("what the clock and the data change is no step, moves no camera, and stays when a step is undone", () => {
  const { choices, undo, went, steps } = page("?world=live&from=2026-11-17T00:00:00Z");
  choices.set({ at: "2026-11-20T00:00:00Z" }, { push: false });
  assert.equal(steps(), undefined);
  choices.set({ drug: ["ats"] });
  choices.set({ from: "2026-11-18T00:00:00Z" }, { push: false });
  assert.deepEqual([steps(), went], [{ back: 1, forth: 0 }, []]);
  undo.undo();
  assert.deepEqual(choices.get(), { world: "live", from: "2026-11-18T00:00:00Z", at: "2026-11-20T00:00:00Z" });
});

test("a slider that is dragged is one step; a new choice ends what could be done again; there is a most", () => {
  const { choices, undo, at, later, steps } = page();
  for (const opacity of [0.9, 0.8, 0.7]) {
    at.time += 50;
    choices.set({ layers: `seizures:${opacity}` });
  }
  assert.deepEqual(steps(), { back: 1, forth: 0 });
  undo.undo();
  assert.equal(choices.get().layers, undefined);
  undo.redo();
  choices.set({ layers: "seizures:0.5" });
  assert.deepEqual(steps(), { back: 2, forth: 0 }, "what was done again is not drawn together with what follows");
  for (let i = 0; i < MOST + 20; i++) {
    later();
    choices.set({ q: `text ${i}` });
  }
  assert.equal(steps().back, MOST);
});

test("the browser's way back is a step too", () => {
  const { choices, undo, view, listeners } = page("?world=live&drug=ats");
  view.location.search = "?world=live";
  listeners[0]();
  assert.equal(choices.get().drug, undefined);
  undo.undo();
  assert.deepEqual(choices.get().drug, ["ats"]);
});
