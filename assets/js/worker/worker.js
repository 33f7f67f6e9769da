// The service worker: the shell, and the page that says that there is no link. `SHELL` (its version, its files, its library) stands before this
// text (routes/shell.py). A classic script, for not every browser runs one made of modules.
//
// It answers two things: files of the shell, and a page that can't be had. Everything else is the browser's and the server's: no answer of /api,
// no page with records, no sign-in and nothing that is sent is read or kept here.
"use strict";
importScripts(SHELL.library);

const NO_LINK = "/no-link";
const CACHE = "vigia-shell", LETTERS = `vigia-letters-${SHELL.version}`, UNFIT = "vigia-unfit";
const OURS = [CACHE, LETTERS], EVER_OURS = /^vigia-(shell|letters|unfit)/; // of this build, or of any
const GONE = [502, 504]; // a proxy's words for a server it can't reach
// Not answered here at all: data and files, the way in, a wall (which has its own way of saying so), Dash's own.
const NO_PAGE = /^\/(api|stac|sign-in|sign-out|wall|assets|_|favicon)/;
const AREAS = "vigia-areas"; // what somebody took along (assets/js/field/kept.mjs)

const shell = new workbox.PrecacheController({
  cacheName: CACHE,
  // Asked for with what the browser has of it: on a poor link what has not changed costs no bytes again.
  plugins: [{ requestWillFetch: async ({ request }) => new Request(request, { cache: "no-cache", credentials: "same-origin" }) }],
});
shell.addToCacheList(SHELL.entries);
const held = new Set(SHELL.entries.map((entry) => entry.url));

self.addEventListener("install", (event) => {
  shell.install(event);
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  shell.activate(event); // what an old build held under other revisions goes
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (EVER_OURS.test(name) && !OURS.includes(name)) await caches.delete(name);
    fits = undefined;
    await self.clients.claim();
  })());
});

// A page of another build than this worker's gets its modules from the server, until the worker of its own build is here. It is written down,
// for a worker is ended and begun again as the browser likes.
let fits;
const isFit = () => (fits ??= caches.has(UNFIT).then((there) => !there));

async function judge(told) {
  if (!told) return; // another page, or none that says so
  const fit = told === SHELL.version;
  if (fit === (await isFit())) return;
  fits = Promise.resolve(fit);
  if (fit) await caches.delete(UNFIT);
  else {
    await caches.open(UNFIT);
    self.registration.update().catch(() => {}); // no link: it is looked at again with the next page
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.method === "POST" && request.mode === "navigate" && url.pathname === "/sign-out") return void event.waitUntil(forget());
  if (request.method !== "GET") return;
  if (request.mode === "navigate") return void (NO_PAGE.test(url.pathname) || event.respondWith(page(request)));
  if (held.has(url.pathname) && [...url.searchParams.keys()].every((key) => key === "m")) return void event.respondWith(file(request, url.pathname));
  if (url.pathname.startsWith("/assets/vendor/fonts/")) event.respondWith(letters(request));
});

async function page(request) {
  try {
    const answer = await fetch(request);
    await judge(answer.headers.get("x-shell"));
    if (!GONE.includes(answer.status)) return answer;
  } catch {
    // no link: the page says so
  }
  return (await shell.matchPrecache(NO_LINK)) ?? Response.error();
}

async function file(request, path) {
  const kept = (await isFit()) ? await shell.matchPrecache(path) : undefined;
  if (kept) return kept;
  try {
    return await fetch(request);
  } catch (error) {
    const old = await shell.matchPrecache(path);
    if (old) return old; // of another build, and better than none
    throw error;
  }
}

/** Letters of other scripts, kept once they were needed: their names are of one version, and no page's data. */
async function letters(request) {
  const kept = await caches.match(request, { cacheName: LETTERS });
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await (await caches.open(LETTERS)).put(request, answer.clone()).catch(() => {}); // no room: it is asked for again
  return answer;
}

/** Whoever signs out leaves nothing of what they took along, link or none. */
const forget = () => new Promise((done) => {
  const asked = indexedDB.deleteDatabase(AREAS);
  asked.onsuccess = asked.onerror = asked.onblocked = () => done();
});
