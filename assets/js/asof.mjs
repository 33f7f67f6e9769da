// The clock's time as the server is asked for it: while it runs once a second at most and one question at a time, and where it comes to stand.

const EVERY_MS = 1000; // while it runs
const REST_MS = 250; // a hand that is dragged stands still when it has not moved for so long
const PATIENCE_MS = 8000; // an answer that does not come holds up no other

/** `ask({ at, playing })`: `at` in epoch seconds, undefined while live. */
export function createAsOf(ask, { now = () => performance.now(), later = setTimeout, never = clearTimeout } = {}) {
  let told, waits, asked = -Infinity, answered = true;

  function tell(at, playing) {
    if (told && told.at === at && told.playing === playing) return;
    told = { at, playing };
    asked = now();
    answered = false;
    ask(told);
  }

  return {
    /** What was asked last. */
    get told() { return told ?? { at: undefined, playing: false }; },
    /** The clock went on, or stands. */
    ticked(at, playing) {
      never(waits);
      if (playing) {
        if (told?.playing && (now() - asked < EVERY_MS || (!answered && now() - asked < PATIENCE_MS))) return;
        return tell(Math.floor(at), true);
      }
      if (!told || at === undefined) return tell(at, false);
      waits = later(() => tell(at, false), REST_MS);
    },
    answered() { answered = true; },
  };
}
