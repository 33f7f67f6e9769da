// What is set, as chips: each says one choice and takes it away.
import { part } from "../views/parts.mjs";

const MOST = 3; // so many of one list have a chip each; of more there is one, with their number
const LISTS = { kind: "kinds", drug: "drugs", agency: "agencies", conveyance: "conveyances", track: "tracks", source: "sources" };
const kilos = (text) => `${Number(text).toLocaleString("en")} kg`;

/** Pure: `{ key, value?, words }` of each; `word(key, value)` is what a value is called. */
export function chipsOf(choices, word = (_, value) => value) {
  const out = [];
  for (const [key, many] of Object.entries(LISTS)) {
    const values = choices[key] ?? [];
    if (values.length > MOST) out.push({ key, words: `${values.length} ${many}` });
    else for (const value of values) out.push({ key, value, words: word(key, value) });
  }
  const { min_kg: low, max_kg: high } = choices;
  if (low !== undefined || high !== undefined) {
    out.push({ key: "amount", words: high === undefined ? `${kilos(low)} or more` : low === undefined ? `up to ${kilos(high)}` : `${kilos(low)} to ${kilos(high)}` });
  }
  if (choices.q) out.push({ key: "q", words: `“${choices.q}”` });
  if (choices.area) out.push({ key: "area", words: "Area" });
  if (choices.bbox) out.push({ key: "bbox", words: "Rectangle" });
  if (choices.known_at) out.push({ key: "known_at", words: `As known at ${choices.known_at.replace("T", " ").replace(/:\d\d(\.\d+)?Z$/, " UTC")}` });
  return out;
}

/** Pure: the change that takes one away. */
export function without(choices, { key, value }) {
  if (key === "amount") return { min_kg: undefined, max_kg: undefined };
  const left = value === undefined ? [] : choices[key].filter((v) => v !== value);
  return { [key]: left.length ? left : undefined };
}

/** Draw them. The keyboard stays where it was: on the next one, or on the last. */
export function drawChosen(box, choices, word, take) {
  const chips = chipsOf(choices, word), told = JSON.stringify(chips);
  if (box.dataset.told === told) return;
  box.dataset.told = told;
  const was = [...box.children].indexOf(document.activeElement);
  box.replaceChildren(...chips.map((chip) => {
    const name = part("bdi", "", chip.words), cross = part("span", "cross", "×"), node = part("button", "set", name, cross);
    node.type = "button";
    cross.setAttribute("aria-hidden", "true");
    node.setAttribute("aria-label", `Take away: ${chip.words}`);
    node.addEventListener("click", () => take(chip));
    return node;
  }));
  box.hidden = !chips.length;
  if (was >= 0) (box.children[Math.min(was, chips.length - 1)] ?? document.querySelector("#period input:checked, #period input"))?.focus();
}
