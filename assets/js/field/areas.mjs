// Pure: an area somebody takes along: what is asked for, what it weighs, how old it is, until when it may stay.
import { bytes } from "../catalogue/progress.mjs";
import { filterQuery } from "../choices.mjs";
import { age, moment } from "../times.mjs";

export const HOURS = [[8, "8 hours"], [24, "1 day"], [72, "3 days"], [168, "7 days"], [720, "30 days"]];
export const OLD_S = 6 * 3600; // older than this what moves has long been elsewhere
const SOON_S = 3600;
const BECAUSE = { asked: "as you asked", marking: "as its marking allows", authority: "when an authority ends" };

/** What is taken: the filter, in the box of the drawn area, else of the filter, else of what the map shows (`view`: west, south, east, north). */
export function areaOf(choices, view) {
  const drawn = (choices.area ?? "").split(";").map((pair) => pair.trim().split(/\s+/).map(Number)).filter((p) => p.length === 2 && p.every(Number.isFinite));
  if (drawn.length > 2) {
    const [lons, lats] = [drawn.map((p) => p[0]), drawn.map((p) => p[1])];
    return { of: "drawn", bbox: [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)] };
  }
  const told = choices.bbox?.split(",").map(Number);
  if (told?.length === 4 && told.every(Number.isFinite)) return { of: "filter", bbox: told };
  return { of: "view", bbox: view };
}

/** The query of an area, as /api/taking reads it. */
export function areaQuery(choices, bbox, { hours, imageryZoom }) {
  const box = bbox.map((v) => v.toFixed(5)).join(",");
  return `${filterQuery({ ...choices, bbox: box })}&hours=${hours}${imageryZoom === undefined ? "" : `&imagery_zoom=${imageryZoom}`}`;
}

/** How wide and high a box is, in words. */
export function sizeOf([west, south, east, north]) {
  const km = (degrees, at = 0) => degrees * 111.32 * Math.cos((at * Math.PI) / 180);
  const told = (n) => (n < 10 ? n.toFixed(1) : Math.round(n).toLocaleString("en-US"));
  return `${told(km(east - west, (south + north) / 2))} × ${told(km(north - south))} km`;
}

/** What a plan weighs in all, and by how much that may be wrong. */
export function weight(plan) {
  const basemap = plan.basemap.files.reduce((sum, file) => sum + file.bytes, 0);
  return { records: plan.records_bytes, basemap, imagery: plan.imagery?.bytes ?? 0, error: plan.imagery?.error_bytes ?? 0, total: plan.records_bytes + basemap + (plan.imagery?.bytes ?? 0) };
}

/** `2.1 MB`, or `about 3.4 MB, give or take 0.5 MB`. */
export const weightWords = (n, error = 0) => (error ? `about ${bytes(n)}, give or take ${bytes(error)}` : bytes(n));

/** What is in it, in words. */
export function numbersWords({ seizures, tracks, images, lines }, withImages = false) {
  const of = (n, one, many) => `${n.toLocaleString("en-US")} ${n === 1 ? one : many}`;
  return [of(seizures, "seizure", "seizures"), `${of(tracks, "track", "tracks")}${tracks && !lines ? " (a place each, no lines)" : ""}`, ...(withImages ? [of(images, "image", "images")] : [])].join(", ");
}

/** How long it may stay, and what says so. */
export const untilWords = ({ expires_at, because }, nowS) => `until ${moment(at(expires_at), { thisYear: new Date(nowS * 1000).getUTCFullYear() })} UTC, ${BECAUSE[because]}`;

/** How old it is: `{ words, level }`, the level `fresh`, `old` or `ends` (within an hour). */
export function badge(area, nowS) {
  const old = nowS - at(area.taken_at), left = at(area.expires_at) - nowS;
  if (left <= 0) return { words: "over", level: "ends" };
  return { words: `${age(old)} old${left < SOON_S ? `, gone in ${age(left)}` : ""}`, level: left < SOON_S ? "ends" : old > OLD_S ? "old" : "fresh" };
}

/** What may stay: the areas of this person whose time is not over; `owner` undefined: nobody says who it is, as with no link. */
export const mayStay = (area, nowS, owner) => at(area.expires_at) > nowS && (owner === undefined || area.owner === owner);

/** The time by which areas are judged: a clock that was put back makes nothing younger. */
export const judgedAt = (nowS, seenS) => Math.max(nowS, seenS ?? 0);

/** Whether there is the room, with a tenth to spare; `{ quota, usage }` as the browser estimates, or undefined when it does not say. */
export function roomWords(total, room) {
  if (room?.quota === undefined) return undefined;
  const left = Math.max(0, room.quota - (room.usage ?? 0));
  return total * 1.1 > left ? `This browser has room for ${bytes(left)} more, and the area weighs ${bytes(total)}: take a smaller one, less imagery, or delete one below.` : undefined;
}

/** A name for whom it belongs to, that tells nobody who that is. */
export async function ownerOf(me, origin, subtle = crypto.subtle) {
  const hash = await subtle.digest("SHA-256", new TextEncoder().encode(`${origin}|${me.kind}|${me.name}`));
  return [...new Uint8Array(hash)].map((b) => b.toString(16).padStart(2, "0")).join("");
}

const at = (text) => Date.parse(text) / 1000;
