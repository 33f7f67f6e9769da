"""One page of one analysis that opens anywhere: what it says, figures as SVG, method, data, marking, limits. No script, nothing from outside.

exports/printing.py makes a PDF of these same bytes: figures are drawn here from what the result tells, as plotly would want a browser to become a picture.
"""

from __future__ import annotations

import re
from html import escape

import geopandas as gpd
import numpy as np
import shapely

from exports.about import About

WIDE, HIGH = 640, 420
CHART_W, CHART_H, LEFT, BOTTOM, TOP = 640, 200, 56, 24, 8
ROWS = 30
CHARTS = 8
MANY = 500  # places: more are cells of a grid, which overlap nowhere, so all of a colour are one shape and quickly printed
RAMP = ("#F3E3B3", "#D9A94A", "#8A4B0F")
CLASSES = {3: "#8A4B0F", 2: "#D9A94A", 1: "#F3E3B3", 0: "none", -1: "#5B83B5"}
VALUES = ("expected", "smooth", "ratio", "density", "probability", "share", "covered", "change_pct", "flow", "value", "n")
STYLE = """body{font:15px/22px system-ui,sans-serif;color:#172026;max-width:720px;margin:24px auto;padding:0 16px}h1{font-size:24px;line-height:30px;margin:0}h2{font-size:17px;margin:24px 0 6px}
.strip{background:#000;color:#FFC000;font-weight:600;letter-spacing:.06em;font-size:12px;padding:2px 8px;display:inline-block}.wrong{border-left:4px solid #A84300;padding-left:12px}
table{border-collapse:collapse;font-size:13px;line-height:18px;width:100%}th,td{text-align:left;padding:3px 8px 3px 0;border-bottom:1px solid #DDE0DF;vertical-align:top}.meta,figcaption{color:#46545C;font-size:13px;line-height:18px}
figure{margin:16px 0}svg{max-width:100%;height:auto;background:#FAFAF8;border:1px solid #DDE0DF}th,td,p,li{overflow-wrap:anywhere}.n{white-space:nowrap}
@media print{body{margin:0;padding:0;max-width:none;font-size:13px;line-height:19px}figure,tr,li{break-inside:avoid}h2,h3{break-after:avoid}.places{font-size:10px;line-height:13px}
.strip{string-set:marking content()}.invented{string-set:world content()}h1{string-set:title content()}}
@page{size:A4;margin:22mm 16mm 18mm;@top-left{content:string(marking);background:#000;color:#FFC000;font:600 9px sans-serif;padding:2px 8px;height:12px;margin:auto 0}
@top-right{content:string(world);color:#A84300;font:600 9px sans-serif}@bottom-left{content:"Vigia: " string(title);color:#46545C;font:9px sans-serif}
@bottom-right{content:"page " counter(page) " of " counter(pages);color:#46545C;font:9px sans-serif}}"""
TEXT = 'font-family="system-ui,sans-serif" font-size="11" fill="#46545C"'  # on the figures themselves: no printer need look for their style elsewhere


def write(run: dict, frame: gpd.GeoDataFrame, about: About) -> bytes:
    """`run` is as data/analyses.py `one` tells it. Of what is withheld there are its words alone."""
    told = run["told"] or {}
    given, withheld = told.get("given", {}), told.get("withheld")
    title = f"{told.get('title', run['method'])}"
    body = [f'<p class="strip">{escape(about.marking)}</p>', *(['<p class="wrong invented">EXERCISE: all data invented</p>'] if about.exercise else []), f"<h1>{escape(title)}</h1>",
            f'<p class="{"wrong" if withheld else "said"}">{escape(f"Withheld: {withheld}" if withheld else str(told.get("words", "")))}</p>']
    if not withheld:
        body += [_map(frame, told), *(_chart(chart) for chart in charts(told)[:CHARTS])]
    body += ["<h2>What it does not say</h2>", _list(told.get("limits") or ["Nothing is told."]), "<h2>What it rests on</h2>", _table([
        ("Seizures", f"{given.get('seizures', told.get('n', 0)):,}"), ("First and last", " to ".join(str(given[k])[:19].replace("T", " ") + " UTC" for k in ("first", "last") if given.get(k))),
        ("Seizures as read, sha256", given.get("sha256", "")), ("Question, sha256", run.get("key", "")), ("Filter", about.filter), ("Agencies", ", ".join(run["agencies"]) or "none"), ("Known of the ground", ", ".join(given.get("known", [])) or "nothing"),
        ("Effort", _plain(told.get("effort", "not asked"))), ("Significance", _plain(told.get("significance", ""))), ("Score", _plain(told.get("score") or ""))]),
        "<h2>Method</h2>", f'<p>{escape(str(told.get("source", "")))}</p>',
        _table([("Method", f"{run['method']}, version {run['version']}"), *((k.replace("_", " "), _plain(v)) for k, v in told.get("knobs", {}).items())])]
    if zones := run.get("zones"):
        body += ["<h2>Zones</h2>", f"<p>{escape(zones['name'])}, version {zones['version']}, locked by {escape(zones['locked_by'])} at {escape(zones['locked_at'][:19].replace('T', ' '))} UTC, "
                 f"sha256 {escape(zones['hash'])}</p>"]
    if not withheld and len(frame):
        body += ["<h2>Places</h2>", _places(frame, told.get("legend", {}))]
    body += [f'<p class="meta">{escape("; ".join(about.lines()))}</p>']
    return (f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
            f"<style>{STYLE}</style></head><body>{''.join(body)}</body></html>").encode()


