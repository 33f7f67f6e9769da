// The two names of a wall's view, large enough to be read from the desks: no other place is named.

const SOURCE = "wall-places";
const ROOM = [0.5, 1, 1.6];
const SIDES = [["left", 1, 0], ["top", 0, 1], ["bottom", 0, -1], ["right", -1, 0], ["top-left", 0.7, 0.7], ["bottom-left", 0.7, -0.7], ["top-right", -0.7, 0.7], ["bottom-right", -0.7, -0.7]];
const features = (places) => ({
  type: "FeatureCollection",
  features: (places ?? []).map((p) => ({ type: "Feature", geometry: { type: "Point", coordinates: [p.lon, p.lat] }, properties: { name: p.name } })),
});

/** Sizes are in units of the wall (sizes.mjs): letters of 66 are 20 minutes of arc high. */
export function addPlaces(map, token) {
  map.addSource(SOURCE, { type: "geojson", data: features([]) });
  map.addLayer({
    id: "wall-place", type: "symbol", source: SOURCE,
    layout: {
      "text-field": ["get", "name"], "text-font": ["Condensed Regular"], "text-size": 66, "text-max-width": 20, "text-padding": 6,
      // Names yield to marks: each looks for room beside its place, near first.
      "text-variable-anchor-offset": ROOM.flatMap((em) => SIDES.map(([anchor, x, y]) => [anchor, [x * em, y * em]])).flat(),
    },
    paint: { "text-color": token("t1"), "text-halo-color": token("case"), "text-halo-width": 5 },
  }, "slot-marks");
}

export const showPlaces = (map, places) => map.getSource(SOURCE)?.setData(features(places));
