// Drawing an area, and measuring, with terra-draw; loaded only when somebody draws.

const rounded = (ring) => ring.slice(0, -1).map(([lon, lat]) => `${lon.toFixed(5)} ${lat.toFixed(5)}`).join(";");

/** A ring as the filter's `area`. */
export const areaOf = (feature) => rounded(feature.geometry.coordinates[0]);

/** The filter's `area` as GeoJSON, to show what is chosen. */
export function shapeOf(area) {
  const ring = (area ?? "").split(";").map((p) => p.trim().split(/\s+/).map(Number)).filter((p) => p.length === 2 && p.every(Number.isFinite));
  return ring.length < 3 ? undefined : { type: "Feature", geometry: { type: "Polygon", coordinates: [[...ring, ring[0]]] }, properties: {} };
}

/** Metres along a line, on the sphere: for a reading on the map, not for the record. */
export function lengthM(line) {
  let sum = 0;
  for (let i = 1; i < line.length; i++) {
    const [a, b] = [line[i - 1], line[i]].map(([lon, lat]) => [(lon * Math.PI) / 180, (lat * Math.PI) / 180]);
    const h = Math.sin((b[1] - a[1]) / 2) ** 2 + Math.cos(a[1]) * Math.cos(b[1]) * Math.sin((b[0] - a[0]) / 2) ** 2;
    sum += 2 * 6_371_008.8 * Math.asin(Math.sqrt(h));
  }
  return sum;
}

export function createDraw(map, { done, measured, token }) {
  let tool;
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
      if (feature?.geometry.type === "Polygon") {
        stop();
        done(areaOf(feature));
      } else if (feature) measured(lengthM(feature.geometry.coordinates));
    });
  }
  function stop() {
    tool?.stop();
    tool = undefined;
  }
  return {
    get active() {
      return tool?.getMode();
    },
    async start(mode) {
      if (!tool) await make();
      tool.clear();
      tool.setMode(mode);
    },
    stop,
  };
}
