// The ways from the map to the catalogue: with what the map shows as its filter.
import { format } from "../choices.mjs";

const CARRIED = ["world", "from", "to", "known_at", "bbox", "area", "agency", "source", "q"];

/** Pure: the catalogue under the map's choices, with the image that is chosen. */
export const catalogueAt = (choices) => `/imagery?${format({ ...choices, sel: choices.sel?.startsWith("image:") ? choices.sel : undefined }, [...CARRIED, "sel"])}`;

/** Keep the links of the page (`data-catalogue`) on what is chosen. */
export function linkCatalogue(choices, root = document) {
  const set = () => root.querySelectorAll("[data-catalogue]").forEach((a) => { a.href = catalogueAt(choices.get()); });
  choices.subscribe(set);
  set();
}
