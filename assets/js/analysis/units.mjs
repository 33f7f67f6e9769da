// Units that can be sent: rows of a form, or as somebody pastes them.
import { labelled, part } from "./parts.mjs";

const KINDS = ["patrol", "drone", "sensor"];
const USUAL = { patrol: [20, 2], drone: [35, 1], sensor: [50, 1] }; // reach in km, shifts: what a new row stands at

/** Pure: lines of name, kind, longitude, latitude, reach in km, shifts; or points of GeoJSON with these. Throws with words that say which one is wrong. */
export function unitsOf(text) {
  const found = text.trim().startsWith("{") ? points(text) : text.split("\n").filter((line) => line.trim()).map((line) => line.split(/[,;\t]/).map((word) => word.trim()));
  return found.map(([name, kind, ...numbers], i) => {
    const [lon, lat, reach_km, shifts] = numbers.map((n) => (n === "" || n == null ? NaN : Number(n)));
    if (!name || !KINDS.includes(kind) || numbers.length !== 4 || ![lon, lat, reach_km, shifts].every(Number.isFinite))
      throw new Error(`The ${i + 1}. unit is expected as name, ${KINDS.join(" or ")}, longitude, latitude, reach in km, shifts.`);
    return { name, kind, lon, lat, reach_km, shifts };
  });
}

function points(text) {
  let told;
  try {
    told = JSON.parse(text);
  } catch {
    throw new Error("The units are no JSON.");
  }
  const features = told?.type === "FeatureCollection" ? told.features : told?.type === "Feature" ? [told] : undefined;
  if (!Array.isArray(features) || !features.length) throw new Error("The units have no features.");
  return features.map((f) => {
    const [lon, lat] = f?.geometry?.type === "Point" ? f.geometry.coordinates : [];
    return [String(f?.properties?.name ?? ""), f?.properties?.kind, lon, lat, f?.properties?.reach_km, f?.properties?.shifts];
  });
}

/** Pure: rows of a form as units; `count` alike ones of a row are numbered, and so are rows without a name. */
export function unitsOfRows(rows) {
  const unnamed = {};
  return rows.flatMap(({ name, kind, count, lon, lat, reach_km, shifts }) => Array.from({ length: count }, (_, i) => ({
    name: name ? (count > 1 ? `${name} ${i + 1}` : name) : `${kind[0].toUpperCase()}${kind.slice(1)} ${(unnamed[kind] = (unnamed[kind] ?? 0) + 1)}`, kind, lon, lat, reach_km, shifts,
  })));
}

/** The form of units: rows that may be added and taken away, and a field to paste into. `centre()` is where a new one stands. `read()` throws with words, at the field. */
export function createUnits({ centre }) {
  const box = part("fieldset", "analysis-units"), list = part("div"), more = part("details", "analysis-more"), pasted = part("textarea"), add = part("button", "action", "Add a unit");
  const rows = [];
  add.type = "button";
  Object.assign(pasted, { rows: 4, placeholder: "North, patrol, -97.50, 25.95, 20, 2\nHawk, drone, -97.40, 25.90, 35, 1" });
  pasted.addEventListener("input", () => pasted.setCustomValidity(""));
  more.append(part("summary", "", "Paste more"), labelled("Units, one a line", pasted, "", "Name, patrol or drone or sensor, longitude, latitude, reach in km, shifts. Or GeoJSON: points with name, kind, reach_km and shifts."));

  const number = (value, min, max, step = "any") => Object.assign(part("input"), { type: "number", required: true, value, min, max, step, autocomplete: "off" });

  function addRow() {
    const row = part("fieldset", "analysis-unit"), kind = part("select"), [lon, lat] = centre(), legend = part("legend"), away = part("button", "link", "Take away"), here = part("button", "link", "To the middle of the map");
    kind.append(...KINDS.map((k) => new Option(k, k)));
    const fields = { name: Object.assign(part("input"), { maxLength: 80, autocomplete: "off" }), kind, count: number(1, 1, 100, "1"), reach_km: number(USUAL.patrol[0], 0.1, 2000), shifts: number(USUAL.patrol[1], 1, 1000, "1"),
      lon: number(lon.toFixed(4), -180, 180), lat: number(lat.toFixed(4), -90, 90) };
    kind.addEventListener("change", () => [fields.reach_km.value, fields.shifts.value] = USUAL[kind.value]);
    here.addEventListener("click", () => [fields.lon.value, fields.lat.value] = centre().map((v) => v.toFixed(4)));
    away.addEventListener("click", () => {
      rows.splice(rows.indexOf(made), 1);
      row.remove();
      numbered();
      add.focus();
    });
    for (const one of [away, here]) one.type = "button";
    row.append(legend, labelled("Kind", kind), labelled("How many", fields.count), labelled("Reach", fields.reach_km, "km"), labelled("Shifts each", fields.shifts), labelled("Longitude", fields.lon), labelled("Latitude", fields.lat),
      labelled("Name", fields.name, "", "Without one they are numbered."));
    const acts = part("p", "actions");
    acts.append(here, away);
    row.append(acts);
    const made = { legend, fields };
    rows.push(made);
    list.append(row);
    numbered();
    return made;
  }

  const numbered = () => rows.forEach(({ legend }, i) => { legend.textContent = `Unit ${i + 1}`; });

  add.addEventListener("click", () => addRow().fields.kind.focus());
  addRow();
  box.append(part("legend", "", "Units that can be sent"), list, add, more);
  return {
    box,
    read() {
      const told = rows.map(({ fields: f }) => ({ name: f.name.value.trim(), kind: f.kind.value, ...Object.fromEntries(["count", "lon", "lat", "reach_km", "shifts"].map((k) => [k, Number(f[k].value)])) }));
      try {
        return [...unitsOfRows(told), ...(pasted.value.trim() ? unitsOf(pasted.value) : [])];
      } catch (error) {
        more.open = true;
        pasted.setCustomValidity(error.message); // the field itself says what is wrong with it
        pasted.reportValidity();
        throw error;
      }
    },
  };
}
