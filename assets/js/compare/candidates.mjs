// What may have changed, in a list: the strongest first. A person says of each what it is; j and k go through them, a accepts, r rejects.
import { candidateWords, STATE_WORDS } from "./words.mjs";

const NOTE_MAX = 500;
const KEYS = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
const SAYS = { a: "accepted", r: "rejected", o: "open" };

function part(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/** Pure: the one a key goes to, from the chosen one; it stops at the ends. */
export function next(ids, chosen, by) {
  if (!ids.length) return undefined;
  const i = ids.indexOf(chosen);
  return i < 0 ? ids[0] : ids[Math.min(ids.length - 1, Math.max(0, i + by))];
}

/** `acts.pick(id)`, `acts.go(id)` and `acts.decide(id, state, note)` are what a person can ask for. */
export function createCandidates(box, acts) {
  const list = part("ol", "candidate-list");
  const one = part("div", "candidate-one");
  box.append(list, one);
  const notes = new Map();
  let now = { features: [], chosen: undefined, may: false };

  function decide(id, state) {
    const note = notes.get(id)?.trim();
    notes.delete(id);
    acts.decide(id, state, note);
  }

  list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    if (key in KEYS) {
      acts.pick(next(now.features.map((f) => f.id), now.chosen, KEYS[key]));
      list.querySelector("[aria-current=true]")?.focus();
    } else if (SAYS[key] && now.may && now.chosen !== undefined) decide(now.chosen, SAYS[key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  function rowOf({ id, properties: p }) {
    const chosen = id === now.chosen, words = candidateWords(p);
    const row = part("button", `candidate ${p.state}`);
    row.type = "button";
    row.dataset.id = id;
    row.tabIndex = chosen || (now.chosen === undefined && id === now.features[0].id) ? 0 : -1; // one stop for Tab; j and k go on
    row.setAttribute("aria-current", String(chosen));
    const bar = part("i", "candidate-bar");
    bar.style.setProperty("--score", `${Math.round(100 * p.score)}%`);
    row.append(part("span", "candidate-mark"), part("span", "candidate-score", words.score), bar, part("span", "candidate-area", words.area), part("span", "candidate-how", words.how), part("span", "candidate-state", STATE_WORDS[p.state]));
    row.addEventListener("click", () => acts.pick(id));
    const item = part("li");
    item.append(row);
    return item;
  }

  function button(words, className, act) {
    const node = part("button", className, words);
    node.type = "button";
    node.addEventListener("click", act);
    return node;
  }

  function drawOne() {
    const found = now.features.find((f) => f.id === now.chosen);
    one.hidden = !found;
    if (!found) return one.replaceChildren();
    const p = found.properties, parts = [];
    if (p.state !== "open") parts.push(part("p", "meta", `${STATE_WORDS[p.state]} by ${p.decided_by ?? "somebody"}${p.decided_at ? `, ${p.decided_at.slice(0, 16).replace("T", " ")} UTC` : ""}`));
    if (p.note) parts.push(part("p", "candidate-note", p.note));
    const row = part("div", "candidate-acts");
    if (now.may) {
      const note = part("input", "note-of");
      Object.assign(note, { placeholder: "Note", maxLength: NOTE_MAX, value: notes.get(found.id) ?? "" });
      note.setAttribute("aria-label", "Note on this candidate");
      note.addEventListener("input", () => notes.set(found.id, note.value));
      row.append(note);
      if (p.state !== "accepted") row.append(button("Accept", "action", () => decide(found.id, "accepted")));
      if (p.state !== "rejected") row.append(button("Reject", "action", () => decide(found.id, "rejected")));
      if (p.state !== "open") row.append(button("Open again", "action", () => decide(found.id, "open")));
    }
    row.append(button("Show", "link", () => acts.go(found.id)));
    one.replaceChildren(...parts, row);
  }

  return {
    draw(next_) {
      const held = list.contains(document.activeElement), writing = one.contains(document.activeElement) && document.activeElement.classList.contains("note-of");
      const same = next_.features === now.features && next_.chosen === now.chosen && next_.may === now.may;
      now = next_;
      if (same) return;
      list.replaceChildren(...now.features.map(rowOf));
      list.hidden = !now.features.length;
      drawOne();
      const chosen = list.querySelector("[aria-current=true]");
      chosen?.scrollIntoView({ block: "nearest" });
      if (held) (chosen ?? list.querySelector("button"))?.focus();
      if (writing) one.querySelector(".note-of")?.focus();
    },
  };
}
