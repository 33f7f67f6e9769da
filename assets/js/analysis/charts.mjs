// Small charts of an analysis, as SVG made of nodes: no text that was told becomes markup.
import { cell } from "./words.mjs";

const NS = "http://www.w3.org/2000/svg";
const W = 320, H = 132, LEFT = 40, BOTTOM = 18, TOP = 6;

function node(tag, attributes, text) {
  const made = document.createElementNS(NS, tag);
  for (const [k, v] of Object.entries(attributes)) made.setAttribute(k, v);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** A figure of one chart (words.mjs `charts`). */
export function drawChart(chart) {
  const figure = document.createElement("figure");
  figure.append(Object.assign(document.createElement("figcaption"), { textContent: chart.unit ? `${chart.title}, ${chart.unit}` : chart.title }));
  const finite = (v) => typeof v === "number" && Number.isFinite(v);
  const all = [...chart.series.flatMap((s) => s.y), ...(chart.low ?? []), ...(chart.high ?? [])].filter(finite);
  if (!all.length) return figure;
  const top = Math.max(0, ...all), low = Math.min(0, ...all), n = chart.x.length;
  const x = (i) => LEFT + ((i + 0.5) * (W - LEFT)) / n, y = (v) => TOP + ((top - v) / (top - low || 1)) * (H - BOTTOM - TOP);
  const svg = node("svg", { viewBox: `0 0 ${W} ${H}`, class: "analysis-chart", role: "img", "aria-label": `${chart.title}: ${cell(Math.min(...all))} to ${cell(Math.max(...all))}` });
  svg.append(node("line", { x1: LEFT, x2: W, y1: y(0), y2: y(0), class: "axis" }), node("text", { x: LEFT - 4, y: y(top) + 8, class: "tick end" }, cell(top)));
  if (low < 0) svg.append(node("text", { x: LEFT - 4, y: y(low), class: "tick end" }, cell(low)));
  chart.series.forEach((s, k) => {
    if (chart.kind === "lines") {
      const path = s.y.map((v, i) => (finite(v) ? `${finite(s.y[i - 1]) ? "L" : "M"}${x(i).toFixed(1)} ${y(v).toFixed(1)}` : "")).join("");
      svg.append(node("path", { d: path, class: `line s${k}` }));
    } else if (chart.kind === "intervals") {
      s.y.forEach((v, i) => {
        if (finite(chart.low?.[i]) && finite(chart.high?.[i])) svg.append(node("line", { x1: x(i), x2: x(i), y1: y(chart.low[i]), y2: y(chart.high[i]), class: "range" }));
        if (finite(v)) svg.append(node("circle", { cx: x(i), cy: y(v), r: 3, class: `dot s${k}` }));
      });
    } else {
      const wide = Math.max(1, ((W - LEFT) / n) * 0.8);
      s.y.forEach((v, i) => finite(v) && svg.append(node("rect", { x: x(i) - wide / 2, width: wide, y: Math.min(y(v), y(0)), height: Math.abs(y(v) - y(0)), class: `bar s${k}` })));
    }
  });
  const label = (v) => (/^\d{4}-\d\d-\d\dT/.test(v) ? v.slice(0, 10) : cell(v));
  svg.append(node("text", { x: LEFT, y: H - 4, class: "tick" }, label(chart.x[0])));
  if (n > 1) svg.append(node("text", { x: W, y: H - 4, class: "tick end" }, label(chart.x.at(-1))));
  figure.append(svg);
  const names = chart.series.map((s) => s.name).filter(Boolean);
  if (names.length > 1) {
    const key = Object.assign(document.createElement("p"), { className: "meta chart-key" });
    key.append(...names.map((name, k) => Object.assign(document.createElement("span"), { className: `s${k}`, textContent: name })));
    figure.append(key);
  }
  return figure;
}
