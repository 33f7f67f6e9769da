// Units that can be sent, as somebody types or pastes them.

const KINDS = ["patrol", "drone", "sensor"];

/** Pure: lines of name, kind, longitude, latitude, reach in km, shifts; or points of GeoJSON with these. Throws with words that say which one is wrong. */
export function unitsOf(text) {
  const found = text.trim().startsWith("{") ? points(text) : text.split("\n").filter((line) => line.trim()).map((line) => line.split(/[,;\t]/).map((word) => word.trim()));
  return found.map(([name, kind, ...numbers], i) => {
    const [lon, lat, reach_km, shifts] = numbers.map((n) => (n === "" || n == null ? NaN : Number(n)));
    if (!name || !KINDS.includes(kind) || numbers.length !== 4 || ![lon, lat, reach_km, shifts].every(Number.isFinite))
      throw new Error(`The ${i + 1}. unit is expected as name, ${KINDS.join(" or ")}, longitude, latitude, reach in km, shifts.`);
    return { name, kind, lon, lat, reach_km, shifts };
  });
}

function points(text) {
  let told;
  try {
    told = JSON.parse(text);
  } catch {
    throw new Error("The units are no JSON.");
  }
  const features = told?.type === "FeatureCollection" ? told.features : told?.type === "Feature" ? [told] : undefined;
  if (!Array.isArray(features) || !features.length) throw new Error("The units have no features.");
  return features.map((f) => {
    const [lon, lat] = f?.geometry?.type === "Point" ? f.geometry.coordinates : [];
    return [String(f?.properties?.name ?? ""), f?.properties?.kind, lon, lat, f?.properties?.reach_km, f?.properties?.shifts];
  });
}
