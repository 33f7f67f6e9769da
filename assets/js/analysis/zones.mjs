// Operations that are judged: declared with the drawn area, their buffer and control proposed or imported, then locked for good.
import { ask } from "../api.mjs";
import { change } from "../events/area.mjs";
import { shapeOf } from "../map/draw.mjs";
import { MARKINGS } from "../markings.mjs";
import { createCorners } from "./corners.mjs";
import { part } from "./parts.mjs";

const FILE_MAX = 900_000;
const FORM = `<form method="dialog"><h2>Declare an operation</h2><p>Its zones are locked before anybody sees what it did. A change later is a new version.</p>
  <label for="zones-name">Name</label><input id="zones-name" required maxlength="100" autocomplete="off" pattern=".*\\S.*">
  <label for="zones-from">Began (UTC)</label><input id="zones-from" type="datetime-local" required><label for="zones-to">Ended (UTC)</label><input id="zones-to" type="datetime-local" required>
  <label for="zones-buffer">Buffer round it, km</label><input id="zones-buffer" type="number" min="0.1" max="500" step="any" value="10" required>
  <label for="zones-file">Zones from a GeoJSON file (role: operation, buffer or control), instead of the drawn area</label><input id="zones-file" type="file" accept=".geojson,.json">
  <label for="zones-agency">Agency</label><select id="zones-agency"></select><label for="zones-marking">Marking</label><select id="zones-marking"></select>
  <p class="wrong" role="alert" hidden></p>
  <div class="actions-row"><button type="button" class="action">Back</button><button class="filled" value="go">Keep, unlocked</button></div></form>`;

/** Pure: a file's features as zones. Throws with words. */
export function zonesOf(text) {
  let told;
  try {
    told = JSON.parse(text);
  } catch {
    throw new Error("The file is no JSON.");
  }
  const features = told?.type === "FeatureCollection" ? told.features : told?.type === "Feature" ? [told] : undefined;
  if (!Array.isArray(features) || !features.length) throw new Error("The file has no features.");
  return features.map((f) => ({ role: String(f?.properties?.role ?? ""), name: String(f?.properties?.name ?? ""), geometry: f?.geometry }));
}

