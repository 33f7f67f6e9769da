// Drawing an area, and measuring, with terra-draw; loaded only when somebody draws.
import { loadGeodesic, measuredWords } from "./measure.mjs";

const rounded = (ring) => ring.slice(0, -1).map(([lon, lat]) => `${lon.toFixed(5)} ${lat.toFixed(5)}`).join(";");

/** A ring as the filter's `area`. */
export const areaOf = (feature) => rounded(feature.geometry.coordinates[0]);

/** The filter's `area` as GeoJSON, to show what is chosen. */
export function shapeOf(area) {
  const ring = (area ?? "").split(";").map((p) => p.trim().split(/\s+/).map(Number)).filter((p) => p.length === 2 && p.every(Number.isFinite));
  return ring.length < 3 ? undefined : { type: "Feature", geometry: { type: "Polygon", coordinates: [[...ring, ring[0]]] }, properties: {} };
}

/** Modes: `area` becomes the filter's, `line` and `ground` are measured. */
const TOOLS = { area: "polygon", line: "linestring", ground: "polygon" };

export function createDraw(map, { done, measured, token }) {
  let tool, mode, geodesic;
  async function make() {
    const { TerraDraw, TerraDrawPolygonMode, TerraDrawLineStringMode, TerraDrawMapLibreGLAdapter } = await import("../../vendor/terra-draw.mjs");
    const styles = { fillColor: token("accent"), fillOpacity: 0.08, outlineColor: token("accent"), outlineWidth: 2, lineStringColor: token("accent"), lineStringWidth: 2, closingPointColor: token("accent") };
    tool = new TerraDraw({
      adapter: new TerraDrawMapLibreGLAdapter({ map }),
      modes: [new TerraDrawPolygonMode({ styles }), new TerraDrawLineStringMode({ styles })],
    });
    tool.start();
    tool.on("finish", (id) => {
      const feature = tool.getSnapshot().find((f) => f.id === id);
      if (!feature) return;
      if (mode !== "area") return measured(measuredWords(feature.geometry, geodesic));
      stop();
      done(areaOf(feature));
    });
  }
  function stop() {
    tool?.stop();
    tool = mode = undefined;
  }
  return {
    get active() {
      return mode;
    },
    async start(wanted) {
      if (wanted !== "area") geodesic ??= await loadGeodesic();
      if (!tool) await make();
      mode = wanted;
      tool.clear();
      tool.setMode(TOOLS[mode]);
    },
    stop,
  };
}
