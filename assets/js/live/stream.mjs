// The stream, one for all tabs of a browser that ask the same: one tab holds it and tells the others; when it goes, another goes on where it was.

export const STALE_S = 15; // silent for longer than this, what is shown may be wrong
const PULSE_S = 5;
const ALONE_S = 20; // nothing from the tab that holds the stream for so long: it hangs
const REOPEN_S = [0.5, 10];
const NAMES = ["snapshot", "fixes", "whole", "resumed", "standing", "gone", "lagged", "revoked", "closing", "beat"];
const PIECE_ROWS = 4_000; // of one message to another tab: it reads it between two frames
const CLOSED = 2; // EventSource.CLOSED: it tries no more by itself
const HAND_ON = ["beat"]; // the last of these is told to a tab that comes later

/** What a browser has for it. Without locks (a page over plain HTTP) each tab holds its own. */
export const browserParts = () => ({
  open: (url) => new EventSource(url), asked: refusal, locks: navigator.locks, channel: (name) => new BroadcastChannel(name), now: () => performance.now() / 1000,
  after: (f, s) => setTimeout(f, 1000 * s), cancel: (timer) => clearTimeout(timer), random: Math.random, me: crypto.getRandomValues(new Uint32Array(2)).join("-"),
});

/** What an address that opened no stream says, for an EventSource does not tell: why, and in how many seconds to ask again; undefined when nothing answers, or when it would open now. */
export async function refusal(url, get = fetch) {
  const whole = new AbortController();
  try {
    const answer = await get(url, { signal: whole.signal, cache: "no-store" });
    if (answer.ok) return undefined;
    return { words: (await answer.json()).error, waitS: Number(answer.headers.get("retry-after")) || REOPEN_S[1] };
  } catch {
    return undefined;
  } finally {
    whole.abort(); // one that would open takes no place by this
  }
}

/** How long to wait before trying again: twice as long each time, never all at one moment, for ever. */
export const waitS = (tries, random) => Math.min(REOPEN_S[1], REOPEN_S[0] * 2 ** Math.min(tries, 10)) * (0.5 + random);

/**
 * Messages of /api/stream?`query`, to whoever asked for their names: `on(name, (data, id) => …)` gives back how to stop it.
 * Two names of our own: `status` ({ stale, silentS, refused }) when silence begins or ends and each second of it, `refused` in words when no place is free, `leads` (true, false).
 * `who` says whose rights these are: tabs with other rights share nothing.
 */
