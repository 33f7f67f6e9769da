// What is chosen, on the map: brackets round it and two lines of words; what is hovered, a thin ring.
import { addLayer } from "../map/adapter.mjs";
import { placeAt } from "./movement_marks.mjs";

const CHOSEN = "chosen", HOVERED = "hovered";
const empty = { type: "FeatureCollection", features: [] };

export function add(map, { token }) {
  map.addSource(CHOSEN, { type: "geojson", data: empty });
  map.addSource(HOVERED, { type: "geojson", data: empty });
  addLayer(map, { id: "chosen-frame", type: "line", source: CHOSEN, filter: ["==", ["geometry-type"], "Polygon"], paint: { "line-color": token("accent"), "line-width": 2 } });
  addLayer(map, { id: "chosen-ring", type: "circle", source: CHOSEN, filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 17, "circle-color": "rgba(0,0,0,0)", "circle-stroke-color": token("accent"), "circle-stroke-width": 2 } });
  addLayer(map, {
    id: "chosen-words", type: "symbol", source: CHOSEN, filter: ["has", "words"],
    layout: { "text-field": ["get", "words"], "text-font": ["Condensed SemiBold"], "text-size": 13.5, "text-anchor": ["match", ["get", "side"], "left", "bottom-right", "bottom-left"], "text-offset": ["match", ["get", "side"], "left", ["literal", [-1.5, -1]], ["literal", [1.5, -1]]], "text-justify": ["match", ["get", "side"], "left", "right", "left"], "text-allow-overlap": true },
    paint: { "text-color": token("t1"), "text-halo-color": token("case"), "text-halo-width": 1.8 },
  });
  addLayer(map, { id: "hovered-ring", type: "circle", source: HOVERED, paint: { "circle-radius": 14, "circle-color": "rgba(0,0,0,0)", "circle-stroke-color": token("t1"), "circle-stroke-width": 1.2 } });
}

/** Pure: where `track:12`, `seizure:5` or `image:3` is at a time, as GeoJSON features. */
export function featuresOf(sel, { movement, points, images, at, glide, live, way }) {
  const [what, key] = (sel ?? "").split(":");
  const id = Number(key);
  if (what === "track") {
    const track = movement?.tracks?.find((t) => t.id === id);
    const place = track && (way?.(track) ?? placeAt(track, live ? Infinity : at, glide));
    if (!place) return [];
    const speed = track.speed === null || track.speed === undefined ? "" : `\n${(track.speed * 1.943844).toFixed(1)} kn ${String(Math.round(track.course ?? 0)).padStart(3, "0")}°`;
    return [{ type: "Feature", geometry: { type: "Point", coordinates: [place.lon, place.lat] }, properties: { words: `${track.name}${speed}` } }];
  }
  if (what === "seizure") {
    const i = points?.id?.indexOf(id) ?? -1;
    return i < 0 ? [] : [{ type: "Feature", geometry: { type: "Point", coordinates: [points.lon[i], points.lat[i]] }, properties: {} }];
  }
  if (what === "image") {
    const image = images?.find((r) => r.id === id);
    return image ? [{ type: "Feature", geometry: image.footprint, properties: {} }] : [];
  }
  return [];
}

export const choose = (map, features) => map.getSource(CHOSEN)?.setData({ type: "FeatureCollection", features });
export const hover = (map, features) =>
  map.getSource(HOVERED)?.setData({ type: "FeatureCollection", features: features.filter((f) => f.geometry.type === "Point") });
