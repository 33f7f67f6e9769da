// Saved views on the page: the address names the one that is shown (`view=7`), and what differs from it is said.
import { ask } from "../api.mjs";
import { change } from "../events/area.mjs";
import { createBar, createPanel } from "./panel.mjs";
import { named, sure } from "./parts.mjs";
import { again, keep, saveView } from "./save.mjs";
import { shareDialog } from "./share.mjs";
import { cameraOf, cameraText, differs, patchOf, readState, stateText } from "./state.mjs";
import { changedWords } from "./words.mjs";

const NARROW = "(max-width: 760px)";
const FOLLOWED = ["from", "to"]; // a window that ends now goes on with the data: nobody changed it

/** `settle()` is called before a view is put on the page, `opened()` after; `leftOut` are keys that a link was opened without. */
export function watchViews({ map, choices, status, root, bar: strip, toggles, windowOf, settle, opened, leftOut }) {
  const held = { view: undefined, saved: undefined, found: undefined, leftOut, loading: undefined };
  const camera = () => cameraText(map.getCenter(), map.getZoom());
  const now = () => ({ choices: choices.get(), camera: camera() });
  const state = () => stateText(choices.get(), camera());

  const panel = createPanel(root, {
    close: () => open(false), open: show, save: () => saveNew(), share: (view) => share(view),
    async edit(view) {
      const whole = await ask(`/api/saved-views/${view.id}`).catch((error) => void panel.said(error.message));
      const kept = whole && (await saveView({ title: "Rename, or change who sees it", state: whole.state, world: view.world, view: whole, may: held.found }));
      if (kept) await keptAs(kept, `${kept.name} is saved.`, false);
    },
    async remove(view) {
      if (!(await sure("Delete this view?", [named(view.name), " is deleted for everybody it is shared with, and links to it lead nowhere."], "Delete"))) return;
      await tried(() => change("DELETE", `/api/saved-views/${view.id}`, {}, { "If-Match": `"${view.version}"` }), `${view.name} is deleted.`);
      if (choices.get().view === String(view.id)) leave();
      await list();
    },
    async revoke(link) {
      await tried(() => change("DELETE", `/api/short-links/${link.id}`, {}), "The link leads nowhere any more.");
      await list();
    },
  });
  const bar = createBar(strip, { save: () => (held.view?.may ? saveAgain() : saveNew()), back: () => show(held.view.id), leave });

  async function tried(act, done) {
    try {
      const made = await act();
      panel.said(done);
      status.say(done);
      return made;
    } catch (error) {
      panel.said(error.message);
      status.say(error.message);
      return undefined;
    }
  }

  // -- the panel

  async function list() {
    if (root.hidden) return;
    const [found, made] = await Promise.all([status.follow("Views", ask("/api/saved-views")), status.follow("Links", ask("/api/short-links"))]);
    if (found) held.found = found;
    if (found && made) panel.draw(found, made, held.view);
  }

  function open(on = root.hidden) {
    root.hidden = !on;
    if (on && matchMedia(NARROW).matches) {
      // One sheet at a time: the rail it was opened from goes.
      document.getElementById("rail").classList.remove("open");
      document.getElementById("rail-toggle").setAttribute("aria-expanded", "false");
    }
    toggles.forEach((toggle) => toggle.setAttribute("aria-expanded", String(on)));
    void list();
  }

  async function may() {
    held.found = await status.follow("Views", ask("/api/saved-views"));
    return held.found;
  }

  // -- one view

  /** Open a saved view: as far as it may be opened. */
  async function show(id) {
    const found = await fetched(id);
    if (!found) return;
    held.saved = readState(found.opens);
    settle();
    const patch = patchOf(held.saved);
    // The view's own window, else the first one of its world.
    choices.set({ ...(held.saved.choices.from || held.saved.choices.to ? {} : windowOf(held.saved.choices.world, held.saved.choices.at)), ...patch, view: String(id) });
    const there = cameraOf(held.saved.camera);
    if (there) map.jumpTo(there);
    opened();
    draw();
    if (matchMedia(NARROW).matches) open(false); // the panel lies over the map there
    else await list();
  }

  async function fetched(id) {
    const mine = (held.loading = {});
    const found = await ask(`/api/saved-views/${id}`).catch((error) => {
      panel.said(error.message);
      status.say(`${error.message[0].toUpperCase()}${error.message.slice(1)}.`, { stays: true });
    });
    if (!found || mine !== held.loading) return undefined;
    [held.view, held.leftOut] = [found, found.left_out];
    return found;
  }

  /** The address names a view that is not held: what is shown stays as the address says, and is held against it. */
  async function follow() {
    const id = choices.get().view;
    if (id === undefined) {
      if (held.view) held.leftOut = undefined;
      [held.view, held.saved, held.loading] = [];
      return draw();
    }
    if (String(held.view?.id) === id) return draw();
    const found = /^\d{1,10}$/.test(id) && (await fetched(id));
    if (choices.get().view !== id) return;
    if (!found) return leave();
    held.saved = readState(found.opens);
    draw();
    void list();
  }

  function leave() {
    choices.set({ view: undefined }, { push: false });
    if (held.leftOut && !held.view) {
      held.leftOut = undefined;
      draw();
    }
  }

  async function saveNew() {
    if (!(await may())) return;
    const kept = await saveView({ title: "Save as a new view", state: state(), world: choices.get().world, may: held.found });
    if (kept) await keptAs(kept, `${kept.name} is saved.`, true);
  }

  async function saveAgain() {
    const kept = await tried(() => keep(again(held.view, state()), held.view), `${held.view.name} is saved.`);
    if (kept) await keptAs(kept, undefined, true);
  }

  /** What is kept is what is held: `shown` says that it is what the page shows. */
  async function keptAs({ id }, words, shown) {
    if (words) {
      panel.said(words);
      status.say(words);
    }
    if (shown || held.view?.id === id) {
      const found = await fetched(id);
      if (found) {
        held.saved = readState(found.opens);
        choices.set({ view: String(id) });
      }
    }
    draw();
    await list();
  }

  async function share(view = undefined) {
    await shareDialog({ state: state(), view: view ?? held.view });
    await list();
  }

  function draw() {
    const changed = held.view && held.saved ? differs(held.saved, now()) : [];
    bar({ view: held.view, changed: changed.length ? changedWords(changed) : undefined, leftOut: held.leftOut });
    strip.dataset.changed = changed.join(",");
  }

  choices.subscribe((after, keys, { before, by }) => {
    if (by === "page" && held.saved) {
      for (const k of FOLLOWED) if (keys.has(k) && held.saved.choices[k] === before[k]) held.saved.choices[k] = after[k];
    }
    if (keys.has("view")) void follow();
    else draw();
  });
  map.on("moveend", draw);
  toggles.forEach((toggle) => toggle.addEventListener("click", () => open()));
  void follow();
  draw();
  return { held, open, show, share };
}
