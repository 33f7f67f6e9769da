// The live side of a page or a wall: the stream of its filter, what it tells as tracks, the server's time, and how the feeds fare.
import { createFleet } from "./fleet.mjs";
import { createStream } from "./stream.mjs";

const LATELY_S = 600; // something newer than this is coming, whether a feed of ours brings it or not
const LOOKS = 12; // times told by the server that are held against each other

/** Whose rights an answer of /api/worlds was made with: what stands before the layers in a world's state. */
export const rightsOf = (state) => (state ?? "").split(/,(?=[a-z]+:\d+@)/)[0];

/** Pure: how far the server's clock is ahead of one of ours, from what came last: the message that was under way least tells best. */
export const offsetOf = (looks) => (looks.length ? Math.max(...looks) : undefined);

const feedsAre = (n, standing) => `${n} feed${n === 1 ? "" : "s"} ${standing}`;

/** Pure: `3 feeds live, 1 stale`, and what of it is wrong (`1 feed stale`, or nothing); undefined without any feed that is on. */
export function feedWords(feeds, world) {
  const on = (feeds ?? []).filter((feed) => feed.world === world && feed.standing !== "off");
  if (!on.length) return undefined;
  const of = (standing) => on.filter((feed) => feed.standing === standing).length;
  const wrong = ["late", "stale", "frozen", "dead"].filter(of);
  return {
    words: [feedsAre(of("live"), "live"), ...wrong.map((standing) => `${of(standing)} ${standing}`)].join(", "),
    wrong: wrong.map((standing) => feedsAre(of(standing), standing)).join(", "),
  };
}

/**
 * `told.changed(whole)`: tracks are others now; `whole`: all of them were told anew. `told.beat(feeds)`, `told.stale(silentS, refused)` (undefined when it
 * is over; `refused` says why no stream opens), `told.gone(ids)`, `told.revoked()`.
 */
export function createLive({ told, make = createStream, monotonic = () => performance.now() / 1000, local = () => Date.now() / 1000 }) {
  let stream, asked, looks = [], stale = false;
  const live = {
    fleet: createFleet(), feeds: undefined,
    get stream() { return stream; },
    get stale() { return stale; },
    /** The server's time; until it told any, ours. */
    now: () => (looks.length ? monotonic() + offsetOf(looks) : local()),
    /** Whether anything of this world comes now: a feed of it is on, or something was heard of lately. */
    on: (world) => Boolean(stream) && (feedWords(live.feeds, world) !== undefined || live.fleet.newest() > live.now() - LATELY_S),
    /** Ask for another filter; with undefined for none. */
    ask(query, who) {
      const key = query === undefined ? undefined : `${who}|${query}`;
      if (key === asked) return;
      asked = key;
      stream?.close();
      stream = undefined;
      silent(undefined);
      live.fleet = createFleet();
      if (query === undefined) return;
      stream = make({ query, who });
      for (const name of ["snapshot", "fixes", "whole", "resumed", "standing", "gone"]) stream.on(name, (data) => took(name, data));
      stream.on("beat", (data) => {
        look(data);
        live.feeds = data.feeds ?? live.feeds;
        told.beat?.(live.feeds);
      });
      stream.on("status", ({ stale: is, silentS, refused }) => silent(is ? silentS : undefined, refused));
      stream.on("revoked", () => told.revoked?.());
      for (const [name, handler] of others) stream.on(name, handler);
    },
    /** Whoever wants other messages of the stream: they are told of every stream there will be. */
    also(name, handler) {
      others.push([name, handler]);
      stream?.on(name, handler);
    },
  };
  const others = [];

  function look({ now }) {
    if (now) looks = [...looks, now - monotonic()].slice(-LOOKS);
  }

  function took(name, data) {
    look(data);
    const gone = live.fleet.told(name, data, monotonic());
    if (gone.length) told.gone?.(gone);
    if (name === "whole" || live.fleet.whole) told.changed?.(name === "whole" || name === "resumed");
  }

  function silent(s, refused) {
    if (s === undefined && !stale) return;
    stale = s !== undefined;
    told.stale?.(s, refused);
  }

  return live;
}
