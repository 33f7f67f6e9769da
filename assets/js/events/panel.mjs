// The panel of alerts and events: lines to act on first, then what happened in the window. Rows are made of text, never of markup that was told.
import { eventSvg } from "../symbols/event_glyphs.mjs";
import { epoch, number } from "../times.mjs";
import { bannerWords, lineWords, says, stateWords, when } from "./words.mjs";

const SHOWN = 100;

function part(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function button(words, className, act, label) {
  const node = part("button", className, words);
  node.type = "button";
  if (label) node.setAttribute("aria-label", label);
  node.addEventListener("click", act);
  return node;
}

/** `go(place)`, `select(event id)` and `act(ids, what, note)` are what a person can ask for. */
export function createPanel({ panel, toggle, banner, lines, rows, total, go, select, act, say }) {
  let alerts = { lines: [], total: 0, new: 0 };
  const notes = new Map(); // what is being written, by line
  const keyOf = (line) => line.ids.at(-1);

  function open(on = panel.hidden) {
    panel.hidden = !on;
    toggle.setAttribute("aria-expanded", String(on));
  }
  toggle.addEventListener("click", () => open());
  panel.querySelector("[data-command='close-alerts']").addEventListener("click", () => open(false));

  function lineNode(line, year) {
    const node = part("li", `alert-line ${line.severity}${line.state === "new" ? " new" : ""}`);
    const { title, more } = lineWords(line);
    const words = part("div", "alert-words");
    const head = part("b", line.retracted === line.count ? "withdrawn" : "", title);
    words.append(head, part("span", "meta", [when(line.newest, year), more].filter(Boolean).join("; ")), part("span", "alert-state", stateWords(line)));
    const mark = part("span", "event-symbol");
    mark.innerHTML = eventSvg(line.newest.type);
    node.append(mark, words);
    const acts = part("div", "alert-acts");
    acts.append(button("Show", "link", () => go(line.newest), `Show on the map: ${title}`));
    if (alerts.may !== false) {
      const note = part("input", "note-of");
      Object.assign(note, { placeholder: "Note", maxLength: 500, value: notes.get(keyOf(line)) ?? "" });
      note.setAttribute("aria-label", `Note on: ${title}`);
      note.dataset.line = keyOf(line);
      note.addEventListener("input", () => notes.set(keyOf(line), note.value));
      const done = (what) => () => {
        if (what === "suppress" && !note.value.trim()) {
          say("Say in the note why it is suppressed.");
          return note.focus();
        }
        notes.delete(keyOf(line));
        act(line.ids, what, note.value.trim());
      };
      acts.append(note);
      if (line.state === "new") acts.append(button("Acknowledge", "action", done("acknowledge"), `Acknowledge: ${title}`));
      acts.append(button("Resolve", "action", done("resolve"), `Resolve: ${title}`), button("Suppress", "link", done("suppress"), `Suppress: ${title}`));
    }
    node.append(acts);
    return node;
  }

  function drawAlerts() {
    const year = new Date().getUTCFullYear();
    // Who writes a note goes on in the same one, where they were, however many lines came above it.
    const writing = lines.contains(document.activeElement) && document.activeElement.classList.contains("note-of") ? document.activeElement : undefined;
    const [of, from, to] = writing ? [writing.dataset.line, writing.selectionStart, writing.selectionEnd] : [];
    lines.replaceChildren(...(alerts.lines.length ? alerts.lines.map((line) => lineNode(line, year)) : [part("li", "note", "No alert waits.")]));
    const again = writing && lines.querySelector(`.note-of[data-line="${of}"]`);
    again?.focus();
    again?.setSelectionRange(from, to);
    toggle.querySelector(".alert-count").textContent = alerts.total ? number(alerts.total) : "";
    toggle.classList.toggle("urgent", alerts.new > 0);
    toggle.title = alerts.total ? `${number(alerts.new)} of ${number(alerts.total)} not acknowledged` : "No alert waits";
    const told = bannerWords(alerts.lines);
    banner.hidden = !told;
    banner.replaceChildren(...(told ? [part("b", "", told.words), button("Show", "link", () => go(told.line.newest)), button("Open alerts", "link", () => open(true))] : []));
  }

  function drawRows(found, all, chosen) {
    total.textContent = all > found.length ? `newest ${number(found.length)} of ${number(all)}` : number(all);
    const newest = [...found].sort((a, b) => epoch(b.started_at) - epoch(a.started_at) || b.id - a.id).slice(0, SHOWN);
    const year = new Date().getUTCFullYear();
    rows.replaceChildren(...newest.map((e) => {
      const node = part("li", `event-row${e.retracted ? " gone" : ""}${chosen === e.id ? " chosen" : ""}`);
      const row = button("", "event-button", () => select(e));
      const mark = part("span", `event-symbol${["critical", "emergency"].includes(e.severity) ? " urgent" : ""}`);
      mark.innerHTML = eventSvg(e.type);
      const words = part("span", "event-words");
      words.append(part("span", e.retracted ? "withdrawn" : "", says(e)), part("span", "meta", `${when(e, year)}${e.retracted ? `; withdrawn by late data, revision ${e.revision}` : e.doubtful ? "; doubtful" : ""}`));
      row.append(mark, words);
      node.append(row);
      return node;
    }), ...(found.length ? [] : [part("li", "note", "Nothing was found in this window.")]), ...(found.length > SHOWN ? [part("li", "note", `${number(found.length - SHOWN)} more are on the map.`)] : []));
  }

  drawAlerts();
  return {
    open,
    alerts(told) {
      alerts = { ...told, may: told.may ?? alerts.may };
      drawAlerts();
    },
    rows: drawRows,
  };
}
