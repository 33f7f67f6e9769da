// The sound of an alarm: three short tones, made here. A browser that was not told to let pages sound keeps it silent; then that is said.

const TONES = [880, 660, 880], EACH_S = 0.18, GAP_S = 0.09, LOUD = 0.35;
const AGAIN_S = 30; // while nobody acknowledges it

/** `blocked`: whether the browser keeps it silent; `state` in words. `Context` is the browser's AudioContext. */
export function createSound({ Context = globalThis.AudioContext, monotonic = () => performance.now() / 1000 } = {}) {
  let context, soundedS = -Infinity, of;
  const open = () => {
    context ??= Context && new Context();
    if (context?.state === "suspended") context.resume?.()?.catch?.(() => {}); // a browser that never answers: its state tells
    return context;
  };
  const sound = {
    get blocked() { return !context || context.state !== "running"; },
    get state() { return !Context ? "none" : sound.blocked ? "blocked" : "on"; },
    /** Make ready, so that it is known beforehand whether it would sound. */
    ready: () => void open(),
    /** An alarm waits (its key), or none (undefined): sounds when it is new, and again every half minute. How often it sounded. */
    alarm(key) {
      if (key === undefined) {
        of = undefined;
        return false;
      }
      if (key === of && monotonic() - soundedS < AGAIN_S) return false;
      open();
      if (sound.blocked) return false; // as soon as it may, it does
      [of, soundedS] = [key, monotonic()];
      tones(context);
      return true;
    },
  };
  return sound;
}

function tones(context) {
  TONES.forEach((hertz, i) => {
    const tone = context.createOscillator(), loud = context.createGain(), at = context.currentTime + i * (EACH_S + GAP_S);
    tone.frequency.value = hertz;
    loud.gain.setValueAtTime(0, at);
    loud.gain.linearRampToValueAtTime(LOUD, at + 0.02);
    loud.gain.linearRampToValueAtTime(0, at + EACH_S);
    tone.connect(loud).connect(context.destination);
    tone.start(at);
    tone.stop(at + EACH_S);
    tone.onended = () => (tone.disconnect(), loud.disconnect());
  });
}
