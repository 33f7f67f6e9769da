// The form of an analysis, made of the methods' own knobs: what they are called, what they may be, what they stand at.
import { labelled, part } from "./parts.mjs";
import { createUnits } from "./units.mjs";
import { FAMILIES, knobValue } from "./words.mjs";

const RARELY = ["crs", "border_km", "unknown_kg", "cap", "discovered", "seed", "tries", "begins", "permutations"]; // set; they stand below
const title = (knob) => { const words = knob.name.replaceAll("_", " ").replace(/ (m|km|h|days|deg|min)$/, ""); return words[0].toUpperCase() + words.slice(1); };

function control(knob) {
  if (knob.choices.length || knob.kind === "bool") {
    const list = part("select");
    list.append(...(knob.kind === "bool" ? [["true", "yes"], ["false", "no"]] : knob.choices.map((c) => [c, c || "none"])).map(([value, words]) => new Option(words, value)));
    list.value = String(knob.default);
    return list;
  }
  const input = part("input");
  const numeric = knob.kind !== "str";
  Object.assign(input, { type: numeric ? "number" : "text", value: String(knob.default), autocomplete: "off", ...(numeric ? { step: knob.kind === "int" ? "1" : "any", min: knob.least ?? "", max: knob.most ?? "" } : { maxLength: 200 }) });
  return input;
}

/** `methods` as /api/analyses/methods tells them; `zones` are those that are locked or open; `ask({method, knobs, zones, units})` is called with what was chosen; `centre()` is the middle of the map. */
export function createForm(root, { methods, ask, family, changed, centre }) {
  const families = Object.keys(FAMILIES).filter((f) => methods.some((m) => m.family === f));
  const familyList = part("select"), methodList = part("select"), knobs = part("div", "analysis-knobs"), about = part("p", "meta"), more = part("details", "analysis-more"), send = part("button", "filled", "Run on this filter");
  const held = { fields: new Map(), zones: [], zonesList: undefined, units: undefined };
  familyList.append(...families.map((f) => new Option(FAMILIES[f], f)));
  if (families.includes(family)) familyList.value = family;
  const current = () => methods.find((m) => m.name === methodList.value);

  function knobbed() {
    const method = current();
    held.fields.clear();
    held.zonesList = held.units = undefined;
    const made = [], rest = [];
    if (method.family === "effect") {
      held.zonesList = part("select");
      held.zonesList.append(...held.zones.filter((z) => z.hash).map((z) => new Option(`${z.name}, version ${z.version}`, z.id)));
      made.push(labelled("Locked zones", held.zonesList, "", held.zonesList.length ? "" : "None is locked yet: declare the operation below and lock its zones first."));
    }
    if (method.family === "allocate") {
      held.units = createUnits({ centre });
      made.push(held.units.box);
    }
    for (const knob of method.knobs) {
      if (method.family === "effect" && ["start", "end"].includes(knob.name)) continue;
      const field = control(knob);
      held.fields.set(knob, field);
      (RARELY.includes(knob.name) ? rest : made).push(labelled(title(knob), field, knob.unit, knob.words));
    }
    about.textContent = `At least ${method.needs} seizures. ${method.source}`;
    knobs.replaceChildren(...made);
    more.hidden = !rest.length;
    more.replaceChildren(part("summary", "", `More (${rest.length})`), ...rest);
    send.disabled = method.family === "effect" && !held.zonesList.length;
    send.textContent = method.family === "effect" ? "Run on these zones" : "Run on this filter"; // whose ground and times stand for the filter's
    changed?.(method);
  }

  function listed() {
    methodList.replaceChildren(...methods.filter((m) => m.family === familyList.value).map((m) => new Option(m.title, m.name)));
    knobbed();
  }

  familyList.addEventListener("change", listed);
  methodList.addEventListener("change", knobbed);
  const form = part("form", "analysis-form");
  form.append(labelled("What for", familyList), labelled("Method", methodList), about, knobs, more, send);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const told = Object.fromEntries([...held.fields].map(([knob, field]) => [knob.name, knobValue(knob, field.value)]).filter(([, v]) => v !== undefined));
    let units;
    try {
      units = held.units?.read();
    } catch {
      return; // the field says it
    }
    ask({ method: methodList.value, knobs: told, ...(held.zonesList ? { zones: Number(held.zonesList.value) } : {}), ...(units?.length ? { units } : {}) });
  });
  root.replaceChildren(form);
  if (families.length) listed();
  else root.replaceChildren(part("p", "note", "There is no method yet."));
  return {
    busy: (on) => (send.disabled = on),
    zones(rows) {
      held.zones = rows;
      if (current()?.family === "effect") knobbed();
    },
  };
}
