// What is said of saved views and links.
import { number } from "../times.mjs";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const KEYS = {
  world: "the world", from: "the begin of the window", to: "the end of the window", at: "the clock", known_at: "the time of knowing", bbox: "the box", area: "the area", kind: "kinds", track: "track",
  drug: "drugs", min_kg: "the least amount", max_kg: "the most amount", conveyance: "conveyances", agency: "agency", source: "source", q: "the text", layers: "layers", sel: "what was chosen",
  theme: "the theme", heat: "how hotspots are drawn", trail: "trails", vector: "vectors", veil: "the veil", look: "image", bands: "bands", colormap: "colours", stretch: "the stretch",
  compare: "images compared", compare_mode: "how images are compared", compare_look: "look for changes", run: "analysis", coords: "how places are written", camera: "the camera",
};
export const LASTS = { "1h": "1 hour", "1d": "1 day", "7d": "7 days", "30d": "30 days" };

const two = (n) => String(n).padStart(2, "0");

/** Pure: a moment with its zone. */
export function moment(text) {
  const d = new Date(text);
  return `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]} ${d.getUTCFullYear()} ${two(d.getUTCHours())}:${two(d.getUTCMinutes())} UTC`;
}

/** Pure: who sees a view. */
export const seenBy = ({ private: own, agency, operation, world }) =>
  own ? "only you" : [world === "exercise" ? "everybody, of the exercise" : agency ?? "the whole house", operation && `partners of ${operation}`].filter(Boolean).join(" and ");

/** Pure: what stands under a view's name. */
export const viewWords = (view) => [`version ${number(view.version)}, ${moment(view.made_at)}`, `by ${view.made_by}`].join(" ");

/** Pure: what could not be opened; empty when all of it was. `left_out` is a list of {key, value}. */
export function leftOutWords(leftOut) {
  if (!leftOut?.length) return "";
  const parts = leftOut.map(({ key, value }) => [KEYS[key] ?? key, value && `“${value}”`].filter(Boolean).join(" "));
  return `Opened without ${parts.join(", ")}: not there, or not for you to see.`;
}

/** Pure: what differs from what was saved. */
export const changedWords = (keys) => `changed since saved: ${keys.map((k) => KEYS[k] ?? k).join(", ")}`;

/** Pure: what stands under a link. */
export const linkWords = (link, name) =>
  `${name === undefined ? "to a state of the page" : `to ${name}`}; until ${moment(link.expires_at)}; ${link.opened ? `opened ${number(link.opened)} ${link.opened === 1 ? "time" : "times"} by others` : "opened by nobody else yet"}`;
