// A mark for each type of event: lines in a 24 box, no fill, so that none is taken for a track, a seizure or a hexagon.

export const EVENT_LINES = {
  enter: "M14 4H19V20H14M3 12H14M10 8L14 12L10 16", exit: "M10 4H5V20H10M9 12H21M17 8L21 12L17 16",
  inside: "M8 4H4V20H8M16 4H20V20H16M10 12H14M12 10V14", outside: "M3 4H6V20H3M12 4H9V20H12M17 12H21M19 10V14",
  coverage_void: "M4 8V4H8M16 4H20V8M20 16V20H16M8 20H4V16M9 9L15 15M15 9L9 15",
  gap: "M12 4A8 8 0 0 1 17.7 6.3M20 12A8 8 0 0 1 17.7 17.7M12 20A8 8 0 0 1 6.3 17.7M4 12A8 8 0 0 1 6.3 6.3",
  reappearance: "M12 4A8 8 0 1 1 11.9 4M12 9.5V14.5M9.5 12H14.5",
  encounter: "M9 6A6 6 0 1 0 9.1 6M15 6A6 6 0 1 1 14.9 6", proximity: "M4 6V18M20 6V18M7 12H17M10 9L7 12L10 15M14 9L17 12L14 15",
  moving_fence: "M12 3A9 9 0 1 1 11.9 3M9 15L12 8L15 15L12 13.5Z", loitering: "M12 12C12 10 15 10 15 12.5S11 16 9 13.5S10.5 6.5 14.5 7.5S19 15 14.5 18",
  stop: "M6 6H18V18H6Z", all_clear: "M5 13L10 18L19 7", speed_range: "M5 6L11 12L5 18M12 6L18 12L12 18",
  out_of_order: "M5 8H18M15 5L18 8L15 11M19 16H6M9 13L6 16L9 19", identity_conflict: "M7 19L12 5L17 19M4 9L2 12L4 15M20 9L22 12L20 15", teleport: "M5 19L10 12H14L19 5M14 5H19V10",
};

export const EVENT_TYPES = Object.keys(EVENT_LINES);

/** The mark as SVG text, for the page around the map. */
export const eventSvg = (type, size = 18) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="${size}" height="${size}" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="${EVENT_LINES[type] ?? EVENT_LINES.stop}"/></svg>`;

/** Pixels for the map: what somebody must act on is red, what was withdrawn is struck. */
export function eventImage(type, { urgent = false, retracted = false }, token, ratio = 2) {
  const size = 22, canvas = document.createElement("canvas");
  canvas.width = canvas.height = size * ratio;
  const g = canvas.getContext("2d", { willReadFrequently: true });
  g.scale((ratio * size) / 28, (ratio * size) / 28);
  g.translate(2, 2);
  g.lineCap = g.lineJoin = "round";
  const path = new Path2D(EVENT_LINES[type]);
  if (retracted) path.addPath(new Path2D("M1 12H23"));
  for (const [colour, width] of [[token("case"), 6.5], [token(urgent ? "alert" : retracted ? "t3" : "t1"), 2.4]]) {
    g.strokeStyle = colour;
    g.lineWidth = width;
    g.stroke(path);
  }
  return g.getImageData(0, 0, canvas.width, canvas.height);
}