export function createZones(root, { choices, may, agencies, say, changed, onMap, map, drawing, token }) {
  let rows = [], seen, moving; // the numbers of those that are on the map, and whose corners are moved
  const world = () => choices.get().world;
  const corners = createCorners({
    map, draw: drawing, token, say,
    async keep(zones) {
      const z = rows.find((row) => row.id === moving);
      const body = { name: z.name, starts_at: z.starts_at, ends_at: z.ends_at, zones, marking: z.marking, ...(z.agency ? { agency: z.agency } : {}) };
      const kept = await change("PUT", `/api/zones/${z.id}?world=${world()}`, body).catch((error) => void say(error.message));
      if (!kept) return;
      corners.end();
      await load();
    },
    ended() {
      moving = undefined;
      draw();
    },
  });

  /** Only of what is open: what is locked stays as it was judged by. */
  function move(z) {
    see(z.id);
    moving = z.id;
    corners.begin(z.zones).then(draw);
    root.scrollIntoView({ block: "nearest" });
  }

  async function load() {
    rows = (await ask(`/api/zones?world=${world()}`).catch((error) => void say(error.message)))?.rows ?? [];
    changed(rows);
    see(seen);
  }

  /** Put some on the map, by their number: nobody should lock what nobody saw. */
  function see(number) {
    const found = rows.find((z) => z.id === number);
    if (moving !== undefined && number !== moving) corners.end();
    seen = found?.id;
    onMap(found?.zones);
    draw();
  }

  const button = (words, className, act) => {
    const made = part("button", className, words);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  };

  function draw() {
    const list = part("ul");
    list.append(...rows.map((z) => {
      const item = part("li", "analysis-zone");
      item.append(part("b", "", z.name), part("span", "meta", `${z.starts_at.slice(0, 10)} to ${z.ends_at.slice(0, 10)}; ${z.zones.map((zone) => zone.role).join(", ")}; version ${z.version}`),
        part("span", "meta", z.hash ? `Locked by ${z.locked_by}, ${z.locked_at.slice(0, 16).replace("T", " ")} UTC; ${z.hash.slice(0, 12)}` : "Open: nothing may be judged by it"));
      const acts = part("p", "actions"), look = button("On the map", "action", () => see(seen === z.id ? undefined : z.id));
      look.setAttribute("aria-pressed", String(seen === z.id));
      acts.append(look);
      item.append(acts);
      if (may) {
        // While its corners are moved, what would be locked is not what is seen.
        if (!z.hash && moving !== z.id) acts.append(button("Lock", "action", () => lock(z)), button("Move corners", "action", () => move(z)));
        acts.append(button("New version…", "link", () => declare(z)));
      }
      if (moving === z.id && corners.on) item.append(corners.box);
      else if (seen === z.id) item.append(part("p", "meta", "On the map: whole line the operation, dashed its buffer, dotted what it is compared with."));
      return item;
    }));
    root.replaceChildren(part("h3", "", "Operations"), list, ...(rows.length ? [] : [part("p", "note", "None is declared.")]), ...(may ? [button("Declare an operation…", "action", () => declare())] : []));
  }

  async function lock(z) {
    await change("POST", `/api/zones/${z.id}/lock?world=${world()}`, { version: z.version }).catch((error) => say(error.message));
    await load();
  }

  function declare(before) {
    const box = document.body.appendChild(Object.assign(document.createElement("dialog"), { className: "purpose" }));
    box.innerHTML = FORM;
    const field = (name) => box.querySelector(`#zones-${name}`), wrong = box.querySelector(".wrong");
    field("agency").append(...(agencies.length && world() === "live" ? agencies : [""]).map((name) => new Option(name || "none", name)));
    field("marking").append(...MARKINGS.map((name) => new Option(name)));
    field("marking").value = before?.marking ?? "TLP:AMBER";
    if (before) field("name").value = before.name;
    if (before?.agency) field("agency").value = before.agency;
    for (const [name, at] of [["from", before?.starts_at ?? choices.get().from], ["to", before?.ends_at ?? choices.get().to]]) if (at) field(name).value = at.slice(0, 16);
    box.querySelector("form").addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const file = field("file").files[0];
        if (file && file.size > FILE_MAX) throw new Error(`The file has ${file.size.toLocaleString("en-US")} bytes, at most ${FILE_MAX.toLocaleString("en-US")} are taken.`);
        const drawn = shapeOf(choices.get().area)?.geometry;
        if (!file && !drawn) throw new Error("Draw the operation's area first (Filters, Area), or choose a file.");
        const when = { starts_at: `${field("from").value}:00Z`, ends_at: `${field("to").value}:00Z` };
        const proposed = !file && (await change("POST", `/api/zones/proposed?world=${world()}`, { ...when, geometry: drawn, buffer_km: Number(field("buffer").value) }));
        const zones = file ? zonesOf(await file.text()) : proposed.zones;
        if (proposed) say(proposed.words.join(" "));
        const body = { name: field("name").value.trim(), ...when, zones, marking: field("marking").value, ...(field("agency").value ? { agency: field("agency").value } : {}) };
        const kept = await change(before ? "PUT" : "POST", `/api/zones${before ? `/${before.id}` : ""}?world=${world()}`, body);
        box.close();
        seen = kept.id;
        await load();
      } catch (error) {
        wrong.hidden = false;
        wrong.textContent = error.message;
      }
    });
    box.querySelector(".action").addEventListener("click", () => box.close());
    box.addEventListener("close", () => box.remove());
    box.showModal();
    field("name").focus();
  }

  return {
    load,
    show(on) {
      const was = root.hidden;
      root.hidden = !on;
      if (on && was) load();
      else if (!on && seen !== undefined) see(undefined);
    },
  };
}
