"""The map of a printed sheet, as two SVG drawings (the ground, and what is shown on it) and the names between them.

Names are HTML: WeasyPrint lays an SVG text out letter by letter, which no Arabic survives.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import geopandas
import numpy as np
import shapely

from data.records import DRUG_LETTER, DRUGS
from exports import ground as basemap_ground
from exports.printed.paper import Ground, degrees

PX = 96 / 25.4  # CSS pixels a millimetre: what SVG and HTML here are written in
# The colours of assets/css/tokens.css, light: paper is white.
LAND, WATER, COAST, RIVER, STATE, BORDER, LINE, INK, QUIET = "#F3F1EB", "#D3DFE6", "#7C96A5", "#A9C0CD", "#A19F95", "#6B4E75", "#8A989F", "#172026", "#46545C"
DRUG_COLOURS = {"cocaine": "#14131C", "opioid": "#8B1748", "ats": "#1F5BC4", "cannabis": "#2C4A0A", "heroin": "#A3630C", "other": "#6B7378"}
DISC_PX, DISC_KG = (11, 13, 16, 20, 25), (1, 10, 100, 1000)  # as the map has them; the least is larger, so that its letter is read
FAMILIES = {"sea": ("#00696E", ""), "air": ("#5A3CC4", "5 2"), "land": ("#2A2F33", "7 1.5 1.5 1.5")}  # colour and dashes
FAMILY = {"vessel": "sea", "aircraft": "air", "drone": "air"}
HOT = {3: ("#7A4700", 0.6), 2: ("#B57A14", 0.6), 1: ("#E0B860", 0.62), -1: ("#3F6C9C", 0.5)}
RATES = (7.4, 90)  # seizures per 100 km: above each the line is darker and wider
RATE_LOOK = (("#E0B860", 3.0), ("#B57A14", 4.6), ("#7A4700", 6.4))
MARKS = 2000  # seizures drawn, the largest
MANY = {"a4": ((80, 1.0), (250, 0.82), (MARKS, 0.66)), "a3": ((160, 1.0), (500, 0.82), (MARKS, 0.66))}  # up to so many marks are drawn at this share of their width
NUMBERED = 60  # of the table, numbered on the map too
NAMES = {"a4": 45, "a3": 90}
FINE_PX = 0.35  # nothing finer is drawn
LAYERS = ("land", "lakes", "rivers", "states", "coast", "borders", "names", "places")
ZOOM_MAX = 11
EM = 0.56  # of a letter's height: how wide letters are, about


@dataclass
class Drawn:
    """`under` and `over` are SVG, `names` and `numbers` HTML; the rest says what the legend tells: how many marks lie on the map, and of which things there are any."""

    under: str = ""
    over: str = ""
    names: str = ""
    numbers: str = ""
    on_map: int = 0
    marks: int = 0
    families: dict[str, int] = field(default_factory=dict)
    basemap: bool = False
    share: float = 1.0  # of their width that discs have: many are drawn smaller


class Boxes:
    """Where text stands already, in pixels: what would run into it is not put there."""

    def __init__(self, wide: float, high: float) -> None:
        self._size, self._taken = (wide, high), np.empty((0, 4))

    def take(self, x: float, y: float, wide: float, high: float) -> bool:
        """Whether a box (its upper left corner, width, height) is free and on the map; it is taken then."""
        if x < 2 or y < 2 or x + wide > self._size[0] - 2 or y + high > self._size[1] - 2:
            return False
        t = self._taken
        if ((t[:, 0] < x + wide) & (t[:, 2] > x) & (t[:, 1] < y + high) & (t[:, 3] > y)).any():
            return False
        self.put(x, y, wide, high)
        return True

    def put(self, x: float, y: float, wide: float, high: float) -> None:
        """Take a box, whatever is there."""
        self._taken = np.vstack([self._taken, [x, y, x + wide, y + high]])


def draw(ground: Ground, frames: dict[str, geopandas.GeoDataFrame], basemap: Path, paper: str, numbers: dict[int, int]) -> Drawn:
    """A map of `frames`, of which each that is given is drawn: seizures, tracks, images, hotspots, sections. `numbers` are those of the table, by a seizure's id."""
    wide, high = ground.wide_mm * PX, ground.high_mm * PX
    out, boxes = Drawn(), Boxes(wide, high)
    for x in (2, wide - 107):
        for y in (2, high - 17):
            boxes.take(x, y, 105, 15)  # of the corners' MGRS
    under = [f'<rect width="{wide:.1f}" height="{high:.1f}" fill="{WATER}"/>']
    held = _basemap(ground, basemap)
    out.basemap = bool(held)
    under += _base(ground, held)
    if "hotspots" in frames:
        under += _hexagons(ground, frames["hotspots"])
    under += _grid(ground)
    over: list[str] = []
    if "images" in frames:
        over += _outlines(ground, frames["images"])
    if "sections" in frames:
        over += _sections(ground, frames["sections"])
    if "tracks" in frames:
        over += _tracks(ground, frames["tracks"], out)
    if "seizures" in frames:
        marks, told = _seizures(ground, frames["seizures"], out, numbers, boxes, paper)
        over += marks
        out.numbers = "".join(told)
    out.names = "".join(_names(ground, held, boxes, NAMES[paper]))
    edge = f'<rect x="0.5" y="0.5" width="{wide - 1:.1f}" height="{high - 1:.1f}" fill="none" stroke="{INK}" stroke-width="1"/>'
    out.under, out.over = _svg(wide, high, under), _svg(wide, high, [*over, edge])
    return out


