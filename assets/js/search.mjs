// Search: places, tracks, coordinates; the answer moves the camera because a person asked for it.
import { latestOnly } from "./api.mjs";
import { searchAll } from "./purpose.mjs";

/** Coordinates as people write them: `26.2 -97.1`, `26.2 N 97.1 W`, `26°12'N 97°6'W`; undefined when they are none. */
export function coordinates(text) {
  const parts = [...text.matchAll(/(-?\d+(?:\.\d+)?)(?:\s*°\s*(\d+(?:\.\d+)?)?\s*['′]?\s*(?:(\d+(?:\.\d+)?)\s*["″])?)?\s*([NSEW])?/gi)];
  if (parts.length !== 2 || text.replaceAll(/[-\d.\s°'′"″NSEW,;]/gi, "").length) return undefined;
  const [a, b] = parts.map(([, d, m, s, side]) => {
    const value = Math.abs(Number(d)) + Number(m ?? 0) / 60 + Number(s ?? 0) / 3600;
    return { value: d.startsWith("-") || /[SW]/i.test(side ?? "") ? -value : value, side: side?.toUpperCase() };
  });
  const swapped = /[EW]/.test(a.side ?? "");
  const [lat, lon] = swapped ? [b.value, a.value] : [a.value, b.value];
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : undefined;
}

export function createSearch({ input, results, world, go, select, named, say }) {
  const ask = latestOnly();
  let found = [], chosen = -1, leftOut = false;

  function show() {
    results.replaceChildren(...found.map((f, i) => {
      const row = document.createElement("button");
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", String(i === chosen));
      const name = document.createElement("span"), about = document.createElement("span");
      name.textContent = f.name;
      about.textContent = f.about;
      about.className = "meta";
      row.append(name, about);
      row.addEventListener("click", () => take(f));
      return row;
    }));
    if (leftOut) {
      const more = Object.assign(document.createElement("button"), { textContent: "Search persons and vehicles too…", className: "also" });
      more.addEventListener("click", all);
      results.append(more);
    }
    results.hidden = !found.length && !leftOut;
  }

  /** The same text again, with what for. */
  async function all() {
    const text = input.value.trim();
    const told = await searchAll(text, world()).catch((error) => say(error.message));
    if (!told || input.value.trim() !== text) return;
    heard(told);
    named(text);
    input.focus();
  }

  function heard(told) {
    found = told.rows;
    leftOut = told.left_out.length > 0;
    show();
  }

  function take(f) {
    found = [];
    leftOut = false;
    show();
    if (f.sel) select(f.sel);
    if (f.lon !== undefined && f.lon !== null) go(f);
  }

  input.addEventListener("input", async () => {
    const text = input.value.trim();
    chosen = -1;
    const at = coordinates(text);
    if (!at && text.length >= 2) {
      const told = await ask(`/api/search?q=${encodeURIComponent(text)}&world=${world()}`).catch(() => ({ rows: [], left_out: [] }));
      return told && heard(told);
    }
    found = at ? [{ name: `${at.lat.toFixed(4)}, ${at.lon.toFixed(4)}`, about: "coordinates", ...at, zoom: 12 }] : [];
    leftOut = false;
    show();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") [found, leftOut] = [[], false];
    else if (event.key === "ArrowDown") chosen = Math.min(found.length - 1, chosen + 1);
    else if (event.key === "ArrowUp") chosen = Math.max(0, chosen - 1);
    else if (event.key === "Enter" && found.length) return take(found[Math.max(0, chosen)]);
    else return;
    event.preventDefault();
    show();
  });
}