def _plain(value: object) -> str:
    if isinstance(value, dict) and isinstance(value.get("rows"), list):
        rows = [r for r in value["rows"] if isinstance(r, dict) and r.get("model")]
        return "; ".join(f"{r['model']}{' (this)' if r.get('own') else ''}: " + ", ".join(f"{c.upper() if c != 'log' else c} {_interval(r[c])}" for c in ("pai", "log") if r.get(c) is not None) for r in rows)
    if isinstance(value, dict):
        return str(value["words"]) if "words" in value else ", ".join(f"{k.replace('_', ' ')} {_plain(v)}" for k, v in value.items() if not isinstance(v, (dict, list)))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _interval(value: object) -> str:
    return f"{value[0]:.3g} ({value[1]:.3g} to {value[2]:.3g})" if isinstance(value, list) and len(value) == 3 else _plain(value)


def _list(lines) -> str:
    return f"<ul>{''.join(f'<li>{escape(str(line))}</li>' for line in lines)}</ul>"


def _table(rows) -> str:
    return f"<table>{''.join(f'<tr><th>{escape(str(k))}</th><td>{escape(str(v))}</td></tr>' for k, v in rows if v not in ('', None))}</table>"


def _places(frame: gpd.GeoDataFrame, legend: dict) -> str:
    columns = [c for c in legend if c in frame.columns and frame[c].notna().any()]
    first = frame.head(ROWS)
    cells = {c: [_unit(v, g) for v, g in zip(first[c], first.geometry)] if c == "unit" else [_cell(v) for v in first[c]] for c in columns}
    numeric = {c: ' class="n"' if frame[c].dtype.kind in "iuf" else "" for c in columns}
    rows = "".join(f"<tr>{''.join(f'<td{numeric[c]}>{escape(cells[c][i])}</td>' for c in columns)}</tr>" for i in range(len(first)))
    more = f'<p class="meta">The first {ROWS} of {len(frame):,} places.</p>' if len(frame) > ROWS else ""
    meanings = _table([(c.replace("_", " "), legend[c]) for c in columns])
    head = "".join(f"<th>{escape(c.replace('_', ' '))}</th>" for c in columns)
    return f'<table class="places"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}{meanings}'


def _cell(value: object) -> str:
    return "" if value is None or value != value else _plain(value)


def _unit(value: object, shape: shapely.Geometry) -> str:
    """A unit by its name; a cell of a grid, which has a number alone, by where its middle is, as the panel says it (assets/js/analysis/words.mjs)."""
    if shape is None or not re.fullmatch(r"\d{6,}|[0-9a-f]{15}", str(value)):
        return _cell(value)
    west, south, east, north = shape.bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    return f"{abs(lat):.2f} {'S' if lat < 0 else 'N'} {abs(lon):.2f} {'W' if lon < 0 else 'E'}"


def _map(frame: gpd.GeoDataFrame, told: dict) -> str:
    """The places in plane degrees, east shrunk by the cosine of the latitude."""
    if frame.empty:
        return '<p class="meta">It found no place.</p>'
    west, south, east, north = frame.total_bounds
    shrink = max(0.05, float(np.cos(np.radians((south + north) / 2))))
    scale = min(WIDE / max((east - west) * shrink, 1e-6), HIGH / max(north - south, 1e-6))
    colours, words = _colours(frame)
    shapes, many = [], {}
    for shape, colour in zip(shapely.simplify(frame.geometry.to_numpy(), 0.5 / scale), colours):
        drawn = shapely.transform(shape, lambda xy: np.column_stack([(xy[:, 0] - west) * shrink * scale, (north - xy[:, 1]) * scale]))
        for part in getattr(drawn, "geoms", [drawn]):
            if part.geom_type == "Polygon" and len(frame) > MANY:
                many.setdefault(colour, []).append(_path(part))
            else:
                shapes.append(_shape(part, colour))
    shapes = [*(_filled("".join(paths), colour) for colour, paths in many.items()), *shapes]
    wide, high = (east - west) * shrink * scale, (north - south) * scale
    return (f'<figure><svg viewBox="-8 -8 {wide + 16:.0f} {high + 16:.0f}" width="{WIDE}" {TEXT} role="img" aria-label="Map of the places">{"".join(shapes)}</svg>'
            f"<figcaption>{escape(words)} From {west:.3f}, {south:.3f} to {east:.3f}, {north:.3f} (degrees east and north).</figcaption></figure>")


