// A hand on the map: what it drags is a shape, and what it taps are its corners, so that every drag has a tap way.

const DRAG_PX = 6; // less is a tap
const STEP_PX = 4; // a line is told no finer

/**
 * `drag(points)` is told the places [lon, lat] of a drag while it goes on, `dragged(points)` once it ends, `tapped(place)` of a tap.
 * The map itself stays where it is. Gives back what ends it.
 */
export function watchHand(map, { drag, dragged, tapped }) {
  const box = map.getCanvasContainer();
  const still = [map.dragPan, map.doubleClickZoom].filter((h) => h.isEnabled()); // two corners tapped quickly are no double tap
  for (const handler of still) handler.disable();
  map.getCanvas().style.cursor = "crosshair";
  let points, last, start;

  const place = ({ clientX, clientY }) => {
    const edge = box.getBoundingClientRect();
    return [clientX - edge.left, clientY - edge.top];
  };
  const ground = (at) => map.unproject(at).toArray();
  const down = (event) => {
    if (!event.isPrimary) return void (points = undefined); // a second finger turns or zooms the map
    if (event.button !== 0) return;
    start = last = place(event);
    points = [ground(start)];
  };
  const move = (event) => {
    if (!points || !event.isPrimary) return;
    const at = place(event);
    if (Math.hypot(at[0] - last[0], at[1] - last[1]) < (points.length > 1 ? STEP_PX : DRAG_PX)) return;
    last = at;
    points.push(ground(at));
    drag(points);
  };
  const up = (event) => {
    if (!points || !event.isPrimary) return;
    const told = points;
    points = undefined;
    if (event.type === "pointercancel") return;
    // The browser's click of it comes next, and must find the hand still here: it chooses nothing on the map.
    setTimeout(() => (told.length > 1 ? dragged(told) : tapped(told[0])));
  };
  box.addEventListener("pointerdown", down);
  window.addEventListener("pointermove", move);
  for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, up);
  return () => {
    box.removeEventListener("pointerdown", down);
    window.removeEventListener("pointermove", move);
    for (const kind of ["pointerup", "pointercancel"]) window.removeEventListener(kind, up);
    for (const handler of still) handler.enable();
    map.getCanvas().style.cursor = "";
  };
}
