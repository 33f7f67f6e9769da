// Notes on the page: those of the window on the map, new ones written, and those that wait on their way to the server.
import { headers, latestOnly } from "../api.mjs";
import { FILTER_KEYS, parseLayers, thenQuery } from "../choices.mjs";
import { change } from "../events/area.mjs";
import * as layer from "../layers/notes.mjs";
import { epoch, iso, number } from "../times.mjs";
import { button as made, part, sure } from "../views/parts.mjs";
import { noteDialog } from "./dialog.mjs";
import { createList } from "./list.mjs";
import { createQueue } from "./queue.mjs";
import { labelOf, newKey, opened, sealed } from "./seal.mjs";
import { openStore } from "./store.mjs";
import { countWords } from "./words.mjs";

const MOST = 1000, AGAIN_MS = 60_000, SEND_MS = 180_000;
const MAY = ["coordinator", "analyst", "supervisor"];
const NOBODY = { agencies: [], markings: ["TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"], roles: MAY };

/** A UUID also where the page is not served safely, and the browser makes none by itself. */
export function newId(random = crypto) {
  if (random.randomUUID) return random.randomUUID();
  const b = random.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  return [...b].map((n, i) => `${[4, 6, 8, 10].includes(i) ? "-" : ""}${n.toString(16).padStart(2, "0")}`).join("");
}