def labels(ground: Ground) -> str:
    """The grid's degrees, in the margin round the map (paper.LABELS_MM of it), as HTML."""
    step, meridians, parallels = ground.grid()
    wide, high = ground.wide_mm, ground.high_mm
    out = []
    for lon in meridians:
        x = float(ground.placed([[lon, ground.middle[1]]])[0, 0])
        if 6 < x < wide - 6:
            text = escape(degrees(lon, step, "EW"))
            out += [f'<i class="lon" style="left:{x - 12:.2f}mm;top:-4.4mm">{text}</i>', f'<i class="lon" style="left:{x - 12:.2f}mm;top:{high + 0.8:.2f}mm">{text}</i>']
    for lat in parallels:
        y = float(ground.placed([[ground.middle[0], lat]])[0, 1])
        if 6 < y < high - 6:
            text = escape(degrees(lat, step, "NS"))
            out += [f'<i class="lat left" style="left:-14.6mm;top:{y - 2:.2f}mm">{text}</i>', f'<i class="lat right" style="left:{wide - 9.4:.2f}mm;top:{y - 2:.2f}mm">{text}</i>']
    return "".join(out)


def _basemap(ground: Ground, basemap: Path) -> dict[str, geopandas.GeoDataFrame]:
    # A pixel of a tile of 256 is a quarter of a millimetre.
    zoom = max(0, min(ZOOM_MAX, math.floor(math.log2(2 * math.pi * 6_378_137 / (64 * ground.per_mm)))))
    held: dict[str, list] = {}
    for box in ground.boxes():
        for layer, rows in basemap_ground.pieces(basemap, shapely.box(*box), zoom, LAYERS).items():
            held.setdefault(layer, []).append(rows)
    return {layer: geopandas.pd.concat(rows, ignore_index=True) for layer, rows in held.items()}


def _base(ground: Ground, held: dict[str, geopandas.GeoDataFrame]) -> list[str]:
    look = {
        "land": f'fill="{LAND}"', "lakes": f'fill="{WATER}"', "rivers": f'fill="none" stroke="{RIVER}" stroke-width="0.8"',
        "states": f'fill="none" stroke="{STATE}" stroke-width="0.7" stroke-dasharray="4 2"', "coast": f'fill="none" stroke="{COAST}" stroke-width="0.8"',
    }
    out = [_filled(ground, held[layer].geometry.values, f'{style} fill-rule="evenodd"') if layer in ("land", "lakes") else _lined(ground, held[layer].geometry.values, style)
           for layer, style in look.items() if layer in held]
    if "borders" in held:
        shapes = held["borders"].geometry.values
        out += [_lined(ground, shapes, f'fill="none" stroke="{BORDER}" stroke-opacity="0.14" stroke-width="8"'),
                _lined(ground, shapes, f'fill="none" stroke="{BORDER}" stroke-width="1.3" stroke-dasharray="9 2.5 2 2.5"')]
    return out


def _grid(ground: Ground) -> list[str]:
    _, meridians, parallels = ground.grid()
    wide, high = ground.wide_mm * PX, ground.high_mm * PX
    xs = [float(ground.placed([[lon, ground.middle[1]]])[0, 0]) * PX for lon in meridians]
    ys = [float(ground.placed([[ground.middle[0], lat]])[0, 1]) * PX for lat in parallels]
    path = "".join([*(f"M{x:.1f} 0V{high:.1f}" for x in xs), *(f"M0 {y:.1f}H{wide:.1f}" for y in ys)])
    return [f'<path d="{path}" fill="none" stroke="{INK}" stroke-opacity="0.28" stroke-width="0.5"/>'] if path else []


