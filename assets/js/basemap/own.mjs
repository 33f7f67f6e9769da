// A basemap of the user's own: a style or an archive, with what our layers need on it.
import { openArchive } from "./archive.mjs";
import { fontFaces, LAYER_SLOTS, slot } from "./style.mjs";

const VECTOR = 1; // PMTiles' number for Mapbox vector tiles; the others are pictures
const GROUND_SLOTS = LAYER_SLOTS.slice(0, LAYER_SLOTS.indexOf("slot-marks"));
// What the layers of an archive are, by the names that the common schemas give them.
const WATER = /water|ocean|^sea|lake/i, LAND = /^(earth|land)$/i, BORDER = /bound|border|admin/i, PLACE = /^(places?|place_labels?|settlements?|cities|names?)$/i;

/** Pure: a user's style with our slots (ground below its first words, marks on top) and our fonts. */
export function withSlots(style) {
  const words = style.layers.findIndex((l) => l.type === "symbol");
  const at = words < 0 ? style.layers.length : words;
  const marks = LAYER_SLOTS.filter((name) => !GROUND_SLOTS.includes(name));
  return {
    ...style, "font-faces": { ...style["font-faces"], ...fontFaces() },
    layers: [...style.layers.slice(0, at), ...GROUND_SLOTS.map(slot), ...style.layers.slice(at), ...marks.map(slot)],
  };
}

/** Pure: a plain style of an archive in our colours. `told` is its {raster, layers: [name], maxzoom, attribution}. */
export function archiveStyle(told, url, token) {
  const source = { type: told.raster ? "raster" : "vector", url, ...(told.attribution ? { attribution: told.attribution } : {}) };
  const base = (colour) => ({ id: "water", type: "background", paint: { "background-color": token(colour) } });
  const style = (layers) => withSlots({ version: 8, name: "Own basemap", sources: { own: source }, layers, transition: { duration: 0 } });
  if (told.raster) return style([base("water"), { id: "own", type: "raster", source: "own" }]);
  const of = (name, kind, type, rest) => ({ id: `own-${name}-${kind}`, type, source: "own", "source-layer": name, filter: ["==", ["geometry-type"], kind], ...rest });
  const rank = (name) => (LAND.test(name) ? 0 : WATER.test(name) ? 1 : 2);
  const names = [...told.layers].sort((a, b) => rank(a) - rank(b));
  const shapes = names.flatMap((name) => [
    of(name, "Polygon", "fill", { paint: { "fill-color": token(WATER.test(name) ? "water" : LAND.test(name) ? "land" : "settlement"), "fill-opacity": rank(name) < 2 ? 1 : 0.08 } }),
    of(name, "LineString", "line", { paint: { "line-color": token(BORDER.test(name) ? "border" : WATER.test(name) ? "river" : "coast"), "line-width": BORDER.test(name) ? 1.3 : 0.8 } }),
  ]);
  const words = names.filter((name) => PLACE.test(name)).map((name) => of(name, "Point", "symbol", {
    layout: { "text-field": ["coalesce", ["get", "name"], ""], "text-font": ["Condensed Regular"], "text-size": 12.5 },
    paint: { "text-color": token("place"), "text-halo-color": token("land"), "text-halo-width": 1.5 },
  }));
  // An archive without land has water drawn on it.
  return style([base(names.some((name) => LAND.test(name)) ? "water" : "land"), ...shapes, ...words]);
}

/** What an archive says of itself. */
export async function readArchive(url) {
  const archive = openArchive(url);
  const [header, told] = await Promise.all([archive.getHeader(), archive.getMetadata()]);
  return { raster: header.tileType !== VECTOR, layers: (told?.vector_layers ?? []).map((l) => l.id), attribution: told?.attribution };
}