export function watchNotes({ map, choices, token, status, parts, drawing, order, tellDash }) {
  const held = { rows: [], total: 0 };
  const fetchRows = latestOnly();
  let ready = false, then = { at: undefined, playing: false }, drawn, picked, list, last;
  const stands = () => (then.playing ? undefined : then.at);

  // -- those that are stored, on the map

  const shown = () => (then.at === undefined ? held.rows : held.rows.filter((r) => epoch(r.properties.observed_at) <= then.at));
  const own = () => parseLayers(choices.get().layers).find((l) => l.name === "notes");
  const on = () => own().on && !choices.get().compare;

  function draw(anew = false) {
    const rows = shown(), [what, id] = (choices.get().sel ?? "").split(":"), chosen = what === "note" ? Number(id) : undefined;
    const now = [ready, on(), own().opacity, chosen, held.total, ...rows.map((r) => r.id)].join();
    if (now === drawn && !anew) return;
    drawn = now;
    const total = then.playing ? rows.length : held.total;
    parts.line.textContent = total > rows.length ? `${number(total)} found, the newest ${number(rows.length)} shown` : `${number(rows.length)} shown`;
    if (!ready) return;
    layer.draw(map, { rows, chosen });
    layer.show(map, on(), own().opacity);
  }

  async function fetchAll() {
    const found = await status.follow("Notes", fetchRows(`/api/notes?${thenQuery(choices.get(), stands())}&limit=${MOST}`));
    if (!found) return;
    Object.assign(held, { rows: found.features, total: found.total });
    draw();
  }

  function dress() {
    layer.add(map, { token });
    ready = true;
    order();
    draw(true);
  }
  if (map.isStyleLoaded() && map.getLayer("chosen-ring")) dress();
  map.on("style.load", dress);
  map.on("click", ({ point: { x, y }, lngLat }) => {
    if (picked) {
      const tell = picked;
      // Once every other listener of this tap has seen that it was for the place.
      return void queueMicrotask(() => tell({ lon: lngLat.wrap().lng, lat: lngLat.lat }));
    }
    if (drawing() || !on() || !map.getLayer("note-mark")) return;
    const [found] = map.queryRenderedFeatures([[x - 6, y - 6], [x + 6, y + 6]], { layers: layer.clickable });
    if (found) choices.set({ sel: `note:${found.properties.id}` });
  });

  // -- those that wait

  const { subtle } = globalThis.crypto ?? {};
  let me, label, store;
  // In one tab at a time, where the browser can tell.
  const alone = (act) => (navigator.locks ? navigator.locks.request(`vigia-notes ${label}`, { ifAvailable: true }, (lock) => (lock ? act() : undefined)) : act());
  const queue = createQueue({
    store: { all: async () => (await store).all(), put: async (row) => (await store).put(row), remove: async (id) => (await store).remove(id) },
    person: () => label, send, changed, alone, kept: () => void fetchAll(),
  });
  const tabs = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("vigia-notes");
  let telling = false;
  tabs?.addEventListener("message", async () => {
    telling = true;
    await queue.tell().catch(() => undefined);
    telling = false;
  });

  function changed(told) {
    last = told;
    const { shown: any, number: count, words } = countWords(told);
    parts.button.hidden = !any;
    parts.button.classList.toggle("refused", told.refused.length > 0);
    parts.button.querySelector(".notes-count").textContent = count;
    parts.button.title = words;
    parts.button.setAttribute("aria-label", words);
    void list?.draw(told);
    if (!telling) tabs?.postMessage("changed");
  }

  const keyOf = () => (subtle ? store.then((s) => s.key(label, () => newKey(subtle))) : undefined);
  const openRow = async (row) => opened({ subtle, key: row.content.sealed ? await keyOf() : undefined, id: row.id, content: row.content });

  async function send(row) {
    const found = await openRow(row).catch(() => undefined);
    if (!found) return { status: 400, error: "it can't be opened in this browser any more" };
    const { world, ...note } = found.note, line = JSON.stringify({ ...note, uuid: row.id, person: me.id });
    const body = found.photo ? new Blob([line, "\n", found.photo.bytes]) : line;
    try {
      const answer = await fetch(`/api/notes?world=${world}`, { method: "POST", body, headers: { ...headers(), "Content-Type": found.photo ? "application/octet-stream" : "application/json" }, signal: AbortSignal.timeout(SEND_MS) });
      return { status: answer.status, error: (await answer.json().catch(() => ({}))).error ?? `the server said ${answer.status}.` };
    } catch {
      return { status: 0, error: "the server does not answer." };
    }
  }

  /** Who is here: as the server says, or, without a link, who was here last. Signed out nobody is. */
  async function who() {
    const answer = await fetch("/api/me", { headers: headers() }).catch(() => undefined), kept = await store;
    const left = answer?.status === 401 || (!answer?.ok && /(?:^|; )vigia-out=1/.test(document.cookie)); // routes/signing.py
    if (answer?.ok) {
      me = await answer.json();
      await kept.remember(me);
    } else if (left) {
      await kept.remember(undefined);
      me = undefined;
    } else me ??= await kept.last();
    label = me && (await labelOf(subtle, location.origin, me.id));
  }

  async function begin() {
    try {
      store = openStore();
      await who();
      await queue.flush(true);
    } catch (error) {
      status.say(`Notes can't be kept in this browser: ${error.message}`);
    }
  }

  /** A link again, or somebody looks again: who is here may be another. */
  async function again() {
    await who().catch(() => undefined);
    await queue.flush(true);
  }

  const content = async (id, draft) => {
    const { place, at, zone, photo, world, ...note } = draft;
    return sealed({ subtle, key: await keyOf(), id, photo, note: { ...note, text: note.text.trim(), lon: place.lon, lat: place.lat, observed_at: iso(at), world } });
  };

  async function keep(id, draft, before) {
    if (!label) throw new Error("nobody is signed in");
    await queue.put({ ...before, id, person: label, content: await content(id, draft) });
    void navigator.storage?.persist?.();
    return draft;
  }

  async function write() {
    await who().catch(() => undefined);
    const world = choices.get().world, may = me ?? NOBODY;
    if (!may.roles.some((role) => MAY.includes(role))) return status.say("Notes are made by coordinators, analysts and supervisors.");
    const id = newId();
    if (await noteDialog({ title: "New note or sighting", me: may, world, now: then.at ?? Date.now() / 1000, pick, keep: (draft) => keep(id, { ...draft, world }) }))
      status.say(navigator.onLine ? "Saved; it is being sent." : "Saved in this browser; it is sent when there is a link.");
  }

  async function edit(row, { note, photo }) {
    if (!queue.take(row.id)) return list?.say("It is being sent just now.");
    list?.close();
    const { lon, lat, observed_at, world, ...rest } = note, draft = { ...rest, precision_m: rest.precision_m ?? undefined, place: { lon, lat }, at: epoch(observed_at), photo };
    // What the server has under this UUID stays as it is there: with other words it is a note of its own.
    const id = row.status === 409 ? newId() : row.id;
    const kept = await noteDialog({ title: "Edit before it is sent", me: me ?? NOBODY, world, draft, now: draft.at, pick, async keep(told) {
      await keep(id, { ...told, world }, { made_at: row.made_at, tries: id === row.id ? row.tries : 0 });
      if (id !== row.id) await queue.remove(row.id);
      return told;
    } });
    if (!kept) queue.release(row.id);
  }

  async function remove(row) {
    const words = row.tries && row.state === "waiting" ? "It was sent before and no answer came: the server may have it already. Look for it on the map; there it can be withdrawn." : "It is not on the server, and can't be brought back.";
    if (!queue.take(row.id)) return list?.say("It is being sent just now.");
    if (await sure("Delete this note?", [words], "Delete")) await queue.remove(row.id);
    else queue.release(row.id);
  }

  async function open() {
    list = createList({ open: openRow, sealed: Boolean(subtle), acts: { edit, remove, send: () => void again() }, closed: () => (list = undefined) });
    await list.draw(last ?? (await queue.told()));
    list.show();
  }

  /** A place by tapping the map, or the map's middle by a button; undefined when the person turned back. */
  function pick() {
    return new Promise((resolve) => {
      const cross = part("div", "note-cross");
      const done = (found) => {
        picked = undefined;
        bar.remove();
        cross.remove();
        removeEventListener("keydown", escape, true);
        resolve(found);
      };
      const escape = (event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        done();
      };
      const middle = made("Use the middle", "filled", () => done({ lon: map.getCenter().wrap().lng, lat: map.getCenter().lat }));
      const bar = part("div", "note-pick", part("span", "", "Tap the place, or move it under the cross."), middle, made("Back", "action", () => done()));
      bar.setAttribute("role", "group");
      bar.setAttribute("aria-label", "Place of the note");
      picked = done;
      parts.stage.append(cross, bar);
      addEventListener("keydown", escape, true);
      middle.focus();
    });
  }

  parts.button.addEventListener("click", () => void open());
  document.addEventListener("click", async (event) => {
    const target = event.target.closest("[data-command]"), command = target?.dataset.command;
    if (command === "note-new") {
      document.getElementById("rail").classList.remove("open");
      document.getElementById("rail-toggle").setAttribute("aria-expanded", "false");
      await write();
    } else if (command === "note-centre") {
      const [, id] = (choices.get().sel ?? "").split(":"), found = held.rows.find((r) => r.id === Number(id));
      if (found) map.easeTo({ center: found.geometry.coordinates, zoom: Math.max(map.getZoom(), 11), duration: 600 });
    } else if (command === "note-withdraw") {
      const id = Number(target.dataset.note);
      if (!(await sure("Withdraw this note?", ["It goes from the map for everybody, and stays on record with your name and the time."], "Withdraw"))) return;
      await change("DELETE", `/api/notes/${id}`, {}).then(() => status.say("The note is withdrawn."), (error) => status.say(error.message));
      tellDash();
      await fetchAll();
    }
  });
  addEventListener("online", () => void again());
  addEventListener("offline", () => void queue.tell());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void again());
  choices.subscribe((_, keys) => {
    if (FILTER_KEYS.some((k) => keys.has(k))) void fetchAll();
    else if (["layers", "compare", "sel"].some((k) => keys.has(k))) draw();
  });
  setInterval(() => document.visibilityState === "visible" && navigator.onLine && void fetchAll(), AGAIN_MS);
  void fetchAll();
  void begin();
  return {
    held, queue, write, here: () => label, refetch: () => void fetchAll(), picking: () => Boolean(picked),
    /** The clock stands at a time, or runs: what is held is drawn as it was then. */
    asOf(now) {
      const before = stands();
      then = now;
      if (stands() === before) draw();
      else void fetchAll();
    },
  };
}
