// Pure: what the stream tells, as tracks like those of /api/movement: the newest place of each, and behind it what came before.

const VERTICES = 400; // of a trail: what is older is let go
const ALL_VERTICES = 1_000_000, LEAST_VERTICES = 8; // of all tracks together: where they are very many only the chosen one has a trail
const GLIDE_S = 2; // a mark is never longer under way to its newest place
const REACH_S = 30 * 86_400; // how far back the stream looks (data/newest.py): an older place comes from elsewhere
const ROUNDED_S = 0.051; // how far a trail's times are from the fixes' own: they come rounded to a tenth
const MEASURES = ["kind", "name", "agency", "speed", "course", "heading", "altitude_m", "accuracy_m", "sla_s", "gap_s", "flags", "source"];

/** All tracks of one stream. A new snapshot stands in for the old picture only when it is whole. */
export function createFleet() {
  const at = {};
  let tracks = new Map(), coming, whole = false, listed, version = 0, newest = -Infinity;

  const change = () => {
    listed = undefined;
    version += 1;
  };

  function take(row, nowS) {
    const into = coming ?? tracks, id = row[at.id], t = row[at.t];
    const held = into.get(id) ?? tracks.get(id);
    const track = held ?? { id, t: [], lon: [], lat: [], arrivedS: undefined };
    track.older = false;
    into.set(id, track);
    const last = track.t.at(-1);
    if (t < last) return;
    if (t > newest) newest = t;
    for (const name of MEASURES) track[name] = row[at[name]];
    if (t === last) {
      [track.lon[track.lon.length - 1], track.lat[track.lat.length - 1]] = [row[at.lon], row[at.lat]];
      return;
    }
    track.t.push(t);
    track.lon.push(row[at.lon]);
    track.lat.push(row[at.lat]);
    if (last !== undefined) track.arrivedS = nowS;
    const most = id === fleet.long ? VERTICES : Math.max(LEAST_VERTICES, Math.min(VERTICES, Math.floor(ALL_VERTICES / into.size)));
    if (track.t.length > 1.25 * most) for (const of of ["t", "lon", "lat"]) track[of] = track[of].slice(-most);
  }

  /** Tracks that are in no picture any more; those of them that were. What the stream never looks back to it says nothing about. */
  function drop(is) {
    const gone = [...tracks.values()].filter((track) => !track.older && is(track.id)).map((track) => track.id);
    for (const id of gone) tracks.delete(id);
    for (const id of coming?.keys() ?? []) if (is(id)) coming.delete(id);
    if (gone.length) edge();
    return gone;
  }

  const edge = () => { newest = [...tracks.values()].reduce((most, track) => Math.max(most, track.t.at(-1)), -Infinity); };

  const fleet = {
    /** The track whose trail is kept at its full length, however many there are. */
    long: undefined,
    get whole() { return whole; },
    get version() { return version; },
    get size() { return tracks.size; },
    track: (id) => tracks.get(id),
    /** A message of the stream; `nowS` is of a clock that only goes on. The ids of tracks that are gone by it. */
    told(event, data, nowS) {
      let gone = [];
      if (data.columns) data.columns.forEach((name, i) => { at[name] = i; });
      if (event === "snapshot") coming = new Map();
      else if (event === "fixes") for (const row of data) take(row, nowS);
      else if (event === "whole") {
        if (coming) gone = drop((id) => !coming.has(id));
        [tracks, coming, whole] = [coming ?? tracks, undefined, true];
        edge();
      }
      else if (event === "resumed") coming = undefined; // what broke off is told again
      else if (event === "gone" || event === "standing") {
        const told = new Set(data);
        gone = drop((id) => told.has(id) === (event === "gone"));
      }
      change();
      return gone;
    },
    /** What /api/movement knows of the time before: trails, and places older than the stream looks back. */
    before(movement, nowS) {
      const asked = new Set((movement?.tracks ?? []).map((told) => told.id));
      for (const track of tracks.values()) if (track.older && !asked.has(track.id)) tracks.delete(track.id);
      for (const told of movement?.tracks ?? []) {
        const track = tracks.get(told.id);
        if (!track) {
          if (told.t.at(-1) < nowS - REACH_S) tracks.set(told.id, { ...told, arrivedS: undefined, older: true });
          continue;
        }
        const n = told.t.findIndex((t) => t >= track.t[0] - ROUNDED_S); // the fix itself, told in both, is one
        const older = n < 0 ? told.t.length : n;
        for (const of of ["t", "lon", "lat"]) track[of] = [...told[of].slice(0, older), ...track[of]].slice(-VERTICES);
      }
      change();
    },
    /** As /api/movement answers: tracks heard of since `since`. */
    movement(since = -Infinity) {
      if (listed?.since !== since) {
        const found = [...tracks.values()].filter((track) => track.t.at(-1) >= since);
        listed = { since, detail: "trails", tracks: found, total: found.length };
      }
      return listed;
    },
    /** The newest time told. */
    newest: () => newest,
    /** Whether a mark is under way. */
    moving(nowS) {
      for (const track of tracks.values()) if (track.arrivedS !== undefined && nowS - track.arrivedS < GLIDE_S) return true;
      return false;
    },
  };
  return fleet;
}

/** Where a mark is on its way from the fix before to the last one, never beyond it; undefined when it has arrived, or there is no way between them. */
export function underWay(track, nowS) {
  const n = track.t.length - 1;
  if (n < 1 || track.arrivedS === undefined) return undefined;
  const step = track.t[n] - track.t[n - 1], over = Math.min(step, GLIDE_S), u = (nowS - track.arrivedS) / over;
  if (!(u >= 0 && u < 1) || step > track.gap_s || Math.abs(track.lon[n] - track.lon[n - 1]) > 180) return undefined;
  const between = (values) => values[n - 1] + u * (values[n] - values[n - 1]);
  return { lon: between(track.lon), lat: between(track.lat), t: between(track.t), i: n - 1, seen: track.t[n], moving: true };
}
