// Asking the server: JSON, cancellable; a cancel is no error.

export class Refused extends Error {
  constructor(status, message, problems = []) {
    super(message);
    this.status = status;
    this.problems = problems;
  }
}

/** The answer, or undefined when it was cancelled. Throws Refused with the server's own words. */
export async function ask(url, { signal } = {}) {
  let answer;
  try {
    answer = await fetch(url, { signal, headers: { Accept: "application/json" } });
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    throw new Refused(0, "The server does not answer.");
  }
  const body = await answer.json().catch((error) => (error.name === "AbortError" ? undefined : {}));
  if (signal?.aborted) return undefined;
  if (!answer.ok) throw new Refused(answer.status, body?.error ?? `The server said ${answer.status}.`, body?.problems);
  return body;
}

/** One question at a time: a new one cancels the old. */
export function latestOnly() {
  let running;
  return async (url) => {
    running?.abort();
    const mine = new AbortController();
    running = mine;
    const body = await ask(url, { signal: mine.signal });
    return mine.signal.aborted ? undefined : body;
  };
}
