// The strip below the map: a scale bar, and where the pointer is (a click copies it).

const ROUND_M = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000];

/** Metres a pixel at a zoom (512 px tiles) and latitude. */
export const metresAPixel = (zoom, latitude) => (40_075_016.686 * Math.cos((latitude * Math.PI) / 180)) / (512 * 2 ** zoom);

/** The roundest length that fits into `px` pixels: metres and its own pixels. */
export function bar(zoom, latitude, px) {
  const each = metresAPixel(zoom, latitude);
  const metres = ROUND_M.filter((m) => m / each <= px).at(-1) ?? ROUND_M[0];
  return { metres, px: metres / each };
}

export const metresWords = (m) => (m >= 1000 ? `${m / 1000} km` : `${m} m`);

export function place(lon, lat) {
  const wrapped = ((((lon + 180) % 360) + 360) % 360) - 180;
  return `${Math.abs(lat).toFixed(4)} ${lat >= 0 ? "N" : "S"} ${Math.abs(wrapped).toFixed(4)} ${wrapped >= 0 ? "E" : "W"}`;
}

export function createScale(box, map) {
  box.innerHTML = `<i></i><span></span><button title="Copy"></button>`;
  const [line, words, pointer] = box.children;
  const draw = () => {
    const { metres, px } = bar(map.getZoom(), map.getCenter().lat, 110);
    line.style.width = `${px}px`;
    words.textContent = metresWords(metres);
  };
  const show = (at) => (pointer.textContent = place(at.lng, at.lat));
  map.on("move", draw);
  map.on("mousemove", (event) => show(event.lngLat));
  map.on("click", (event) => show(event.lngLat));
  pointer.addEventListener("click", () => navigator.clipboard?.writeText(pointer.textContent));
  draw();
  show(map.getCenter());
}
