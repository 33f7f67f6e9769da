// Coordinates as people write and paste them: degrees, minutes, seconds, UTM, MGRS. Every reading a text allows, best first.
import { bandSpan, degrees, wrapped, written, zoneOf } from "./written.mjs";

const MGRS = /^(\d{1,2})\s*([C-HJ-NP-X])\s*([A-HJ-NP-Z]{2})\s*((?:\d{1,5}\s+\d{1,5})|\d*)$/i;
const UTM = /^(?:utm\s*)?(?:zone\s*)?(\d{1,2})\s*([C-HJ-NP-X]|north|south)\s*,?\s*(\d{6,7}(?:\.\d+)?)\s*(?:m?\s*E)?\s*[,\s]\s*(\d{1,8}(?:\.\d+)?)\s*(?:m?\s*N)?$/i;

/** `26.2 -97.1`, `26.2 N 97.1 W`, `26°12'N 97°6'W`; undefined when they are none. */
export function readDegrees(text) {
  const parts = [...text.matchAll(/(-?\d+(?:\.\d+)?)(?:\s*°\s*(\d+(?:\.\d+)?)?\s*['′]?\s*(?:(\d+(?:\.\d+)?)\s*["″])?)?\s*([NSEW])?/gi)];
  if (parts.length !== 2 || text.replaceAll(/[-\d.\s°'′"″NSEW,;]/gi, "").length) return undefined;
  const [a, b] = parts.map(([, d, m, s, side]) => {
    const value = Math.abs(Number(d)) + Number(m ?? 0) / 60 + Number(s ?? 0) / 3600;
    return { value: d.startsWith("-") || /[SW]/i.test(side ?? "") ? -value : value, side: side?.toUpperCase() };
  });
  const swapped = /[EW]/.test(a.side ?? "");
  const [lat, lon] = swapped ? [b.value, a.value] : [a.value, b.value];
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : undefined;
}

/** Whether a text has the form of a grid's reference, so that the grids have to be asked for. */
export const isGrid = (text) => MGRS.test(text.trim()) || UTM.test(text.trim());

/** Rows of {name, about, lon, lat, zoom}; empty when the text is no place. */
export function read(text, grids) {
  const told = text.trim();
  const at = readDegrees(told);
  if (at) return [{ name: degrees(at.lon, at.lat), about: "coordinates", ...at, zoom: 12 }];
  if (!grids) return [];
  return [...readMgrs(told, grids), ...readUtm(told, grids)];
}

function readMgrs(told, grids) {
  const [, zone, band, square, digits] = MGRS.exec(told) ?? [];
  if (!zone) return [];
  const halves = digits.trim().split(/\s+/), figures = halves.join("");
  if (figures.length % 2 || figures.length > 10 || (halves.length === 2 && halves[0].length !== halves[1].length)) return [];
  const reference = `${Number(zone)}${band}${square}${figures}`.toUpperCase();
  const found = grids.fromMgrs(reference);
  if (!found || !inBand(found.lat, band, 1) || !inZone(found, Number(zone))) return [];
  const side = 10 ** (5 - figures.length / 2);
  return [{ name: reference.replace(/^(\d+[A-Z])([A-Z]{2})(.*)$/, (_, a, b, c) => [a, b, c.slice(0, c.length / 2), c.slice(c.length / 2)].filter(Boolean).join(" ")),
    about: `MGRS, the middle of a square of ${side >= 1000 ? `${side / 1000} km` : `${side} m`}`, ...found, zoom: Math.max(6, 16 - Math.round(Math.log2(side) / 1.4)) }];
}

/** The letter may be the band or the half of the earth: `S` is both. Each reading that fits its own words is a row. */
function readUtm(told, grids) {
  const [, zone, letter, e, n] = UTM.exec(told) ?? [];
  if (!zone || zone < 1 || zone > 60 || e < 100_000 || e > 1_000_000 || n > 10_000_000) return [];
  const out = [];
  for (const south of [false, true]) {
    const found = grids.fromUtm(Number(zone), south, Number(e), Number(n));
    if (!found || south !== found.lat < 0 || zoneOf(found.lon, found.lat) === undefined) continue;
    const half = /^(n|north)$/i.test(letter) ? !south : /^(s|south)$/i.test(letter) ? south : false;
    if (half || (letter.length === 1 && inBand(found.lat, letter, 0.01)))
      out.push({ name: written("utm", found.lon, found.lat, grids), about: `UTM, ${degrees(found.lon, found.lat)}`, ...found, zoom: 12 });
  }
  return out;
}

/** The middle of a square of 100 km may lie beyond its zone's edge, and Norway's zone is wider. */
function inZone({ lon, lat }, zone) {
  const off = Math.abs(wrapped(lon - (6 * zone - 183)));
  return off <= 3.01 + 0.5 / Math.cos((lat * Math.PI) / 180) || zone === zoneOf(lon - 1e-4, lat) || zone === zoneOf(lon + 1e-4, lat);
}

function inBand(lat, letter, slack) {
  const [s, n] = bandSpan(letter.toUpperCase());
  return lat >= s - slack && lat <= n + slack;
}
