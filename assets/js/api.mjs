// Asking the server: JSON, cancellable; a cancel is no error.

export class Refused extends Error {
  constructor(status, message, problems = []) {
    super(message);
    this.status = status;
    this.problems = problems;
  }
}

const ACTIVE_MS = 60_000;
let inputAt = -Infinity;
let out = () => {};

/** From now on it is known whether somebody is there: a page that only keeps itself up to date keeps no session open. */
export function watchInput(target, now = () => performance.now()) {
  for (const type of ["pointerdown", "keydown", "wheel", "touchstart"]) {
    target.addEventListener(type, () => { inputAt = now(); }, { passive: true, capture: true });
  }
}

/** What to do when the server says that nobody is signed in any more. */
export const whenSignedOut = (act) => { out = act; };

/** An answer may say that the session has ended. */
export function signedOutBy(status) {
  if (status === 401) out();
}

/** Pure: where to sign in, and to come back to afterwards. */
export const signInAt = ({ pathname, search, hash }) => `/sign-in?next=${encodeURIComponent(pathname + search + hash)}`;

/** What every question of ours carries. */
export const headers = () => ({ Accept: "application/json", ...(performance.now() - inputAt < ACTIVE_MS ? { "X-Active": "1" } : {}) });

/** The answer, or undefined when it was cancelled. Throws Refused with the server's own words. */
export async function ask(url, { signal, also } = {}) {
  let answer;
  try {
    answer = await fetch(url, { signal, headers: { ...headers(), ...also } });
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    throw new Refused(0, "The server does not answer.");
  }
  const body = await answer.json().catch((error) => (error.name === "AbortError" ? undefined : {}));
  if (signal?.aborted) return undefined;
  signedOutBy(answer.status);
  if (!answer.ok) throw new Refused(answer.status, body?.error ?? `The server said ${answer.status}.`, body?.problems);
  return body;
}

/** One question at a time: a new one cancels the old. */
export function latestOnly() {
  let running;
  return async (url, also) => {
    running?.abort();
    const mine = new AbortController();
    running = mine;
    const body = await ask(url, { signal: mine.signal, also });
    return mine.signal.aborted ? undefined : body;
  };
}
