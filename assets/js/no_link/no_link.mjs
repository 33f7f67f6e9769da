// The page that is shown with no link: it says so, and shows the areas that were taken along. It asks the server for nothing but whether it is there.
import { archiveStyle, readArchive, withSlots } from "../basemap/own.mjs";
import { basemapStyle } from "../basemap/style.mjs";
import { keepArchive } from "../basemap/archive.mjs";
import { bytes } from "../catalogue/progress.mjs";
import { badge, numbersWords, untilWords } from "../field/areas.mjs";
import { all, names, part as keptPart, remove, removeAll, swept } from "../field/kept.mjs";
import * as movements from "../layers/movements.mjs";
import * as seizures from "../layers/seizures.mjs";
import { addLayer, createMap, tilesFrom, wearImages } from "../map/adapter.mjs";
import { tlp } from "../markings.mjs";
import { THEMES, tokens, wear } from "../theme.mjs";
import { moment } from "../times.mjs";
import { button, named, part, sure } from "../views/parts.mjs";
import { lookedAt, linesOf, pickedWords } from "./lines.mjs";

const ASK_MS = 20_000, TICK_MS = 30_000, TOUCH_PX = 12;
const EMPTY_PNG = Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="), (c) => c.charCodeAt(0)).buffer;
const THEME_KEY = "vigia-no-link-theme";
const TILE_SOURCES = { "seizure-tiles": ["heat-tile", "seizure-tile-one", "seizure-tile-many"], "track-tiles": ["flow", "history", "history-gap", "history-still"] };
const $ = (id) => document.getElementById(id);
const token = (name) => tokens()(name);
const state = { areas: [], judgedS: Date.now() / 1000, open: undefined, map: undefined, records: undefined, opening: 0 };

// -- the link

async function link() {
  const there = await fetch("/api/health/live", { cache: "no-store" }).then((answer) => answer.ok, () => false);
  const words = there ? ["The server answers. ", "What is shown here was taken along earlier."] : ["No link to the server. ", "What is shown here was taken along earlier; nothing newer is known."];
  const line = $("no-link");
  if (line.dataset.there !== String(there)) {
    line.dataset.there = String(there);
    line.querySelector("b").textContent = words[0];
    line.querySelector("span").textContent = words[1];
    $("again").textContent = there ? "Open the map" : "Try now";
  }
  return there;
}

/** Back to what was asked for: this page stands in for any address. */
async function again() {
  $("again").disabled = true;
  if (await link()) location.assign(location.pathname === "/no-link" ? "/" : location.href.split("#")[0]);
  $("again").disabled = false;
}

// -- the list

async function look() {
  try {
    const found = await swept(Date.now() / 1000, undefined);
    Object.assign(state, { areas: found.areas, judgedS: found.judgedS });
  } catch (error) {
    return void $("areas").replaceChildren(part("p", "note", `What was taken along can't be read: ${error.message}`));
  }
  if (state.open && !state.areas.some((area) => area.id === state.open.id)) close();
  list();
  if (state.open) told();
}

function list() {
  const rows = state.areas.map((area) => {
    const { words, level } = badge(area, state.judgedS), name = button(named(area.name), "open", () => show(area));
    if (area.id === state.open?.id) name.setAttribute("aria-current", "true");
    return part("li", "", name, part("span", `age ${level}`, words), part("span", "meta", numbersWords(area.numbers), `, ${bytes(area.bytes)}`),
      part("span", "meta", part("span", tlp(area.marking), area.marking), ` ${untilWords(area, state.judgedS)}`),
      button("Delete", "link", () => gone(area), `Delete ${area.name}`));
  });
  const clear = button("Delete all of it", "link", async () => {
    if (!(await sure("Delete all that was taken along?", ["Every area in this browser is deleted."], "Delete"))) return;
    await removeAll();
    await look();
  });
  $("areas").replaceChildren(part("h2", "", "Taken along"), ...(rows.length ? [part("ul", "", ...rows), clear] : [part("p", "note", "Nothing is taken along. With a link, open Take along on the map, and choose an area.")]));
}

async function gone(area) {
  await remove(area.id);
  await look();
}

// -- one area

function close() {
  state.opening++;
  state.map?.remove();
  Object.assign(state, { open: undefined, map: undefined, records: undefined });
  $("shown").hidden = true;
  $("picked").textContent = "";
}

function told() {
  const { words, level } = badge(state.open, state.judgedS), at = moment(Date.parse(state.open.taken_at) / 1000);
  $("badge").className = level;
  $("badge").replaceChildren(part("b", "", words), ` taken ${at} UTC`, ...(state.open.world === "exercise" ? [part("b", "", " EXERCISE")] : []), " ", part("span", tlp(state.open.marking), state.open.marking));
}

async function show(area) {
  try {
    await opened(area);
  } catch (error) {
    close(); // deleted meanwhile, in another tab or by a sign-out
    $("areas").prepend(part("p", "note", `${area.name} can't be shown: ${error.message}`));
  }
}