def _hexagons(ground: Ground, frame: geopandas.GeoDataFrame) -> list[str]:
    out = []
    for level, (colour, share) in HOT.items():
        shapes = frame.geometry.values[(frame.level == level).to_numpy()] if len(frame) else []
        out.append(_filled(ground, shapes, f'fill="{colour}" fill-opacity="{share * 0.75:.2f}" stroke="{colour}" stroke-width="0.6"'))
    return [path for path in out if path]


def _outlines(ground: Ground, frame: geopandas.GeoDataFrame) -> list[str]:
    return [_filled(ground, frame.geometry.values, f'fill="{INK}" fill-opacity="0.05" stroke="{INK}" stroke-width="0.8" stroke-dasharray="6 2"')] if len(frame) else []


def rate_class(rate: float) -> int:
    """Which of RATE_LOOK a rate of seizures per 100 km has."""
    return sum(rate > over for over in RATES)


def _sections(ground: Ground, frame: geopandas.GeoDataFrame) -> list[str]:
    out = []
    for number, (colour, width) in enumerate(RATE_LOOK):
        of_class = [shape for shape, rate in zip(frame.geometry.values, frame.rate) if rate_class(rate) == number] if len(frame) else []
        out.append(_lined(ground, of_class, f'fill="none" stroke="{colour}" stroke-width="{width}" stroke-opacity="0.8"'))
    return [path for path in out if path]


