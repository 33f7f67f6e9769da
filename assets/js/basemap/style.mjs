// The offline basemap as a MapLibre style: land, water, relief, borders, names. Pure: colours in, style out.
import { withAlpha } from "../theme.mjs";

// Where data layers go, bottom to top; each is an empty layer to put others before.
export const LAYER_SLOTS = ["slot-hotspot-fill", "slot-imagery", "slot-hotspot-outline", "slot-footprints", "slot-trails", "slot-marks", "slot-top"];

export const slot = (id) => ({ id, type: "background", layout: { visibility: "none" }, paint: {} });
const zoomed = (...stops) => ["interpolate", ["exponential", 1.4], ["zoom"], ...stops];

const SCRIPTS = ["arabic", "devanagari", "hebrew", "thai"];
// The first file whose range holds a letter draws it, so each has its range.
const RANGES = {
  latin: ["U+0000-00FF", "U+0131", "U+0152-0153", "U+02BB-02BC", "U+02C6", "U+02DA", "U+02DC", "U+2000-206F", "U+20AC", "U+2122", "U+2191", "U+2193", "U+2212", "U+2215"],
  arabic: ["U+0600-06FF", "U+0750-077F", "U+08A0-08FF", "U+FB50-FDFF", "U+FE70-FEFF"],
  devanagari: ["U+0900-097F", "U+1CD0-1CFF", "U+A8E0-A8FF"],
  hebrew: ["U+0590-05FF", "U+FB1D-FB4F"],
  thai: ["U+0E00-0E7F"],
  "latin-ext": ["U+0100-02BA", "U+02BD-02C5", "U+02C7-02CC", "U+02CE-02D7", "U+02DD-02FF", "U+0304", "U+0308", "U+0329", "U+1D00-1DBF", "U+1E00-1E9F", "U+1EF2-1EFF", "U+2020", "U+20A0-20AB", "U+20AD-20C0", "U+2113", "U+2C60-2C7F", "U+A720-A7FF"],
  vietnamese: ["U+0102-0103", "U+0110-0111", "U+0128-0129", "U+0168-0169", "U+01A0-01A1", "U+01AF-01B0", "U+0300-0301", "U+0303-0304", "U+0308-0309", "U+0323", "U+0329", "U+1EA0-1EF9", "U+20AB"],
  cyrillic: ["U+0301", "U+0400-045F", "U+0490-0491", "U+04B0-04B1", "U+2116"],
  greek: ["U+0370-03FF"],
};

// Where a town's name may stand: beside its dot, or within 1.9 em when marks are there; never further, a far name is of the wrong town.
const ROOM = [0.55, 1.5].flatMap((em) => [["left", 1, 0], ["right", -1, 0], ["top", 0, 1], ["bottom", 0, -1], ["top-left", 0.8, 0.8], ["top-right", -0.8, 0.8], ["bottom-left", 0.8, -0.8], ["bottom-right", -0.8, -0.8]]
  .flatMap(([anchor, x, y]) => [anchor, [x * em, y * em]]));

/** The style's fonts: woff2 files of our own, so that no glyph server is asked. */
export function fontFaces(base = "/assets/vendor/fonts") {
  const face = (family, weight) => {
    const [slant, number] = weight === "italic" ? ["italic", 400] : ["normal", weight];
    const file = (script, from = family) => `${base}/${from}-${script}-${from === family ? number : 400}-${from === family ? slant : "normal"}.woff2`;
    return [
      { url: file("latin"), "unicode-range": RANGES.latin },
      { url: file("latin-ext"), "unicode-range": RANGES["latin-ext"] },
      { url: file("vietnamese"), "unicode-range": RANGES.vietnamese },
      { url: file("cyrillic", "noto-sans"), "unicode-range": RANGES.cyrillic },
      { url: file("greek", "noto-sans"), "unicode-range": RANGES.greek },
      ...SCRIPTS.map((s) => ({ url: `${base}/noto-sans-${s}-${s}-400-normal.woff2`, "unicode-range": RANGES[s] })),
    ];
  };
  return {
    "Condensed Regular": face("ibm-plex-sans-condensed", 400),
    "Condensed Medium": face("ibm-plex-sans-condensed", 500),
    "Condensed SemiBold": face("ibm-plex-sans-condensed", 600),
    "Condensed Italic": face("ibm-plex-sans-condensed", "italic"),
    "Sans SemiBold": face("ibm-plex-sans", 600),
  };
}

