// A state of the page as the text that a saved view keeps (data/page_state.py): its choices, and where the camera stands.
import { FILTER_KEYS, format, formatLayers, parse, parseLayers, VIEW_KEYS } from "../choices.mjs";
import { epoch } from "../times.mjs";

export const STATE_KEYS = [...FILTER_KEYS, ...VIEW_KEYS].filter((k) => k !== "view");
const TIMES = ["from", "to", "at", "known_at"], NUMBERS = ["min_kg", "max_kg"];
const GIVEN = ["from", "to"]; // the page fills them in where an address tells none
const SAME_PX = 2;

/** Pure: choices and camera as text. */
export const stateText = (choices, camera) => [format(choices, STATE_KEYS), camera && `camera=${camera}`].filter(Boolean).join("&");

/** Pure: the text as choices and camera again. */
export function readState(text) {
  const { view: _, ...choices } = parse(`?${text}`);
  return { choices: { world: "live", ...choices }, camera: new URLSearchParams(text).get("camera") ?? undefined };
}

/** Pure: zoom/latitude/longitude, as many digits as the zoom can show. */
export function cameraText({ lng, lat }, zoom) {
  const z = Math.round(zoom * 100) / 100, digits = Math.max(0, Math.ceil((z * Math.LN2 + Math.log(512 / 360 / 0.5)) / Math.LN10));
  const round = (v) => Number(v.toFixed(digits));
  return `${z}/${round(lat)}/${round(((((lng + 180) % 360) + 360) % 360) - 180)}`;
}

/** Pure: what the map library takes; undefined for what is no camera. */
export function cameraOf(text) {
  const [zoom, lat, lng] = (text ?? "").split("/").map(Number);
  return [zoom, lat, lng].every(Number.isFinite) && text.split("/").length === 3 ? { center: [lng, lat], zoom } : undefined;
}

/** Pure: whether two cameras show the same, within two pixels. */
export function sameCamera(one, other) {
  const [a, b] = [cameraOf(one), cameraOf(other)];
  if (!a || !b) return !a && !b;
  const near = (SAME_PX * 360) / (512 * 2 ** a.zoom);
  return Math.abs(a.zoom - b.zoom) < 0.02 && Math.abs(a.center[0] - b.center[0]) <= near && Math.abs(a.center[1] - b.center[1]) <= near;
}

/** Pure: a value so that equal ones are equal text. */
function plain(key, value) {
  if (key === "layers") return formatLayers(parseLayers(value)) ?? "";
  if (value === undefined) return "";
  if (Array.isArray(value)) return [...value].sort().join(",");
  if (TIMES.includes(key)) return String(epoch(value));
  return NUMBERS.includes(key) ? String(Number(value)) : String(value);
}

/** Pure: what is otherwise than it was saved, by key; the camera is `camera`. */
export function differs(saved, now) {
  const out = STATE_KEYS.filter((k) => !(GIVEN.includes(k) && saved.choices[k] === undefined) && plain(k, saved.choices[k]) !== plain(k, now.choices[k]));
  return saved.camera !== undefined && !sameCamera(saved.camera, now.camera) ? [...out, "camera"] : out;
}

/** Pure: the choices to set so that a state is what is shown: what it does not tell is taken away. */
export const patchOf = ({ choices }) => ({ ...Object.fromEntries(STATE_KEYS.filter((k) => !GIVEN.includes(k)).map((k) => [k, undefined])), ...choices });
