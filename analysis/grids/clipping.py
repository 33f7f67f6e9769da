"""Cells clipped to where something can be: the area asked about, land, and the ground near a border."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from analysis.ground import Ground
from analysis.grids import crs as metres
from analysis.grids.outlines import wrapped
from errors import PointsRefused, TooFew

MOST = 1_000_000  # cells of one grid
FEW_VERTICES = 256  # of a piece of land: small enough to cut many cells by
SLIVER = 1e-9  # the share of a cell under which what is left of it is an error of rounding


def wanted(ground: Ground, border_km: float, outlines: np.ndarray) -> list[shapely.Geometry]:
    """What cells are clipped to, one after the other."""
    told = [shape for shape in (ground.area, ground.land) if shape is not None]
    return [*told, near_border(ground, border_km, shapely.total_bounds(outlines))] if border_km > 0 else told


def clipped(outlines: np.ndarray, shapes: list[shapely.Geometry]) -> tuple[np.ndarray, np.ndarray]:
    """What is left of each outline within all shapes, and which have anything left. Outlines in degrees.

    >>> left, kept = clipped(np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]), [shapely.box(0, 0, 0.5, 1)])
    >>> kept.tolist(), left[0].area
    ([True, False], 0.5)
    """
    outlines, kept = outlines.copy(), np.ones(len(outlines), bool)
    for shape in shapes:
        at = np.flatnonzero(kept)
        if not at.size:
            break
        whole = shapely.clip_by_rect(shape, *shapely.total_bounds(outlines[at]))
        shapely.prepare(whole)
        cut = at[~shapely.covers(whole, outlines[at])]
        full = shapely.area(outlines[cut])
        outlines[cut] = _within(outlines[cut], whole)
        kept[cut] = shapely.area(outlines[cut]) > SLIVER * full
    return outlines, kept


def _within(outlines: np.ndarray, whole: shapely.Geometry) -> np.ndarray:
    pieces = np.array(list(_pieces(whole)), object)
    if not len(pieces) or not len(outlines):
        return np.full(len(outlines), shapely.Polygon(), object)
    cell, piece = shapely.STRtree(pieces).query(outlines, predicate="intersects")
    parts = shapely.intersection(outlines[cell], pieces[piece])
    out = np.full(len(outlines), shapely.Polygon(), object)
    once = np.bincount(cell, minlength=len(outlines)) == 1
    alone = once[cell]
    out[cell[alone]] = parts[alone]
    order = np.argsort(cell[~alone], kind="stable")
    several, parts = cell[~alone][order], parts[~alone][order]
    starts = np.flatnonzero(np.diff(several, prepend=-1))
    for at, group in zip(several[starts], np.split(parts, starts[1:])):
        out[at] = shapely.union_all(group)
    # a cell that only touches land along a line has a line left, which is nothing
    return np.array([shape if shape.geom_type in ("Polygon", "MultiPolygon") else shapely.union_all([p for p in shapely.get_parts(shape) if p.area > 0]) for shape in out], object)


def _pieces(shape: shapely.Geometry):
    """A shape in rectangles of few vertices each, so that no cell is cut by a whole coast."""
    for part in shapely.get_parts(shape):
        if part.area == 0:
            continue
        if shapely.get_num_coordinates(part) <= FEW_VERTICES:
            yield part
            continue
        west, south, east, north = part.bounds
        if east - west >= north - south:
            middle = (west + east) / 2
            halves = ((west, south, middle, north), (middle, south, east, north))
        else:
            middle = (south + north) / 2
            halves = ((west, south, east, middle), (west, middle, east, north))
        for half in halves:
            yield from _pieces(shapely.clip_by_rect(part, *half))


def near_border(ground: Ground, border_km: float, bounds: np.ndarray) -> shapely.Geometry:
    """The ground within `border_km` of the lines of sections that come near these bounds, each measured in a plane that fits it."""
    lines = sections_of(ground).geometry.to_numpy()
    lines = lines[shapely.intersects(lines, widened(tuple(bounds), border_km))]
    return shapely.union_all(wrapped(np.array([_around(line, border_km) for line in lines], object))) if len(lines) else shapely.Polygon()


def _around(line: shapely.Geometry, km: float) -> shapely.Geometry:
    at = shapely.get_coordinates(line)
    fit = metres.fitted(at[:, 0], at[:, 1])
    return metres.to_degrees(shapely.buffer(metres.to_plane(line, fit), km * 1000), fit)


def widened(bounds: tuple[float, float, float, float], km: float) -> shapely.Geometry:
    """A box in degrees with so many kilometres more on each side."""
    west, south, east, north = bounds
    up = km / 110.0
    aside = up / np.cos(np.radians(min(max(abs(south), abs(north)) + up, metres.POLE_DEG)))
    return shapely.box(west - aside, south - up, east + aside, north + up)


def sections_of(ground: Ground) -> gpd.GeoDataFrame:
    """The border sections of the ground, in EPSG:4326. Raises PointsRefused where there are none, or two with one id."""
    told = ground.sections
    if told is None or not len(told):
        raise PointsRefused("no border sections are known here: give a file of them, or choose a grid of cells without a border")
    twice = told.id[told.id.duplicated()]
    if len(twice):
        raise PointsRefused(f"border sections have an id of their own; {len(twice)} have one that another has too, the first is {twice.iloc[0]}")
    return told if told.crs is None or told.crs == "EPSG:4326" else told.to_crs(4326)


def refuse_many(cells: float, smaller: str) -> None:
    """Nothing is cut off in silence: too many cells are refused with their number."""
    if cells > MOST:
        raise PointsRefused(f"that would be {cells:,.0f} cells, and at most {MOST:,} are looked at at once: take {smaller}, or a smaller area")


def refuse_none(kept: np.ndarray, what: str) -> None:
    """Raises TooFew where nothing is left of any cell."""
    if not kept.any():
        raise TooFew(f"no {what} is left within the area asked about, on land and near the border: nothing can be said here")