/** The whole style. `token(name)` gives a colour, `parts` names what the basemap was built of (see /api/basemap/parts.json); `names: false` leaves all words out. */
export function basemapStyle({ token, parts, base = "/api/basemap", names: named = true }) {
  const has = (name) => Boolean(parts?.layers?.[name]?.length);
  const alpha = (name) => Number(token(`${name}-a`));
  const origin = globalThis.location?.origin ?? "";
  const sources = {};
  for (const archives of Object.values(parts?.layers ?? {})) {
    for (const { file } of archives) sources[file] = { type: "vector", url: `pmtiles://${origin}${base}/${file}` };
  }
  // To each: the map library names a source only while a layer of its zooms is drawn, and the same words once.
  for (const source of Object.values(sources)) source.attribution = (parts.attribution ?? []).join(", ");
  if (parts?.relief) sources.relief = { type: "raster", url: `pmtiles://${origin}${base}/${parts.relief}`, tileSize: 512 };
  // A layer may come in several archives, each for its zooms: one drawn layer for each of them.
  const each = (name, make) =>
    (parts.layers[name] ?? []).map(({ file, from, to }, i) => {
      const made = make(`${i ? `-${i + 1}` : ""}`);
      return { ...made, source: file, "source-layer": name, minzoom: Math.max(from, made.minzoom ?? 0), maxzoom: Math.min(to, made.maxzoom ?? 24) };
    }).filter((l) => l.minzoom < l.maxzoom);
  const line = (id, layer, colour, width, more = {}) =>
    each(layer, (n) => ({
      id: id + n, type: "line", ...(more.minzoom ? { minzoom: more.minzoom } : {}),
      layout: { "line-join": "round", "line-cap": more.cap ?? "round" },
      paint: { "line-color": colour, "line-width": width, ...(more.paint ?? {}) },
    }));
  const fill = (id, layer, colour) => each(layer, (n) => ({ id: id + n, type: "fill", paint: { "fill-color": colour, "fill-antialias": false } }));
  const names = (id, layer, filter, layout, paint, more = {}) =>
    each(layer, (n) => ({
      id: id + n, type: "symbol", ...(filter ? { filter } : {}), ...more,
      layout: { "text-field": ["get", "name"], "text-font": ["Condensed Regular"], ...layout },
      paint: { "text-halo-color": token("land"), "text-halo-width": 1.5, ...paint },
    }));

  const layers = [{ id: "water", type: "background", paint: { "background-color": token("water") } }];
  if (has("land")) layers.push(...fill("land", "land", token("land")));
  if (sources.relief && Number(token("relief-a")) > 0) {
    layers.push({
      id: "relief", type: "raster", source: "relief", maxzoom: 10,
      paint: { "raster-opacity": ["interpolate", ["linear"], ["zoom"], 3, 0.6 * alpha("relief"), 5, alpha("relief"), 6.5, 0.8 * alpha("relief"), 8, 0], "raster-fade-duration": 0 },
    });
  }
  if (has("places")) {
    layers.push(...each("places", (n) => ({
      id: `settlement${n}`, type: "circle", minzoom: 6, filter: [">=", ["get", "population"], 5000],
      paint: {
        "circle-color": token("settlement"), "circle-opacity": 0.085, "circle-blur": 1, "circle-pitch-alignment": "map",
        // 11 m by the root of the population, in pixels of the zoom (512 px tiles, about 30 degrees of latitude)
        "circle-radius": ["interpolate", ["exponential", 2], ["zoom"], 6, ["*", ["sqrt", ["get", "population"]], 11 / 1060], 14, ["*", ["sqrt", ["get", "population"]], (11 * 256) / 1060]],
      },
    })));
  }
  if (has("graticule")) layers.push(...line("graticule", "graticule", token("graticule"), 0.8));
  if (has("rivers")) layers.push(...line("rivers", "rivers", token("river"), zoomed(4, 0.6, 8, 1, 12, 2), { minzoom: 4.5 }));
  if (has("lakes")) {
    layers.push(...fill("lakes", "lakes", token("water")));
  }
  if (has("coast")) layers.push(...line("coast", "coast", token("coast"), zoomed(4, 0.5, 8, 0.8, 12, 1.2)));
  if (has("states")) layers.push(...line("states", "states", token("admin1"), 0.9, { minzoom: 3.5, cap: "butt", paint: { "line-dasharray": [4, 2.5] } }));
  layers.push(slot("slot-hotspot-fill"), slot("slot-imagery"), slot("slot-hotspot-outline"));
  if (has("borders")) {
    layers.push(
      ...line("border-band", "borders", token("border-tint"), zoomed(4, 9, 8, 18, 12, 26), { paint: { "line-opacity": alpha("border-tint"), "line-blur": zoomed(4, 4, 8, 8, 12, 12) } }),
      ...line("border-case", "borders", token("case"), zoomed(4, 2.6, 8, 3.6, 12, 5), { paint: { "line-opacity": 0.8 } }),
      ...line("border", "borders", token("border"), zoomed(4, 0.9, 8, 1.3, 12, 2), { paint: { "line-opacity": 0.88 } }),
    );
  }
  layers.push(slot("slot-footprints"), slot("slot-trails"));
  if (named && has("names")) {
    layers.push(
      ...names("country-names", "names", ["==", ["get", "class"], "country"], {
        "text-field": ["upcase", ["get", "name"]], "text-font": ["Condensed Medium"], "text-letter-spacing": 0.34,
        "text-size": ["interpolate", ["linear"], ["zoom"], 2, 10, 5, 13, 8, 16], "text-max-width": 8,
        "symbol-sort-key": ["-", 0, ["get", "size"]],
      }, { "text-color": token("country") }, { maxzoom: 9 }),
      ...names("state-names", "names", ["==", ["get", "class"], "state"], {
        "text-field": ["upcase", ["get", "name"]], "text-letter-spacing": 0.22, "text-size": 11, "text-max-width": 8,
      }, { "text-color": token("state") }, { minzoom: 5, maxzoom: 10 }),
      ...names("water-names", "names", ["==", ["get", "class"], "water"], {
        "text-font": ["Condensed Italic"], "text-letter-spacing": 0.12, "text-size": ["interpolate", ["linear"], ["zoom"], 3, 11, 8, 15], "text-max-width": 7,
      }, { "text-color": token("water-name"), "text-halo-color": token("water") }),
    );
  }
  if (named && has("places")) {
    // By zoom the least population that is named; what a wall drops stays out by the same table.
    const least = ["step", ["zoom"], 1e9, 4, 500000, 5.5, 150000, 7, 30000, 8.5, 5000, 10, 500];
    layers.push(...each("places", (n) => ({
      id: `place-dots${n}`, type: "circle", minzoom: 5, filter: [">=", ["get", "population"], least],
      paint: { "circle-radius": zoomed(5, 1.4, 10, 2.4), "circle-color": token("land"), "circle-stroke-color": token("place"), "circle-stroke-width": 1, "circle-opacity": 0.9, "circle-stroke-opacity": 0.75 },
    })));
    layers.push(...names("place-names", "places", [">=", ["get", "population"], least], {
      "text-font": ["step", ["get", "population"], ["literal", ["Condensed Regular"]], 250000, ["literal", ["Condensed Medium"]]],
      "text-size": ["step", ["get", "population"], 11.5, 30000, 12.5, 150000, 13.5, 500000, 15],
      "text-variable-anchor-offset": ROOM, "text-justify": "auto", "symbol-sort-key": ["-", 0, ["get", "population"]], "text-padding": 4,
    }, { "text-color": token("place") }, { minzoom: 4 }));
  }
  layers.push(slot("slot-marks"), slot("slot-top"));
  return { version: 8, name: "Vigia", sources, layers, "font-faces": fontFaces(), transition: { duration: 0 } };
}

/** The band behind a border, for canvases that can't blur. */
export const borderTint = (token) => withAlpha(token("border-tint"), Number(token("border-tint-a")));
