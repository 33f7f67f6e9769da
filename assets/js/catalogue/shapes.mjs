// Where footprints lie. Pure.
const POINT_DEGREES = 0.01; // round a place alone

/** Pure: west, south, east, north of shapes, over the antimeridian where that is shorter; undefined when there is none. */
export function boundsOf(shapes) {
  const points = shapes.filter(Boolean).flatMap((shape) => flat(shape.coordinates));
  if (!points.length) return undefined;
  const box = (list) => [Math.min(...list.map((p) => p[0])), Math.min(...list.map((p) => p[1])), Math.max(...list.map((p) => p[0])), Math.max(...list.map((p) => p[1]))];
  const plain = box(points), turned = box(points.map(([lon, lat]) => [(lon + 360) % 360, lat]));
  const [west, south, east, north] = turned[2] - turned[0] < plain[2] - plain[0] ? turned : plain;
  return [west - POINT_DEGREES, south - POINT_DEGREES, east + POINT_DEGREES, north + POINT_DEGREES];
}

const flat = (c) => (typeof c[0] === "number" ? [c] : c.flatMap(flat));

/** Pure: rows as features, points for what is a place alone. */
export const features = (rows) => ({
  type: "FeatureCollection",
  features: rows.filter((r) => r?.shape).map((r) => ({ type: "Feature", id: Number(r.key.split(":")[1]), geometry: r.shape, properties: { key: r.key } })),
});

/** Pure: a view as the filter has it; longitudes within ±180. */
export function bboxText({ west, south, east, north }) {
  if (east - west >= 360) return [-180, clamp(south), 180, clamp(north)].join(",");
  const turn = (lon) => ((((lon + 180) % 360) + 360) % 360) - 180;
  return [turn(west), clamp(south), turn(east), clamp(north)].map((n) => Number(n.toFixed(5))).join(",");
}

const clamp = (lat) => Math.max(-90, Math.min(90, lat));

/** Pure: the middle of each row's shape: what is a pixel wide from afar has a mark all the same. */
export const spots = (rows) => ({
  type: "FeatureCollection",
  features: rows.filter((r) => r?.shape).map((r) => {
    const [west, south, east, north] = boundsOf([r.shape]);
    return { type: "Feature", id: Number(r.key.split(":")[1]), geometry: { type: "Point", coordinates: [(west + east) / 2, (south + north) / 2] }, properties: { key: r.key } };
  }),
});
