// Notes on their way to the server: kept until it says that it has them, sent again until then, each stored once by its UUID. Knows no browser: store, link and clock are handed in.

const FIRST_S = 2, MOST_S = 300;

/** Pure: what an answer means: the server has it (`kept`), it will not take it as it is (`refused`), nobody is signed in whose it is (`signIn`), there is no link (`link`), or not now (`later`). */
export function outcome(status) {
  if (status === 200 || status === 201) return "kept";
  if (status === 0) return "link";
  if (status === 401) return "signIn";
  if (status >= 500 || [408, 423, 425, 429].includes(status)) return "later";
  return "refused";
}

/** Pure: seconds until the next try: twice as long each time, five minutes at most, spread so that many phones do not come at once. */
export const wait_s = (tries, random = Math.random) => Math.min(MOST_S, FIRST_S * 2 ** Math.min(tries - 1, 20)) * (0.5 + random() / 2);

/** Pure: rows as who is here may know them: one's own, and how many are others'. */
export function sorted(rows, person) {
  const mine = rows.filter((row) => row.person === person).sort((a, b) => a.made_at - b.made_at);
  return { waiting: mine.filter((row) => row.state === "waiting"), refused: mine.filter((row) => row.state === "refused"), others: rows.length - mine.length };
}

/** `store`: all(), put(row), remove(id). `send(row)`: {status, error}. `person()`: the label of who is signed in, undefined when nobody is known. `alone(act)`: runs it unless another tab does. `changed(told)`: with each change. */
export function createQueue({ store, send, person, alone = (act) => act(), changed = () => {}, kept = () => {}, now = () => Date.now() / 1000, random = Math.random, later = (act, s) => setTimeout(act, s * 1000), cancel = clearTimeout, mark = () => crypto.randomUUID?.() ?? `${now()} ${random()}` }) {
  const open = new Set(); // those that somebody has open to change them
  let timer, sending, running, again = false, why;

  async function told() {
    const rows = await store.all();
    return { ...sorted(rows, person()), sending, why };
  }
  const tell = async () => changed(await told());

  /** Keep a note before anything else; then it is sent. What the store can't keep is thrown, and nothing is lost that was there. */
  async function put(row) {
    await store.put({ tries: 0, made_at: now(), ...row, state: "waiting", version: mark(), next_at: 0, why: undefined, status: undefined });
    open.delete(row.id);
    await tell();
    void flush(true);
  }

  async function remove(id) {
    if (sending === id) return false;
    await store.remove(id);
    open.delete(id);
    await tell();
    return true;
  }

  /** What became of a row; undefined: it goes. One that another tab has changed or taken away meanwhile stays as it is there. */
  async function as(row, more) {
    const here = (await store.all()).find((r) => r.id === row.id);
    if (!here || here.version !== row.version) return;
    await (more ? store.put({ ...here, ...more }) : store.remove(row.id));
  }

  async function one(row) {
    sending = row.id;
    await tell();
    // Told before it is sent: an answer that is lost must not look like a note that never left.
    await as(row, { tries: row.tries + 1 });
    const answer = await send(row), means = outcome(answer.status);
    sending = undefined;
    why = ["link", "signIn", "later"].includes(means) ? { means, error: answer.error } : undefined;
    if (means === "kept") {
      await as(row, undefined);
      kept(row, answer);
    } else if (means === "refused") await as(row, { tries: row.tries + 1, state: "refused", status: answer.status, why: answer.error });
    else await as(row, { tries: row.tries + 1, next_at: now() + wait_s(row.tries + 1, random), why: answer.error, status: answer.status });
    await tell();
    return means;
  }

  async function all(whole) {
    const tried = new Set();
    for (;;) {
      const { waiting } = sorted(await store.all(), person());
      const row = waiting.find((r) => !tried.has(r.id) && !open.has(r.id) && (whole || r.next_at <= now()));
      if (!row) return;
      tried.add(row.id);
      // Without a link, or with nobody signed in, the others would fare no better; one the server stumbles over does not keep the rest.
      if (["link", "signIn"].includes(await one(row))) return;
    }
  }

  /** Send what is due; `whole`: all that waits, as when a link comes back. One run at a time. */
  async function flush(whole = false) {
    if (person() === undefined) return tell();
    if (running) {
      again ||= whole;
      return running;
    }
    cancel(timer);
    running = alone(() => all(whole));
    try {
      await running;
    } catch (error) {
      why = { means: "later", error: error.message }; // of the store: what waits is on its disk
    } finally {
      running = sending = undefined;
    }
    await next();
    if (again) {
      again = false;
      return flush(true);
    }
  }

  /** The next try is when the first of them is due. */
  async function next() {
    cancel(timer);
    const { waiting } = sorted(await store.all(), person());
    const due = Math.min(...waiting.filter((r) => !open.has(r.id)).map((r) => r.next_at));
    if (Number.isFinite(due)) timer = later(() => flush(), Math.max(0.5, due - now()));
    await tell();
  }

  return {
    put, remove, flush, told, tell,
    /** It is open to be changed, and is not sent meanwhile; false when it is on its way just now. */
    take(id) {
      if (sending === id) return false;
      open.add(id);
      return true;
    },
    /** It was not changed after all. */
    release(id) {
      open.delete(id);
      void flush();
    },
    stop: () => cancel(timer),
  };
}
