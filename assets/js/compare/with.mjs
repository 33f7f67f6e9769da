// "Compare with…" of an image's details: which other images share ground with it, the newest first.
import { ask } from "../api.mjs";
import { bounds, overlap } from "./overlap.mjs";
import { named, sample, taken } from "./words.mjs";

const MOST = 200;

/** Pure: those that share ground with an image and lie on the map, the newest first. */
export const partners = (image, rows) =>
  rows.filter((row) => row.id !== image.id && row.on_tiles && overlap(image.footprint, row.footprint)).sort((a, b) => Date.parse(b.captured_at) - Date.parse(a.captured_at));

function part(tag, text) {
  return Object.assign(document.createElement(tag), text === undefined ? {} : { textContent: text });
}

/** Answer the button in `details`; `start(before, after)` begins. */
export function watchPartners({ details, world, start }) {
  async function list(box) {
    const id = box.dataset.image, button = box.querySelector("[data-command=compare-with]");
    const out = box.querySelector("ul") ?? box.appendChild(part("ul"));
    out.dataset.of = id;
    button.setAttribute("aria-expanded", "true");
    out.replaceChildren(part("li", "Looking…"));
    try {
      const image = await ask(`/api/images/${id}?world=${world()}`);
      const page = await ask(`/api/images?world=${world()}&bbox=${bounds(image.footprint).map((v) => v.toFixed(6)).join(",")}&limit=${MOST}`);
      if (box.dataset.image !== id) return;
      const found = partners(image, page.rows);
      out.replaceChildren(...found.map((row) => {
        const item = part("li"), go = part("button");
        go.type = "button";
        const [before, after] = Date.parse(row.captured_at) < Date.parse(image.captured_at) ? [row, image] : [image, row];
        go.append(part("b", taken(row)), part("span", [named(row), sample(row.gsd_m)].filter(Boolean).join(", ")));
        go.addEventListener("click", () => start(before.id, after.id));
        item.append(go);
        return item;
      }), ...(found.length ? [] : [part("li", "No other image that you see shares ground with it.")]), ...(page.total > page.rows.length ? [part("li", `Among the newest ${page.rows.length} of ${page.total} that are near.`)] : []));
    } catch (error) {
      out.replaceChildren(part("li", error.message));
    }
  }
  details.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-command=compare-with]");
    if (button) void list(button.closest(".compare-with"));
  });
  // Details are drawn over those before: a list of another image goes.
  new MutationObserver(() => {
    const box = details.querySelector(".compare-with"), out = box?.querySelector("ul");
    if (out && out.dataset.of !== box.dataset.image) {
      out.remove();
      box.querySelector("button").setAttribute("aria-expanded", "false");
    }
  }).observe(details, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-image"] });
}
