// Whether a person's hand was on a control. Dash tells of values in one way, whoever set them: a person, we ourselves, or the component
// (its dropdown takes out what is not among its options, and tells of it as of a choice). Only the first is a choice.

const HANDS = ["pointerdown", "pointerup", "pointercancel", "click", "keydown", "keyup", "input", "change"];
const NO_HAND = new Set(["Tab", "Shift", "Control", "Alt", "Meta", "Escape"]); // the way through a control changes nothing of it

/**
 * `nameOf(target)` is the control that an element of the page lies in, or undefined. Heard before Dash hears of it.
 *   acted(name)   a hand was on it since the last value that was set has come back
 *   set(name)     a value is set now
 *   echoed(name)  that value came back: what was done before it was set is settled
 */
export function watchActs(root, nameOf) {
  const hands = new Map(), set = new Map(), settled = new Map();
  let held; // what a pointer is down on: a slider is dragged beyond itself, tells many values meanwhile, and may be let go anywhere
  const heard = (event) => {
    if (event.type.startsWith("key") && NO_HAND.has(event.key)) return;
    const ends = event.type === "pointerup" || event.type === "pointercancel", name = (ends && held) || nameOf(event.target);
    if (ends) held = undefined;
    if (event.type === "pointerdown") held = name;
    if (name) hands.set(name, (hands.get(name) ?? 0) + 1);
  };
  for (const kind of HANDS) root.addEventListener(kind, heard, { capture: true, passive: true });
  return {
    acted: (name) => name === held || (hands.get(name) ?? 0) > (settled.get(name) ?? 0),
    set: (name) => void set.set(name, hands.get(name) ?? 0),
    echoed: (name) => void settled.set(name, Math.max(settled.get(name) ?? 0, set.get(name) ?? 0)),
  };
}
