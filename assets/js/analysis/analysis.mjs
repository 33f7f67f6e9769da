// Analyses on the page: asked for under the filter, watched while they run, the open one (`run=12` in the address) on the map and in the panel.
import { ask, latestOnly } from "../api.mjs";
import { filterQuery } from "../choices.mjs";
import { change } from "../events/area.mjs";
import * as layer from "../layers/analysis.mjs";
import * as zoneLayer from "../layers/zones.mjs";
import { askPurpose, purposeHeaders } from "../purpose.mjs";
import { createForm } from "./form.mjs";
import { part } from "./parts.mjs";
import { createResult, legendNode } from "./result.mjs";
import { OPEN, colouring, stateWords } from "./words.mjs";
import { createZones } from "./zones.mjs";

const MAY = ["coordinator", "analyst", "supervisor"], OUT = [...MAY, "legal"];
const OF_GROUND = ["hotspots", "forecast"]; // families whose places come as they lie
const ROWS = 200, EVERY_MS = 1500, LISTED = 20;
const NARROW = "(max-width: 760px)"; // where the panel is a sheet over the map (assets/css/analysis.css)

/** `root` is the panel, `toggles` the buttons that open it, `legend` where the map's legend stands. */
export function watchAnalysis({ map, choices, token, status, root, toggles, legend, draw: drawn }) {
  root.innerHTML = `<header class="analysis-head"><h2>Analysis</h2><p class="meta analysis-line"></p><button type="button" class="action narrow-only analysis-lower" aria-expanded="true"></button><button type="button" class="close" title="Close" aria-label="Close analysis">×</button></header>
    <section class="analysis-result" aria-label="The open analysis" hidden></section><section class="analysis-ask" aria-label="Ask for an analysis"></section>
    <section class="analysis-zones" aria-label="Operations that are judged" hidden></section>
    <section class="analysis-runs" aria-label="Analyses"><h3>Analyses</h3><ul></ul></section>`;
  const [resultBox, askBox, zonesBox, runsBox] = root.querySelectorAll("section"), lowering = root.querySelector(".analysis-lower"), narrow = matchMedia(NARROW);
  const held = { methods: undefined, run: undefined, features: [], colours: undefined, sort: "", chosen: undefined, roles: [], runs: [], timer: undefined, agencies: [] };
  const fetchRun = latestOnly(), fetchPlaces = latestOnly(), fetchRuns = latestOnly();
  const wanted = () => Number(choices.get().run) || undefined;
  const may = () => held.roles.some((r) => MAY.includes(r));
  let form, zones;

  const result = createResult(resultBox, {
    close: () => choices.set({ run: undefined }),
    cancel: () => told(() => change("DELETE", `/api/analyses/${held.run.id}`, {})).then(refresh),
    pick(ordinal) {
      pick(ordinal);
      if (narrow.matches && held.chosen !== undefined) lower(true); // the sheet lies over what was asked for
    },
    sort(column) {
      held.sort = column;
      places();
    },
  });

  async function told(act) {
    try {
      return await act();
    } catch (error) {
      status.say(error.message);
      return undefined;
    }
  }

  const lowered = () => narrow.matches && root.hasAttribute("data-lowered");
  /** The panel says it too: only one of both. */
  const key = () => { legend.hidden = held.run?.state !== "done" || !(root.hidden || lowered()); };

  /** On a telephone the sheet goes down to one line, so that the map is seen, and up again. */
  function lower(on) {
    root.toggleAttribute("data-lowered", on);
    lowering.setAttribute("aria-expanded", String(!on));
    lowering.textContent = on ? "Show panel" : "Show map";
    key();
  }
  lower(false);
  lowering.addEventListener("click", () => lower(!lowered()));
  narrow.addEventListener("change", key);

  function open(on = root.hidden) {
    root.hidden = !on;
    lower(false);
    for (const toggle of toggles) toggle.setAttribute("aria-expanded", String(on));
    if (on) begin().then(listRuns);
    map.resize();
  }
  for (const toggle of toggles) toggle.addEventListener("click", () => open());
  root.querySelector(".close").addEventListener("click", () => open(false));

  async function begin() {
    if (held.methods) return;
    const [methods, who] = await Promise.all([told(() => ask("/api/analyses/methods")), ask("/api/me").catch(() => undefined)]);
    if (!methods || held.methods) return;
    held.methods = methods;
    held.roles = who?.roles ?? [];
    held.agencies = who?.agencies ?? [];
    if (may()) form = createForm(askBox, { methods, ask: send, centre: () => map.getCenter().toArray(), changed: (method) => zones?.show(method.family === "effect") });
    else askBox.replaceChildren(part("p", "note", "Your role may look at analyses; coordinators, analysts and supervisors ask for them."));
    zones = createZones(zonesBox, { choices, may: may(), agencies: held.agencies, say: status.say, map, drawing: drawn, token, changed: (rows) => form?.zones(rows), onMap(shapes) {
      held.zones = shapes;
      zoneLayer.put(map, shapes, { token });
    } });
    draw();
  }

  async function send(body) {
    form.busy(true);
    const url = `/api/analyses?${filterQuery(choices.get())}`;
    const found = await told(() => post(url, body));
    form.busy(false);
    if (!found) return;
    choices.set({ run: String(found.id) });
    listRuns();
    root.scrollTop = 0;
  }

  /** Live records need a purpose: asked for once, told with the question. */
  async function post(url, body) {
    const also = choices.get().world === "live" ? await askPurpose("Analyse live records") : {};
    if (!also) return undefined;
    return change("POST", url, body, purposeHeaders(also.words ? also : undefined));
  }

  async function listRuns() {
    const found = await told(() => fetchRuns(`/api/analyses?world=${choices.get().world}`));
    if (!found) return;
    held.runs = found.rows;
    drawRuns();
  }

  function drawRuns() {
    const rows = held.runs.slice(0, LISTED).map((run) => {
      const item = part("li"), to = part("button", "analysis-run");
      to.type = "button";
      to.setAttribute("aria-pressed", String(run.id === wanted()));
      to.append(part("b", "", titleOf(run.method)), part("span", "meta", `${stateWords(run)} ${run.mine ? "" : "(asked by somebody who sees the same)"}`.trim()),
        part("span", "meta", `${run.created_at.slice(0, 16).replace("T", " ")} UTC, ${run.marking}`));
      to.addEventListener("click", () => choices.set({ run: String(run.id) }));
      item.append(to);
      return item;
    });
    runsBox.querySelector("ul").replaceChildren(...(rows.length ? rows : [part("li", "note", "None yet.")]),
      ...(held.runs.length > LISTED ? [part("li", "meta", `${held.runs.length - LISTED} older ones are in /api/analyses.`)] : []));
  }

  const methodOf = (name) => held.methods?.find((m) => m.name === name);
  const titleOf = (name) => methodOf(name)?.title ?? name;

  async function refresh() {
    clearTimeout(held.timer);
    const id = wanted();
    if (!id) return forget();
    const found = await told(() => fetchRun(`/api/analyses/${id}`));
    if (id !== wanted()) return;
    if (!found) return held.run?.id === id ? undefined : forget();
    const news = held.run?.id !== id || held.run.state !== found.state;
    if (held.run?.id !== id) Object.assign(held, { features: [], colours: undefined, sort: "", chosen: undefined });
    const method = methodOf(found.method);
    held.run = { ...found, title: titleOf(found.method), family: method?.family, legend: method?.legend ?? found.told.legend ?? {} };
    if (OPEN.includes(found.state)) held.timer = setTimeout(refresh, EVERY_MS);
    if (news) {
      listRuns();
      if (found.state === "done" && found.places) return places(true);
      paint();
    }
    draw();
  }

  function forget() {
    Object.assign(held, { run: undefined, features: [], colours: undefined, chosen: undefined });
    paint();
    draw();
  }

  async function places(first = false) {
    const found = await told(() => fetchPlaces(`/api/analyses/${held.run.id}/places?limit=${ROWS}&sort=${encodeURIComponent(held.sort)}`));
    if (!found || !held.run) return;
    held.features = found.features;
    if (first) {
      held.colours = colouring(held.run.legend, found.features);
      paint();
      // What matters most first, where a method's own order is that of the ground.
      if (OF_GROUND.includes(held.run.family) && held.colours) {
        held.sort = `-${held.colours.column}`;
        return places();
      }
    }
    draw();
    return undefined;
  }

  /** What is withheld is on no map: there is nothing of it to draw. */
  function paint() {
    const shown = held.run?.state === "done" && !held.run.told.withheld && held.run.places > 0;
    if (map.getLayer("slot-top")) layer.put(map, shown ? held.run.id : undefined, held.colours, { token }); // else the style is on its way, and calls this
    legend.replaceChildren(...(held.run?.state === "done" ? [part("h2", "", held.run.title), legendNode(held.run, held.colours)] : []));
    key();
    document.documentElement.dataset.analysis = shown ? String(held.run.id) : "";
  }

  function pick(ordinal) {
    held.chosen = ordinal === held.chosen ? undefined : ordinal;
    const found = held.features.find((f) => f.id === held.chosen);
    layer.choose(map, found);
    if (found) {
      const [x, y] = middle(found.geometry);
      if (!map.getBounds().contains([x, y])) map.easeTo({ center: [x, y], duration: 600 });
    }
    draw();
    resultBox.querySelector("tr.chosen")?.scrollIntoView({ block: "nearest" });
  }

  function draw() {
    root.querySelector(".analysis-line").textContent = held.run ? `${held.run.title}: ${stateWords(held.run)}` : "";
    result.draw({ ...held, writer: held.roles.some((r) => OUT.includes(r)) });
    drawRuns();
  }

  map.on("click", (event) => {
    if (!held.run || drawn.active) return;
    const found = layer.at(map, event.point);
    if (found !== undefined && held.features.some((f) => f.id === found) && found !== held.chosen) pick(found);
  });

  choices.subscribe((now, changed) => {
    if (changed.has("world")) listRuns();
    if (changed.has("world") && !root.hidden) zones?.load();
    if (!changed.has("run")) return;
    if (now.run && root.hidden) open(true);
    refresh();
  });
  if (wanted()) {
    open(true);
    begin().then(refresh);
  }
  map.on("style.load", () => { // set anew with the theme: the layers go back on
    paint();
    zoneLayer.put(map, held.zones, { token });
  });
  return { held, open };
}

/** Pure: some place of a shape, to look at. */
export function middle(geometry) {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  const walk = (c) => {
    if (typeof c[0] !== "number") return c.forEach(walk);
    [west, south, east, north] = [Math.min(west, c[0]), Math.min(south, c[1]), Math.max(east, c[0]), Math.max(north, c[1])];
    return undefined;
  };
  for (const g of geometry.geometries ?? [geometry]) walk(g.coordinates);
  return [(west + east) / 2, (south + north) / 2];
}
