// Pure: the views a screen turns through, as its playlist tells them, or as the data lies; and whose turn it is.
import { epoch } from "../times.mjs";
import { FILTER_KEYS, parse, VIEW_KEYS } from "../choices.mjs";

// Not of a wall: it has a theme of its own, follows no hand, and two images are compared at a desk.
const NOT_HERE = ["theme", "follow", "compare", "compare_mode", "compare_at", "compare_look", "coords"];
export const DAYS = 7;

/** One view of what the server told: its choices, camera, and for how long it stands. */
export function viewOf(item, turnS) {
  const { at, ...choices } = Object.fromEntries(Object.entries(parse(item.state ?? "")).filter(([key]) => !NOT_HERE.includes(key)));
  const camera = new URLSearchParams(item.state ?? "").get("camera");
  const [zoom, lat, lon] = camera ? camera.split("/").map(Number) : [];
  const [from, to] = [epoch(choices.from), epoch(choices.to)];
  return {
    name: item.name ?? "", key: JSON.stringify([item.view, item.state, item.name]), choices, places: item.places ?? [], turnS: item.turn_s ?? turnS, replay: Boolean(item.replay), marking: item.marking,
    world: item.world, stands: epoch(at ?? choices.known_at), lengthS: from !== undefined && to > from ? to - from : DAYS * 86_400, ...(camera ? { center: [lon, lat], zoom } : {}),
  };
}

/** All views of a screen that may be shown in its world; and what is said of those that are not there any more. */
export function viewsOf(told, found, world) {
  const there = (told.playlist ?? []).filter((item) => !item.gone), here = there.filter((item) => item.world === world);
  const gone = (told.playlist ?? []).length - there.length;
  const own = (found?.length ? found : told.views).map((v) => ({ ...v, key: `at:${v.bounds}`, choices: {}, turnS: told.turn_s, lengthS: DAYS * 86_400 }));
  return { views: here.length ? here.map((item) => viewOf(item, told.turn_s)) : own, gone };
}

/** Every choice of a view, with those it does not tell taken away; the window ends at `edge` (epoch seconds) unless the view stands at a time. */
export function choicesOf(view, edge, iso) {
  const whole = Object.fromEntries([...FILTER_KEYS, ...VIEW_KEYS].map((key) => [key, view.choices[key]]));
  if (view.stands !== undefined) return { ...whole, at: iso(view.stands) };
  const to = Math.ceil((edge + 1) / 60) * 60;
  return { ...whole, from: iso(to - view.lengthS), to: iso(to) };
}

/**
 * Whose turn it is: `at` of how many, and since when on a clock that nobody sets. While `held` it waits, and goes on where it was.
 * `next(nowS)` is true when the time of this one is over.
 */
export function createTurn() {
  let at = 0, spentS = 0, lastS;
  return {
    get at() { return at; },
    get spentS() { return spentS; },
    /** A moment passed; whether the next one is due. */
    tick(nowS, { held, turnS, number }) {
      const stepS = lastS === undefined ? 0 : Math.max(0, nowS - lastS);
      lastS = nowS;
      if (held) return false;
      spentS += stepS;
      return spentS >= turnS && number > 1;
    },
    /** The one whose turn it is stands elsewhere in the list now. */
    moved: (to) => void (at = to),
    go(to, number) {
      at = number ? ((to % number) + number) % number : 0;
      spentS = 0;
    },
  };
}
