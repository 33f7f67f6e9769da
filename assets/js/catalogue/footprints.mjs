// The small map of the catalogue: what the list shows, where it lies; what is pointed at in one is marked in the other.
import { ask } from "../api.mjs";
import { archiveStyle, readArchive, withSlots } from "../basemap/own.mjs";
import { basemapStyle } from "../basemap/style.mjs";
import { createMap } from "../map/adapter.mjs";
import { tokens } from "../theme.mjs";
import { bboxText, boundsOf, features, spots } from "./shapes.mjs";

const SOURCES = ["footprints", "spots"];
const WORLD = [-170, -55, 170, 70];

export async function createFootprints(container, { rows, chosen, bbox }, { over, chosen: choose, say }) {
  const token = tokens();
  let parts = {};
  try {
    parts = (await ask("/api/basemap/parts.json")) ?? {};
  } catch (error) {
    say(`The ground of the map is not there: ${error.message}`);
  }
  const archive = parts.own && `${location.origin}/api/basemap/${parts.own}`;
  const style = parts.style ? withSlots(parts.style) : archive ? archiveStyle(await readArchive(archive), `pmtiles://${archive}`, token) : basemapStyle({ token, parts });
  const shown = [...rows, ...(chosen && !rows.some((r) => r.key === chosen.key) ? [chosen] : [])];
  const map = createMap(container, { style, bounds: bbox ?? boundsOf((chosen?.shape ? [chosen] : shown).map((r) => r.shape)) ?? WORLD, hash: "map" });
  let pointed, picked = chosen?.key, ready = false, path = chosen?.path;

  map.on("style.load", () => {
    map.addSource("footprints", { type: "geojson", data: features(shown) });
    map.addSource("spots", { type: "geojson", data: spots(shown) });
    map.addSource("path", { type: "geojson", data: pathOf(path) });
    const state = (name, yes, no) => ["case", ["boolean", ["feature-state", name], false], yes, no];
    const line = state("picked", token("accent"), state("over", token("t1"), token("footprint")));
    const add = (layer) => map.addLayer(layer, "slot-marks");
    add({ id: "path", type: "line", source: "path", paint: { "line-color": token("track-air"), "line-width": 2, "line-dasharray": [2, 1] } });
    add({ id: "area", type: "fill", source: "footprints", filter: ["!=", ["geometry-type"], "Point"], paint: { "fill-color": line, "fill-opacity": state("picked", 0.3, state("over", 0.3, 0.08)) } });
    add({ id: "edge", type: "line", source: "footprints", filter: ["!=", ["geometry-type"], "Point"], paint: { "line-color": line, "line-width": state("picked", 2.5, state("over", 2, 1)) } });
    add({ id: "spot", type: "circle", source: "spots", maxzoom: 11, paint: { "circle-radius": state("picked", 6, state("over", 6, 3.5)), "circle-color": line, "circle-stroke-color": token("case"), "circle-stroke-width": 1 } });
    add({ id: "place", type: "circle", source: "footprints", minzoom: 11, filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": state("picked", 7, 5), "circle-color": line, "circle-stroke-color": token("case"), "circle-stroke-width": 1.5 } });
    ready = true;
    mark(picked, "picked", true);
    document.documentElement.dataset.map = "ready";
  });
  const mark = (key, name, on) => key && ready && SOURCES.forEach((source) => map.setFeatureState({ source, id: Number(key.split(":")[1]) }, { [name]: on }));
  const point = (key) => {
    if (key === pointed) return;
    mark(pointed, "over", false);
    mark((pointed = key), "over", true);
  };
  const at = ({ point: { x, y } }) => ready && map.queryRenderedFeatures([[x - 4, y - 4], [x + 4, y + 4]], { layers: ["spot", "place", "area"] })[0]?.properties.key;
  map.on("mousemove", (event) => {
    const key = at(event) || undefined;
    map.getCanvas().style.cursor = key ? "pointer" : "";
    point(key);
    over(key);
  });
  map.on("click", (event) => {
    const key = at(event);
    if (key) choose(key);
  });
  map.on("error", ({ error }) => error?.status !== 404 && error?.name !== "AbortError" && console.warn(error?.message ?? error));
  map.getCanvas().setAttribute("aria-label", "Map of what is listed. Arrow keys move it, plus and minus zoom.");
  return {
    map,
    over: point,
    choose(key) {
      mark(picked, "picked", false);
      mark((picked = key), "picked", true);
      const row = key && shown.find((r) => r.key === key), box = row && boundsOf([row.shape]);
      if (box) map.fitBounds(box, { padding: 60, maxZoom: 15, duration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 500 });
    },
    path(shape) {
      path = shape;
      map.getSource("path")?.setData(pathOf(shape));
    },
    bbox() {
      const b = map.getBounds();
      return bboxText({ west: b.getWest(), south: b.getSouth(), east: b.getEast(), north: b.getNorth() });
    },
  };
}

const pathOf = (shape) => ({ type: "FeatureCollection", features: shape ? [{ type: "Feature", geometry: shape, properties: {} }] : [] });
