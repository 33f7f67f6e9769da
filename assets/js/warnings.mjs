// What whoever answers for authorities has to be told: ends that come, duties that are overdue, offers that wait. A word in the top bar.
import { ask } from "./api.mjs";

const EVERY_S = 60;
const ANSWERING = ["coordinator", "supervisor", "legal"];

const many = (n, one, more) => `${n} ${n === 1 ? one : more}`;

/** Pure: the word, the sentence behind it, and how urgent it is; undefined when there is nothing to tell. */
export function warningWords({ ends, overdue, offered }) {
  if (!ends.length && !overdue.length && !offered.length) return undefined;
  const [first] = [...ends].sort((a, b) => a.hours - b.hours);
  const parts = [
    ...ends.map((e) => `${e.reference} (${e.agency}) ${e.says}`),
    ...(overdue.length ? [many(overdue.length, "duty is overdue", "duties are overdue")] : []),
    ...(offered.length ? [many(offered.length, "hand-over is offered", "hand-overs are offered")] : []),
  ];
  const word = first ? `${first.reference} ${first.says}` : parts[0];
  return { word, more: parts.length - 1, told: parts.join("; "), urgent: overdue.length > 0 || (first !== undefined && first.hours <= 24) };
}

/** Ask every minute, when whoever sits here answers for authorities at all. */
export async function watchWarnings(link, { every = EVERY_S } = {}) {
  const me = await ask("/api/me").catch(() => undefined);
  if (!me?.roles.some((role) => ANSWERING.includes(role))) return;
  const look = async () => {
    const told = await ask("/api/authorities/warnings").catch(() => undefined); // a silent server is told elsewhere
    if (told) draw(link, warningWords(told));
  };
  await look();
  setInterval(look, 1000 * every);
}

function draw(link, found) {
  link.hidden = !found;
  if (!found) return;
  link.classList.toggle("urgent", found.urgent);
  link.title = found.told;
  link.querySelector(".unseen").textContent = `. Authorities: ${found.told}`;
  link.querySelector(".warning-word").textContent = found.word;
  link.querySelector(".warning-more").textContent = found.more ? `+${found.more}` : "";
}
