// Taking an area along, on the page: the panel, what the map shows, what lies in the browser.
import { ask } from "../api.mjs";
import { FILTER_KEYS } from "../choices.mjs";
import { askPurpose } from "../purpose.mjs";
import { areaOf, areaQuery, ownerOf, roomWords, weight } from "./areas.mjs";
import { remove, RoomFull, swept } from "./kept.mjs";
import { createPanel } from "./panel.mjs";
import { canWork } from "./shell.mjs";
import { take } from "./take.mjs";

const NARROW = "(max-width: 760px)";
const EVERY_MS = 60_000; // what is over goes, and ages go on
const now = () => Date.now() / 1000;

/** `toggles` open and close it; `others` are panels that lie in the same place. */
export async function watchTaking({ map, choices, status, root, toggles, others = [] }) {
  const can = canWork() && Boolean(globalThis.indexedDB), state = { plan: undefined, query: undefined, calling: undefined, owner: undefined, asking: 0 };
  const panel = createPanel(root, { close: () => open(false), measure, take: begin, cancel: () => state.calling?.abort(), remove: gone, changed: forget }, { can });

  const view = () => {
    const b = map.getBounds(), within = (x) => Math.max(-180, Math.min(180, x));
    return [within(b.getWest()), b.getSouth(), within(b.getEast()), b.getNorth()];
  };
  const area = () => areaOf(choices.get(), view());

  /** What was measured is of another area, or for another time. */
  function forget() {
    state.asking++;
    if (state.calling) return; // it is being taken as it was measured
    state.plan = undefined;
    panel.plan(undefined);
    if (!root.hidden) panel.area(area());
  }

  async function list() {
    if (!can || state.owner === undefined) return;
    const { areas, judgedS } = await swept(now(), state.owner);
    panel.list(areas, judgedS);
  }

  async function measure(chosen) {
    const { bbox } = area(), asking = ++state.asking;
    const query = areaQuery(choices.get(), bbox, chosen);
    panel.measuring(true);
    panel.said("Counting…");
    try {
      const plan = await ask(`/api/taking?${query}`);
      if (asking !== state.asking || !plan) return panel.said("");
      const room = await navigator.storage?.estimate?.().catch(() => undefined);
      Object.assign(state, { plan, query, taken: choices.get() });
      panel.said("");
      panel.plan(plan, { nowS: now(), wrong: roomWords(weight(plan).total, room) });
    } catch (error) {
      panel.said(error.message);
    } finally {
      panel.measuring(false);
    }
  }

  async function begin(name) {
    const { plan, query, taken } = state, live = taken.world !== "exercise";
    const why = live ? await askPurpose("Take this area along") : undefined;
    if (live && !why) return;
    const { total } = weight(plan);
    state.calling = new AbortController();
    panel.said("Taking it along…");
    panel.progress(0, total);
    try {
      void navigator.storage?.persist?.(); // asked by a person's own act: a browser may then not clear it by itself
      const made = await take({
        plan, query, choices: taken, name: name || `Area of ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC`, owner: state.owner, why, signal: state.calling.signal,
        progress: (came) => panel.progress(came, total),
      });
      panel.said(`${made.name} is taken along${made.release ? `: release ${made.release}` : ""}.`);
      status.say(`${made.name} is taken along.`);
    } catch (error) {
      panel.said(error.name === "AbortError" ? "Called off: nothing of it is kept." : error instanceof RoomFull ? `${error.message} Nothing of the area is kept: take a smaller one, or delete one below.` : `${error.message} Nothing of it is kept.`);
    } finally {
      state.calling = undefined;
      panel.progress(undefined);
      forget();
      await list();
    }
  }

  async function gone(area) {
    await remove(area.id);
    panel.said(`${area.name} is deleted.`);
    await list();
  }

  function open(on = root.hidden) {
    root.hidden = !on;
    if (on) {
      for (const other of others) {
        other.hidden = true;
        document.querySelectorAll(`[aria-controls=${other.id}]`).forEach((toggle) => toggle.setAttribute("aria-expanded", "false"));
      }
      if (matchMedia(NARROW).matches) {
        document.getElementById("rail").classList.remove("open");
        document.getElementById("rail-toggle").setAttribute("aria-expanded", "false");
      }
      forget();
    }
    toggles.forEach((toggle) => toggle.setAttribute("aria-expanded", String(on)));
    void list();
  }

  toggles.forEach((toggle) => toggle.addEventListener("click", () => open()));
  for (const other of others) new MutationObserver(() => other.hidden || root.hidden || open(false)).observe(other, { attributes: true, attributeFilter: ["hidden"] });
  map.on("moveend", ({ following }) => following || root.hidden || forget());
  // A window that goes on with the time is nobody's new choice: what was measured stands.
  choices.subscribe((_, changed, { by }) => by !== "page" && FILTER_KEYS.some((key) => changed.has(key)) && !root.hidden && forget());
  if (!can) return { open };
  const me = await ask("/api/me").catch(() => undefined);
  if (!me) return { open };
  state.owner = await ownerOf(me, location.origin);
  await list().catch((error) => panel.said(`What was taken along can't be read: ${error.message}`)); // what is over, or another person's, goes even if nobody looks
  setInterval(() => void list(), EVERY_MS);
  return { open };
}
