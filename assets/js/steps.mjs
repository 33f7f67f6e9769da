// Undo, redo and keys of the page: what each does (assets/js/undo.mjs, assets/js/shortcuts.mjs).
import { app, edge, span } from "./page.mjs";
import { select } from "./proposals.mjs";
import { watchShortcuts } from "./shortcuts.mjs";
import { createUndo } from "./undo.mjs";
import { cameraOf, cameraText } from "./views/state.mjs";

/** `live()` brings the clock to the newest. */
export function watchSteps({ live }) {
  const map = app.view.map;
  app.undo = createUndo({
    choices: app.choices, camera: () => cameraText(map.getCenter(), map.getZoom()),
    go(camera) {
      app.revealing = undefined; // what is chosen is not looked for: the camera stands where somebody had it
      map.jumpTo(cameraOf(camera));
    },
    changed({ back, forth }) {
      for (const [command, n] of [["undo", back], ["redo", forth]]) document.querySelectorAll(`[data-command=${command}]`).forEach((b) => (b.disabled = !n));
    },
  });
  app.keys = watchShortcuts({
    search: () => document.getElementById("search").focus(),
    play: () => (app.clock.state.playing ? app.clock.pause() : app.clock.play()),
    earlier: () => app.clock.seek((app.clock.state.at ?? edge()) - app.timeline.step()),
    later: () => app.clock.seek((app.clock.state.at ?? edge()) + app.timeline.step()),
    windowEarlier: () => app.timeline.shift(-1),
    windowLater: () => app.timeline.shift(1),
    begin: () => app.clock.seek(span()[0]),
    live,
    faster: () => app.timeline.faster(),
    slower: () => app.timeline.slower(),
    leave: () => (app.draw.active ? app.draw.stop() : app.choices.get().compare ? app.compare.leave() : select(undefined)),
    undo: () => app.undo.undo(),
    redo: () => app.undo.redo(),
  });
  document.addEventListener("click", (event) => {
    const command = event.target.closest("[data-command]")?.dataset.command;
    if (command === "undo" || command === "redo") app.undo[command]();
    else if (command === "keys") app.keys.sheet();
  });
}
