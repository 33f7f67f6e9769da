"""Land borders: the lines two countries share in OpenStreetMap's country polygons, less what lies at sea; and their sections.

Lengths and distances use these lines as they are. The generalised ones are for drawing only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import geopandas
import numpy as np
import shapely
from pyproj import Geod
from shapely import STRtree

WGS84 = Geod(ellps="WGS84")
SECTION_M = 25_000  # sections are equal parts of a line, near this long
SECTION_LEAST_M, SECTION_MOST_M = 10_000, 50_000
DIGITS = 7
CHUNK = 24  # vertices


@dataclass(frozen=True)
class Border:
    """What two countries share on land."""

    a: str
    b: str
    lines: list[shapely.LineString]
    length_m: float


def read(path: Path) -> dict[str, list[np.ndarray]]:
    """Rings of every country (ISO A3) in the GeoJSON."""
    told = json.loads(path.read_bytes())
    out: dict[str, list[np.ndarray]] = {}
    for feature in told["features"]:
        geometry = feature["geometry"]
        polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        out.setdefault(feature["properties"]["A3"], []).extend(np.asarray(ring, float) for polygon in polygons for ring in polygon)
    return out


def shared(countries: dict[str, list[np.ndarray]]) -> dict[tuple[str, str], list[shapely.LineString]]:
    """The edges two countries have in common, joined to lines."""
    codes = sorted(countries)
    parts = [(i, ring) for i, code in enumerate(codes) for ring in countries[code]]
    starts = np.concatenate([r[:-1] for _, r in parts])
    ends = np.concatenate([r[1:] for _, r in parts])
    owner = np.concatenate([np.full(len(r) - 1, i) for i, r in parts])
    a, b = (np.round(v * 10**DIGITS).astype(np.int64) for v in (starts, ends))
    # An edge is the same whichever way a ring goes through it.
    turned = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    low, high = np.where(turned[:, None], b, a), np.where(turned[:, None], a, b)
    key = np.column_stack([low, high])
    order = np.lexsort(key.T[::-1])
    key, who, edge = key[order], owner[order], order
    same = np.all(key[1:] == key[:-1], axis=1) & (who[1:] != who[:-1])
    at = np.flatnonzero(same)
    pair_a, pair_b = np.minimum(who[at], who[at + 1]), np.maximum(who[at], who[at + 1])
    out: dict[tuple[str, str], list[shapely.LineString]] = {}
    lines = shapely.linestrings(np.stack([starts[edge[at]], ends[edge[at]]], axis=1))
    for i, j in set(zip(pair_a.tolist(), pair_b.tolist())):
        mine = lines[(pair_a == i) & (pair_b == j)]
        merged = shapely.line_merge(shapely.multilinestrings(mine))
        out[codes[i], codes[j]] = list(shapely.get_parts(merged))
    return out


def on_land(pairs: dict[tuple[str, str], list[shapely.LineString]], land: list[shapely.Polygon]) -> list[Border]:
    """What of the shared lines lies on land (lakes and rivers are on land)."""
    tree = STRtree(land)
    out = []
    for (a, b), lines in sorted(pairs.items()):
        chunks = np.array([shapely.LineString(xy[i:i + CHUNK]) for line in lines for xy in [shapely.get_coordinates(line)]
                           for i in range(0, len(xy) - 1, CHUNK - 1)], object)
        # Most of a border lies well inside one piece of land; only the rest is cut.
        inside = np.zeros(len(chunks), bool)
        inside[tree.query(chunks, predicate="covered_by")[0]] = True
        pieces = list(chunks[inside])
        for chunk in chunks[~inside]:
            near = tree.query(chunk, predicate="intersects")
            if len(near):
                cut = shapely.intersection(chunk, shapely.union_all([land[i] for i in near]))
                pieces += [p for p in shapely.get_parts(cut) if p.geom_type == "LineString"]
        if not pieces:
            continue
        merged = [p for p in shapely.get_parts(shapely.line_merge(shapely.multilinestrings(pieces)))]
        length = sum(length_m(p) for p in merged)
        if length > 500:
            out.append(Border(a, b, merged, length))
    return out


def length_m(line: shapely.LineString) -> float:
    """Geodesic metres."""
    xy = shapely.get_coordinates(line)
    return float(WGS84.line_length(xy[:, 0], xy[:, 1]))


def sections(borders: list[Border], names: dict[str, str]) -> geopandas.GeoDataFrame:
    """Equal parts of each line, near SECTION_M, ordered along it; short remains go with the nearest part's line."""
    rows = []
    number = 0
    for border in borders:
        ordinal = 0
        for line in sorted(border.lines, key=lambda g: (g.bounds[0], g.bounds[1])):
            total = length_m(line)
            # A scrap between two bits of sea is a section only when it is long enough to patrol, or all there is.
            if total < SECTION_LEAST_M and border.length_m > SECTION_LEAST_M:
                continue
            for piece in cut(line, max(1, round(total / SECTION_M))):
                ordinal += 1
                number += 1
                rows.append({
                    "id": number, "name": f"{names.get(border.a, border.a)}–{names.get(border.b, border.b)} {ordinal:03d}",
                    "country_a": border.a, "country_b": border.b, "ordinal": ordinal, "length_m": length_m(piece), "geometry": piece,
                })
    return geopandas.GeoDataFrame(rows, geometry="geometry", crs=4326)


def cut(line: shapely.LineString, parts: int) -> list[shapely.LineString]:
    """A line in parts of equal geodesic length."""
    xy = shapely.get_coordinates(line)
    step = WGS84.inv(xy[:-1, 0], xy[:-1, 1], xy[1:, 0], xy[1:, 1])[2]
    along = np.r_[0.0, np.cumsum(step)]
    marks = np.linspace(0, along[-1], parts + 1)
    x, y = np.interp(marks, along, xy[:, 0]), np.interp(marks, along, xy[:, 1])
    out = []
    for i, (low, high) in enumerate(zip(marks[:-1], marks[1:])):
        inside = (along > low) & (along < high)
        out.append(shapely.LineString(np.vstack([[x[i], y[i]], xy[inside], [x[i + 1], y[i + 1]]])))
    return out


def chaikin(line: shapely.LineString, passes: int = 2) -> shapely.LineString:
    """Corners cut, for drawing a generalised line softly; the ends stay."""
    xy = shapely.get_coordinates(line)
    for _ in range(passes):
        if len(xy) < 3:
            break
        a, b = xy[:-1], xy[1:]
        between = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
        xy = np.vstack([xy[:1], between, xy[-1:]])
    return shapely.LineString(xy)


def drawn(borders: list[Border], tolerance_deg: float | None) -> list[shapely.LineString]:
    """The lines for drawing at a zoom: generalised and softened, or as stored."""
    lines = [line for border in borders for line in border.lines]
    if tolerance_deg is None:
        return lines
    simple = shapely.simplify(np.array(lines, object), tolerance_deg)
    return [chaikin(line) for line in simple if not line.is_empty]


