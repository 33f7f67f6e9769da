// Pure: what an analysis says, in words and in classes of colour. No map, no page.
import { number } from "../times.mjs";

export const FAMILIES = { hotspots: "Describe", forecast: "Forecast", routes: "Routes", effect: "Effect of an operation", allocate: "Allocate units" };
export const OPEN = ["waiting", "running"];
// What a place is coloured by when its method has several numbers: the first of these it has.
const VALUES = ["expected", "smooth", "ratio", "density", "probability", "share", "covered", "change_pct", "flow", "value", "n"];
const NAMES = ["unit", "name", "id", "role", "class", "word", "why", "drug", "kind"];
const LEVELS = [[3, "hot3"], [2, "hot2"], [1, "hot1"], [0, undefined], [-1, "cold1"]];
const CLASS_TOKENS = ["hot3", "hot2", "cold1", "hot1", "accent", "t3"];
const THIRDS = [["hot3", "most"], ["hot2", "middle"], ["hot1", "least"]];

/** A run's state in a line. */
export function stateWords({ state, progress, failure, told = {} }) {
  if (state === "waiting") return "Waits for its turn";
  if (state === "running") return `${Math.floor(100 * (progress ?? 0))} % done`;
  if (state === "cancelled") return "Called off";
  if (state === "failed") return failure ?? "Failed";
  return told.withheld ? `Withheld: ${told.withheld}` : (told.words ?? "Done");
}

/** A value as a cell shows it. */
export function cell(value) {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number" && value !== 0 && Math.abs(value) < 1e-4) return value > 0 ? "< 0.0001" : "> -0.0001";
  if (typeof value === "number") return Number.isInteger(value) ? number(value) : Math.abs(value) >= 100 ? number(Math.round(value)) : String(Number(value.toPrecision(3)));
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A unit by name; a cell of a grid, which has a number alone, by where its middle is. */
export function unitWords(feature) {
  const told = feature.properties.unit;
  if (!/^(\d{6,}|[0-9a-f]{15})$/.test(String(told)) || !feature.geometry) return cell(told);
  const points = feature.geometry.coordinates.flat(Infinity), axis = (i) => points.filter((_, n) => n % 2 === i);
  const [lon, lat] = [0, 1].map((i) => (Math.min(...axis(i)) + Math.max(...axis(i))) / 2);
  return `${Math.abs(lat).toFixed(2)} ${lat < 0 ? "S" : "N"} ${Math.abs(lon).toFixed(2)} ${lon < 0 ? "W" : "E"}`;
}

/** The columns of a table: those of the legend that any place has, names first. */
export function columns(legend, features) {
  const there = Object.keys(legend).filter((c) => features.some((f) => f.properties[c] !== null && f.properties[c] !== undefined && f.properties[c] !== ""));
  return [...there.filter((c) => NAMES.includes(c)), ...there.filter((c) => !NAMES.includes(c))];
}

const numeric = (features, c) => features.some((f) => typeof f.properties[c] === "number") && features.every((f) => f.properties[c] === null || f.properties[c] === undefined || typeof f.properties[c] === "number");

/** What places are coloured by and how: {column, classes: [{token, words, test}]}; `test` is a MapLibre expression. Undefined: one colour for all. */
export function colouring(legend, features) {
  if (legend.level && numeric(features, "level")) {
    const words = Object.fromEntries(legend.level.split(/,\s*/).map((part) => /^(-?\d+)\s+(.*)$/.exec(part.trim())).filter(Boolean).map(([, level, said]) => [level, said]));
    return { column: "level", classes: LEVELS.filter(([level]) => features.some((f) => f.properties.level === level)).map(([level, token]) => ({
      token, words: words[level] ?? `level ${level}`, test: ["==", ["get", "level"], level] })) };
  }
  const text = ["class", "word"].find((c) => legend[c] && features.some((f) => f.properties[c]));
  if (text) {
    const counts = new Map();
    for (const f of features) if (f.properties[text]) counts.set(f.properties[text], (counts.get(f.properties[text]) ?? 0) + 1);
    const shown = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, CLASS_TOKENS.length);
    return { column: text, classes: shown.map(([value], i) => ({ token: CLASS_TOKENS[i], words: value, test: ["==", ["get", text], value] })) };
  }
  const column = VALUES.find((c) => legend[c] && numeric(features, c)) ?? Object.keys(legend).find((c) => numeric(features, c) && !NAMES.includes(c) && c !== "rank");
  if (!column) return undefined;
  const values = features.map((f) => f.properties[column]).filter((v) => typeof v === "number").sort((a, b) => a - b);
  if (!values.length || values[0] === values.at(-1)) return undefined;
  const cut = [values[Math.floor((2 * values.length) / 3)], values[Math.floor(values.length / 3)], values[0]];
  let above = Infinity;
  const classes = [];
  for (const [i, [token, words]] of THIRDS.entries()) {
    if (cut[i] >= above) continue;
    const to = above === Infinity ? values.at(-1) : above;
    classes.push({ token, words: `${words}: ${cell(cut[i])} to ${above === Infinity ? "" : "under "}${cell(to)}`,
      test: ["all", [">=", ["to-number", ["get", column], -1e300], cut[i]], ...(above === Infinity ? [] : [["<", ["to-number", ["get", column], -1e300], above]])] });
    above = cut[i];
  }
  return { column, classes };
}

