// The service worker: what it answers, what it leaves alone, and that a page of another build gets its own modules. In a world made for it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import vm from "node:vm";

const TEXT = await readFile(new URL("../../assets/js/worker/worker.js", import.meta.url), "utf8");
const ORIGIN = "https://vigia.example";

/** A worker of `version`, with `net(url)` for the link; `caches` outlive it, as a browser's do. */
function worker({ version = "2", net = () => new Response("net"), stores = new Map() } = {}) {
  const heard = {}, told = { deleted: [], updated: 0, skipped: 0, claimed: 0, asked: [] };
  class PrecacheController {
    constructor({ cacheName }) { stores.set(cacheName, stores.get(cacheName) ?? new Map()); }
    addToCacheList() {}
    install() {}
    activate() {}
    async matchPrecache(url) { return ["/no-link", "/assets/js/main.mjs"].includes(url) ? new Response(`held ${version} ${url}`) : undefined; }
  }
  const caches = {
    keys: async () => [...stores.keys()], has: async (name) => stores.has(name), delete: async (name) => stores.delete(name),
    open: async (name) => (stores.has(name) || stores.set(name, new Map()), { put: async (request, answer) => void stores.get(name).set(request.url, answer) }),
    match: async (request, { cacheName }) => stores.get(cacheName)?.get(request.url),
  };
  const self = {
    location: { origin: ORIGIN }, addEventListener: (name, act) => (heard[name] = act), skipWaiting: () => told.skipped++, clients: { claim: async () => told.claimed++ },
    registration: { update: async () => void told.updated++ },
  };
  const indexedDB = { deleteDatabase: (name) => (told.deleted.push(name), setTimeout(() => asked.onsuccess(), 0), (asked = {})) };
  let asked;
  const fetch = async (request) => (told.asked.push(request.url), net(request.url));
  const context = vm.createContext({ self, caches, workbox: { PrecacheController }, importScripts: () => {}, indexedDB, fetch, URL, Response, Request, Promise, Set, console, setTimeout });
  vm.runInContext(`const SHELL = ${JSON.stringify({ version, entries: [{ url: "/no-link" }, { url: "/assets/js/main.mjs" }], library: "x" })};\n${TEXT}`, context);
  const ask = async (path, { method = "GET", mode = "cors" } = {}) => {
    const event = { request: { url: path.startsWith("http") ? path : ORIGIN + path, method, mode }, respondWith: (answer) => (event.answer = answer), waitUntil: (work) => (event.work = work) };
    heard.fetch(event);
    const answer = await event.answer;
    await event.work;
    return answer && { text: await answer.text(), status: answer.status };
  };
  return { ask, heard, told, stores };
}

const gone = () => Promise.reject(new TypeError("Failed to fetch"));

test("it answers for the shell and for pages, and for nothing else", async () => {
  const { ask, told } = worker();
  for (const path of ["/api/counts", "/api/me", "/api/tiles/tracks/1/1/1.mvt", "/api/basemap/land.pmtiles", "/_dash-layout", "/assets/vendor/terra-draw.mjs", "/sw.js", "/assets/js/main.mjs?v=2", "https://elsewhere.example/assets/js/main.mjs"]) assert.equal(await ask(path), undefined, path);
  for (const path of ["/sign-in", "/sign-in?next=/", "/sign-in/link/x", "/wall/main", "/api/export/csv", "/stac"]) assert.equal(await ask(path, { mode: "navigate" }), undefined, path);
  for (const path of ["/", "/sign-in", "/assets/js/main.mjs"]) assert.equal(await ask(path, { method: "POST", mode: "navigate" }), undefined, `POST ${path}`);
  assert.equal((await ask("/assets/js/main.mjs")).text, "held 2 /assets/js/main.mjs");
  assert.equal((await ask("/assets/js/main.mjs?m=17")).text, "held 2 /assets/js/main.mjs", "as Dash names it");
  assert.deepEqual(told.asked, [], "and asked nobody");
  assert.equal((await ask("/", { mode: "navigate" })).text, "net");
});

test("no link, or a proxy that has none, is the page that says so; what the server says itself goes through", async () => {
  assert.equal((await worker({ net: gone }).ask("/?world=live", { mode: "navigate" })).text, "held 2 /no-link");
  for (const status of [502, 504]) assert.equal((await worker({ net: () => new Response("", { status }) }).ask("/", { mode: "navigate" })).text, "held 2 /no-link");
  for (const status of [401, 404, 500, 503]) assert.equal((await worker({ net: () => new Response("said", { status }) }).ask("/account", { mode: "navigate" })).status, status);
});

const page = (build) => () => new Response("page", { headers: { "X-Shell": build } });

test("a page of another build gets the server's modules, even from a worker that was ended meanwhile, until one of its build comes", async () => {
  const stores = new Map();
  const old = worker({ version: "1", net: page("2"), stores });
  assert.equal((await old.ask("/", { mode: "navigate" })).text, "page");
  assert.equal(old.told.updated, 1);
  assert.equal((await old.ask("/assets/js/main.mjs")).text, "page", "from the net");
  const again = worker({ version: "1", net: page("2"), stores });
  assert.equal((await again.ask("/assets/js/main.mjs")).text, "page");
  const cut = worker({ version: "1", net: gone, stores });
  assert.equal((await cut.ask("/assets/js/main.mjs")).text, "held 1 /assets/js/main.mjs", "with no link an old one is better than none");

  stores.set("vigia-letters-1", new Map()).set("vigia-shell-of-old", new Map()).set("vigia-notes", new Map());
  const fresh = worker({ version: "2", net: page("2"), stores });
  fresh.heard.install({ waitUntil() {} });
  let work;
  fresh.heard.activate({ waitUntil: (told) => (work = told) });
  await work;
  assert.deepEqual([...stores.keys()].sort(), ["vigia-notes", "vigia-shell"]);
  assert.deepEqual([fresh.told.skipped, fresh.told.claimed], [1, 1]);
  assert.equal((await fresh.ask("/assets/js/main.mjs")).text, "held 2 /assets/js/main.mjs");
});

test("letters are kept once they were needed", async () => {
  let times = 0;
  const { ask } = worker({ net: () => new Response(`letters ${++times}`) });
  assert.equal((await ask("/assets/vendor/fonts/noto-sans-arabic-arabic-400-normal.woff2")).text, "letters 1");
  assert.equal((await ask("/assets/vendor/fonts/noto-sans-arabic-arabic-400-normal.woff2")).text, "letters 1");
});

test("a sign-out deletes what was taken along, and is left to the server", async () => {
  for (const net of [() => new Response(""), gone]) {
    const { ask, told } = worker({ net });
    assert.equal(await ask("/sign-out", { method: "POST", mode: "navigate" }), undefined);
    assert.deepEqual(told.deleted, ["vigia-areas"]);
  }
});
