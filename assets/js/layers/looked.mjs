// The one image that somebody looks at in other bands or colours: above the others, as it is asked for.
import { format } from "../choices.mjs";
import { bounds } from "../compare/overlap.mjs";
import { addLayer, retile, visible } from "../map/adapter.mjs";

const ID = "imagery-look";
const WORDS = { bands: /^(?:[a-z]+|[1-9]\d?)(?:,(?:[a-z]+|[1-9]\d?)){0,2}$/, colormap: /^[a-z]+$/, stretch: /^(?:percentile|full)$/ };

/** Pure: what of the choices says how the image is looked at; what could mean nothing is left out. */
export function lookOf(choices) {
  const told = Object.fromEntries(Object.entries(WORDS).filter(([key, form]) => form.test(choices[key] ?? "")).map(([key]) => [key, choices[key]]));
  if (told.bands?.split(",").length === 2) delete told.bands;
  if (told.bands?.includes(",")) delete told.colormap; // colours are of one band
  return told;
}

const address = (row, choices) => `${location.origin}/api/tiles/imagery/${row.id}/{z}/{x}/{y}.webp?${format({ world: choices.world, ...lookOf(choices) }, ["world", "bands", "colormap", "stretch"])}`;

/** `row` is the image, undefined while none is chosen or the clock stands before it. */
export function draw(map, row, choices) {
  const held = (map.vigiaLook ??= { on: true, opacity: 1 });
  const chosen = row && Object.keys(lookOf(choices)).length ? row : undefined;
  if (chosen?.id !== held.id || (chosen && !map.getSource(ID))) {
    if (map.getLayer(ID)) map.removeLayer(ID);
    if (map.getSource(ID)) map.removeSource(ID);
    held.id = chosen?.id;
    if (chosen) {
      map.addSource(ID, { type: "raster", tiles: [address(chosen, choices)], tileSize: 256, minzoom: 5, maxzoom: Math.min(20, chosen.max_zoom + 1), bounds: bounds(chosen.footprint) });
      addLayer(map, { id: ID, type: "raster", source: ID, paint: { "raster-fade-duration": 150, "raster-opacity": held.opacity } }, "slot-imagery");
    }
  } else if (chosen) retile(map, ID, [address(chosen, choices)]);
  visible(map, [ID], held.on);
}

export function show(map, on, opacity) {
  map.vigiaLook = { ...map.vigiaLook, on, opacity };
  if (!map.getLayer(ID)) return;
  map.setPaintProperty(ID, "raster-opacity", opacity);
  visible(map, [ID], on);
}