async function opened(area) {
  close();
  const opening = state.opening;
  state.open = area;
  $("shown").hidden = false;
  list();
  told();
  for (const file of area.files) keepArchive(`/api/basemap/${file}`, await keptPart(area.id, `basemap/${file}`));
  const records = JSON.parse(new TextDecoder().decode(await keptPart(area.id, "records")));
  if (opening !== state.opening) return;
  state.records = records;
  const own = area.parts.own && await readArchive(`${location.origin}/api/basemap/${area.parts.own}`);
  const style = () => (area.parts.style ? withSlots(area.parts.style) : own ? archiveStyle(own, `pmtiles://${location.origin}/api/basemap/${area.parts.own}`, token) : basemapStyle({ token, parts: area.parts }));
  const [west, south, east, north] = area.bbox;
  const map = (state.map = createMap($("map"), { style: style(), bounds: [[west, south], [east, north]], hash: false }));
  map.fitBounds([[west, south], [east, north]], { padding: 24, maxZoom: 18, duration: 0 });
  map.setMinZoom(Math.max(0, Math.min(area.zoom_from, map.getZoom()))); // further out there is no ground
  map.on("style.load", () => dress(map, area));
  map.on("idle", () => (document.documentElement.dataset.map = "idle"));
  map.on("click", ({ point }) => pick(map, area, point));
  map.on("moveend", () => draw(map, area));
  map.getCanvas().setAttribute("aria-label", "Map of the area. Arrow keys move it, plus and minus zoom.");
  state.restyle = () => map.setStyle(style(), { diff: false });
}

function dress(map, area) {
  wearImages(map, token);
  const how = { token, choices: {} };
  if (area.pictures) {
    map.addSource("taken-imagery", { type: "raster", tiles: [`taken://${area.id}/{z}/{x}/{y}`], tileSize: 256, minzoom: area.zoom_from, maxzoom: area.imagery_zoom, bounds: area.bbox });
    addLayer(map, { id: "taken-imagery", type: "raster", source: "taken-imagery", paint: { "raster-opacity": 0.94, "raster-fade-duration": 0 } }, "slot-imagery");
  }
  map.addSource("taken-lines", { type: "geojson", data: { type: "FeatureCollection", features: linesOf(state.records.movement) } });
  addLayer(map, { id: "taken-lines", type: "line", source: "taken-lines", layout: { "line-join": "round" },
    paint: { "line-width": ["interpolate", ["linear"], ["zoom"], 8, 0.8, 12, 1.4], "line-opacity": ["interpolate", ["linear"], ["zoom"], 8, 0.22, 12, 0.6], "line-color": ["match", ["get", "kind"], "vessel", token("track-sea"), "aircraft", token("track-air"), "drone", token("track-air"), token("track-land")] } }, "slot-trails");
  movements.add(map, how);
  seizures.add(map, how);
  // What comes by tiles is with the server.
  for (const [source, layers] of Object.entries(TILE_SOURCES)) {
    for (const id of layers) if (map.getLayer(id)) map.removeLayer(id);
    map.removeSource(source);
  }
  map.addSource("taken-area", { type: "geojson", data: outline(area.bbox) });
  addLayer(map, { id: "taken-area", type: "line", source: "taken-area", paint: { "line-color": token("accent"), "line-width": 1.5, "line-dasharray": [3, 2] } }, "slot-marks");
  draw(map, area);
}

function draw(map, area) {
  if (!map.getSource("marks")) return;
  movements.draw(map, state.records.movement, lookedAt(area, state.judgedS), { live: true, trail: "0" });
  seizures.draw(map, state.records.seizures, undefined, false);
}

function pick(map, area, { x, y }) {
  const [found] = map.queryRenderedFeatures([[x - TOUCH_PX, y - TOUCH_PX], [x + TOUCH_PX, y + TOUCH_PX]], { layers: ["mark", "seizure-one"] });
  $("picked").textContent = found ? pickedWords(state.records, found.layer.id === "mark" ? { track: found.properties.id } : { seizure: found.properties.id }, lookedAt(area, state.judgedS)) : "";
}

const outline = ([west, south, east, north]) => ({ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]]] } });

// -- the page

function themes() {
  const held = localStorage.getItem(THEME_KEY);
  const put = (theme) => {
    wear(theme);
    localStorage.setItem(THEME_KEY, theme);
    for (const node of $("themes").children) node.setAttribute("aria-checked", String(node.dataset.name === theme));
    state.restyle?.();
  };
  for (const theme of THEMES) {
    const node = button(theme[0].toUpperCase() + theme.slice(1), "", () => put(theme));
    node.setAttribute("role", "radio");
    node.dataset.name = theme; // not `theme`: it would wear it itself
    $("themes").append(node);
  }
  put(THEMES.includes(held) ? held : "dark");
}

tilesFrom("taken", async (address) => {
  const [id, ...tile] = address.replace("taken://", "").split("/");
  return (await keptPart(id, `imagery/${tile.join("/")}`)) ?? EMPTY_PNG.slice(0);
});
themes();
$("again").addEventListener("click", again);
void link();
await look();
const wanted = state.areas.find((area) => area.id === location.hash.slice(1)) ?? state.areas[0];
if (wanted) await show(wanted);
setInterval(link, ASK_MS);
setInterval(look, TICK_MS);
window.__vigia = { state, all, names };
