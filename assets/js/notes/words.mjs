// Times in a zone, places as they are typed, and what the list of waiting notes says: pure.
import { read } from "../coordinates/read.mjs";

export const KIND_WORD = { sighting: "Sighting", annotation: "Annotation" };

const parts = (seconds, zone) => Object.fromEntries(new Intl.DateTimeFormat("en-GB", {
  timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
}).formatToParts(new Date(seconds * 1000)).map((p) => [p.type, p.value]));

/** `2026-11-24T08:32` of epoch seconds in an IANA zone, as an input of the browser's has it. */
export function localOf(seconds, zone) {
  const p = parts(seconds, zone);
  return `${p.year.padStart(4, "0")}-${p.month}-${p.day}T${p.hour}:${p.minute}`;
}

/** Epoch seconds of a local time in a zone; undefined when it is none. Of an hour that comes twice the first is meant; one that is left out is an hour later. */
export function epochOf(local, zone) {
  const wanted = Date.parse(`${local}Z`) / 1000;
  if (!Number.isFinite(wanted)) return undefined;
  const offset = (at) => Date.parse(`${localOf(at, zone)}Z`) / 1000 - Math.floor(at / 60) * 60;
  const fits = [...new Set([offset(wanted - 86_400), offset(wanted + 86_400)])].map((o) => wanted - o).filter((at) => localOf(at, zone) === localOf(wanted, "UTC")).sort((a, b) => a - b);
  return fits[0] ?? wanted - offset(wanted - 86_400);
}

/** The first place a text can be read as: {lon, lat}; undefined when it is none. */
export const placeOf = (text, grids) => {
  const [found] = read(text, grids);
  return found && { lon: found.lon, lat: found.lat };
};

/** What is wrong with a note before it is kept, in words; undefined: nothing. */
export function wrongOf({ place, at, text, photo, precision_m: precision }) {
  if (!place) return "Place: tap the map, take your position, or type coordinates such as 26.1 -97.9.";
  if (at === undefined) return "Time: expected a date and a time.";
  if (precision !== undefined && !(precision >= 0 && precision <= 1_000_000)) return "Precision: expected 0 to 1,000,000 metres, or nothing.";
  if (!text.trim() && !photo) return "Write something, or add a photo.";
  if (text.length > 4000) return `The text has ${text.length} characters, 4,000 at most.`;
  return undefined;
}

const PHOTOS = ["image/jpeg", "image/png", "image/webp"], PHOTO_MOST = 10_000_000;

/** `2.4 MB`, `310 kB`. */
export const sizeWords = (bytes) => (bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`);

/** Why a file can't be the photo; undefined: it can. */
export function photoWrong({ type, size }) {
  if (!PHOTOS.includes(type)) return "The photo is expected to be a JPEG, PNG or WebP picture.";
  return size > PHOTO_MOST ? `The photo has ${(size / 1e6).toFixed(1)} MB, 10 MB at most.` : undefined;
}

/** What the button in the top bar says. */
export function countWords({ waiting, refused, others }) {
  const mine = waiting.length + refused.length;
  const words = [...(waiting.length ? [`${waiting.length} waiting`] : []), ...(refused.length ? [`${refused.length} refused`] : []), ...(others ? [`${others} of others`] : [])];
  return { shown: mine + others > 0, number: String(mine || others), words: `Notes: ${words.join(", ")}` };
}

/** Why those that wait do. */
export function whyWords({ waiting, sending, why }, online) {
  if (!waiting.length) return "";
  if (sending) return "Being sent.";
  if (!online) return "No link: they are sent when there is one.";
  if (why?.means === "signIn") return "They are sent when you are signed in again.";
  if (why?.means === "link") return "The server does not answer: tried again by itself.";
  if (why?.means === "later") return `Not taken yet: ${why.error} Tried again by itself.`;
  return "They are sent as soon as it goes.";
}
