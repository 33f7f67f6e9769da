// Where a wall's map looks: what it shows stays clear of the column, the chips and the alarm.
const CLOSEST_ZOOM = 9.5, ALARM_ZOOM = 9;
const FAR_SCREENS = 2;
const TILE = 512;

const mercator = (lat) => Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / Math.PI;
const latitude = (y) => (Math.atan(Math.exp(y * Math.PI)) * 360) / Math.PI - 90;

/** Pure: the centre at which a place stands in the middle of what `padding` (px) leaves free. */
export function clearOf([lon, lat], zoom, { left, right, top, bottom }) {
  const world = TILE * 2 ** zoom;
  return [lon - ((left - right) / 2) * (360 / world), Math.max(-85, Math.min(85, latitude(mercator(lat) + ((top - bottom) / 2) * (2 / world))))];
}

/** The camera of a view: of its ground, or of the place and zoom it was saved with. */
export function cameraOf(map, view, padding) {
  if (view.center) return { center: clearOf(view.center, view.zoom, padding), zoom: view.zoom };
  const [west, south, east, north] = view.bounds;
  return { ...map.cameraForBounds([[west, south], [east, north]], { padding, maxZoom: CLOSEST_ZOOM }) };
}

/** The camera of an alarm's place, no farther than it is now. */
export function alarmCamera(map, { lon, lat }, padding) {
  const zoom = Math.max(ALARM_ZOOM, Math.min(map.getZoom(), 12));
  return { center: clearOf([lon, lat], zoom, padding), zoom };
}

/** Go there: at once where it is far, or where whoever looks wants nothing to move. */
export function go(map, camera, { jump = false } = {}) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  map[jump || still || screensTo(map, camera) > FAR_SCREENS ? "jumpTo" : "easeTo"]({ ...camera, duration: 1200 });
}

function screensTo(map, { center, zoom }) {
  const p = map.project(center), { clientWidth: w, clientHeight: h } = map.getContainer();
  return Math.max(Math.abs(p.x - w / 2) / w, Math.abs(p.y - h / 2) / h, Math.abs(map.getZoom() - zoom) / 2);
}
