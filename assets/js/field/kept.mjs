// Where areas lie that somebody took along: IndexedDB, `areas` (what each is) and `parts` (its bytes, by area and name).
// An area is there when its line in `areas` is, which is written last: parts without one are of a taking that broke off, and go.
// The worker deletes the whole of it at a sign-out (assets/js/worker/worker.js), so that a database is never held open against that.
import { judgedAt, mayStay } from "./areas.mjs";

const NAME = "vigia-areas", VERSION = 1;
const TAKING = "vigia-taking"; // the lock of a taking that goes on, in whatever tab

export class RoomFull extends Error {}

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

const open = () => new Promise((resolve, reject) => {
  const asked = indexedDB.open(NAME, VERSION);
  asked.onupgradeneeded = () => {
    asked.result.createObjectStore("areas", { keyPath: "id" });
    asked.result.createObjectStore("parts");
    asked.result.createObjectStore("meta");
  };
  asked.onsuccess = () => {
    asked.result.onversionchange = () => asked.result.close();
    resolve(asked.result);
  };
  asked.onerror = () => reject(asked.error);
});

/** Do something in one transaction; a disk without room is RoomFull. */
async function within(stores, mode, act) {
  const database = await open();
  try {
    const work = database.transaction(stores, mode);
    const over = new Promise((resolve, reject) => {
      work.oncomplete = resolve;
      work.onabort = work.onerror = () => reject(work.error ?? new Error("the browser gave up keeping it"));
    });
    over.catch(() => {}); // told below
    const got = await act(...stores.map((name) => work.objectStore(name)));
    await over;
    return got;
  } catch (error) {
    if (error?.name === "QuotaExceededError") throw new RoomFull("This browser has no more room.");
    throw error;
  } finally {
    database.close();
  }
}

const ofArea = (id) => IDBKeyRange.bound([id], [id, []]);

/** Every area there is, the newest first. Nothing is judged here: see `swept`. */
export const all = async () => (await within(["areas"], "readonly", (areas) => done(areas.getAll()))).sort((a, b) => b.taken_at.localeCompare(a.taken_at));

/** Keep parts of an area: [[name, value]], a value a Blob or an ArrayBuffer. Raises RoomFull. */
export const put = (id, found) => within(["parts"], "readwrite", (parts) => Promise.all(found.map(([name, value]) => done(parts.put(value, [id, name])))));

export const part = (id, name) => within(["parts"], "readonly", (parts) => done(parts.get([id, name])));

export const names = async (id) => (await within(["parts"], "readonly", (parts) => done(parts.getAllKeys(ofArea(id))))).map(([, name]) => name);

/** The area is whole: from now on it is there. */
export const finish = (area) => within(["areas"], "readwrite", (areas) => done(areas.put(area)));

export const remove = (id) => within(["areas", "parts"], "readwrite", (areas, parts) => Promise.all([done(areas.delete(id)), done(parts.delete(ofArea(id)))]));

/** Everything, of everybody. */
export const removeAll = () => within(["areas", "parts"], "readwrite", (areas, parts) => Promise.all([done(areas.clear()), done(parts.clear())]));

/** Delete what may not stay: what is over, what is another person's (`owner` says whose page this is, when it is known), what broke off. Gives what is left, the newest first. */
export async function swept(nowS, owner, locks = navigator.locks) {
  const judged = await within(["meta"], "readwrite", async (meta) => {
    const at = judgedAt(nowS, await done(meta.get("seen_s")));
    await done(meta.put(at, "seen_s"));
    return at;
  });
  const found = await all();
  for (const area of found) if (!mayStay(area, judged, owner)) await remove(area.id);
  await locks?.request(TAKING, { ifAvailable: true }, (lock) => lock && orphans(new Set(found.map((area) => area.id))));
  return { areas: found.filter((area) => mayStay(area, judged, owner)), judgedS: judged };
}

async function orphans(known) {
  const keys = await within(["parts"], "readonly", (parts) => done(parts.getAllKeys()));
  for (const id of new Set(keys.map(([id]) => id))) if (!known.has(id)) await remove(id);
}

/** One taking at a time, in all tabs. `busy()` when another goes on. */
export const whileTaking = (act, busy, locks = navigator.locks) => (locks ? locks.request(TAKING, { ifAvailable: true }, (lock) => (lock ? act() : busy())) : act());
