// What is selected on the map, as one ring of corners: the address's `pick`, read by the server as its `area` is.

export const CORNERS_MAX = 96; // of a hand's line; an address stays short enough to be kept and sent
export const CIRCLE_CORNERS = 64; // the ring lies within the true circle by a 830th of its radius at most
export const RADIUS_KM = [0.1, 2000];

/** Corners [lon, lat] as text, to a metre. */
export const textOf = (ring) => ring.map(([lon, lat]) => `${Number(lon.toFixed(5))} ${Number(lat.toFixed(5))}`).join(";");

/** The same as it lies once round the world, or undefined: over 180° it is no ring the server takes, and one of less than three corners is none. */
export function told(ring) {
  if (ring.length < 3) return undefined;
  const mid = ring.reduce((sum, [lon]) => sum + lon, 0) / ring.length, turn = 360 * Math.round(mid / 360);
  const here = ring.map(([lon, lat]) => [lon - turn, lat]);
  return here.every(([lon, lat]) => Math.abs(lon) <= 180 && Math.abs(lat) <= 90) && new Set(here.map(String)).size >= 3 ? here : undefined;
}

/** The corners of two that lie across. */
export const boxRing = ([a, b], [c, d]) => [[a, b], [c, b], [c, d], [a, d]];

/** All points at one distance on the ellipsoid, in metres; undefined where they lie round a pole. */
export function circleRing([lon, lat], radius_m, geodesic) {
  const ring = [];
  for (let i = 0; i < CIRCLE_CORNERS; i++) {
    const { lon2, lat2 } = geodesic.along(lon, lat, (360 * i) / CIRCLE_CORNERS, radius_m);
    ring.push([lon2 + 360 * Math.round((lon - lon2) / 360), lat2]);
  }
  return ring.every(([x], i) => Math.abs(x - ring[(i + 1) % ring.length][0]) < 90) ? ring : undefined;
}

/** A hand's line with no more corners than may be told: those that matter least are left out first (Visvalingam and Whyatt). */
export function thinned(ring, most = CORNERS_MAX) {
  const left = [...ring];
  const matters = (i) => {
    const [a, b, c] = [left[(i - 1 + left.length) % left.length], left[i], left[(i + 1) % left.length]];
    return Math.abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]));
  };
  while (left.length > most) {
    let least = 0, value = Infinity;
    for (let i = 0; i < left.length; i++) {
      const m = matters(i);
      if (m < value) [least, value] = [i, m];
    }
    left.splice(least, 1);
  }
  return left;
}

/** Kilometres that somebody typed; undefined for none that can be taken. */
export function kilometres(text) {
  const km = Number(String(text).trim().replace(",", "."));
  return String(text).trim() && km >= RADIUS_KM[0] && km <= RADIUS_KM[1] ? km : undefined;
}
