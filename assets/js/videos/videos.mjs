// Films of the page: those of the window on the map, and the chosen one in the details, in step with the clock.
import { ask, latestOnly } from "../api.mjs";
import { FILTER_KEYS, layerQuery, parseLayers } from "../choices.mjs";
import * as layer from "../layers/videos.mjs";
import { epoch } from "../times.mjs";
import { covers, inStep } from "./sync.mjs";

const MOST = 1000;
const MARGIN_S = 60;

/** `clock` is the page's; `reach(from, to)` makes room for a film in the window and in the clock's bounds. */
export function watchVideos({ map, choices, token, status, clock, details, drawing, reach }) {
  const held = { rows: undefined, looks: undefined, film: undefined };
  const fetchRows = latestOnly(), fetchLooks = latestOnly();
  let ready = false, player, step, asked;

  const on = () => parseLayers(choices.get().layers).find((l) => l.name === "imagery")?.on !== false && !choices.get().compare; // two images are compared with nothing over them

  async function fetchAll(again = false) {
    const address = `/api/videos?${layerQuery(choices.get(), "imagery")}&limit=${MOST}`;
    if (!again && asked === address) return;
    asked = address;
    const found = await status.follow("Films", fetchRows(address));
    if (!found) return;
    held.rows = found.rows;
    draw(true);
  }

  function draw(all = false) {
    if (!ready) return;
    layer.draw(map, { rows: all ? held.rows ?? [] : undefined, looks: held.looks, at: clock.state.at });
  }

  /** The film that `sel` names: its looks, and room for it in the window. */
  async function chosen() {
    const [what, id] = (choices.get().sel ?? "").split(":");
    if (what !== "video") return leave();
    if (held.film?.id === Number(id)) return;
    leave();
    const world = choices.get().world;
    const [film, looks] = await Promise.all([ask(`/api/videos/${id}?world=${world}`).catch(() => undefined), fetchLooks(`/api/videos/${id}/looks?world=${world}`).catch(() => undefined)]);
    if (!film || choices.get().sel !== `video:${id}`) return;
    Object.assign(held, { looks, film: { id: film.id, world, from: epoch(film.started_at), to: epoch(film.started_at) + film.duration_s } });
    reach(held.film.from - MARGIN_S, held.film.to + MARGIN_S);
    if (!covers(held.film, clock.state.at)) clock.seek(held.film.from);
    place();
    draw();
  }

  function leave() {
    step?.stop();
    player?.removeAttribute("src");
    player?.remove();
    Object.assign(held, { film: undefined, looks: undefined });
    step = player = undefined;
    draw();
  }

  /** The player into the details, which Dash draws anew with every answer: the element is ours and stays the same one. */
  function place() {
    const box = details.querySelector("#video-player");
    if (!box || !held.film || Number(box.dataset.video) !== held.film.id) return;
    if (!player) {
      player = Object.assign(document.createElement("video"), { controls: true, muted: true, preload: "auto", playsInline: true, src: `/api/videos/${held.film.id}/file.mp4?world=${held.film.world}` });
      player.setAttribute("aria-label", "Film, in step with the clock");
      player.addEventListener("error", () => player?.hasAttribute("src") && status.say("The film can't be played here."));
      step = inStep(player, held.film, clock, status.say);
    }
    if (player.parentElement !== box) box.replaceChildren(player);
    follow();
  }

  /** A clock that waits for the film itself must not stop it. */
  function follow() {
    const { at, playing, waiting, speed } = clock.state;
    step?.follow({ at, speed, playing: playing && !(waiting && step.reaches(at)) });
  }

  function dress() {
    layer.add(map, { token });
    ready = true;
    layer.show(map, on());
    draw(true);
  }
  if (map.isStyleLoaded() && map.getLayer("chosen-ring")) dress();
  map.on("style.load", dress);
  map.on("click", (event) => {
    if (drawing() || !on() || !map.getLayer("film-mark")) return;
    const { x, y } = event.point;
    const [found] = map.queryRenderedFeatures([[x - 6, y - 6], [x + 6, y + 6]], { layers: layer.clickable });
    if (found) choices.set({ sel: `video:${found.properties.id}` });
  });
  new MutationObserver(place).observe(details, { childList: true, subtree: true });
  choices.subscribe((_, changed) => {
    if (FILTER_KEYS.some((k) => changed.has(k))) void fetchAll();
    if ((changed.has("layers") || changed.has("compare")) && ready) layer.show(map, on());
    if (changed.has("sel") || changed.has("world")) void chosen();
  });
  void fetchAll();
  void chosen();
  return {
    held, refetch: () => fetchAll(true),
    /** With each tick of the clock. */
    ticked() {
      follow();
      if (held.film) draw();
    },
    reaches: (at) => step?.reaches(at) ?? true,
  };
}
