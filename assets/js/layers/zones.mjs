// The zones of one operation on the map, so that whoever locks them has seen them: the operation's outline whole, its buffer's dashed, what it is compared with dotted.
import { addLayer } from "../map/adapter.mjs";

const SOURCE = "zones", CORNER = "zones-corner";
const ROLES = { operation: { width: 3 }, buffer: { width: 2, dash: [3, 2] }, control: { width: 2, dash: [1, 1.5] } };

/** `zones` as /api/zones tells those of one operation; undefined takes them away. */
export function put(map, zones, { token }) {
  for (const role of Object.keys(ROLES)) if (map.getLayer(`zones-${role}`)) map.removeLayer(`zones-${role}`);
  if (map.getSource(SOURCE)) map.removeSource(SOURCE);
  if (!zones) return;
  map.addSource(SOURCE, { type: "geojson", data: { type: "FeatureCollection", features: zones.map((z) => ({ type: "Feature", geometry: z.geometry, properties: { role: z.role, name: z.name } })) } });
  for (const [role, { width, dash }] of Object.entries(ROLES)) addLayer(map, { id: `zones-${role}`, type: "line", source: SOURCE, filter: ["==", ["get", "role"], role], layout: { "line-join": "round" },
    paint: { "line-color": token("t1"), "line-width": width, ...(dash ? { "line-dasharray": dash } : {}) } }, "slot-top");
}

/** The corner that buttons move; undefined: none. */
export function corner(map, at, { token }) {
  if (map.getLayer(CORNER)) map.removeLayer(CORNER);
  if (map.getSource(CORNER)) map.removeSource(CORNER);
  if (!at) return;
  map.addSource(CORNER, { type: "geojson", data: { type: "Feature", geometry: { type: "Point", coordinates: at }, properties: {} } });
  addLayer(map, { id: CORNER, type: "circle", source: CORNER, paint: { "circle-radius": 12, "circle-color": "rgba(0,0,0,0)", "circle-stroke-width": 3, "circle-stroke-color": token("t1") } });
}
