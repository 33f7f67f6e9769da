// The map library, and nothing else that knows its name beside the layers: make a map, load images, put layers in their slots.
import * as maplibregl from "../../vendor/maplibre-gl.mjs";
import { archiveProtocol } from "../basemap/archive.mjs";
import { all as allImages, RATIO, ringNamed } from "../symbols/images.mjs";

let ready = false;

function once() {
  if (ready) return;
  ready = true;
  maplibregl.setWorkerUrl(new URL("../../vendor/maplibre-gl-worker.mjs", import.meta.url).href);
  maplibregl.addProtocol("pmtiles", archiveProtocol());
}

/** A map in a container. `hash` keeps the camera in the URL; data never moves it. `kept` is how many tiles of a source stay when they leave the view;
 * `pixelRatio` is for a container that is drawn larger than it is told to be. */
export function createMap(container, { style, center, zoom, bounds, hash = "map", interactive = true, padding, kept, pixelRatio }) {
  once();
  const map = new maplibregl.Map({
    container, style, ...(bounds ? { bounds, fitBoundsOptions: { padding: 40, maxZoom: 9 } } : { center, zoom }), hash, interactive, attributionControl: false, maxZoom: 20, minZoom: bounds ? 0 : 1.2, maxPitch: 0,
    dragRotate: interactive, fadeDuration: 150, ...(kept ? { maxTileCacheSize: kept } : {}), ...(pixelRatio ? { pixelRatio } : {}), refreshExpiredTiles: false, cancelPendingTileRequestsWhileZooming: true,
    canvasContextAttributes: { preserveDrawingBuffer: false, antialias: true },
    locale: { "Map.Title": "Map of movements, seizures and imagery" },
  });
  map.addControl(new maplibregl.AttributionControl({ compact: false }), "bottom-right");
  if (padding) map.setPadding(padding);
  return map;
}

/** Load every image of the theme again, and draw rings as they are asked for. On a wall they are larger. */
export function wearImages(map, token, { wall = false } = {}) {
  for (const [name, data] of allImages(token, wall)) replaceImage(map, name, data);
  for (const name of map.listImages()) if (name.startsWith("ring-")) map.removeImage(name);
  map.setMissingStyleImageResolver(async (id) => {
    const data = id.startsWith("ring-") ? ringNamed(id, token, wall) : undefined;
    if (data && !map.hasImage(id)) map.addImage(id, data, { pixelRatio: RATIO });
  });
}

function replaceImage(map, name, data) {
  if (map.hasImage(name)) map.removeImage(name);
  map.addImage(name, data, { pixelRatio: RATIO });
}

/** Add a layer below a slot, if it is not there. */
export function addLayer(map, layer, slot) {
  if (!map.getLayer(layer.id)) map.addLayer(layer, map.getLayer(slot) ? slot : undefined);
}

export const visible = (map, ids, on) =>
  ids.forEach((id) => map.getLayer(id) && map.setLayoutProperty(id, "visibility", on ? "visible" : "none"));

/** Replace a tiled source's address without taking its layers away: the old picture stays until the new one is there. `again` asks even for the same. */
export function retile(map, id, tiles, again = false) {
  const source = map.getSource(id);
  if (!source) return;
  if (!again && source.tiles?.[0] === tiles[0]) return;
  source.setTiles(tiles);
}