export function createStream({ query, who = "", parts = browserParts() }) {
  const name = `vigia-stream|${who}|${query}`;
  const handlers = new Map();
  const names = new Set(NAMES);
  const shared = Boolean(parts.locks && parts.channel);
  const channel = shared ? parts.channel(name) : undefined;
  const state = { leads: false, heardS: parts.now(), leaderS: parts.now(), pulseS: -Infinity, triedS: 0, at: undefined, tries: 0, ended: false, stale: false, refused: undefined };
  const kept = { whole: undefined, coming: undefined, last: new Map() };
  let source, reopening, ticking, release;

  const tell = (event, data, id) => handlers.get(event)?.forEach((f) => f(data, id));

  /** What a tab that comes later has to be told. A snapshot counts when it is whole; one that broke off is gone where the stream is taken up again. */
  function keep(event, data) {
    if (event === "snapshot") kept.coming = { head: data, rows: new Map() };
    if (event === "resumed") kept.coming = undefined;
    if (event === "fixes") for (const row of data) (kept.coming ?? kept.whole)?.rows.set(row[0], row);
    if (event === "gone" || event === "standing") drop(new Set(data), event === "gone");
    if (event === "whole") [kept.whole, kept.coming] = [kept.coming ?? kept.whole, undefined];
    if (HAND_ON.includes(event)) kept.last.set(event, data);
  }

  /** Tracks told as gone, or not among those that stand, are handed to nobody. */
  function drop(told, gone) {
    for (const { rows } of [kept.coming, kept.whole].filter(Boolean)) for (const id of rows.keys()) if (told.has(id) === gone) rows.delete(id);
  }

  function heard(event, data, id) {
    state.heardS = parts.now();
    state.tries = 0;
    state.refused = undefined;
    if (id) state.at = id;
    keep(event, data);
    tell(event, data, id);
    silence();
    if (event === "revoked") close();
  }

  // -- the one that holds it

  function open() {
    if (state.ended) return;
    state.triedS = parts.now();
    const url = `/api/stream?${query}${state.at ? `${query ? "&" : ""}after=${encodeURIComponent(state.at)}` : ""}`, mine = parts.open(url);
    source = mine;
    names.forEach(listen);
    mine.onerror = () => mine === source && (mine.readyState === CLOSED ? refused(url) : again());
  }

  function listen(event) {
    const mine = source;
    mine.addEventListener(event, (message) => {
      if (mine !== source) return;
      const data = JSON.parse(message.data), id = message.lastEventId || undefined;
      channel?.postMessage({ event, data, id });
      heard(event, data, id);
      if (event === "closing") again();
    });
  }

  function again(leastS = 0) {
    source?.close();
    source = undefined;
    parts.cancel(reopening);
    if (!state.ended && state.leads) reopening = parts.after(open, Math.max(waitS(state.tries++, parts.random()), leastS * (1 + parts.random() / 2)));
  }

  /** The server answered with something else than a stream: it is asked why, once, and then for a stream when it says so. */
  async function refused(url) {
    const mine = source, why = await parts.asked?.(url);
    if (mine !== source) return;
    state.refused = why?.words;
    channel?.postMessage({ refused: why?.words ?? "" });
    again(why?.waitS);
    silence();
  }

  function lead() {
    if (state.ended || state.leads) return;
    state.leads = true;
    tell("leads", true);
    open();
  }

  function follow() {
    state.leads = false;
    parts.cancel(reopening);
    source?.close();
    source = undefined;
    tell("leads", false);
  }

  /** Wait for the lock, for as long as the tab is there; whoever has it leads. `steal`: from one that hangs. */
  function queue(steal = false) {
    parts.locks.request(name, steal ? { steal } : {}, () => new Promise((done) => {
      if (state.ended) return done();
      release = done;
      lead();
    })).catch(() => {}).then(() => { // rejected: it was taken from us
      if (state.ended) return;
      follow();
      queue();
    });
  }

  // -- the others

  function between({ data: told }) {
    if (told.to && told.to !== parts.me) return;
    state.leaderS = parts.now();
    if (told.ask && state.leads) handAll(told.ask);
    if (told.want) want(told.want);
    if (state.leads) return;
    if (told.event) heard(told.event, told.data, told.id);
    if (told.refused !== undefined) state.refused = told.refused || undefined;
    for (const [event, data, id] of told.told ?? []) heard(event, data, id);
  }

  /** To one tab all there is, in messages of a size it can read at once; sent in one go, for a hidden tab's timers stand still for a minute. */
  function handAll(to) {
    const held = kept.coming ?? kept.whole, rows = [...(held?.rows.values() ?? [])];
    const hand = (...told) => channel.postMessage({ to, told });
    if (!held) return hand();
    hand(["snapshot", { ...held.head, rows: rows.length }], ["fixes", rows.slice(0, PIECE_ROWS)]);
    for (let i = PIECE_ROWS; i < rows.length; i += PIECE_ROWS) hand(["fixes", rows.slice(i, i + PIECE_ROWS)]);
    hand(...(kept.coming ? [] : [["whole", { rows: rows.length }, state.at]]), ...kept.last);
  }

  function want(event) {
    if (names.has(event)) return;
    names.add(event);
    if (state.leads && source) listen(event);
  }

  // -- silence

  function silence() {
    const silentS = parts.now() - state.heardS, stale = silentS >= STALE_S || state.refused !== undefined;
    if (stale || stale !== state.stale) {
      state.stale = stale;
      tell("status", { stale, silentS, refused: state.refused });
    }
  }

  function tick() {
    silence();
    const now = parts.now();
    if (state.leads) {
      // A connection may be half open: nothing comes, and no error either.
      if (source && now - Math.max(state.heardS, state.triedS) >= STALE_S) again();
      if (channel && now - state.pulseS >= PULSE_S) {
        state.pulseS = now;
        channel.postMessage({ pulse: true, refused: state.refused ?? "" });
      }
    } else if (shared && now - state.leaderS >= ALONE_S) {
      state.leaderS = now;
      queue(true);
    }
    ticking = parts.after(tick, 1);
  }

  function close() {
    if (state.ended) return;
    state.ended = true;
    parts.cancel(reopening);
    parts.cancel(ticking);
    source?.close();
    source = undefined;
    state.leads = false;
    release?.();
    channel?.close();
  }

  if (shared) {
    channel.onmessage = between;
    channel.postMessage({ ask: parts.me });
    queue();
  } else lead();
  ticking = parts.after(tick, 1);

  return {
    state, close,
    on(event, handler) {
      if (!handlers.has(event)) handlers.set(event, new Set());
      handlers.get(event).add(handler);
      if (!["status", "leads"].includes(event) && !names.has(event)) {
        want(event);
        channel?.postMessage({ want: event });
      }
      return () => handlers.get(event)?.delete(handler);
    },
  };
}
