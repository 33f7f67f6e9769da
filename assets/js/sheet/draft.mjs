// Changes that are collected and shown by one press: on a poor link each would cost an answer with everything in it.
import { changedKeys } from "../choices.mjs";

const KEPT = "vigia-apply";
export const WAYS = ["link", "once", "button"];
const SLOW = ["slow-2g", "2g", "3g"];

/** Whether the browser says that the link is slow, or that bytes are dear; where it says nothing it is not. */
export const slowLink = (connection = globalThis.navigator?.connection) => Boolean(connection?.saveData) || SLOW.includes(connection?.effectiveType);

/** When changes are shown, kept in this browser: by the `link` it has, at `once`, or by the `button`. */
export function wayIn(storage = globalThis.localStorage) {
  const told = storage?.getItem(KEPT);
  let way = WAYS.includes(told) ? told : "link";
  return {
    get way() { return way; },
    set way(value) {
      way = WAYS.includes(value) ? value : "link";
      storage?.setItem(KEPT, way);
    },
  };
}

/** `changed(how)` is told of what becomes of it: there is `more`, it was `applied`, or `dropped`. */
export function createDraft({ choices, changed = () => {} }) {
  let patch;
  const seen = () => {
    if (!patch) return choices.get();
    const next = { ...choices.get(), ...patch };
    for (const key of Object.keys(next)) if (next[key] === undefined || next[key] === "" || next[key]?.length === 0) delete next[key];
    return next;
  };
  return {
    /** The choices as they would be. */
    seen,
    /** How many of them would be others. */
    get size() {
      return patch ? changedKeys(choices.get(), seen()).size : 0;
    },
    add(more) {
      patch = { ...patch, ...more };
      changed("more");
    },
    /** Show them. */
    apply() {
      if (!patch) return;
      const had = patch;
      patch = undefined;
      choices.set(had);
      changed("applied");
    },
    /** Leave the choices as they are. */
    drop() {
      if (!patch) return;
      patch = undefined;
      changed("dropped");
    },
  };
}
