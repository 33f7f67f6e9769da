// Comparing two images: the address says which and how (`compare=12,15&compare_mode=swipe&compare_at=0.5`), this brings it on the map.
import { ask, latestOnly } from "../api.mjs";
import { change } from "../events/area.mjs";
import { bounds } from "./overlap.mjs";
import { createPanel } from "./panel.mjs";
import { createStage } from "./stage.mjs";
import { modeOf, pairOf, shareOf } from "./words.mjs";

const MAY = ["coordinator", "analyst", "supervisor"];
export const KEYS = ["compare", "compare_mode", "compare_at", "compare_look"];
const NONE = Object.fromEntries(KEYS.map((k) => [k, undefined]));

/** `second(container)` makes the second map; `stage` holds the page's own, `root` is the panel. */
export function watchCompare({ map, second, choices, token, status, stage: box, root }) {
  const held = { pair: undefined, images: undefined, offsets: [], looks: [], look: undefined, chosen: undefined, may: false, working: undefined, said: {}, blinking: false };
  const fetchPair = latestOnly(), fetchLook = latestOnly();
  const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const world = () => choices.get().world;
  const url = (path, more = "") => `/api/${path}?world=${world()}${more}`;

  const stage = createStage({
    box, map, second, token,
    told: { at: (at) => choices.set({ compare_at: at === 0.5 ? undefined : String(Number(at.toFixed(3))) }, { push: false }), picked: (id) => pick(id) },
  });
  const panel = createPanel(root, {
    mode(mode) {
      held.blinking = mode === "blink" && !still();
      choices.set({ compare_mode: mode === "swipe" ? undefined : mode });
    },
    share: (at) => choices.set({ compare_at: at === 0.5 ? undefined : String(at) }, { push: false }),
    blink() {
      held.blinking = !held.blinking;
      draw();
    },
    fit() {
      const [west, south, east, north] = bounds(...held.images.map((i) => i.footprint));
      map.fitBounds([[west, south], [east, north]], { padding: 56, maxZoom: 19, animate: !still() });
    },
    line: () => work("line", "lie", async ([before, after]) => {
      const found = await change("POST", url(`images/${after.id}/offset`), { against: before.id });
      held.offsets[1] = { ...found, against_id: before.id };
    }, "They could not be lined up"),
    undo: () => work("undo", "lie", async ([, after]) => {
      await change("DELETE", url(`images/${after.id}/offset`), {});
      held.offsets[1] = undefined;
      return "Undone: the later image lies where its file says.";
    }, "It could not be undone"),
    look: () => work("look", "change", async ([before, after]) => {
      const made = await change("POST", url("changes"), { before: before.id, after: after.id });
      await looks();
      choices.set({ compare_look: String(made.id) }, { push: false });
      return made.candidates ? undefined : "Nothing differs more than noise and small shifts explain. That is not proof that nothing changed.";
    }, "They could not be compared"),
    open: (id) => choices.set({ compare_look: String(id) }, { push: false }),
    leave, pick,
    go(id) {
      const found = held.look?.features.find((f) => f.id === id);
      const [west, south, east, north] = bounds(found?.geometry) ?? [];
      if (found) map.fitBounds([[west, south], [east, north]], { padding: 120, maxZoom: Math.max(18, map.getZoom()), animate: !still() });
    },
    async decide(id, state, note) {
      try {
        await change("POST", url(`changes/candidates/${id}`), { state, ...(note ? { note } : {}) });
      } catch (error) {
        held.said.change = `Not kept: ${error.message}`;
        return draw();
      }
      held.said.change = undefined;
      await Promise.all([openLook(held.look?.change.id, true), looks()]);
      draw();
    },
  });

  /** Something that takes seconds: one at a time, and what it says when it was refused. */
  async function work(what, where, act, refused) {
    if (held.working) return;
    const { pair, images } = held;
    held.working = what;
    held.said[where] = undefined;
    draw();
    try {
      const words = await act(images);
      if (held.pair === pair) held.said[where] = words;
    } catch (error) {
      if (held.pair === pair) held.said[where] = `${refused}: ${error.message}. Nothing was changed.`.replace("..", ".");
    } finally {
      held.working = undefined;
      draw();
    }
  }

  function pick(id) {
    held.chosen = id;
    draw();
  }

  function leave() {
    choices.set(NONE);
  }

  async function looks() {
    const { images: [before, after], pair } = held;
    const found = await ask(url("changes", `&before=${before.id}&after=${after.id}`)).catch(() => undefined);
    if (found && held.pair === pair) held.looks = found.rows;
  }

  async function openLook(id, again = false) {
    if (!id) held.look = held.chosen = undefined;
    else if (again || held.look?.change.id !== id) {
      const found = await status.follow("Candidates", fetchLook(url(`changes/${id}`)));
      if (!found || !held.pair) return;
      // A look of another pair may stand in an address somebody wrote.
      const ours = found.change.before_id === held.images[0].id && found.change.after_id === held.images[1].id;
      held.look = ours ? found : undefined;
      if (!again) held.chosen = undefined;
    }
    draw();
  }

  async function start() {
    const pair = pairOf(choices.get().compare);
    if (String(pair) === String(held.pair)) return;
    stop();
    if (!pair) return choices.get().compare ? leave() : undefined;
    held.pair = pair;
    const mine = held.pair;
    try {
      const [one, other, me, ...offsets] = await Promise.all([
        ...pair.map((id) => ask(url(`images/${id}`))), ask("/api/me"), ...pair.map((id) => ask(url(`images/${id}/offset`))),
      ]);
      if (held.pair !== mine) return;
      held.may = MAY.some((role) => me.roles.includes(role));
      const inForce = offsets.map(({ offsets: rows }) => rows.find((r) => !r.undone_at));
      const turned = Date.parse(one.captured_at) > Date.parse(other.captured_at);
      held.images = turned ? [other, one] : [one, other];
      held.offsets = turned ? inForce.reverse() : inForce;
      if (held.images.some((image) => !bounds(image.footprint) || !image.on_tiles)) throw new Error(`image ${held.images.find((i) => !i.on_tiles)?.id ?? ""} does not lie on the map`);
    } catch (error) {
      if (held.pair !== mine) return;
      status.say(`These two can't be compared: ${error.message}.`.replace("..", "."));
      return leave();
    }
    held.blinking = modeOf(choices.get().compare_mode) === "blink" && !still();
    panel.open(true);
    draw();
    await looks();
    await openLook(Number(choices.get().compare_look) || undefined);
  }

  function stop() {
    if (held.images) stage.leave();
    Object.assign(held, { pair: undefined, images: undefined, offsets: [], looks: [], look: undefined, chosen: undefined, said: {}, blinking: false });
    panel.open(false);
  }

  function draw() {
    if (!held.images) return;
    const now = choices.get();
    const how = { ...held, offsets: [...held.offsets], mode: modeOf(now.compare_mode), at: shareOf(now.compare_at), world: now.world };
    if (how.mode !== "blink") how.blinking = held.blinking = false;
    else if (held.mode !== "blink" && held.mode !== undefined) how.blinking = held.blinking = !still();
    held.mode = how.mode;
    stage.show({ ...how, features: held.look?.features });
    panel.draw(how);
  }

  map.on("style.load", () => held.images && stage.restyled());
  choices.subscribe((_, changed) => {
    if (changed.has("world") && held.pair) return void leave();
    if (changed.has("compare")) void start();
    else if (changed.has("compare_look") && held.images) void openLook(Number(choices.get().compare_look) || undefined);
    else if (changed.has("compare_mode") || changed.has("compare_at")) draw();
  });
  void start();
  return { held, stage, leave };
}
