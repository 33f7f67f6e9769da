// The list of notes that wait in this browser: one's own with their words, others' as a number alone.
import { moment } from "../times.mjs";
import { button, part } from "../views/parts.mjs";
import { KIND_WORD, whyWords } from "./words.mjs";

const SHOWN = 90;

/** Pure: the beginning of a text, on one line. */
export const beginning = (text) => {
  const line = text.trim().replaceAll(/\s+/g, " ");
  return [...line].length > SHOWN ? `${[...line].slice(0, SHOWN).join("")}…` : line;
};

/** `open(row)`: its note and whether it has a photo; undefined when it can't be read here. `acts`: edit, remove, send. It is drawn anew with `draw(told)`; `closed()` when it goes. */
export function createList({ open, acts, sealed, closed }) {
  const box = document.body.appendChild(part("dialog", "purpose note-dialog")), heading = part("h2", "", "Notes that wait"), said = part("p", "meta"), wrong = part("p", "wrong"), list = part("ul", "notes-list"), others = part("p", "meta");
  heading.id = "dialog-title";
  box.setAttribute("aria-labelledby", heading.id);
  said.setAttribute("role", "status");
  wrong.setAttribute("role", "alert");
  wrong.hidden = true;
  const done = button("Close", "filled", () => box.close()), now = button("Send now", "action", acts.send);
  const about = part("p", "meta", sealed ? "They are kept in this browser, sealed, also when you sign out or it is closed." : "They are kept in this browser, also when you sign out or it is closed. Not sealed: this page is not served over HTTPS.");
  box.append(heading, said, list, others, about, wrong, part("div", "actions-row", now, done));
  box.addEventListener("close", () => {
    box.remove();
    closed();
  });
  let drawing = 0;

  async function item(row) {
    const found = await open(row).catch(() => undefined), words = part("p", "note-words", found ? beginning(found.note.text) || "A photo" : "It can't be opened in this browser any more.");
    words.dir = "auto";
    const facts = found ? [KIND_WORD[found.note.kind], `${moment(Date.parse(found.note.observed_at) / 1000)} UTC`, ...(found.photo ? ["with a photo"] : []), ...(row.tries && row.state === "waiting" ? [`tried ${row.tries} time${row.tries > 1 ? "s" : ""}`] : [])] : [];
    const kept = row.status === 409 ? "Stored already as it was first sent: look for it on the map. " : "";
    return part("li", "", words, part("p", "meta", facts.join(", ")), ...(row.state === "refused" ? [part("p", "wrong", `Refused: ${kept}${row.why}`)] : []),
      part("div", "view-acts", ...(found ? [button(row.status === 409 ? "Send as a new note…" : "Edit…", "link", () => acts.edit(row, found))] : []), button("Delete…", "link", () => acts.remove(row))));
  }

  return {
    box,
    show() {
      box.showModal();
      done.focus();
    },
    async draw(told) {
      const mine = (drawing += 1), items = await Promise.all([...told.refused, ...told.waiting].map(item));
      if (mine !== drawing) return;
      // Rows come and go while somebody is in the list: what had the focus keeps it by its place.
      const at = [...box.querySelectorAll("button")].indexOf(document.activeElement);
      list.replaceChildren(...items);
      said.textContent = whyWords(told, navigator.onLine) || (told.refused.length ? "" : "Nothing of yours waits.");
      others.textContent = told.others ? `${told.others} of others wait${told.others > 1 ? "" : "s"} here too, until they sign in. Who they are and what they wrote is not shown.` : "";
      now.hidden = !told.waiting.length;
      if (at >= 0 && !box.contains(document.activeElement)) done.focus();
    },
    say(words) {
      wrong.hidden = !words;
      wrong.textContent = words ?? "";
    },
    close: () => box.close(),
  };
}
