// Screens that have fallen silent, for whoever keeps them: an alarm in the top bar until they are heard again.
import { ask } from "./api.mjs";
import { age } from "./times.mjs";

const EVERY_S = 20;
const KEEPING = ["administrator", "supervisor"];

/** Pure: the word and the sentence behind it; undefined while every screen is heard. */
export function silentWords(silent) {
  if (!silent?.length) return undefined;
  const of = ({ name, silent_s: s }) => `${name} silent${s === null || s === undefined ? "" : ` for ${age(s)}`}`;
  const [first] = [...silent].sort((a, b) => (a.silent_s ?? Infinity) - (b.silent_s ?? Infinity)); // the one that fell silent last
  return { word: silent.length === 1 ? `Screen ${of(first)}` : `${silent.length} screens silent`, told: silent.map(of).join("; ") };
}

/** Ask three times a minute, when whoever sits here keeps screens at all. */
export async function watchScreens(link, { every = EVERY_S } = {}) {
  const me = await ask("/api/me").catch(() => undefined);
  if (!link || !me?.roles.some((role) => KEEPING.includes(role))) return;
  const look = async () => {
    const found = await ask("/api/screens").catch(() => undefined); // a silent server is told elsewhere
    if (found) draw(link, silentWords(found.silent));
  };
  await look();
  setInterval(look, 1000 * every);
}

function draw(link, found) {
  link.hidden = !found;
  if (!found) return;
  link.title = found.told;
  link.querySelector(".unseen").textContent = `. ${found.told}`;
  link.querySelector(".warning-word").textContent = found.word;
}
