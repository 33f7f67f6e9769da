// The page while it is live: the stream of its filter, a window that goes on with the time, ages that grow, and what is said of feeds and silence.
import { streamQuery } from "../choices.mjs";
import { followed } from "../following.mjs";
import { tellDash } from "../proposals.mjs";
import { app, goesOn, span, streaming } from "../page.mjs";
import { age, clock, iso } from "../times.mjs";
import { createLive, feedWords, rightsOf } from "./live.mjs";

const $ = (id) => document.getElementById(id);

/** Begin: `ticked()` brings clock and map to now, `signedOut()` is where to go when the session has ended. */
export function watchLive({ ticked, signedOut }) {
  app.live = createLive({
    told: {
      changed: (whole) => {
        if (whole) goOn();
        if (streaming()) app.view?.streamed(whole);
      },
      gone: (ids) => {
        const { sel } = app.choices.get();
        if (!ids.some((id) => sel === `track:${id}`)) return;
        app.choices.set({ follow: undefined }, { push: false });
        tellDash(); // its details are asked for again: they say that it is not there
      },
      beat: () => feeds(),
      stale: (silentS, refused) => {
        told(silentS, refused);
        app.view?.streamed();
      },
      revoked: signedOut,
    },
  });
  setInterval(goOn, 1000);
  /** Each second: the window goes on with the time, and so do ages, though nothing came. */
  function goOn() {
    if (!goesOn()) return;
    const now = span(), next = followed(now, app.worlds[app.choices.get().world]?.edge ?? 0, app.live.now());
    if (next[1] !== now[1]) app.choices.set({ from: iso(next[0]), to: iso(next[1]) }, { push: false });
    ticked();
  }
}

/** The stream of what is chosen now: none while an older state of knowledge is shown. */
export function listen() {
  const now = app.choices.get();
  app.live?.ask(now.known_at === undefined ? streamQuery(now) : undefined, rightsOf(app.worlds[now.world]?.state));
  feeds();
  if (now.known_at !== undefined) told(undefined);
}

/** How the feeds fare, in the top bar: quiet while all is well. */
function feeds() {
  const link = $("feeds-state"), found = feedWords(app.live?.feeds, app.choices.get().world);
  if (!link) return;
  link.hidden = !found;
  if (!found) return;
  link.classList.toggle("wrong", found.wrong !== "");
  link.title = found.words;
  link.querySelector(".feed-word").textContent = found.words;
}

/** Nothing comes: since when, over the map, and why, where the server says it. */
function told(silentS, refused) {
  const bar = $("silence");
  document.documentElement.classList.toggle("is-stale", silentS !== undefined);
  if (!bar) return;
  bar.hidden = silentS === undefined;
  if (silentS !== undefined) bar.querySelector("span").textContent = `Nothing heard since ${clock(app.live.now() - silentS)} UTC, ${age(silentS)}${refused ? `: ${refused}; it is tried again by itself` : ""}`;
}
