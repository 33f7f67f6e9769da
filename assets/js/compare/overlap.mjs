// Whether two outlines share ground. Pure; GeoJSON polygons, their outer rings: a hole without data is rare and found out by comparing.

const rings = (shape) => (shape?.type === "Polygon" ? [shape.coordinates[0]] : shape?.type === "MultiPolygon" ? shape.coordinates.map((p) => p[0]) : []);

/** West, south, east, north of outlines. */
export function bounds(...shapes) {
  const points = shapes.flatMap((s) => rings(s).flat());
  const of = (i, f) => f(...points.map((p) => p[i]));
  return points.length ? [of(0, Math.min), of(1, Math.min), of(0, Math.max), of(1, Math.max)] : undefined;
}

function inside([x, y], ring) {
  let within = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i], [xj, yj] = ring[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
  }
  return within;
}

const side = (a, b, c) => Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));

function cross(one, other) {
  for (let i = 1; i < one.length; i++) {
    for (let j = 1; j < other.length; j++) {
      const [a, b, c, d] = [one[i - 1], one[i], other[j - 1], other[j]];
      if (side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0) return true;
    }
  }
  return false;
}

const middle = (ring) => ring.slice(1).reduce(([x, y], p) => [x + p[0] / (ring.length - 1), y + p[1] / (ring.length - 1)], [0, 0]);

/** Whether they share more than an edge. */
export function overlap(a, b) {
  return rings(a).some((one) => rings(b).some((other) =>
    cross(one, other) || [...one.slice(1), middle(one)].some((p) => inside(p, other)) || [...other.slice(1), middle(other)].some((p) => inside(p, one))));
}