def _shape(part, colour: str) -> str:
    if part.geom_type == "Point":
        return f'<circle cx="{part.x:.1f}" cy="{part.y:.1f}" r="5" fill="{colour}" stroke="#172026"/>'
    return _filled(_path(part), colour) if part.geom_type == "Polygon" else f'<path d="{_path(part)}" fill="none" stroke="{colour}" stroke-width="3"/>'


def _path(part) -> str:
    rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
    return "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y, *_ in ring.coords) + ("Z" if part.geom_type == "Polygon" else "") for ring in rings if len(ring.coords))


def _filled(path: str, colour: str) -> str:
    return f'<path d="{path}" fill="{colour}" stroke="#8A989F" stroke-width="0.5" fill-rule="evenodd"/>'


def _colours(frame: gpd.GeoDataFrame) -> tuple[list[str], str]:
    if "level" in frame.columns and set(frame["level"].dropna()) <= set(CLASSES):
        return [CLASSES.get(v, "none") for v in frame["level"]], "Darker: surely more; blue: fewer; bare: as chance would give."
    column = next((c for c in VALUES if c in frame.columns and frame[c].dtype.kind in "if" and frame[c].notna().any()), None)
    if column is None:
        return [RAMP[1]] * len(frame), "Every place in one colour."
    cut = frame[column].quantile([1 / 3, 2 / 3]).to_list()
    return ["none" if v != v else RAMP[sum(v > c for c in cut)] for v in frame[column]], f"Darker: more of {column.replace('_', ' ')}, in thirds (up to {cut[0]:.3g}, {cut[1]:.3g}, above)."


def charts(told: dict) -> list[dict]:
    """A method's charts, each as series of name and y."""
    return [{**c, "series": c.get("series") or [{"name": "", "y": c.get("y", [])}]} for c in told.get("charts") or [] if c.get("x")]


def _chart(chart: dict) -> str:
    finite = [v for s in (*chart["series"], {"y": chart.get("low") or []}, {"y": chart.get("high") or []}) for v in s["y"] if isinstance(v, (int, float)) and np.isfinite(v)]
    if not finite:
        return ""
    top, low, n = max(0.0, *finite), min(0.0, *finite), len(chart["x"])

    def x(i: int) -> float:
        return LEFT + (i + 0.5) * (CHART_W - LEFT) / n

    def y(v: float) -> float:
        return TOP + (top - v) / ((top - low) or 1) * (CHART_H - BOTTOM - TOP)

    drawn = [f'<line x1="{LEFT}" x2="{CHART_W}" y1="{y(0):.1f}" y2="{y(0):.1f}" stroke="#8A989F"/>', f'<text x="{LEFT - 6}" y="{y(top) + 10:.1f}" text-anchor="end">{top:,.3g}</text>']
    if low < 0:
        drawn.append(f'<text x="{LEFT - 6}" y="{y(low):.1f}" text-anchor="end">{low:,.3g}</text>')
    for lo, hi, i in zip(chart.get("low") or [], chart.get("high") or [], range(n)):
        if lo is not None and hi is not None:
            drawn.append(f'<line x1="{x(i):.1f}" x2="{x(i):.1f}" y1="{y(lo):.1f}" y2="{y(hi):.1f}" stroke="#8A4B0F"/>')
    for series, colour in zip(chart["series"], ("#8A4B0F", "#3F6C9C", "#46545C", "#8A989F")):
        points = [(x(i), y(v)) for i, v in enumerate(series["y"]) if isinstance(v, (int, float)) and np.isfinite(v)]
        if chart.get("kind") == "lines":
            drawn.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.6" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in points)}"/>')
        elif chart.get("kind") == "intervals":
            drawn += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in points]
        else:
            wide = max(1.0, (CHART_W - LEFT) / n * 0.8)
            drawn += [f'<rect x="{a - wide / 2:.1f}" width="{wide:.1f}" y="{min(b, y(0)):.1f}" height="{abs(b - y(0)):.1f}" fill="{colour}"/>' for a, b in points]
    ends = [str(v)[:10] if isinstance(v, str) and "T" in v else _plain(v) for v in (chart["x"][0], chart["x"][-1])]
    drawn += [f'<text x="{LEFT}" y="{CHART_H - 6}">{escape(ends[0])}</text>', f'<text x="{CHART_W}" y="{CHART_H - 6}" text-anchor="end">{escape(ends[1])}</text>']
    names = " / ".join(s["name"] for s in chart["series"] if s["name"])
    caption = f"{chart.get('title', '')}{', ' + chart['unit'] if chart.get('unit') else ''}{': ' + names if names else ''}"
    return f'<figure><svg viewBox="0 0 {CHART_W} {CHART_H}" width="{CHART_W}" {TEXT} role="img" aria-label="{escape(caption)}">{"".join(drawn)}</svg><figcaption>{escape(caption)}</figcaption></figure>'
