import assert from "node:assert/strict";
import test from "node:test";
import { keptIn, meant, SHORTCUTS, watchShortcuts } from "../../assets/js/shortcuts.mjs";

const at = (...inside) => ({ closest: (what) => what.split(", ").some((one) => inside.includes(one)) || null });
const key = (name, more = {}) => ({ key: name, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, target: at(), ...more });
const act = (event, on = true) => meant(event, on)?.act;

test("every entry of the table can be reached by its own keys, and no two by the same", () => {
  const seen = new Set();
  for (const s of SHORTCUTS) {
    for (const name of s.keys) {
      assert.equal(act(key(name, { ctrlKey: Boolean(s.ctrl), shiftKey: Boolean(s.shift) })), s.act, s.words);
      const whole = `${s.ctrl ? "Ctrl+" : ""}${s.shift ? "Shift+" : ""}${name}`;
      assert.ok(!seen.has(whole), whole);
      seen.add(whole);
    }
    assert.ok(s.words);
  }
});

test("with Shift an arrow is another, a sign is the same; Ctrl+Z as a keyboard tells it", () => {
  assert.equal(act(key("ArrowLeft", { shiftKey: true })), "windowEarlier");
  assert.equal(act(key("?", { shiftKey: true })), "sheet");
  assert.equal(act(key("/", { shiftKey: true })), "search", "where a keyboard has it over a figure");
  assert.equal(act(key("z", { ctrlKey: true })), "undo");
  assert.equal(act(key("Z", { metaKey: true, shiftKey: true })), "redo");
  for (const other of [key("z"), key("/", { ctrlKey: true }), key("z", { ctrlKey: true, altKey: true }), key("x")]) assert.equal(act(other), undefined);
});

test("none while somebody types or a dialog is open; the map and buttons keep their own", () => {
  for (const where of ["input", "textarea", "select", "[contenteditable]", "dialog"]) for (const k of [key("/"), key("z", { ctrlKey: true }), key("Escape")]) assert.equal(act({ ...k, target: at(where) }), undefined, where);
  assert.equal(act(key("a", { isComposing: true })), undefined);
  for (const k of ["ArrowLeft", "+", "-"]) assert.equal(act(key(k, { target: at(".maplibregl-canvas") })), undefined);
  assert.equal(act(key("/", { target: at(".maplibregl-canvas") })), "search");
  assert.equal(act(key(" ", { target: at("button") })), undefined);
  assert.equal(act(key("Home", { target: at("button") })), "begin");
});

test("switched off, single keys do nothing, and that is kept", () => {
  const told = {}, storage = { getItem: (k) => told[k] ?? null, setItem: (k, v) => (told[k] = v) };
  const kept = keptIn(storage);
  assert.equal(kept.on, true);
  kept.on = false;
  assert.equal(keptIn(storage).on, false);
  assert.deepEqual(SHORTCUTS.filter((s) => act(key(s.keys[0], { ctrlKey: Boolean(s.ctrl), shiftKey: Boolean(s.shift) }), false)).map((s) => s.act), ["leave", "undo", "redo"]);
});

test("the handler does what the table says, once, and leaves everything else to the browser", () => {
  let handler;
  const done = [], root = { addEventListener: (_, f) => (handler = f) };
  watchShortcuts({ search: () => done.push("search"), undo: () => done.push("undo") }, { root, kept: { on: true } });
  const event = (k) => ({ ...k, preventDefault: () => done.push("kept") });
  for (const k of [key("/"), key("z", { ctrlKey: true }), key("x"), key("/", { target: at("input") })]) handler(event(k));
  assert.deepEqual(done, ["kept", "search", "kept", "undo"]);
});
