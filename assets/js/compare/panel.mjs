// The panel of a comparison: how the two are shown, how they lie, and what may have changed. Built once; words are set, never markup that was told.
import { moment } from "../times.mjs";
import { createCandidates } from "./candidates.mjs";
import { BLINK_S, MODES, foundWords } from "./words.mjs";

const LOOKS_SHOWN = 8;
const MADE = `<header class="compare-head"><h2>Compare</h2><button type="button" class="link" data-act="fit">Fit both</button><button type="button" class="close" data-act="leave" title="Leave comparing" aria-label="Leave comparing">×</button></header>
  <div class="compare-modes" role="group" aria-label="How the two are shown">${Object.entries(MODES).map(([mode, words]) => `<button type="button" data-mode="${mode}">${words}</button>`).join("")}</div>
  <div class="compare-how"><p data-of="swipe">Drag the divider, or use the arrow keys on it.</p>
    <p data-of="blink"><span>Each image in turn, ${BLINK_S} s each</span> <button type="button" class="action" data-act="blink"></button></p>
    <label data-of="opacity">Later image <input type="range" min="0" max="100" step="1" data-act="share"><output></output></label>
    <p data-of="side">Both maps move together.</p></div>
  <section class="compare-lie" aria-label="How they lie"><p class="compare-acts"><button type="button" class="action" data-act="line">Line them up</button><button type="button" class="action" data-act="undo">Undo</button></p>
    <p class="compare-said" role="status"></p></section>
  <section class="compare-changes" aria-label="What may have changed"><div class="head"><h3>What may have changed</h3><button type="button" class="action" data-act="look">Look for changes</button></div>
    <p class="note">Places where the two differ more than noise and small shifts explain. It is help to look, not a finding: nothing here is a change until a person says so. The score tells how strong and large a difference is, not how likely.</p>
    <p class="compare-said" role="status"></p><ul class="compare-looks"></ul><div class="compare-found"></div><p class="meta compare-keys">In the list: j and k go on and back, a accepts, r rejects, o opens again.</p></section>`;

function part(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

const many = (n, one, more = `${one}s`) => `${n.toLocaleString("en-US")} ${n === 1 ? one : more}`;

const said = ({ open, accepted, rejected }) => (accepted + rejected ? `, ${accepted} accepted, ${rejected} rejected` : open ? ", none decided" : "");

/** Pure: a look for changes in a line. */
export const lookWords = (look) => `${moment(Date.parse(look.made_at) / 1000)} UTC: ${look.open + look.accepted + look.rejected} found${said(look)}`;

/** `acts` are what a person can ask for: mode, share, blink, fit, line, undo, look, open, leave, pick, go, decide. */
export function createPanel(root, acts) {
  root.innerHTML = MADE;
  const $ = (selector) => root.querySelector(selector);
  const candidates = createCandidates($(".compare-found"), acts);
  const [lieSaid, changeSaid] = root.querySelectorAll(".compare-said");
  const range = $("[data-act=share]");

  root.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button?.dataset.mode) acts.mode(button.dataset.mode);
    else if (button?.dataset.look) acts.open(Number(button.dataset.look));
    else if (button?.dataset.act) acts[button.dataset.act]();
  });
  range.addEventListener("input", () => acts.share(Number(range.value) / 100));

  function drawLooks({ looks, look }) {
    const shown = looks.slice(0, LOOKS_SHOWN);
    $(".compare-looks").replaceChildren(...shown.map((row) => {
      const item = part("li"), button = part("button", "compare-earlier", lookWords(row));
      button.type = "button";
      button.dataset.look = row.id;
      button.setAttribute("aria-pressed", String(row.id === look?.change.id));
      item.append(button);
      return item;
    }), ...(looks.length > shown.length ? [part("li", "meta", `${looks.length - shown.length} older looks are in /api/changes.`)] : []));
  }

  return {
    open(on) {
      root.hidden = !on;
    },
    draw(now) {
      const { mode, at, blinking, images, offsets, may, working, said, look, chosen } = now;
      for (const button of root.querySelectorAll("[data-mode]")) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
      for (const how of root.querySelectorAll("[data-of]")) how.hidden = how.dataset.of !== mode;
      $("[data-act=blink]").textContent = blinking ? "Stop" : "Start";
      if (document.activeElement !== range || Math.abs(range.value / 100 - at) > 0.01) range.value = Math.round(100 * at);
      range.setAttribute("aria-valuetext", `later image ${Math.round(100 * at)} %`);
      $("output").textContent = `${Math.round(100 * at)} %`;
      drawLooks(now);
      const [, later] = offsets;
      for (const act of ["line", "undo", "look"]) {
        const button = $(`[data-act=${act}]`);
        button.hidden = !may || (act === "undo" && !later);
        button.disabled = Boolean(working);
      }
      $("[data-act=line]").textContent = working === "line" ? "Estimating…" : "Line them up";
      $("[data-act=look]").textContent = working === "look" ? "Looking…" : "Look for changes";
      lieSaid.textContent = said.lie ?? (later && later.against_id === images[0].id ? foundWords(later, images[0]) : may ? "" : "Your role may look; coordinators, analysts and supervisors line images up and decide.");
      changeSaid.textContent = said.change ?? (look ? `${many(look.features.length, "candidate")}, the strongest first.` : "");
      candidates.draw({ features: look?.features ?? [], chosen, may });
      $(".compare-keys").hidden = !look?.features.length;
      if (!may) $(".compare-keys").textContent = "In the list: j and k go on and back.";
    },
  };
}
