// Times and numbers in words; UTC unless a zone is named.

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (n) => String(n).padStart(2, "0");

/** `24 Nov 14:32` of epoch seconds; with the year when it is not `thisYear`. */
export function moment(seconds, { secondsToo = false, thisYear = undefined } = {}) {
  const d = new Date(seconds * 1000);
  const year = thisYear !== undefined && d.getUTCFullYear() !== thisYear ? ` ${d.getUTCFullYear()}` : "";
  return `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]}${year} ${two(d.getUTCHours())}:${two(d.getUTCMinutes())}` +
    (secondsToo ? `:${two(d.getUTCSeconds())}` : "");
}

export const day = (seconds) => {
  const d = new Date(seconds * 1000);
  return `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]}`;
};

/** `Nov` of epoch seconds. */
export const month = (seconds) => MONTHS[new Date(seconds * 1000).getUTCMonth()];

export const clock = (seconds, withSeconds = true) => {
  const d = new Date(seconds * 1000);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}${withSeconds ? `:${two(d.getUTCSeconds())}` : ""}`;
};

/** `14:32` in an IANA zone. */
export const zoned = (seconds, zone, withSeconds = false) =>
  new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, hour: "2-digit", minute: "2-digit", ...(withSeconds ? { second: "2-digit" } : {}), hourCycle: "h23",
  }).format(new Date(seconds * 1000));

/** The city of a zone: `America/Ciudad_Juarez` is Ciudad Juarez. */
export const city = (zone) => zone.split("/").at(-1).replaceAll("_", " ");

/** How long, as on a mark: `52 min`, `3 h 10 min`, `2 d 4 h`. */
export function age(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  const m = Math.floor(s / 60);
  if (m < 60) return `${m} min`;
  const h = Math.floor(m / 60);
  if (h < 24) return m % 60 ? `${h} h ${m % 60} min` : `${h} h`;
  return h % 24 ? `${Math.floor(h / 24)} d ${h % 24} h` : `${Math.floor(h / 24)} d`;
}

export const iso = (seconds) => new Date(Math.round(seconds * 1000)).toISOString().replace(".000Z", "Z");
export const epoch = (text) => (text ? Date.parse(text) / 1000 : undefined);
export const number = (n, digits = 0) => new Intl.NumberFormat("en-US", { maximumFractionDigits: digits }).format(n);
