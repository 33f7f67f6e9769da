// The printed map: its address is of the choices, and of the ground on the screen, as they stand when it is asked for.
import { filterQuery } from "./choices.mjs";

const ROUND = 1e5; // a metre

/** Pure: bounds {west, south, east, north} as `frame=` has them, or undefined where no map can be laid on paper so. Longitudes may go on past 180 on a screen. */
export function frameOf({ west, south, east, north }) {
  const low = Math.max(-85, south);
  const high = Math.min(85, north);
  if (!(high > low) || !(east > west)) return undefined;
  const round = (value) => Math.round(value * ROUND) / ROUND;
  const wrapped = (lon) => ((((lon + 180) % 360) + 360) % 360) - 180;
  const [left, right] = east - west >= 360 ? [-180, 180] : [wrapped(west), wrapped(east)];
  return left === right ? undefined : [left, low, right, high].map(round).join(",");
}

/** Pure: the address of a sheet. `sheet` is such as "a4 portrait". */
export function sheetAddress(choices, { sheet, frame, zone }) {
  const [paper, orientation] = sheet.split(" ");
  const told = new URLSearchParams({ paper, orientation, ...(frame ? { frame } : {}), ...(choices.layers ? { layers: choices.layers } : {}), ...(zone ? { zone } : {}) });
  const filter = filterQuery(choices);
  const at = choices.at ? `&at=${encodeURIComponent(choices.at)}` : "";
  return `/api/export/pdf?${filter}${at}&${told.toString().replaceAll("%2C", ",")}`;
}

/** The menu: its link is written before anybody follows it; a button of the rail opens it where the top bar has no room. */
export function watchPaper({ menu, choices, bounds, rail, railToggle }) {
  const part = (id) => menu.querySelector(`#${id}`);
  part("sheet-go").addEventListener("click", (event) => {
    const b = bounds();
    const frame = part("sheet-ground").value === "screen" ? frameOf({ west: b.getWest(), south: b.getSouth(), east: b.getEast(), north: b.getNorth() }) : undefined;
    event.currentTarget.href = sheetAddress(choices.get(), { sheet: part("sheet").value, frame, zone: Intl.DateTimeFormat().resolvedOptions().timeZone });
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-command]")?.dataset.command !== "export") return;
    menu.open = !menu.open;
    if (!menu.open) return;
    rail.classList.remove("open");
    railToggle.setAttribute("aria-expanded", "false");
    menu.querySelector("a")?.focus();
  });
}