def _tracks(ground: Ground, frame: geopandas.GeoDataFrame, out: Drawn) -> list[str]:
    drawn = []
    for family, (colour, dashes) in FAMILIES.items():
        shapes = [shape for shape, kind in zip(frame.geometry.values, frame.kind) if FAMILY.get(kind, "land") == family] if len(frame) else []
        if not shapes:
            continue
        out.families[family] = len(shapes)
        path = _lines(ground, shapes)
        drawn += [f'<path d="{path}" fill="none" stroke="#FFFFFF" stroke-opacity="0.7" stroke-width="2.4"/>',
                  f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.2"{f" stroke-dasharray={chr(34)}{dashes}{chr(34)}" if dashes else ""}/>'] if path else []
    return drawn


def disc_px(kg: float | None) -> int:
    """How wide a seizure's disc is, by its weight; one of no known weight is as small as the least."""
    return DISC_PX[0] if kg is None or kg != kg else DISC_PX[sum(kg >= least for least in DISC_KG)]


def disc(x: float, y: float, drug: str, wide: float) -> str:
    """A seizure's mark: its colour and its letter, so that it is told without colour."""
    return (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{wide / 2:.1f}" fill="{DRUG_COLOURS[drug]}" stroke="#FFFFFF" stroke-width="{0.9 if wide > 9 else 0.6}"/>'
            f'<text x="{x:.1f}" y="{y + wide * 0.2:.1f}" text-anchor="middle" font-family="IBM Plex Sans,sans-serif" font-weight="600" font-size="{wide * 0.56:.1f}" fill="#FFFFFF">{DRUG_LETTER[drug]}</text>')


def _seizures(ground: Ground, frame: geopandas.GeoDataFrame, out: Drawn, numbers: dict[int, int], boxes: Boxes, paper: str) -> tuple[list[str], list[str]]:
    if not len(frame):
        return [], []
    placed = frame[frame.geometry.notna().to_numpy() & ~_aggregate(frame)]
    at = ground.placed(np.column_stack([placed.geometry.x, placed.geometry.y])) if len(placed) else np.empty((0, 2))
    on = (at >= 0).all(axis=1) & (at[:, 0] <= ground.wide_mm) & (at[:, 1] <= ground.high_mm)
    at, placed = at[on] * PX, placed[on]
    out.on_map = len(placed)
    kg = placed.kg.astype(float).fillna(0).to_numpy()
    order = np.argsort(-kg, kind="stable")[:MARKS]  # the largest lie lowest
    out.marks = len(order)
    drugs, ids, marks = placed.drug.tolist(), placed.id.tolist(), []
    out.share = next(share for most, share in MANY[paper] if out.marks <= most)
    sizes = [disc_px(k) * out.share for k in placed.kg.astype(float)]
    for i in order:
        marks.append(disc(*at[i], drugs[i], sizes[i]))
        boxes.put(at[i][0] - sizes[i] / 2, at[i][1] - sizes[i] / 2, sizes[i], sizes[i])
    told = []
    for i in sorted((i for i in order if ids[i] in numbers), key=lambda i: numbers[ids[i]]):
        (x, y), number, far = at[i], str(numbers[ids[i]]), sizes[i] / 2 + 1
        wide = 2 + 5.2 * len(number)
        for left, top in ((x + far, y - 5), (x - far - wide, y - 5), (x - wide / 2, y - far - 10), (x - wide / 2, y + far)):
            if boxes.take(left, top, wide, 10):
                told.append(f'<i class="number" style="left:{left:.1f}px;top:{top:.1f}px;width:{wide:.1f}px">{number}</i>')
                break
    return marks, told


def _aggregate(frame: geopandas.GeoDataFrame) -> np.ndarray:
    """Rows that stand for several seizures: no place of one."""
    return frame["aggregate"].astype(bool).to_numpy() if "aggregate" in frame.columns else np.zeros(len(frame), bool)


def _names(ground: Ground, held: dict[str, geopandas.GeoDataFrame], boxes: Boxes, most: int) -> Iterable[str]:
    if "names" in held and len(held["names"]):
        rows = held["names"]
        for (x, y), name, kind in zip(_points(ground, rows), rows["name"], rows["class"]):
            size = 11
            wide = EM * size * len(name) * 1.15
            if kind in ("country", "water") and boxes.take(x - wide / 2, y - size / 2, wide, size):
                yield f'<i class="{kind}" style="left:{x - wide:.1f}px;top:{y - size / 2:.1f}px;width:{2 * wide:.1f}px">{escape(name)}</i>'
    if "places" not in held or not len(held["places"]):
        return
    rows = held["places"].sort_values("population", ascending=False).drop_duplicates(["name", "population"])
    n = 0
    for (x, y), name, people in zip(_points(ground, rows), rows["name"], rows["population"]):
        size = 10.5 if people >= 100_000 else 9
        wide, high = EM * size * len(name) + 3, size * 1.25
        for left, turned in ((x + 3, False), (x - 3 - wide, True)):
            if 0 <= x <= ground.wide_mm * PX and 0 <= y <= ground.high_mm * PX and boxes.take(left, y - high / 2, wide, high):
                yield (f'<i class="dot" style="left:{x - 1.6:.1f}px;top:{y - 1.6:.1f}px"></i>'
                       f'<i class="place{" turned" if turned else ""}" style="left:{left:.1f}px;top:{y - high / 2:.1f}px;width:{wide:.1f}px;font-size:{size}px;line-height:{high:.1f}px"><b>{escape(name)}</b></i>')
                n += 1
                break
        if n == most:
            return


def _points(ground: Ground, rows: geopandas.GeoDataFrame) -> np.ndarray:
    middles = shapely.centroid(rows.geometry.values)
    return ground.placed(np.column_stack([shapely.get_x(middles), shapely.get_y(middles)])) * PX


def _onto(ground: Ground, shapes) -> list[shapely.Geometry]:
    """Shapes in pixels of the paper, cut a little outside of the map, no finer than FINE_PX."""
    wide, high, rim = ground.wide_mm * PX, ground.high_mm * PX, 10
    placed = [shapely.transform(shape, lambda xy: ground.placed(xy) * PX) for shape in shapes if shape is not None and not shape.is_empty]
    return [s for s in shapely.clip_by_rect(shapely.simplify(np.array(placed, object), FINE_PX, preserve_topology=False), -rim, -rim, wide + rim, high + rim) if s is not None and not s.is_empty]


def _filled(ground: Ground, shapes, style: str) -> str:
    """Areas as one path. Pieces of tiles lie over each other at their rims: they are put together first."""
    placed = _onto(ground, shapes)
    if not placed:
        return ""
    parts = shapely.get_parts(shapely.union_all(shapely.make_valid(np.array(placed, object))) if "stroke" not in style else np.array(placed, object))
    path = "".join(_ring(r) for part in parts if part.geom_type == "Polygon" for r in (part.exterior, *part.interiors))
    return f'<path d="{path}" {style}/>' if path else ""


def _lined(ground: Ground, shapes, style: str) -> str:
    path = _lines(ground, shapes)
    return f'<path d="{path}" {style}/>' if path else ""


def _lines(ground: Ground, shapes) -> str:
    return "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in part.coords) for shape in _onto(ground, shapes) for part in shapely.get_parts(shape) if part.geom_type == "LineString")


def _ring(ring) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring.coords) + "Z"


def _svg(wide: float, high: float, shapes: list[str]) -> str:
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.1f}" height="{high:.1f}" viewBox="0 0 {wide:.1f} {high:.1f}">'
            f'<defs><clipPath id="edge"><rect width="{wide:.1f}" height="{high:.1f}"/></clipPath></defs><g clip-path="url(#edge)">{"".join(shapes)}</g></svg>')


def drug_counts(frame: geopandas.GeoDataFrame) -> dict[str, int]:
    """How many rows of each drug there are, in the map's order; none of which there are none."""
    told = frame.drug.value_counts() if len(frame) else {}
    return {drug: int(told[drug]) for drug in DRUGS if drug in told}
