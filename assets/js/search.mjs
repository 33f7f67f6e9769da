// Search: places, tracks, coordinates; the answer moves the camera because a person asked for it.
import { latestOnly } from "./api.mjs";
import { loadGrids } from "./coordinates/page.mjs";
import { isGrid, read, readDegrees } from "./coordinates/read.mjs";
import { searchAll } from "./purpose.mjs";

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
    if (text.length < 2 || readDegrees(text)) return heard({ rows: read(text), left_out: [] });
    // What reads like a grid reference may be a name as well (a call sign): both are shown.
    const places = isGrid(text) ? await loadGrids().then((grids) => read(text, grids), (error) => (say(error.message), [])) : [];
    const told = await ask(`/api/search?q=${encodeURIComponent(text)}&world=${world()}`).catch(() => ({ rows: [], left_out: [] }));
    if (told && input.value.trim() === text) heard({ ...told, rows: [...places, ...told.rows] });
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
