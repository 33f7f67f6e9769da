// How one image is looked at, as somebody chose it in its details (layouts/looks.py): the lists, and what the colours mean.
import { ask } from "./api.mjs";
import { lookOf } from "./layers/looked.mjs";

const LISTS = ["bands", "colormap", "stretch"];
const NOTHING = { look: undefined, bands: undefined, colormap: undefined, stretch: undefined };
const COLOUR = /^#[0-9a-f]{6}$/;

/** Pure: the numbers of the bands that a look shows of an image (its values as `/api/images/{id}/values` tells them), or undefined when it has them not. */
export function bandsOf({ bands, shown }, look) {
  const stored = shown.bands ?? (bands.length >= 3 ? [1, 2, 3] : [1]);
  const told = look.bands?.split(",").map((b) => (/^\d+$/.test(b) ? Number(b) : (bands.find((one) => one.name === b)?.band ?? 0))) ?? (look.colormap ? stored.slice(0, 1) : stored);
  return told.every((b) => b >= 1 && b <= bands.length) ? told : undefined;
}

const shortest = (n) => (Math.abs(n) >= 1000 ? Math.round(n).toLocaleString("en") : String(Number(n.toPrecision(4))));

/** Pure: what one band's colours mean: the colours, the values at both ends with their unit; undefined for three bands. */
export function keyOf(values, look) {
  const told = bandsOf(values, look);
  if (told?.length !== 1) return undefined;
  const band = values.bands[told[0] - 1], stored = values.shown.scale?.[told[0] - 1];
  const [low, high] = look.stretch === "percentile" ? [band.low, band.high] : look.stretch === "full" ? (values.dtype === "uint8" ? [0, 255] : [band.least, band.most]) : (stored ?? [0, 255]);
  const map = look.colormap ?? (look.bands && values.shown.bands?.length === 3 ? undefined : values.shown.colormap) ?? "gray";
  const unit = band.unit ? ` ${band.unit}` : "";
  return { name: band.name ?? `band ${band.band}`, colours: (values.ramps[map] ?? []).filter((c) => COLOUR.test(c)), low: shortest(low) + unit, high: shortest(high) + unit };
}

/** Pure: which bands are seen, in words. */
export const bandWords = (values, look) => (bandsOf(values, look) ?? []).map((b) => values.bands[b - 1].name ?? `band ${b}`).join(", ");

export function watchLook({ details, choices, row, status, changed }) {
  const held = new Map(), asked = new Set();
  const box = () => details.querySelector(".look");
  const lookFor = (id) => (choices.get().look === id ? lookOf(choices.get()) : {});

  async function values(id) {
    const name = `${choices.get().world}:${id}`;
    if (held.has(name) || asked.has(name)) return;
    asked.add(name);
    const found = await ask(`/api/images/${id}/values?world=${choices.get().world}`).catch(() => undefined);
    asked.delete(name);
    if (!found) return;
    held.set(name, found);
    if (choices.get().look === String(id)) sound(found);
    set();
    changed();
  }

  /** An address may ask for what the image has not. */
  function sound(found) {
    const look = lookOf(choices.get()), wrong = [...(bandsOf(found, look) ? [] : ["bands"]), ...(look.colormap && !found.ramps[look.colormap] ? ["colormap"] : [])];
    if (!wrong.length) return;
    choices.set(Object.fromEntries(wrong.map((k) => [k, undefined])), { push: false });
    status.say(`Left out of the address: ${wrong.map((k) => `${k}=${look[k]}`).join(", ")}, which this image has not`, { stays: true });
  }

  const of = (id) => held.get(`${choices.get().world}:${id}`);

  function set() {
    const here = box();
    if (!here) return;
    const id = here.dataset.image, look = lookFor(id), found = of(id);
    for (const name of LISTS) {
      const select = here.querySelector(`#look-${name}`);
      if (select.value !== (look[name] ?? "")) select.value = look[name] ?? "";
      if (select.selectedIndex < 0) select.value = "";
    }
    if (!found) return void values(id);
    here.querySelector("#look-colormap").disabled = bandsOf(found, { bands: look.bands })?.length !== 1;
    const key = keyOf(found, look), out = here.querySelector(".look-key"), text = key ? JSON.stringify(key) : "";
    if (out.dataset.drawn === text) return;
    out.dataset.drawn = text;
    out.replaceChildren(...(key ? [ramp(key), ends(key)] : []));
  }

  details.addEventListener("change", ({ target }) => {
    const name = /^look-(bands|colormap|stretch)$/.exec(target.id)?.[1];
    if (!name) return;
    const id = box().dataset.image, next = { ...lookFor(id), [name]: target.value || undefined };
    if (next.bands?.includes(",")) next.colormap = undefined;
    choices.set(LISTS.some((k) => next[k]) ? { ...NOTHING, ...next, look: id } : NOTHING);
  });
  document.addEventListener("click", ({ target }) => target.closest("[data-command=look-stored]") && choices.set(NOTHING));
  new MutationObserver(set).observe(details, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-image"] });
  choices.subscribe((now, keys) => {
    if (!["look", "world", ...LISTS].some((k) => keys.has(k))) return;
    set();
    if (now.look) void values(now.look);
  });
  set();
  if (choices.get().look) void values(choices.get().look);

  return {
    /** What the map's key says of it; undefined while no image is looked at otherwise. */
    key() {
      const { look: id } = choices.get(), look = lookOf(choices.get()), found = id && of(id), image = id && row(id);
      return found && image && Object.keys(look).length ? { image: image.sortie ?? image.name, bands: bandWords(found, look), ...keyOf(found, look) } : undefined;
    },
  };
}

function ramp({ colours }) {
  const out = document.createElement("p");
  out.className = "ramp";
  out.setAttribute("aria-hidden", "true");
  out.style.setProperty("--ramp", `linear-gradient(90deg, ${colours.join(", ")})`);
  return out;
}

function ends({ low, high }) {
  const out = document.createElement("p");
  out.className = "ends";
  out.append(...[low, high].map((text) => Object.assign(document.createElement("span"), { textContent: text })));
  return out;
}
