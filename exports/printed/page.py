"""The map as HTML that WeasyPrint prints (exports/printing.py): on the first sheet the map with its legend, on what follows the seizures as a table. No script, nothing from outside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path

import geopandas
import pandas as pd

from data.records import DRUG_WORD
from exports.about import About
from exports.printed import drawing, paper
from exports.printed.asked import Asked
from exports.printed.paper import Ground, fitted, grid_reference
from exports.printed.times import moment

ROWS = 200  # of the table
NAMED = 10  # agencies and sources that are named
MADE_OF_SEIZURES = ("hotspots", "sections")  # they reach no further than what they are of, and are as fine as the ground asks for
EMPTY_BOUNDS = (-170.0, -60.0, 170.0, 75.0)
FAMILY_WORDS = {"sea": "Vessels", "air": "Aircraft, drones", "land": "Vehicles, containers, tags, persons"}
HOT_WORDS = {3: "Far more", 2: "Many more", 1: "More", -1: "Fewer"}
RATE_WORDS = ("up to 7", "over 7", "over 90")
SHORT = {210: 105, 297: 170, 420: 250}  # letters of the filter in the title, by the width of the sheet in millimetres
NOT_DRAWN = {"events": "events and alerts", "notes": "notes", "coverage": "ground not looked at"}


@dataclass(frozen=True)
class Who:
    """Who made it, and where the basemap lies."""

    name: str
    basemap: Path


STYLE = """*{{box-sizing:border-box}}
@page{{size:{wide}mm {high}mm;margin:{top}mm {side}mm {bottom}mm;
@top-center{{content:string(marking);background:#000;color:{tlp};font:600 9.5pt "IBM Plex Sans",sans-serif;letter-spacing:.06em;padding:1.2mm 4mm;height:6mm;margin:auto}}
@bottom-center{{content:string(marking);background:#000;color:{tlp};font:600 9.5pt "IBM Plex Sans",sans-serif;letter-spacing:.06em;padding:1.2mm 4mm;height:6mm;margin:auto}}
@top-left{{content:string(world);color:#A84300;font:600 8.5pt "IBM Plex Sans",sans-serif}}
@bottom-left{{content:string(made);color:#46545C;font:7.5pt/10pt "IBM Plex Sans",sans-serif}}
@bottom-right{{content:"Page " counter(page) " of " counter(pages);color:#46545C;font:7.5pt "IBM Plex Sans",sans-serif}}}}
body{{margin:0;font:8.5pt/11.5pt "IBM Plex Sans","Noto Sans Arabic","Noto Sans Hebrew","Noto Sans Devanagari","Noto Sans Thai",sans-serif;color:#172026}}
.said{{height:0;overflow:hidden;font-size:0;line-height:0}}.said p{{margin:0}}.m{{string-set:marking content()}}.w{{string-set:world content()}}.d{{string-set:made content()}}
.sheet{{position:relative;height:{inner_high}mm;width:{inner_wide}mm;overflow:hidden}}
.head{{position:absolute;top:0;left:0;right:0;height:{head}mm;border-top:.6mm solid #172026;padding-top:1.6mm;overflow:hidden}}
h1{{font-size:15pt;line-height:18pt;font-weight:600;margin:0}}.head p{{margin:0;color:#46545C;font-size:9pt;line-height:12pt}}
.head .scale{{position:absolute;right:0;top:1.6mm;text-align:right;color:#172026}}.head .scale b{{font-size:11pt;line-height:18pt;font-weight:600}}
.map{{position:absolute;left:{labels}mm;top:{map_top}mm;width:{map_wide}mm;height:{map_high}mm}}.map svg{{position:absolute;left:0;top:0}}
.clip{{position:absolute;left:0;top:0;width:100%;height:100%;overflow:hidden}}
i{{position:absolute;font-style:normal;white-space:nowrap}}
i.lon,i.lat{{font-size:7pt;line-height:4mm;height:4mm;width:24mm;text-align:center;color:#46545C}}i.lat.left{{transform:rotate(-90deg)}}i.lat.right{{transform:rotate(90deg)}}
i.corner{{background:rgba(255,255,255,.9);font:500 7pt/4mm "IBM Plex Sans",sans-serif;padding:0 1.2mm;color:#172026}}
i.place b{{font-weight:500;background:rgba(243,241,235,.78);border-radius:1mm;padding:0 .5mm}}i.turned{{text-align:right}}i.place{{color:#2B363C}}
i.dot{{width:3.2px;height:3.2px;border-radius:50%;background:#F3F1EB;border:.8px solid #2B363C}}
i.country{{text-align:center;font-weight:600;letter-spacing:.14em;text-transform:uppercase;color:#5F6D75;font-size:11px;line-height:11px}}
i.water{{text-align:center;font-style:italic;color:#3C6A86;font-size:11px;line-height:11px}}
i.number{{background:rgba(255,255,255,.92);border:.5px solid #8A989F;border-radius:1mm;font-weight:600;font-size:7.5px;line-height:9px;height:10px;text-align:center;color:#172026}}
.panel{{position:absolute;{panel};font-size:0}}.column{{display:inline-block;overflow:hidden;{column}}}
h2{{font-size:8pt;line-height:11pt;font-weight:600;letter-spacing:.05em;text-transform:uppercase;color:#46545C;margin:0 0 1mm;border-bottom:.2mm solid #C3C9CA}}
.part{{margin:0 0 3mm}}.part p{{margin:0 0 .6mm;font-size:7.6pt;line-height:10pt}}.part p.wrong{{color:#A84300}}
.column{{font-size:8.5pt}}.row{{position:relative;padding-left:9mm;min-height:4.4mm;font-size:7.8pt;line-height:4.6mm}}.row svg{{position:absolute;left:0;top:0}}.row b{{font-weight:400;color:#46545C;float:right}}.two .row{{display:inline-block;width:46%;margin-right:4%;padding-left:8.4mm;white-space:nowrap}}
dl{{margin:0 0 3mm;font-size:8.5pt;line-height:11.5pt}}dt{{float:left;clear:left;color:#46545C;width:27mm}}dd{{margin:0 0 .8mm 28mm;overflow-wrap:anywhere}}
.sizes{{position:relative;height:7.6mm}}.sizes i{{top:2.2mm;font-size:6.8pt;line-height:8pt;color:#46545C}}
.bar{{position:relative;height:8mm}}.bar svg{{position:absolute;left:0;top:0}}.bar i{{top:3.2mm;font-size:7pt;line-height:9pt;width:16mm;text-align:center}}
.about{{break-before:page}}.about h2,.list h2{{font-size:12pt;line-height:15pt;letter-spacing:0;text-transform:none;color:#172026;border-bottom:0;margin:0 0 1.5mm}}.list{{margin-top:5mm}}.list p,.about p{{margin:0 0 2mm;color:#46545C}}
.list table{{border-collapse:collapse;width:100%;font-size:7.6pt;line-height:10pt;table-layout:fixed}}.list th{{text-align:left;font-weight:600;color:#46545C;border-bottom:.4mm solid #172026;padding:1mm 1.5mm 1mm 0;vertical-align:bottom}}
.list td{{padding:.9mm 1.5mm .9mm 0;border-bottom:.2mm solid #DDE0DF;vertical-align:top;overflow-wrap:anywhere}}.list tr{{break-inside:avoid}}.list .n{{text-align:right;font-variant-numeric:tabular-nums}}
"""
TLP_INK = {"TLP:RED": "#FF2B2B", "TLP:AMBER": "#FFC000", "TLP:GREEN": "#33FF00", "TLP:CLEAR": "#FFFFFF"}  # ref: TLP 2.0, on black


def write(frames: dict[str, geopandas.GeoDataFrame], about: About, asked: Asked, who: Who) -> bytes:
    """The page. `frames` are those that are drawn (Asked.drawn); seizures stand in the table, too."""
    sheet = asked.sheet
    ground = laid(frames, asked)
    rows = _rows(frames.get("seizures"))
    drawn = drawing.draw(ground, frames, who.basemap, sheet.paper, {int(id): n for n, id in enumerate(rows.id[:drawing.NUMBERED], 1)} if len(rows) else {})
    made = f"Made {moment(about.made_at, asked.zone)}" + ("" if str(asked.zone) == "UTC" else f", {about.made_at:%H:%M} UTC") + f", by {who.name}, with Vigia"
    body = [
        f'<div class="said"><p class="m">{escape(about.marking)}</p><p class="w">{"EXERCISE: all data invented" if about.exercise else ""}</p><p class="d">{escape(made)}</p></div>',
        f'<section class="sheet"><header class="head"><div class="scale"><b>1 : {ground.scale:,}</b><p>at {_lat(ground)}</p></div><h1>{escape(_title(frames))}</h1>'
        f"<p>{escape(asked.window)}</p><p>{escape(_short(asked))}</p></header>",
        _map(ground, drawn), _panel(ground, drawn, frames, asked), "</section>",
        f'<section class="about"><h2>What is shown</h2>{_pairs(asked.words)}<h2>What it was made of</h2>{_pairs(_sources(frames, about, drawn))}'
        f"{''.join(f'<p>{escape(line)}</p>' for line in _left_out(drawn, asked))}<p>{escape(made)}.</p></section>",
    ]
    if "seizures" in frames:
        body.append(_table(rows, len(frames["seizures"]), drawn.on_map, ground, asked))
    return (f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(_title(frames))}</title><style>{_style(sheet, about)}</style></head><body>{"".join(body)}</body></html>').encode()


def laid(frames: dict[str, geopandas.GeoDataFrame], asked: Asked) -> Ground:
    """The ground on the sheet: what was asked for, or where the records lie."""
    return fitted(asked.frame or _bounds({name: frame for name, frame in frames.items() if name not in MADE_OF_SEIZURES}), *asked.sheet.map_mm)


def _style(sheet: paper.Sheet, about: About) -> str:
    (wide, high), (inner_wide, inner_high), (map_wide, map_high) = sheet.size_mm, sheet.inner_mm, sheet.map_mm
    map_top = paper.HEAD_MM + paper.LABELS_MM
    if sheet.lying:
        panel, column = f"right:0;top:{map_top}mm;width:{paper.PANEL_MM[sheet.paper]}mm;bottom:0", f"width:100%;height:{inner_high - map_top}mm"
    else:
        panel, column = f"width:{(inner_wide - 10) / 3:.2f}mm;bottom:0;height:{paper.FOOT_MM}mm", f"width:100%;height:{paper.FOOT_MM}mm"
    return STYLE.format(wide=wide, high=high, inner_wide=inner_wide, inner_high=inner_high, map_wide=map_wide, map_high=map_high, map_top=map_top, top=paper.TOP_MM, bottom=paper.BOTTOM_MM,
                        side=paper.SIDE_MM, head=paper.HEAD_MM, labels=paper.LABELS_MM, panel=panel, column=column, tlp=TLP_INK.get(about.marking.split("+")[0], "#FFFFFF"))


def _title(frames: dict) -> str:
    named = [name for key, name in (("seizures", "seizures"), ("tracks", "movements"), ("hotspots", "hotspots"), ("sections", "border sections"), ("images", "imagery")) if key in frames]
    told = ", ".join(named[:-1]) + (" and " if len(named) > 1 else "") + named[-1] if named else "ground alone"
    return f"Map of {told}"


def _map(ground: Ground, drawn: drawing.Drawn) -> str:
    wide, high = ground.wide_mm, ground.high_mm
    corners = ground.corners()
    place = {"NW": "left:0;top:0", "NE": "right:0;top:0", "SW": "left:0;bottom:0", "SE": "right:0;bottom:0"}
    return (f'<div class="map">{drawn.under}<div class="clip">{drawn.names}</div>{drawn.over}<div class="clip">{drawn.numbers}</div>'
            + "".join(f'<i class="corner" style="{place[name]}">{escape(told)}</i>' for name, told in corners.items()) + drawing.labels(ground) + f"</div><!-- {wide} x {high} mm -->")


def _panel(ground: Ground, drawn: drawing.Drawn, frames: dict, asked: Asked) -> str:
    scale = _part("Scale and grid", _bar(ground) + _scale_words(ground))
    left_out = "".join(f'<p class="wrong">{escape(line)}</p>' for line in _left_out(drawn, asked))
    ours, counted, base = _legend(drawn, frames)
    last = _part("Ground", base + left_out)
    columns = [scale + ours + counted + last] if asked.sheet.lying else [ours, counted, scale + last] if counted else [ours, scale, last]
    apart = (asked.sheet.inner_mm[0] - 10) / 3 + 5  # columns of an upright sheet, from left to left
    return "".join(f'<div class="panel"{"" if asked.sheet.lying else f" style={chr(34)}left:{n * apart:.2f}mm{chr(34)}"}><div class="column">{told}</div></div>' for n, told in enumerate(columns))


def _short(asked: Asked) -> str:
    """The filter in one line; of a long one its beginning."""
    told = "; ".join(f"{heading}: {text}" for heading, text in asked.words if heading not in ("World", "Window")) or "No filter but world and window"
    most = SHORT[asked.sheet.size_mm[0]]
    return told if len(told) <= most else f"{told[:most - 30].rsplit(' ', 1)[0]} … (all of it on page 2)"


def _legend(drawn: drawing.Drawn, frames: dict) -> tuple[str, str, str]:
    """Of records, of what was counted from them, and of the ground."""
    ours = counted = ""
    if "seizures" in frames:
        counts = drawing.drug_counts(frames["seizures"])
        rows = [_row(drawing.disc(7, 8, drug, 13), DRUG_WORD[drug], f"{n:,}") for drug, n in counts.items()]
        ours += _part("Seizures", f'<div class="two">{"".join(rows)}</div>{_sizes(drawn.share)}' if rows else "<p>None.</p>")
    if "tracks" in frames:
        rows = [_row(f'<path d="M0 8H26" fill="none" stroke="{drawing.FAMILIES[family][0]}" stroke-width="1.6"{_dashes(family)}/>', FAMILY_WORDS[family], f"{n:,}") for family, n in drawn.families.items()]
        ours += _part("Movements", "".join(rows) or "<p>None.</p>")
    if "hotspots" in frames:
        hot = frames["hotspots"]
        rows = [_row(f'<rect x="2" y="3" width="20" height="10" fill="{colour}" fill-opacity="{share * 0.75:.2f}" stroke="{colour}" stroke-width="0.6"/>', HOT_WORDS[level])
                for level, (colour, share) in drawing.HOT.items() if len(hot) and (hot.level == level).any()]
        counted += _part("Hotspots, beside chance", f'<div class="two">{"".join(rows)}</div>' if rows else "<p>Nowhere.</p>")
    if "sections" in frames:
        rows = [_row(f'<path d="M0 8H26" stroke="{colour}" stroke-width="{width}" stroke-opacity="0.8"/>', told) for (colour, width), told in zip(drawing.RATE_LOOK, RATE_WORDS)]
        counted += _part("Seizures per 100 km of border", f'<div class="two">{"".join(rows)}</div>' if len(frames["sections"]) else "<p>None.</p>")
    ground = [("images" in frames, f'<rect x="1" y="2" width="24" height="12" fill="{drawing.INK}" fill-opacity="0.05" stroke="{drawing.INK}" stroke-width="0.8" stroke-dasharray="6 2"/>', "Outline of an image", f"{len(frames.get('images', ())):,}"),
              (drawn.basemap, f'<path d="M0 8H26" stroke="{drawing.BORDER}" stroke-opacity="0.14" stroke-width="8"/><path d="M0 8H26" stroke="{drawing.BORDER}" stroke-width="1.3" stroke-dasharray="9 2.5 2 2.5"/>', "Country border", ""),
              (drawn.basemap, f'<path d="M0 8H26" stroke="{drawing.STATE}" stroke-width="0.8" stroke-dasharray="4 2"/>', "State or province border", ""),
              (True, f'<path d="M0 8H26M13 1V15" stroke="{drawing.INK}" stroke-opacity="0.4" stroke-width="0.6"/>', "Grid of degrees", "")]
    return ours, counted, "".join(_row(svg, told, n) for on, svg, told, n in ground if on)


def _sizes(share: float) -> str:
    """Discs by weight, as wide as they are drawn."""
    circles, words, x = "", "", 2.0
    for size, told in zip(drawing.DISC_PX, ("under 1", "1", "10", "100", "1,000")):
        wide = size * share
        circles += f'<circle cx="{x + wide / 2:.1f}" cy="14" r="{wide / 2:.1f}" fill="none" stroke="#46545C"/>'
        words += f'<i style="left:{x + wide + 2:.1f}px">{told}</i>'
        x += wide + 6 + 5.4 * len(told)
    return f'<div class="sizes">{_svg(round(x), 28, circles)}{words}<i style="left:{x:.1f}px">kg</i></div>'


def _dashes(family: str) -> str:
    dashes = drawing.FAMILIES[family][1]
    return f' stroke-dasharray="{dashes}"' if dashes else ""


def _row(svg: str, told: str, n: str = "") -> str:
    return f'<div class="row">{_svg(28, 17, svg)}<b>{n}</b>{escape(told)}</div>'


def _svg(wide: int, high: int, shapes: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}">{shapes}</svg>'


def _part(heading: str, told: str) -> str:
    return f'<div class="part"><h2>{escape(heading)}</h2>{told}</div>'


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return f"<dl>{''.join(f'<dt>{escape(k)}</dt><dd>{escape(v)}</dd>' for k, v in pairs)}</dl>"


def _bar(ground: Ground) -> str:
    metres, mm = ground.bar()
    wide, unit, shown = mm * drawing.PX, ("km" if metres >= 1000 else "m"), metres / (1000 if metres >= 1000 else 1)
    quarters = "".join(f'<rect x="{4 + n * wide / 4:.2f}" y="2" width="{wide / 4:.2f}" height="6" fill="{drawing.INK if n % 2 == 0 else "#FFFFFF"}" stroke="{drawing.INK}" stroke-width="0.7"/>' for n in range(4))
    ends = "".join(f'<i style="left:{4 / drawing.PX + mm * share - 8:.2f}mm">{told}</i>' for share, told in ((0, "0"), (0.5, f"{shown / 2:,g}"), (1, f"{shown:,g} {unit}")))
    return f'<div class="bar">{_svg(round(wide) + 8, 10, quarters)}{ends}</div>'


def _scale_words(ground: Ground) -> str:
    _, south, _, north = ground.bounds
    low, high = (_far(ground, lat) for lat in (south, north))
    return f"<p>1 : {ground.scale:,}, true at {_lat(ground)}; 1 : {low:,} along the lower edge and 1 : {high:,} along the upper. Web Mercator (EPSG:3857), WGS 84; corners in MGRS to 10 m.</p>"


def _far(ground: Ground, lat: float) -> int:
    return round(paper.GEOD.inv(ground.middle[0] - 0.01, lat, ground.middle[0] + 0.01, lat)[2] / (ground.placed([[ground.middle[0] + 0.01, lat]]) - ground.placed([[ground.middle[0] - 0.01, lat]]))[0, 0] * 1000)


def _lat(ground: Ground) -> str:
    lat = ground.middle[1]
    return f"{abs(lat):.2f}° {'S' if lat < 0 else 'N'}"


def _sources(frames: dict, about: About, drawn: drawing.Drawn) -> list[tuple[str, str]]:
    agencies = {a for frame in frames.values() if "agency" in frame.columns for a in frame.agency if isinstance(a, str)}
    sources = {s for frame in frames.values() if "source" in frame.columns for s in frame.source if isinstance(s, str)}
    out = [("Agencies", _named(agencies)), ("Sources", _named(sources)), ("Map", ", ".join(about.attribution) if drawn.basemap else "no basemap is installed: no coast, border or place is drawn")]
    return [(k, v) for k, v in out if v]


def _named(names: set[str]) -> str:
    told = ", ".join(sorted(names)[:NAMED])
    return told if len(names) <= NAMED else f"{told} and {len(names) - NAMED:,} more"


def _left_out(drawn: drawing.Drawn, asked: Asked) -> list[str]:
    out = [f"Not on paper: {', '.join(NOT_DRAWN[layer] for layer in asked.not_drawn)}."] if asked.not_drawn else []
    return out + ([f"Drawn are the {drawn.marks:,} heaviest of {drawn.on_map:,} seizures on this ground."] if drawn.marks < drawn.on_map else [])


def _bounds(frames: dict) -> tuple[float, float, float, float]:
    """Of what is drawn, with a little round it."""
    boxes = [f.total_bounds for f in frames.values() if len(f) and not f.geometry.isna().all()]
    if not boxes:
        return EMPTY_BOUNDS
    west, south, east, north = (float(fn(b[i] for b in boxes)) for i, fn in enumerate((min, min, max, max)))
    rim_x, rim_y = (east - west) * 0.03, (north - south) * 0.03
    return (west - rim_x if west - rim_x >= -180 else -180.0, south - rim_y, min(180.0, east + rim_x), north + rim_y)


def _rows(frame: geopandas.GeoDataFrame | None) -> pd.DataFrame:
    if frame is None or not len(frame):
        return pd.DataFrame({"id": []})
    return frame.sort_values("started_at", ascending=False, kind="stable").head(ROWS)


COLUMNS = (("No.", 8), ("When", 34), ("Drug", 17), ("kg", 14), ("Place", 0), ("MGRS", 41), ("Agency", 25), ("Marking", 20))  # millimetres; the place has the rest


def _table(rows: pd.DataFrame, total: int, on_map: int, ground: Ground, asked: Asked) -> str:
    head = "".join(f'<th{" class=n" if name == "kg" else ""}{f" style={chr(34)}width:{wide}mm{chr(34)}" if wide else ""}>{name}</th>' for name, wide in COLUMNS)
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in (_cells(n, row, asked) for n, row in enumerate(rows.itertuples(), 1)))
    some = f"The newest {len(rows):,} of {total:,} seizures; the CSV and GeoPackage exports of the same filter have all." if len(rows) < total else f"All {total:,} seizures."
    numbered = min(len(rows), drawing.NUMBERED)
    told = f"{some} {on_map:,} of {total:,} lie on the map." + (f" Numbers 1 to {numbered} stand beside their marks where there is room." if numbered else "")
    return f'<section class="list"><h2>Seizures</h2><p>{escape(told)}</p>' + (f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if len(rows) else "") + "</section>"


def _cells(number: int, row, asked: Asked) -> list[str]:
    kg = "" if row.kg is None or row.kg != row.kg else f"{row.kg:,.1f}"
    where = "" if row.geometry is None else grid_reference(row.geometry.x, row.geometry.y)
    if where and (precision := getattr(row, "precision_m", None)) and precision == precision and precision > 10:
        where += f" ± {precision / 1000:,.3g} km" if precision >= 1000 else f" ± {precision:,.0f} m"
    told = (f"{number}", _when(row, asked), DRUG_WORD[row.drug], kg, getattr(row, "place", None) or "", where, row.agency if isinstance(row.agency, str) else "", row.marking)
    return [f'<td{" class=n" if name == "kg" else ""}>{escape(str(text))}</td>' for (name, _), text in zip(COLUMNS, told)]


def _when(row, asked: Asked) -> str:
    span = getattr(row, "time_span", "event")
    if span == "event":
        there = row.started_at.astimezone(asked.zone)
        return f"{there:%-d %b %Y %H:%M} {there.tzname()}"
    start, end = (t.astimezone(asked.zone) for t in (row.started_at, getattr(row, "ended_at", row.started_at)))
    return f"{start:%-d %b %Y}" if span == "day" else f"{start:%b %Y}" if span == "month" else f"{start:%-d %b %Y} to {end:%-d %b %Y}"
