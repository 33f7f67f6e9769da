// What stands round a wall's map: clocks, three figures, chips, dots, and the kinds that are heard of. All words are text, never markup.
import { GLYPHS } from "../symbols/glyphs.mjs";
import { city, clock, zoned } from "../times.mjs";

const $ = (id) => document.getElementById(id);
const FIGURES = ["seizures", "kg", "stale"];
const KIND_WORDS = { vessel: "Vessels", tag: "Tags", container: "Containers", vehicle: "Vehicles", aircraft: "Aircraft", drone: "Drones" };
const QUIET = { late: "late", stale: "silent", lost: "lost", frozen: "frozen" };

export const node = (tag, attributes, text) => Object.assign(document.createElement(tag), attributes, text === undefined ? {} : { textContent: text });

const put = (element, words) => {
  if (element.textContent !== words) element.textContent = words;
};

/** Clocks: UTC, then so many zones as have room. */
export function clocks(nowS, zones) {
  const box = $("clocks");
  while (box.children.length > zones.length + 1) box.lastChild.remove();
  while (box.children.length < zones.length + 1) box.append(node("time", { id: box.children.length === 0 ? "utc" : box.children.length === 1 ? "local" : "" }));
  put(box.children[0], `${clock(nowS)} UTC`);
  zones.forEach((zone, i) => put(box.children[i + 1], `${zoned(nowS, zone)} ${city(zone)}`));
}

export function figure(id, value, unit, caption) {
  for (const name of FIGURES) if (!$(`figure-${name}`)) $("figures").append(node("dt", { id: `figure-${name}` }), node("dd"));
  const dt = $(`figure-${id}`);
  dt.replaceChildren(value, ...(unit ? [node("small", {}, unit)] : []));
  put(dt.nextElementSibling, caption);
}

/** Only so many figures, the kinds and what is wrong with them, as there is room for (sizes.mjs). */
export function fit({ figures, feeds }) {
  FIGURES.forEach((name, i) => {
    const dt = $(`figure-${name}`);
    if (dt) dt.hidden = dt.nextElementSibling.hidden = i >= figures;
  });
  $("feeds").hidden = !feeds;
}

/** Chips, the most important first: [class, words]. Those for which there is no room are left out from the end; how many stand. */
export function chips(told) {
  const box = $("chips");
  const key = JSON.stringify(told);
  if (box.dataset.key !== key) {
    box.dataset.key = key;
    // What marks the picture stands outermost, where it always does.
    box.replaceChildren(...told.map(([className, words]) => node("span", { className, dir: "auto" }, words)).reverse());
  }
  const all = [...box.children];
  for (const chip of all) chip.hidden = false;
  const gap = parseFloat(getComputedStyle(box).columnGap) || 0;
  let wide = all.reduce((sum, chip) => sum + chip.offsetWidth + gap, -gap);
  for (const chip of all) {
    if (wide <= box.clientWidth || chip === box.lastChild) break;
    wide -= chip.offsetWidth + gap;
    chip.hidden = true;
  }
  return all.filter((chip) => !chip.hidden).length;
}

/** A dot for each view; that of whose turn it is fills as its time goes, and bears a pause while it waits. */
export function dots(views, at, { share, paused }) {
  const box = $("dots"), most = 20;
  if (box.children.length !== Math.min(most, views.length)) box.replaceChildren(...views.slice(0, most).map(() => document.createElement("li")));
  [...box.children].forEach((dot, i) => {
    const on = i === at % most;
    dot.setAttribute("aria-current", String(on));
    dot.setAttribute("aria-label", views[i].name);
    dot.classList.toggle("paused", on && paused);
    dot.style.setProperty("--gone", on ? `${Math.round(100 * Math.min(1, share))}%` : "0%");
  });
}

/** A glyph a kind that is heard of: white filled while its freshest is live, yellow hollow when it is not. What is wrong, in words. */
export function kinds(states, token) {
  const heard = Object.keys(KIND_WORDS).filter((k) => k in states), wrong = heard.filter((k) => states[k] !== "live");
  const key = heard.map((k) => `${k}:${states[k]}`).join();
  if ($("feeds").dataset.key !== key) {
    $("feeds").dataset.key = key;
    $("feeds").innerHTML = heard.map((k) => `<svg viewBox="0 0 24 24" role="img" aria-label="${KIND_WORDS[k]} ${QUIET[states[k]] ?? "live"}">${glyph(k, states[k] === "live", token)}</svg>`).join(""); // words of our own
  }
  return wrong.length > 1 ? `${wrong.length} kinds silent` : wrong.map((k) => `${KIND_WORDS[k]} ${QUIET[states[k]]}`).join("");
}

function glyph(kind, live, token) {
  const { path } = GLYPHS[kind], [outline] = path.split("Z");
  return live ? `<path fill="${token("t1")}" fill-rule="evenodd" d="${path}"/>` : `<path fill="none" stroke="${token("caution")}" stroke-width="2.2" d="${outline}Z"/>`;
}

/** What is wrong, most important first: the first of them. */
export const wrong = (...words) => put($("feed-words"), words.find(Boolean) ?? "");

/** The picture has stopped: since when, by whose word. */
export function stale(words) {
  document.body.classList.toggle("is-stale", words !== undefined);
  $("stale").hidden = words === undefined;
  if (words !== undefined) put($("stale").querySelector("span"), words);
}

/** Nothing of any record stays: this page says why, and whom to ask. */
export function over(title, words) {
  document.body.className = "over";
  document.title = "Vigia wall";
  const main = node("main");
  main.append(node("h1", {}, title), node("p", {}, words));
  document.body.replaceChildren(main);
}
