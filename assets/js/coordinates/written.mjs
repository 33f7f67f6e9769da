// A place on earth in the four ways people write it. Degrees of WGS 84 in; pure.

export const FORMATS = { dd: "Degrees", dms: "Degrees, minutes, seconds", utm: "UTM", mgrs: "MGRS" };

export const wrapped = (lon) => ((((lon + 180) % 360) + 360) % 360) - 180;
const north = (lat) => (lat >= 0 ? "N" : "S"), east = (lon) => (lon >= 0 ? "E" : "W");

export const degrees = (lon, lat, digits = 5) => `${Math.abs(lat).toFixed(digits)} ${north(lat)} ${Math.abs(wrapped(lon)).toFixed(digits)} ${east(wrapped(lon))}`;

/** To a tenth of a second, three metres: the seconds never read 60. */
function sexagesimal(value) {
  const tenths = Math.round(Math.abs(value) * 36_000);
  const [d, m, s] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60, (tenths % 600) / 10];
  return `${d}°${String(m).padStart(2, "0")}′${s.toFixed(1).padStart(4, "0")}″`;
}
export const minutes = (lon, lat) => `${sexagesimal(lat)}${north(lat)} ${sexagesimal(wrapped(lon))}${east(wrapped(lon))}`;

/** The zone of the grid, with the exceptions of south-west Norway and Svalbard; undefined where UTM has none (beyond 84° N and 80° S). */
export function zoneOf(lon, lat) {
  if (!(lat >= -80 && lat <= 84)) return undefined;
  const x = wrapped(lon);
  if (lat >= 56 && lat < 64 && x >= 3 && x < 12) return 32;
  if (lat >= 72 && x >= 0 && x < 42) return x < 9 ? 31 : x < 21 ? 33 : x < 33 ? 35 : 37;
  return Math.floor((x + 180) / 6) + 1;
}
const BANDS = "CDEFGHJKLMNPQRSTUVWX";
export const bandOf = (lat) => BANDS[Math.min(19, Math.floor((lat + 80) / 8))];
/** South and north of a band, degrees. */
export const bandSpan = (letter) => {
  const i = BANDS.indexOf(letter);
  return i < 0 ? undefined : [8 * i - 80, letter === "X" ? 84 : 8 * i - 72];
};

/**
 * `grids` is assets/vendor/grids.mjs, asked for when somebody wants a grid; degrees are shown until it is here, and where the grids end.
 * Metres are cut, not rounded, as the grids' own rule is: a reference names the square a place lies in.
 */
export function written(format, lon, lat, grids) {
  if (format === "dms") return minutes(lon, lat);
  const zone = zoneOf(lon, lat);
  if (!grids || zone === undefined || !["utm", "mgrs"].includes(format)) return degrees(lon, lat);
  if (format === "mgrs") return grids.mgrs(wrapped(lon), lat).replace(/^(\d+[A-Z])([A-Z]{2})(\d{5})(\d{5})$/, "$1 $2 $3 $4");
  const [e, n] = grids.toUtm(zone, lat < 0, wrapped(lon), lat);
  return `${zone}${bandOf(lat)} ${Math.floor(e)} ${Math.floor(n)}`;
}