/** The legend's lines under its colours: n, significance, effort or its lack, score. */
export function facts(told) {
  const given = told.given ?? {};
  return [
    told.n !== undefined && `From ${number(told.n)} seizures${given.first ? `, ${given.first.slice(0, 10)} to ${given.last.slice(0, 10)}` : ""}`,
    told.significance && String(told.significance),
    effortWords(told.effort),
    told.withheld ? `Withheld: ${told.withheld}` : told.score ? `Score: ${scoreWords(told.score)}` : "",
  ].filter(Boolean);
}

const effortWords = (effort) => (!effort ? "" : typeof effort === "string" ? effort[0].toUpperCase() + effort.slice(1) : effort.words ?? `Effort: ${scoreWords(effort)}`);

/** A score as words: its own, or what it holds. */
export function scoreWords(score) {
  if (typeof score !== "object" || score === null) return cell(score);
  if (typeof score.words === "string") return score.words;
  if (Array.isArray(score.rows)) {
    const own = score.rows.find((r) => r.own), best = score.rows.find((r) => r.best_by?.includes("pai") && !r.own);
    return own ? `PAI ${interval(own.pai)}${best ? `, best of the simple ones (${best.model}) ${interval(best.pai)}` : ""}, tried on ${cell(score.scored)} earlier times` : "";
  }
  return Object.entries(score).filter(([, v]) => ["number", "string", "boolean"].includes(typeof v)).slice(0, 8).map(([k, v]) => `${k.replaceAll("_", " ")} ${cell(v)}`).join(", ");
}

/** A value with its interval: 4.2 (3.1 to 5.3). */
export const interval = (told) => (Array.isArray(told) ? `${cell(told[0])}${told.length > 2 ? ` (${cell(told[1])} to ${cell(told[2])})` : ""}` : cell(told));

/** The models of a score beside one another: {head, rows}; undefined where a score has none. */
export function scored(score) {
  const rows = score?.rows?.filter?.((r) => typeof r.model === "string");
  if (!rows?.length) return undefined;
  const columns = ["pai", "pei", "log", "brier"].filter((c) => rows.some((r) => r[c] !== undefined && r[c] !== null));
  return { head: ["model", ...columns.map((c) => (c.length < 4 && c !== "log" ? c.toUpperCase() : c))], rows: rows.map((r) => [r.own ? `${r.model} (this)` : r.model, ...columns.map((c) => interval(r[c]))]) };
}

/** The charts a method tells of, in one shape: {kind: lines | bars | intervals, title, unit, x, series: [{name, y}], low, high, break}. */
export function charts(told) {
  if (told.withheld || !told.charts) return [];
  return told.charts.map((c) => ({ ...c, series: c.series ?? [{ name: "", y: c.y ?? [] }] })).filter((c) => Array.isArray(c.x) && c.x.length && c.series.every((s) => Array.isArray(s.y)));
}

/** A knob's value out of a form's text; undefined: as it is by itself. */
export const knobValue = (knob, text) => (knob.kind === "bool" ? text : text === "" || text === String(knob.default) ? undefined : knob.kind === "str" ? text : Number(text));
