// Every place on the page in the format somebody chose (`coords` in the address), copied by a tap.
import { FORMATS, written } from "./written.mjs";

/** The grids, once somebody needs them. */
export const loadGrids = () => import("../../vendor/grids.mjs");

/** `shown` is called when places read differently from now on. */
export function watchCoordinates({ root, choices, say, shown }) {
  let grids;
  const format = () => (Object.hasOwn(FORMATS, choices.get().coords) ? choices.get().coords : "dd");
  const text = (lon, lat) => written(format(), lon, lat, grids);

  function write() {
    for (const place of root.querySelectorAll("[data-lon]")) {
      const words = text(Number(place.dataset.lon), Number(place.dataset.lat));
      if (place.textContent !== words) place.textContent = words;
    }
  }
  async function changed() {
    if (!grids && ["utm", "mgrs"].includes(format())) {
      grids = await loadGrids().catch(() => void say("The map grids could not be loaded: places are shown in degrees."));
    }
    write();
    shown();
  }
  choices.subscribe((_, keys) => keys.has("coords") && changed());
  new MutationObserver(write).observe(root, { childList: true, subtree: true });
  document.addEventListener("click", (event) => {
    const place = event.target.closest("button[data-lon]");
    if (place) copy(place, say);
  });
  void changed();
  return { format, text };
}

/** What a button reads, to the clipboard; a page that is not served safely has none, and then the text is selected. */
export async function copy(place, say) {
  const words = place.textContent;
  try {
    await navigator.clipboard.writeText(words);
    say(`Copied: ${words}`);
  } catch {
    getSelection().selectAllChildren(place);
    say("This browser does not let a page copy. The coordinates are selected: copy them by hand.");
  }
}
