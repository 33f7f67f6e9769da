// The sheet, what is collected in it and the chips of what is set, put together for the page.
import { format, setCount, thenQuery } from "../choices.mjs";
import { isLite } from "../field/lite.mjs";
import { app } from "../page.mjs";
import { acts, change, dress, tellDash } from "../proposals.mjs";
import { cameraText } from "../views/state.mjs";
import { drawChosen, without } from "./chosen.mjs";
import { createDraft, slowLink, wayIn } from "./draft.mjs";
import { createSheet } from "./sheet.mjs";

const ASK_MS = 300; // taps that follow each other are asked for once
const $ = (id) => document.getElementById(id);

/** What a value of a filter is called: as its choice in the rail says it. */
const word = (key, value) => document.querySelector(`#${key} input[value="${CSS.escape(value)}"]`)?.closest("label").querySelector(".word")?.textContent
  ?? { track: `Track ${value}`, source: `Source ${value}` }[key] ?? value;

export function watchSheet() {
  const rail = $("rail"), toggle = $("rail-toggle"), pending = rail.querySelector(".pending"), clear = rail.querySelector("[data-command=clear-all]");
  const kept = wayIn(), way = $("sheet-apply");
  let asking;

  const ask = () => {
    clearTimeout(asking);
    asking = setTimeout(() => {
      const then = app.draft.seen(), whole = then.at !== app.choices.get().at;
      window.dash_clientside.set_props("draft", { data: { query: thenQuery(then, whole ? undefined : app.asOf?.told.at) } });
    }, ASK_MS);
  };
  app.draft = createDraft({ choices: app.choices, changed(how) {
    draw();
    if (how === "more") {
      dress();
      return ask();
    }
    clearTimeout(asking);
    window.dash_clientside.set_props("draft", { data: null }); // an answer under way is no longer waited for
    if (how === "dropped") {
      dress();
      tellDash();
    }
  } });

  const sheet = createSheet({
    rail, toggle,
    address: () => `${location.pathname}?${format(app.choices.get())}${app.view ? `#map=${cameraText(app.view.map.getCenter(), app.view.map.getZoom())}` : location.hash}`,
    opened(is) {
      if (is || !app.draft.size) return;
      app.status.say(app.draft.size === 1 ? "One change was left out: it was not shown yet." : `${app.draft.size} changes were left out: they were not shown yet.`);
      app.draft.drop();
    },
  });

  function draw() {
    const now = app.draft.seen(), n = setCount(now), left = app.draft.size;
    drawChosen($("chosen-chips"), now, word, (chip) => change(without(app.draft.seen(), chip)));
    if (!n && document.activeElement === clear) $("show").focus();
    clear.disabled = !n;
    pending.hidden = !left;
    pending.textContent = left ? `${left} ${left === 1 ? "change" : "changes"} not shown yet` : "";
    if (n) toggle.dataset.set = n;
    else delete toggle.dataset.set;
    toggle.setAttribute("aria-label", n ? `Layers and filters, ${n} set` : "Layers and filters");
  }

  app.sheet = {
    get isOpen() { return sheet.isOpen; },
    /** Whether what is chosen waits for the button. */
    collects: () => sheet.isOpen && Boolean(app.worlds) && (kept.way === "button" || (kept.way === "link" && (slowLink() || isLite(app.choices.get())))),
    /** Numbers of what is shown came: those of what is collected are asked for again. */
    recount() {
      draw(); // what choices are called came with their numbers
      if (app.draft.size) ask();
    },
    show() {
      app.draft.apply();
      sheet.close();
    },
    toggle: sheet.toggle, close: sheet.close,
  };

  way.value = kept.way;
  way.addEventListener("change", () => {
    kept.way = way.value;
    if (!app.sheet.collects()) app.draft.apply();
  });
  rail.addEventListener("click", ({ target }) => {
    const command = target.closest("[data-command]")?.dataset.command;
    if (command === "sheet-close") sheet.close();
    else if (command === "clear-all") acts.clear_filters();
    else if ((command === "views" || command === "analysis") && sheet.isOpen) sheet.close(); // their panel lies where the sheet does
  });
  app.choices.subscribe(draw);
  draw();
}
