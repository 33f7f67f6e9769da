// Drawing an area, measuring, and moving corners, with terra-draw; loaded only when somebody draws.
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

/** A ring to a centimetre: terra-draw takes no more than nine places. */
export const fine = (ring) => ring.map((at) => at.map((v) => Math.round(v * 1e7) / 1e7));

const polygon = (ring) => ({ type: "Polygon", coordinates: [fine([...ring, ring[0]])] });

export function createDraw(map, { done, measured, token }) {
  let tool, mode, geodesic, shaped; // while corners are moved: { ids, moved, ended }
  async function make() {
    const { TerraDraw, TerraDrawPolygonMode, TerraDrawLineStringMode, TerraDrawSelectMode, TerraDrawMapLibreGLAdapter } = await import("../../vendor/terra-draw.mjs");
    const styles = { fillColor: token("accent"), fillOpacity: 0.08, outlineColor: token("accent"), outlineWidth: 2, lineStringColor: token("accent"), lineStringWidth: 2, closingPointColor: token("accent") };
    tool = new TerraDraw({
      adapter: new TerraDrawMapLibreGLAdapter({ map }),
      modes: [new TerraDrawPolygonMode({ styles }), new TerraDrawLineStringMode({ styles }), new TerraDrawSelectMode({
        flags: { polygon: { feature: { draggable: false, coordinates: { midpoints: true, draggable: true, deletable: true } } } }, allowManualSelection: false, allowManualDeselection: false, keyEvents: null,
        styles: { selectedPolygonColor: token("accent"), selectedPolygonFillOpacity: 0.08, selectedPolygonOutlineColor: token("accent"), selectedPolygonOutlineWidth: 2, selectionPointColor: token("s1"),
          selectionPointOutlineColor: token("accent"), selectionPointOutlineWidth: 2, selectionPointWidth: 6, midPointColor: token("accent"), midPointOutlineColor: token("s1"), midPointOutlineWidth: 1, midPointWidth: 4 },
      })],
    });
    tool.start();
    tool.on("change", (ids, type) => {
      if (type === "update") for (const [i, id] of (shaped?.ids ?? []).entries()) if (ids.includes(id)) shaped.moved(i, tool.getSnapshotFeature(id).geometry.coordinates[0].slice(0, -1));
    });
    tool.on("finish", (id) => {
      if (shaped) return;
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
    over();
  }
  /** Whatever else is done with the map ends the moving of corners. */
  function over() {
    const { ended } = shaped ?? {};
    shaped = undefined;
    ended?.();
  }
  return {
    get active() {
      return mode;
    },
    async start(wanted) {
      over();
      if (wanted !== "area") geodesic ??= await loadGeodesic();
      if (!tool) await make();
      mode = wanted;
      tool.clear();
      tool.setMode(TOOLS[mode]);
    },
    /**
     * Corners of rings ([lon, lat], not closed) may be dragged, those of one at a time: `pick(i)` says of which, `put(i, ring)` sets one.
     * `moved(i, ring)` is told of each change, `ended()` that something else is drawn now. Throws where one can't be moved.
     */
    async reshape(rings, { moved, ended }) {
      over();
      if (!tool) await make();
      tool.clear();
      mode = "select";
      tool.setMode(mode);
      const ids = rings.map(() => tool.getFeatureId());
      const wrong = tool.addFeatures(rings.map((ring, i) => ({ type: "Feature", id: ids[i], geometry: polygon(ring), properties: { mode: "polygon" } }))).find((told) => !told.valid);
      if (wrong) {
        stop();
        throw new Error(`These corners can't be moved on the map: ${wrong.reason}.`);
      }
      shaped = { ids, moved, ended };
      return { pick: (i) => tool.selectFeature(ids[i]), put: (i, ring) => tool.updateFeatureGeometry(ids[i], polygon(ring)) };
    },
    stop,
  };
}
