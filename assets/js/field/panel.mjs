// The panel that takes an area along and lists what was taken.
import { bytes } from "../catalogue/progress.mjs";
import { tlp } from "../markings.mjs";
import { button, labelled, named, part } from "../views/parts.mjs";
import { badge, HOURS, numbersWords, sizeOf, untilWords, weight, weightWords } from "./areas.mjs";

const OF = { drawn: "The drawn area", filter: "The box of the filter", view: "What the map shows" };
const ZOOMS = [["", "None"], ["12", "To zoom 12 (about 35 m a pixel)"], ["14", "To zoom 14 (about 9 m a pixel)"], ["16", "To zoom 16 (about 2 m a pixel)"], ["18", "To zoom 18 (about 0.5 m a pixel)"]];
export const WITHOUT = "This browser keeps nothing here: it does so only over HTTPS, or on the machine that serves.";

const options = (choices, value) => {
  const list = part("select");
  list.append(...choices.map(([value, words]) => Object.assign(part("option", "", words), { value: String(value) })));
  list.value = value;
  return list;
};

/** `acts`: measure({hours, imageryZoom}), take(name), cancel, remove(area), close, changed. */
export function createPanel(root, acts, { can }) {
  const said = part("p", "note taking-said"), list = part("div", "taking-list"), what = part("p", "taking-what"), told = part("div", "taking-told"), form = part("form", "taking-form");
  said.setAttribute("role", "status");
  const hours = options(HOURS, "24"), zoom = options(ZOOMS, ""), name = part("input");
  Object.assign(name, { maxLength: 60, autocomplete: "off", placeholder: "Sector 4, night of the 26th" });
  const measure = Object.assign(button("See what it weighs", "action", () => acts.measure(chosen())), { disabled: !can });
  const go = Object.assign(button("Take it along", "filled", () => acts.take(name.value.trim())), { hidden: true });
  const bar = Object.assign(part("progress", "taking-progress"), { hidden: true }), cancel = Object.assign(button("Cancel", "action", acts.cancel), { hidden: true });
  bar.setAttribute("aria-label", "Taking along");
  const chosen = () => ({ hours: Number(hours.value), imageryZoom: zoom.value === "" ? undefined : Number(zoom.value) });
  form.append(what, ...labelled("taking-name", "Name", name), ...labelled("taking-hours", "Keep for", hours), ...labelled("taking-imagery", "Drone imagery", zoom), told, measure, go, bar, cancel);
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const control of [hours, zoom]) control.addEventListener("change", acts.changed);
  root.append(
    part("header", "views-head", part("h2", "", "Take along"), Object.assign(button("×", "close", acts.close, "Close take along"), { title: "Close" })),
    part("p", "note", can ? "An area for where there is no link: seizures, tracks and newest places under the filter, and the ground. Taking it is an export, and on the record. It goes when its time ends, and when you sign out." : WITHOUT),
    ...(can ? [form] : []), said, list);

  const line = (words, value) => part("div", "taking-line", part("span", "", words), part("b", "", value));

  return {
    said: (words) => (said.textContent = words),
    area: ({ of, bbox }) => (what.textContent = `${OF[of]}, ${sizeOf(bbox)}`),
    /** What it weighs; undefined: not measured, or not any more. `wrong`: why it can't be taken. */
    plan(plan, { nowS, wrong } = {}) {
      go.hidden = !plan || Boolean(wrong);
      measure.hidden = Boolean(plan);
      told.replaceChildren();
      if (!plan) return;
      const w = weight(plan), short = plan.basemap.files.filter((f) => f.zoom < f.zoom_there);
      told.append(
        line(numbersWords(plan.numbers), bytes(w.records)), line("The ground", bytes(w.basemap)),
        ...(plan.imagery ? [line(`Imagery, ${plan.imagery.tiles.length.toLocaleString("en-US")} tiles`, weightWords(w.imagery, w.error))] : []),
        line("In all", weightWords(w.total, w.error)),
        part("p", "note", part("span", tlp(plan.marking), plan.marking), ` It may stay ${untilWords(plan, nowS)}.`),
        ...(short.length ? [part("p", "note", `The ground of this area is too much to take whole: ${short.map((f) => `${f.file} to zoom ${f.zoom} of ${f.zoom_there}`).join(", ")}.`)] : []),
        ...(wrong ? [part("p", "note wrong", wrong)] : []));
      go.textContent = `Take it along (${bytes(w.total)})`;
    },
    measuring: (on) => (measure.disabled = on || !can),
    /** How far it is: bytes of all; undefined when nothing is taken. */
    progress(came, total) {
      const on = came !== undefined;
      bar.hidden = cancel.hidden = !on;
      for (const control of [name, hours, zoom]) control.disabled = on;
      if (on) {
        go.hidden = true;
        Object.assign(bar, { max: Math.max(total, came), value: came });
        bar.title = `${bytes(came)} of ${bytes(Math.max(total, came))}`;
      }
    },
    list(areas, nowS) {
      const row = (area) => {
        const { words, level } = badge(area, nowS), node = part("li", "taking-row");
        const link = part("a", "taking-open", named(area.name));
        link.href = `/no-link#${area.id}`;
        node.append(
          link, part("span", `taking-age ${level}`, words),
          part("span", "meta", `${numbersWords(area.numbers)}${area.pictures ? `, ${area.pictures.toLocaleString("en-US")} tiles of imagery` : ""}, ${bytes(area.bytes)}`),
          part("span", "meta", part("span", tlp(area.marking), area.marking), ` ${area.world === "exercise" ? "exercise, " : ""}${untilWords(area, nowS)}`),
          part("div", "view-acts", button("Delete", "link", () => acts.remove(area), `Delete ${area.name}`)));
        return node;
      };
      list.replaceChildren(part("h3", "", "Taken"), ...(areas.length ? [part("ul", "", ...areas.map(row))] : [part("p", "note", "Nothing is taken along.")]));
      list.hidden = !can;
    },
  };
}
