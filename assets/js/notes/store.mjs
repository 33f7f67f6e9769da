// Where notes wait: IndexedDB, which outlives the tab, the browser, signing out and another person's signing in.

const NAME = "vigia-notes", VERSION = 1;

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

/** Written to disk before it counts as kept. */
const written = (transaction) => new Promise((resolve, reject) => {
  transaction.oncomplete = () => resolve();
  transaction.onabort = transaction.onerror = () => reject(transaction.error ?? new Error("The browser did not keep it."));
});

/** `notes` by id, the key of each person, and `meta`: who was here last. */
export async function openStore(factory = globalThis.indexedDB) {
  const request = factory.open(NAME, VERSION);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("notes", { keyPath: "id" });
    request.result.createObjectStore("keys", { keyPath: "person" });
    request.result.createObjectStore("meta", { keyPath: "name" });
  };
  const db = await done(request);
  db.onversionchange = () => db.close();
  const read = (store, act) => done(act(db.transaction(store).objectStore(store)));
  const write = (store, act) => {
    const transaction = db.transaction(store, "readwrite", { durability: "strict" });
    act(transaction.objectStore(store));
    return written(transaction);
  };
  return {
    all: () => read("notes", (s) => s.getAll()),
    one: (id) => read("notes", (s) => s.get(id)),
    put: (row) => write("notes", (s) => s.put(row)),
    remove: (id) => write("notes", (s) => s.delete(id)),
    /** The person's key; two tabs that make one at once end up with the same. */
    async key(person, make) {
      const held = await read("keys", (s) => s.get(person));
      if (held) return held.key;
      const fresh = await make();
      await write("keys", (s) => s.add({ person, key: fresh })).catch(() => undefined);
      return (await read("keys", (s) => s.get(person))).key;
    },
    last: async () => (await read("meta", (s) => s.get("last")))?.value,
    remember: (value) => write("meta", (s) => (value ? s.put({ name: "last", value }) : s.delete("last"))),
  };
}
