// Following the data: has anything of this world changed since it was last asked for.
import { ask } from "./api.mjs";
import { epoch } from "./times.mjs";

const EVERY_S = 5;

/** A world's row of /api/worlds with its times in epoch seconds. */
export const worldOf = (row) => ({ ...row, from: epoch(row.from), to: epoch(row.to), edge: epoch(row.edge) });

/** Ask every few seconds (a 304 when nothing changed); `changed(world, before)` when the state of the world that is shown is another. A silent server is told elsewhere. */
export function follow({ world, held, changed, every = EVERY_S }) {
  let asking = false;
  return setInterval(async () => {
    if (asking) return;
    asking = true;
    const found = await ask("/api/worlds").catch(() => undefined);
    asking = false;
    const row = found?.worlds.find((w) => w.world === world());
    const before = held();
    if (row && before && row.state !== before.state) changed(worldOf(row), before);
  }, 1000 * every);
}

/** Pure: where a window goes when the data's edge moved on. One that reached the old edge keeps its length and follows; any other stays. */
export function followed([from, to], before, now) {
  if (now === undefined || to < before || now < to) return [from, to];
  const step = stepS(to - from), end = Math.ceil((now + 1) / step) * step;
  return [from + (end - to), end];
}

/** A long window goes on in longer steps: each of them asks for all of it again. */
const stepS = (length) => [3600, 600, 300, 60].find((s) => s <= length / 1000) ?? 60;

const layersOf = (state) => Object.fromEntries([...(state ?? "").matchAll(/(?:^|,)([a-z]+):(\d+@[\d.]+)/g)].map(([, layer, version]) => [layer, version]));

/** Pure: whether all that changed between two states of a world is where its tracks went. */
export function onlyMoved(before, now) {
  const [a, b] = [layersOf(before), layersOf(now)];
  if (before.replace(/tracks:[^,]*/, "") !== now.replace(/tracks:[^,]*/, "")) return false;
  return Boolean(a.tracks) && a.tracks !== b.tracks;
}
