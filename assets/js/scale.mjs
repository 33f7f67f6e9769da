// The strip below the map: a scale bar, and where the pointer is, in the format somebody chose (a tap copies it).
import { FORMATS, wrapped } from "./coordinates/written.mjs";

const ROUND_M = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000];
const SHORT = { dd: "DD", dms: "DMS", utm: "UTM", mgrs: "MGRS" };

/** Metres a pixel at a zoom (512 px tiles) and latitude. */
export const metresAPixel = (zoom, latitude) => (40_075_016.686 * Math.cos((latitude * Math.PI) / 180)) / (512 * 2 ** zoom);

/** The roundest length that fits into `px` pixels: metres and its own pixels. */
export function bar(zoom, latitude, px) {
  const each = metresAPixel(zoom, latitude);
  const metres = ROUND_M.filter((m) => m / each <= px).at(-1) ?? ROUND_M[0];
  return { metres, px: metres / each };
}

export const metresWords = (m) => (m >= 1000 ? `${m / 1000} km` : `${m} m`);

/** `format` and `text` are of assets/js/coordinates/page.mjs; `choose` is told another format. Where nothing points, it is the middle of the map. */
export function createScale(box, map, { format, text, choose }) {
  box.innerHTML = `<i></i><span></span><button title="Copy"></button><select aria-label="Format of coordinates" title="Format of coordinates">${
    Object.entries(FORMATS).map(([key, words]) => `<option value="${key}" title="${words}">${SHORT[key]}</option>`).join("")}</select>`;
  const [line, words, pointer, formats] = box.children;
  let at = map.getCenter(), pointed = false;
  const draw = () => {
    const { metres, px } = bar(map.getZoom(), map.getCenter().lat, 110);
    line.style.width = `${px}px`;
    words.textContent = metresWords(metres);
    if (!pointed) show(map.getCenter());
  };
  function show(where = at) {
    at = where;
    // The page's own watcher writes it again when the format changes.
    pointer.dataset.lon = wrapped(at.lng).toFixed(7);
    pointer.dataset.lat = at.lat.toFixed(7);
    pointer.textContent = text(at.lng, at.lat);
    formats.value = format();
  }
  for (const kind of ["mousemove", "click"]) {
    map.on(kind, (event) => {
      pointed = true;
      show(event.lngLat);
    });
  }
  map.on("mouseout", () => (pointed = false));
  map.on("move", draw);
  formats.addEventListener("change", () => choose(formats.value));
  draw();
  show();
  return { shown: () => show() };
}
