import assert from "node:assert/strict";
import test from "node:test";
import { watchActs } from "../../assets/js/acted.mjs";

function page() {
  const heard = {};
  const hands = watchActs({ addEventListener: (kind, f) => (heard[kind] = f) }, (target) => target?.control);
  return { hands, does: (type, control, key) => heard[type]({ type, key, target: control && { control } }) };
}

test("a control that nobody touched has chosen nothing", () => {
  const { hands, does } = page();
  assert.equal(hands.acted("drug"), false);
  does("keydown", "drug", "Tab");
  assert.equal(hands.acted("drug"), false, "the way through it is no act");
  does("click", "kind");
  assert.equal(hands.acted("drug"), false);
  does("click", "drug");
  assert.equal(hands.acted("drug"), true);
});

test("what was put there and came back settles what was done before it was put, and nothing after", () => {
  const { hands, does } = page();
  does("click", "drug");
  hands.set("drug");
  hands.echoed("drug");
  assert.equal(hands.acted("drug"), false);
  does("click", "drug");
  hands.set("drug");
  does("click", "drug"); // a second tap, while the first one's answer is under way
  hands.echoed("drug");
  assert.equal(hands.acted("drug"), true);
});

test("a slider is moved by a hand as long as that is down, and where it is let go beside it", () => {
  const { hands, does } = page();
  does("pointerdown", "amount");
  hands.set("amount"); // data came while it was dragged
  hands.echoed("amount");
  assert.equal(hands.acted("amount"), true);
  does("pointerup", undefined);
  assert.equal(hands.acted("amount"), true);
  hands.set("amount");
  hands.echoed("amount");
  assert.equal(hands.acted("amount"), false);
});
