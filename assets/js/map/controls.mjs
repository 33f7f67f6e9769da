// The map's buttons: zoom, north, my place, draw an area, measure a line or an area, full screen.

const ICONS = {
  in: "M9 3v12M3 9h12", out: "M3 9h12", north: "m9 2 4 13-4-3-4 3Z", place: "M9 2v3M9 13v3M2 9h3M13 9h3M9 5.500a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7Z",
  area: "m3 7 6-4 6 4-2 8H5Z", measure: "m2.5 12.5 10-10 3 3-10 10ZM6 9l1.5 1.500M8.5 6.5 10 8", ground: "M3 3h12v12H3ZM3 9h2M3 6h1M3 12h1M9 15v-2M6 15v-1M12 15v-1", full: "M2 6V2h4M12 2h4v4M16 12v4h-4M6 16H2v-4",
};
const BUTTONS = [
  [["in", "Zoom in"], ["out", "Zoom out"], ["north", "North up"], ["place", "My position"]],
  [["area", "Draw an area"], ["measure", "Measure a line"], ["ground", "Measure an area"], ["full", "Full screen"]],
];

export function createControls(stage, map, { draw, measure, measureArea, say }) {
  const box = document.createElement("div");
  box.className = "controls";
  box.innerHTML = BUTTONS.map((group) => `<div>${group.map(([name, words]) =>
    `<button data-do="${name}" title="${words}" aria-label="${words}"><svg viewBox="0 0 18 18"><path d="${ICONS[name].replaceAll("00 ", " ")}"/></svg></button>`).join("")}</div>`).join("");
  stage.append(box);
  const acts = {
    in: () => map.zoomIn(),
    out: () => map.zoomOut(),
    north: () => map.resetNorth(),
    place: () => locate(map, say),
    area: draw,
    measure,
    ground: measureArea,
    full: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()),
  };
  box.addEventListener("click", (event) => acts[event.target.closest("[data-do]")?.dataset.do]?.());
  return { pressed: (name, on) => box.querySelector(`[data-do="${name}"]`)?.setAttribute("aria-pressed", String(on)) };
}

/** The device's own position, on the map only: it is sent nowhere. */
function locate(map, say) {
  if (!navigator.geolocation) return say("This browser does not tell its position.");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => map.easeTo({ center: [coords.longitude, coords.latitude], zoom: Math.max(map.getZoom(), 10) }),
    () => say("The position is not available."),
    { enableHighAccuracy: true, timeout: 10_000 },
  );
}
