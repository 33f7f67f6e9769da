"""Where an object can have been while nobody heard it: as far as its speed and the land allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import antimeridian
import numpy as np
import shapely
from pyproj import Transformer
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from shapely.geometry.base import BaseGeometry

from analysis.events.areas import WatchArea, dense, metres_round
from analysis.events.event import FixAt
from analysis.events.fixes import Fixes
from analysis.events.geo import RADIUS_M, haversine_m
from analysis.events.rows import speeds

# The speed (m/s) that one of a kind can keep up, by its code: vessel (50 kn), vehicle, container, tag, aircraft, drone, person. Ours: what is
# carried goes as fast as what carries it.
KEEPS_UP_MPS: Mapping[int, float] = {1: 25.7, 2: 40.0, 3: 40.0, 4: 40.0, 5: 280.0, 6: 30.0, 7: 40.0}
VESSEL = 1
STEPS = ((0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (2, 1), (2, -1), (1, -2))
LONGER = 1.0275  # a way in sixteen directions is at most so much longer than the straight one


@dataclass(frozen=True)
class Crossed:
    """A watch area that the zone touches: which share of the zone lies in it, and when at the earliest it can have been there."""

    id: int
    version: int
    share: float
    earliest_us: int


@dataclass(frozen=True)
class Zone:
    """`polygon` (EPSG:4326, cut at the antimeridian), its size and that of the plain circle (or lens) without land, the speed it is for, the areas."""

    polygon: BaseGeometry
    km2: float
    plain_km2: float
    mps: float
    land: bool  # whether land was in the way
    areas: tuple[Crossed, ...]


@dataclass(frozen=True)
class DarkZone:
    """From the last fix, as far as `mps` goes until now; when it was heard again, only places from which it could get there in time.

    Land stands in the way of vessels. It is laid on a grid of `cells` by `cells`; a cell is land only when all of it is, so no strait is ever closed, and ways
    are reckoned a little short rather than long: the zone may be some cells too large, and is never larger than the plain one.
    `mps` None: what the kind keeps up (`KEEPS_UP_MPS`); `observed_mps` tells it of the track's own fixes.

    >>> at = FixAt(1, 0, -97.0, 25.0)
    >>> zone = DarkZone(mps=10.0).apply(at, 3_600_000_000)
    >>> round(zone.km2), zone.km2 <= zone.plain_km2
    (4071, True)
    """

    mps: float | None = None
    cells: int = 160
    keeps_up_mps: Mapping[int, float] = field(default_factory=lambda: KEEPS_UP_MPS)

    def apply(self, first: FixAt, until_us: int, again: FixAt | None = None, kind: int = VESSEL, land: Iterable[BaseGeometry] = (),
              areas: Sequence[WatchArea] = ()) -> Zone:
        """From the last fix before the gap until `until_us` (now), or until it was heard `again`; `land` as polygons in EPSG:4326."""
        until_us = again.observed_us if again else until_us
        seconds = (until_us - first.observed_us) / 1e6
        if seconds <= 0:
            raise ValueError(f"the gap ends {-seconds} s before it begins")
        mps = self.mps or self.keeps_up_mps[kind]
        reach = mps * seconds
        if reach > RADIUS_M:
            raise ValueError(f"{mps} m/s for {seconds:.0f} s is {reach / 1e3:,.0f} km, more than a plane map holds: it can be anywhere")
        here = metres_round(first.lon, first.lat)
        there = np.array(here.transform(again.lon, again.lat)) if again else None
        # Distances between places that are not the middle are a little wrong on a plane: let them be long enough.
        reach *= 1 if again is None else 1 + (reach / RADIUS_M) ** 2 / 6
        plain = _lens(reach, there)
        shape, ways = plain, None
        if kind == VESSEL:
            ground = _ground(land, first, reach, here)
            if not ground.is_empty and ground.intersects(plain):
                shape, ways = self._by_sea(plain, ground, reach, there)
        crossed = tuple(filter(None, (self._crossed(a, shape, ways, here, first, mps) for a in areas)))
        return Zone(_degrees(shape, here, first), shape.area / 1e6, plain.area / 1e6, mps, ways is not None, crossed)

    def _by_sea(self, plain: BaseGeometry, ground: BaseGeometry, reach: float, there: np.ndarray | None) -> tuple[BaseGeometry, tuple | None]:
        west, south, east, north = plain.bounds
        cell = max(east - west, north - south) / self.cells
        west, south = west - 2 * cell, south - 2 * cell
        columns, rows = (int(np.ceil(span / cell)) + 2 for span in (east - west, north - south))
        x, y = west + (np.arange(columns) + 0.5) * cell, south + (np.arange(rows) + 0.5) * cell
        middle = np.stack(np.meshgrid(x, y), axis=-1)
        shapely.prepare(ground)
        dry = shapely.contains_xy(ground, middle[..., 0], middle[..., 1])
        at = np.nonzero(dry)
        low = middle[at] - cell / 2
        dry[at] = shapely.covers(ground, shapely.box(low[:, 0], low[:, 1], low[:, 0] + cell, low[:, 1] + cell))
        far = None
        for place in (np.zeros(2), there) if there is not None else (np.zeros(2),):
            start = tuple(((place - (west, south)) / cell).astype(int)[::-1])
            near = np.abs(np.arange(rows) - start[0])[:, None] + np.abs(np.arange(columns) - start[1]) <= 2
            if dry[near].all():  # far inland on this map of the shore, so the map says nothing
                return plain, None
            dry &= ~near  # a quay may lie behind the shore as drawn
            ways = _ways(~dry, start, cell)
            far = ways if far is None else far + ways
            first = ways if place is not there else first
        slack = 3 * cell * np.sqrt(2) * (1 if there is None else 2)
        inside = far <= reach * LONGER + slack
        boxes = []
        for row in np.flatnonzero(inside.any(axis=1)).tolist():  # runs of cells as one box each
            edge = np.flatnonzero(np.diff(np.r_[False, inside[row], False]))
            boxes.append(shapely.box(west + edge[::2] * cell, south + row * cell, west + edge[1::2] * cell, south + (row + 1) * cell))
        shape = shapely.union_all(np.concatenate(boxes)).intersection(plain)
        return shape, (middle, first, inside)

    def _crossed(self, area: WatchArea, shape: BaseGeometry, ways: tuple | None, here: Transformer, first: FixAt, mps: float) -> Crossed | None:
        if haversine_m(*area.centre, first.lon, first.lat) > RADIUS_M:
            return None
        watched = _projected(area.polygon, here)
        shared = shape.intersection(watched)
        if shared.is_empty:
            return None
        way = shapely.distance(watched, shapely.Point(0, 0))
        if ways is not None:
            middle, far, inside = ways
            at = inside & shapely.contains_xy(watched, middle[..., 0], middle[..., 1])
            way = max(way, float(far[at].min()) / LONGER) if at.any() else way
        return Crossed(area.id, area.version, shared.area / shape.area, first.observed_us + int(way / mps * 1e6))


def observed_mps(fixes: Fixes, share: float = 0.99, least_mps: float = 2.0) -> float:
    """The speed below which this share of a track's fixes lies, `least_mps` at least.

    >>> observed_mps(Fixes.of([1] * 4, range(4), [0] * 4, [0] * 4, speed_mps=[5, 6, 5, 7]), share=1.0)
    7.0
    """
    _, speed = speeds(fixes.possible())
    speed = speed[~np.isnan(speed)]
    return max(least_mps, float(np.quantile(speed, share)) if len(speed) else least_mps)


def _lens(reach: float, there: np.ndarray | None) -> BaseGeometry:
    """The circle round the middle, or the ellipse between it and `there`, within that circle; in metres."""
    circle = shapely.Point(0, 0).buffer(reach, quad_segs=64)
    if there is None:
        return circle
    apart = float(np.hypot(*there))
    long, short = reach / 2, np.sqrt(max(reach**2 - apart**2, 0)) / 2
    if apart >= reach:  # faster than the speed it is for: the straight way, a little wide
        return shapely.LineString([(0, 0), there]).buffer(max(apart * 0.01, 1.0))
    turn = np.linspace(0, 2 * np.pi, 257)[:-1]
    # Outside of the true curve between its corners, and never a line.
    ring = np.column_stack([long * np.cos(turn), max(short, reach * 0.01) * np.sin(turn)]) * 1.0001
    along = there / apart if apart else np.array([1.0, 0.0])
    return shapely.Polygon(there / 2 + ring @ np.array([along, [-along[1], along[0]]])).intersection(circle)


def _ways(wet: np.ndarray, start: tuple[int, int], cell: float) -> np.ndarray:
    """Metres by sea from a cell to every cell; infinite where there is no way."""
    number = np.arange(wet.size).reshape(wet.shape)
    one, two, length = [], [], []
    for down, right in STEPS:
        a = (slice(None, wet.shape[0] - down), slice(max(-right, 0), wet.shape[1] - max(right, 0)))
        b = (slice(down, None), slice(max(right, 0), wet.shape[1] + min(right, 0)))
        good = wet[a] & wet[b]
        if max(down, abs(right)) == 2:  # over two cells: one of them must be wet
            sign = int(np.sign(right))
            m, n = ((1, sign), (down - 1, right - sign))
            good &= _shifted(wet, a, m) | _shifted(wet, a, n)
        one.append(number[a][good])
        two.append(number[b][good])
        length.append(np.full(len(one[-1]), cell * np.hypot(down, right)))
    graph = sparse.csr_array((np.concatenate(length), (np.concatenate(one), np.concatenate(two))), shape=(wet.size, wet.size))
    return dijkstra(graph, directed=False, indices=int(number[start])).reshape(wet.shape)


def _shifted(wet: np.ndarray, a: tuple[slice, slice], by: tuple[int, int]) -> np.ndarray:
    rows, columns = (range(*s.indices(n)) for s, n in zip(a, wet.shape))
    return wet[rows.start + by[0]:rows.stop + by[0], columns.start + by[1]:columns.stop + by[1]]


def _ground(land: Iterable[BaseGeometry], first: FixAt, reach: float, here: Transformer) -> BaseGeometry:
    """The land within reach, in metres."""
    high = np.degrees(reach / RADIUS_M) * 1.05 + 0.1
    south, north = max(first.lat - high, -90), min(first.lat + high, 90)
    wide = 180.0 if max(abs(south), abs(north)) >= 89 else min(180.0, high / np.cos(np.radians(max(abs(south), abs(north)))))
    parts = []
    for part in land:
        for turn in (-360, 0, 360):
            near = shapely.clip_by_rect(part, first.lon - wide + turn, south, first.lon + wide + turn, north)
            parts += [_projected(p, here) for p in shapely.get_parts(near) if p.geom_type == "Polygon" and not p.is_empty]
    return shapely.union_all(parts) if parts else shapely.Polygon()


def _projected(shape: BaseGeometry, here: Transformer) -> BaseGeometry:
    parts = []
    for part in shapely.get_parts(shape):
        outer, *holes = (np.column_stack(here.transform(*dense(np.asarray(r.coords)[:, :2]).T)) for r in (part.exterior, *part.interiors))
        parts.append(shapely.make_valid(shapely.Polygon(outer, holes)))
    return shapely.union_all(parts)


def _degrees(shape: BaseGeometry, here: Transformer, first: FixAt) -> BaseGeometry:
    """Metres back to degrees, cut at the antimeridian."""
    parts = []
    for part in shapely.get_parts(shape):
        if part.geom_type != "Polygon":
            continue
        rings = [np.column_stack(here.transform(*np.asarray(r.coords).T, direction="INVERSE")) for r in (part.exterior, *part.interiors)]
        north, south = (bool(part.contains(shapely.Point(here.transform(0.0, pole)))) for pole in (90.0, -90.0))
        fixed = antimeridian.fix_polygon(shapely.Polygon(rings[0], rings[1:]), force_north_pole=north, force_south_pole=south, fix_winding=True)
        parts += shapely.get_parts(fixed).tolist()
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
