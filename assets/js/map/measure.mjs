// What was drawn to be measured: lengths, areas and bearings on the ellipsoid (WGS 84, Karney's geodesics).
import { metresWords } from "../scale.mjs";

export const loadGeodesic = () => import("../../vendor/geodesic.mjs");

/** A line of [lon, lat]: its length, and its first point to its last, straight: metres, degrees from north. */
export function measureLine(line, geodesic) {
  let length_m = 0;
  for (let i = 1; i < line.length; i++) length_m += geodesic.between(...line[i - 1], ...line[i]).s12;
  const { s12, azi1 } = geodesic.between(...line[0], ...line.at(-1));
  return { length_m, straight_m: s12, bearing_deg: (azi1 + 360) % 360 };
}

/** A closed ring of [lon, lat]: square metres, whichever way it was drawn, and metres around it. */
export function measureRing(ring, geodesic) {
  const polygon = geodesic.polygon(false);
  for (const [lon, lat] of ring.slice(0, -1)) polygon.AddPoint(lat, lon);
  const { area, perimeter } = polygon.Compute(false, true);
  return { area_m2: Math.abs(area), around_m: perimeter };
}

const round = (value) => Number(value.toPrecision(value >= 1000 ? 5 : 4));
const lengthWords = (m) => metresWords(m < 1000 ? round(m) : Math.round(m));
export const areaWords = (m2) => (m2 >= 1e6 ? `${round(m2 / 1e6).toLocaleString("en")} km²` : m2 >= 1e4 ? `${round(m2 / 1e4)} ha` : `${round(m2)} m²`);
export const bearingWords = (deg) => `${String(Math.round(deg) % 360).padStart(3, "0")}°`;

export function measuredWords({ type, coordinates }, geodesic) {
  if (type === "Polygon") {
    const { area_m2, around_m } = measureRing(coordinates[0], geodesic);
    return `${areaWords(area_m2)} measured, ${lengthWords(around_m)} around it`;
  }
  const { length_m, straight_m, bearing_deg } = measureLine(coordinates, geodesic);
  if (coordinates.length === 2) return `${lengthWords(length_m)} measured, bearing ${bearingWords(bearing_deg)}`;
  return `${lengthWords(length_m)} measured; first to last point ${lengthWords(straight_m)}, bearing ${bearingWords(bearing_deg)}`;
}
