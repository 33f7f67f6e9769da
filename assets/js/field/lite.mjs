// Lite: for a poor link. Pictures and relief go first, hotspots are there for whoever asks, positions and seizures stay.
import { bytes } from "../catalogue/progress.mjs";
import { DEFAULT_LAYERS, FILTER_KEYS, formatLayers, parseLayers } from "../choices.mjs";

const HEAVY = ["imagery", "hotspots", "coverage"];
const SLOW = ["slow-2g", "2g"];
const PLAIN = ["rivers", "graticule"]; // what a map is read without
const COARSE = ["land", "coast", "lakes"];
const QUIET_MS = 1500, LOOK_MS = 250;
export const TICKS = 6; // of six looks for new data one is made

export const isLite = (choices) => choices.lite === "1";

/** Whether a link is so poor that lite is chosen by itself, and why, in words. `connection` as browsers tell it, where they do. */
export function poor(connection) {
  if (connection?.saveData) return "this device is set to save data";
  return SLOW.includes(connection?.effectiveType) ? `the link is slow (${connection.effectiveType})` : undefined;
}

/** The choices that switch it: what is heavy is off, and can be asked for; off again, the layers that are on by themselves are on. */
export function switched(choices, on) {
  const usual = Object.fromEntries(DEFAULT_LAYERS.map((l) => [l.name, l.on]));
  const layers = parseLayers(choices.layers).map((l) => (HEAVY.includes(l.name) ? { ...l, on: on ? false : usual[l.name] } : l));
  return { lite: on ? "1" : "0", layers: formatLayers(layers) };
}

/** Whether a layer is left out and not even asked for. */
export const leftOut = (choices, name) => isLite(choices) && !parseLayers(choices.layers).find((l) => l.name === name)?.on;

/** The basemap's parts with what it is read without left out: no relief, no rivers, the coarser of two coasts. */
export function leanParts(parts) {
  const layers = Object.fromEntries(Object.entries(parts?.layers ?? {}).filter(([name]) => !PLAIN.includes(name)).map(([name, archives]) => {
    if (!COARSE.includes(name) || archives.length < 2) return [name, archives];
    const rest = archives.slice(0, -1);
    return [name, [...rest.slice(0, -1), { ...rest.at(-1), to: archives.at(-1).to }]];
  }));
  return { ...parts, layers, relief: null };
}

/** What came over the link since a moment, of the browser's own entries of what it fetched. */
export const since = (entries, startMs) => entries.reduce((sum, e) => (e.startTime >= startMs ? sum + (e.transferSize || 0) : sum), 0);

/** The switch, lite by itself on a poor link, and what the last change of the filter cost. */
export function watchLite({ choices, button, cost, say, connection = navigator.connection, view = window }) {
  const draw = () => button.setAttribute("aria-checked", String(isLite(choices.get())));

  /** By itself only while nobody said otherwise. */
  function byItself() {
    const why = choices.get().lite === undefined && poor(connection);
    if (!why) return;
    choices.set(switched(choices.get(), true), { push: false });
    say(`Lite: ${why}, so imagery, relief and hotspots are left out. The switch Lite under Layers brings them back.`, { stays: true });
  }

  button.addEventListener("click", () => choices.set(switched(choices.get(), !isLite(choices.get()))));
  // An address that was written by hand: what is heavy is off unless it names layers itself.
  if (isLite(choices.get()) && choices.get().layers === undefined) choices.set(switched(choices.get(), true), { push: false });
  byItself();
  connection?.addEventListener?.("change", byItself);
  choices.subscribe((_, changed, { by }) => {
    if (changed.has("lite")) draw();
    if (by === "person" && FILTER_KEYS.some((key) => changed.has(key))) weigh();
  });
  draw();

  // -- what a change costs

  const seen = [];
  if (view.PerformanceObserver) new view.PerformanceObserver((list) => {
    seen.push(...list.getEntries());
    if (seen.length > 2_000) seen.splice(0, seen.length - 1_000);
  }).observe({ type: "resource" });
  let weighing;
  function weigh() {
    const startMs = view.performance.now();
    let quietSince = startMs;
    view.clearInterval(weighing);
    weighing = view.setInterval(() => {
      const now = view.performance.now(), { busy, map } = view.document.documentElement.dataset;
      if (busy !== "0" || map === "busy") quietSince = now;
      if (now - quietSince < QUIET_MS) return;
      view.clearInterval(weighing);
      const n = since(seen, startMs);
      cost.textContent = n ? `Last change: ${bytes(n)}` : "Last change: nothing over the link";
    }, LOOK_MS);
  }
}
