// An analysis that is open: what it says, its legend in words, its charts, its places in a table.
import { drawChart } from "./charts.mjs";
import { part } from "./parts.mjs";
import { cell, charts, columns, facts, scored, stateWords, unitWords } from "./words.mjs";

const FILES = [["csv", "CSV"], ["geojson", "GeoJSON"], ["parquet", "GeoParquet"]];

/** The legend: a swatch and its words for each class, then what they rest on. */
export function legendNode({ told, legend }, colours, { said = false } = {}) {
  const box = part("div", "analysis-legend");
  if (colours && !told.withheld) {
    box.append(part("p", "meta", ["level", "class"].includes(colours.column) ? "Colour" : (legend[colours.column] ?? colours.column)), ...colours.classes.map(({ token, words }) => {
      const row = part("p", "analysis-class"), swatch = part("i", token ? "" : "none");
      if (token) swatch.style.background = `var(--${token})`;
      row.append(swatch, part("span", "", words));
      return row;
    }));
  }
  // What stands above it already is not said twice.
  box.append(...facts(said ? { ...told, withheld: undefined, ...(told.withheld ? { score: undefined } : {}) } : told).map((line) => part("p", "meta", line)));
  return box;
}

/** `pick(ordinal)`, `sort(column)`, `close()`, `cancel()` are what a person can ask for. */
export function createResult(root, acts) {
  let drawnOf;
  function draw({ run, features, colours, sort, chosen, writer }) {
    root.hidden = !run;
    if (!run) return;
    const { told = {} } = run, open = ["waiting", "running"].includes(run.state);
    const head = part("header", "analysis-head"), close = part("button", "close", "×");
    Object.assign(close, { type: "button", title: "Close this analysis" });
    close.setAttribute("aria-label", "Close this analysis");
    close.addEventListener("click", acts.close);
    head.append(part("h3", "", run.title ?? told.title ?? run.method), close);
    const said = part("p", told.withheld || run.state === "failed" ? "analysis-said wrong" : "analysis-said", stateWords(run));
    said.setAttribute("role", "status");
    const parts = [head, said];
    if (open) {
      const bar = part("progress");
      bar.max = 1;
      bar.value = run.progress ?? 0;
      if (run.state === "waiting") bar.removeAttribute("value");
      parts.push(bar);
      if (run.mine) parts.push(button("Cancel", "action", acts.cancel));
    }
    if (run.state === "done") {
      parts.push(legendNode(run, colours, { said: true }));
      const beside = scored(told.score);
      if (beside) parts.push(part("h4", "", "Score, beside the simple ones"), scores(beside));
      parts.push(...charts(told).slice(0, 8).map(drawChart));
      if (told.limits?.length) {
        const limits = part("ul", "analysis-limits");
        limits.append(...told.limits.map((line) => part("li", "", String(line))));
        parts.push(part("h4", "", "What it does not say"), limits);
      }
      if (!told.withheld && features.length) parts.push(table({ run, features, sort, chosen, legend: run.legend }));
      if (writer) parts.push(files(run, told));
      parts.push(part("p", "meta", `${run.method} ${run.version}, ${run.marking}${run.agencies.length ? `, made of ${run.agencies.join(", ")}` : ""}. ${told.source ?? ""}`));
    }
    const kept = root.scrollTop, same = drawnOf === run.id;
    drawnOf = run.id;
    root.replaceChildren(...parts);
    if (same) root.scrollTop = kept;
  }

  function button(words, className, act) {
    const made = part("button", className, words);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  function files(run, told) {
    const box = part("p", "analysis-files");
    const to = (path, words) => Object.assign(part("a", "link", words), { href: `/api/analyses/${run.id}/${path}?world=${run.filter.world}`, download: "" });
    box.append(part("span", "meta", "Take it out: "), ...(told.withheld ? [] : [...FILES, ...(run.family === "allocate" ? [["gpx", "GPX"]] : [])].map(([f, words]) => to(`export/${f}`, words))), to("report.html", "Report"), to("report.pdf", "Report as PDF"));
    return box;
  }

  function scores({ head, rows }) {
    const box = part("div", "analysis-table"), made = part("table"), lines = [head, ...rows].map((cells, i) => {
      const line = part("tr");
      line.append(...cells.map((words) => part(i ? "td" : "th", "", words)));
      return line;
    });
    made.append(...lines);
    box.append(made);
    return box;
  }

  function table({ run, features, sort, chosen, legend }) {
    const box = part("div", "analysis-table"), made = part("table"), names = columns(legend, features), head = part("tr");
    head.append(...names.map((name) => {
      const th = part("th"), to = button(name.replaceAll("_", " "), "link", () => acts.sort(sort === `-${name}` ? name : `-${name}`));
      to.title = legend[name] ?? "";
      th.setAttribute("aria-sort", sort === `-${name}` ? "descending" : sort === name ? "ascending" : "none");
      th.append(to);
      return th;
    }));
    const body = part("tbody");
    body.append(...features.map((f) => {
      const row = part("tr", f.id === chosen ? "chosen" : "");
      row.tabIndex = 0;
      row.dataset.place = f.id;
      row.append(...names.map((name) => part("td", name !== "unit" && typeof f.properties[name] === "number" ? "number" : "", name === "unit" ? unitWords(f) : cell(f.properties[name]))));
      return row;
    }));
    body.addEventListener("click", ({ target }) => target.closest("tr") && acts.pick(Number(target.closest("tr").dataset.place)));
    body.addEventListener("keydown", (event) => event.key === "Enter" && event.target.dataset.place && acts.pick(Number(event.target.dataset.place)));
    const thead = part("thead");
    thead.append(head);
    made.append(thead, body);
    box.append(made);
    if (run.places > features.length) box.append(part("p", "meta", `The first ${features.length.toLocaleString("en-US")} of ${run.places.toLocaleString("en-US")} places, as sorted; all are on the map and in the files.`));
    return box;
  }

  return { draw };
}
