// Two images that are compared, and the outlines of what may have changed between them: on the page's map and on the one beside it.
import { addLayer, visible } from "../map/adapter.mjs";
import { bounds } from "../compare/overlap.mjs";

const CANDIDATES = "candidates";
const STATES = ["open", "accepted", "rejected"];
const PICTURES = ["compare-before", "compare-after"];
const LINES = ["candidate-fill", "candidate-case", "candidate-rejected", "candidate-open", "candidate-accepted", "candidate-chosen-case", "candidate-chosen"];
export const clickable = ["candidate-fill"];
const empty = { type: "FeatureCollection", features: [] };
const nobody = ["==", ["id"], -1];

/** The pictures and outlines of a pair; each picture is asked only where it lies. */
export function add(map, { token, world, before, after }) {
  for (const [i, image] of [before, after].entries()) {
    map.addSource(PICTURES[i], {
      type: "raster", tiles: [`${location.origin}/api/tiles/imagery/${image.id}/{z}/{x}/{y}.webp?world=${world}`], tileSize: 256, maxzoom: 20, bounds: bounds(image.footprint),
    });
    addLayer(map, {
      id: PICTURES[i], type: "raster", source: PICTURES[i], layout: { visibility: "none" },
      paint: { "raster-opacity": 1, "raster-opacity-transition": { duration: 0 }, "raster-fade-duration": 0 },
    }, "slot-imagery");
  }
  map.addSource(CANDIDATES, { type: "geojson", data: empty });
  const is = (state) => ["==", ["get", "state"], state];
  const line = (id, filter, paint) => addLayer(map, { id, type: "line", source: CANDIDATES, filter, layout: { "line-join": "round" }, paint }, "slot-marks");
  addLayer(map, { id: "candidate-fill", type: "fill", source: CANDIDATES, paint: { "fill-color": token("footprint"), "fill-opacity": 0 } }, "slot-marks");
  line("candidate-case", ["!=", ["get", "state"], "rejected"], { "line-color": token("case"), "line-width": 4.6, "line-opacity": 0.75 });
  line("candidate-rejected", is("rejected"), { "line-color": token("footprint"), "line-width": 1, "line-opacity": 0.45 });
  line("candidate-open", is("open"), { "line-color": token("footprint"), "line-width": 2, "line-dasharray": [2.2, 1.6] });
  line("candidate-accepted", is("accepted"), { "line-color": token("footprint"), "line-width": 2.4 });
  line("candidate-chosen-case", nobody, { "line-color": token("case"), "line-width": 7 });
  line("candidate-chosen", nobody, { "line-color": token("accent"), "line-width": 3.4 });
}

export const has = (map) => Boolean(map.getSource(CANDIDATES));

export function remove(map) {
  for (const id of [...LINES, ...PICTURES]) if (map.getLayer(id)) map.removeLayer(id);
  for (const id of [CANDIDATES, ...PICTURES]) if (map.getSource(id)) map.removeSource(id);
}

/** How much of each picture is seen, 0 to 1; one that is not seen at all is not asked either, unless it `waits` for its turn. */
export function show(map, shares, { waits = false } = {}) {
  for (const [i, share] of shares.entries()) {
    visible(map, [PICTURES[i]], share > 0 || waits);
    if (map.getLayer(PICTURES[i])) map.setPaintProperty(PICTURES[i], "raster-opacity", share);
  }
}

/** Ask the pictures again: one was moved. */
export function again(map) {
  for (const id of PICTURES) map.getSource(id)?.setTiles(map.getSource(id).tiles);
}

export function outline(map, features, chosen) {
  map.getSource(CANDIDATES)?.setData({ type: "FeatureCollection", features: features.filter((f) => STATES.includes(f.properties.state)) });
  for (const id of ["candidate-chosen-case", "candidate-chosen"]) if (map.getLayer(id)) map.setFilter(id, chosen === undefined ? nobody : ["==", ["id"], chosen]);
}
