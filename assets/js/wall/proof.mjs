// A wall proves that it lives: it tells the server how it fares, hears what it is to do, and begins anew when it should, at a quiet moment.

const MEMORY_SHARE = 0.8; // of what the browser gives a page
const MEMORY_MB = 1500; // where it does not say how much that is
const CONTEXT_S = 10;

/** Pure: whether so much memory is too much. */
export function tooMuch({ usedJSHeapSize: used, jsHeapSizeLimit: limit } = {}) {
  if (!(used > 0)) return false;
  return used > Math.min(limit > 0 ? MEMORY_SHARE * limit : Infinity, MEMORY_MB * 1e6);
}

/**
 * Pure: why a page is to begin anew now; undefined: it is not, or not yet.
 * `order`: whoever keeps the screen asked; a new build and memory wait for a quiet moment, and a lost picture for a server that can give another.
 */
export function reloadWhy({ ordered, build, contextLostS, memory, stale, alarm }) {
  if (stale) return undefined; // it would trade the last picture for none
  if (ordered) return "ordered";
  if (contextLostS !== undefined && contextLostS >= CONTEXT_S) return "the picture was lost";
  if (alarm) return undefined;
  return build ? "a new build" : memory ? "memory" : undefined;
}

/** Pure: what is told of a machine's own clock, by how far (seconds) the server's is ahead of it. */
export function skewWords(aheadS) {
  const by = Math.abs(aheadS);
  if (!(by > 2)) return "";
  const words = by < 120 ? `${Math.round(by)} s` : by < 7200 ? `${Math.round(by / 60)} min` : `${Math.round(by / 3600)} h`;
  return `Clock here ${words} ${aheadS > 0 ? "slow" : "fast"}`;
}

/** Pure: whether the map is to be dimmed, at a time of day in minutes, by `22:00-06:00`. */
export function isDim(window, minute) {
  const found = /^(\d\d):(\d\d)-(\d\d):(\d\d)$/.exec(window ?? "");
  if (!found) return false;
  const [from, to] = [60 * found[1] + Number(found[2]), 60 * found[3] + Number(found[4])];
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** The last picture of a map, kept as an image, so that there is one when its context is lost. `take()` no more often than each minute. */
export function keepPicture(map, image, { everyS = 60, monotonic = () => performance.now() / 1000 } = {}) {
  let takenS = -Infinity, lostS, url;
  map.on("render", () => {
    if (monotonic() - takenS < everyS || lostS !== undefined) return;
    takenS = monotonic();
    map.getCanvas().toBlob((blob) => {
      if (!blob || lostS !== undefined) return;
      if (url) URL.revokeObjectURL(url);
      image.src = url = URL.createObjectURL(blob);
    }, "image/jpeg", 0.75);
  });
  map.on("webglcontextlost", () => {
    lostS ??= monotonic();
    image.hidden = !url;
  });
  map.on("webglcontextrestored", () => {
    lostS = undefined;
    image.hidden = true;
  });
  return { lostS: () => (lostS === undefined ? undefined : monotonic() - lostS), kept: () => url !== undefined };
}

/** The machine's screen stays on, where the browser can ask for that. */
export function stayAwake(wake = globalThis.navigator?.wakeLock, page = globalThis.document) {
  if (!wake) return;
  const ask = () => page.visibilityState === "visible" && wake.request("screen").catch(() => {}); // a machine on battery may refuse: the picture goes on
  page.addEventListener("visibilitychange", ask);
  void ask();
}

/** Send one beat; what the server answers, `{ gone: true }` when this screen is signed out, undefined when nothing answers. */
export async function sendBeat(what, { get = fetch, signal } = {}) {
  try {
    const answer = await get("/api/screens/beat", { method: "POST", signal, headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(what) });
    if (answer.status === 401 || answer.status === 404) return { gone: true };
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined; // silence is told by the bar
  }
}
