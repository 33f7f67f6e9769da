"""Where an operation's effect is looked for: a buffer round it, and control areas that were like it before. Proposed from what was before it alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from analysis.effects.flat import flat as flat_crs
from analysis.effects.flat import in_degrees, in_metres
from analysis.effects.operation import inside, refuse_overlap
from analysis.moments import moment
from analysis.points import checked
from errors import KnobRefused, PointsRefused

METHOD = "zones"


@dataclass(frozen=True)
class Proposed:
    """`zones` (role, name, geometry, and of controls level and unlike); `sha256` names them with their dates; `words` say how they came about."""

    zones: gpd.GeoDataFrame
    sha256: str
    words: list[str]


def proposed(points: pd.DataFrame, area: shapely.Geometry, start: str, end: str, *, before_days: int = 364, buffer_km: float = 0.0, controls: int = 3,
             land: shapely.Geometry | None = None) -> Proposed:
    """A buffer ring round an operation's area, and areas of its shape elsewhere whose level and course before it were most like its own.

    Nothing from its start on is looked at, so that what the zones are can't depend on what came out. `buffer_km` 0: as wide as makes the ring twice the area
    (for a circle). A control lies clear of operation and buffer, and of the others; on land where `land` is told. `unlike` is the root mean square
    difference of the two courses (4-week means of log counts): 0 the same. Raises PointsRefused, KnobRefused.
    """
    points = checked(points, method=METHOD, needs=30, in_time=True)
    if area is None or area.is_empty or shapely.get_dimensions(area) != 2 or not area.is_valid:
        raise PointsRefused(f"{METHOD}: an operation's area must be a valid polygon")
    begun = moment(start, "start", METHOD)
    if moment(end, "end", METHOD) <= begun:
        raise KnobRefused(f"{METHOD}: the operation ends before it starts")
    before = points[(points.t < begun) & (points.t >= begun - pd.Timedelta(days=before_days))]
    if not inside(before, area).any():
        raise PointsRefused(f"{METHOD}: nothing is known in the operation's area in the {before_days} days before {begun:%Y-%m-%d}: its effect can't be told from nothing")
    flat = in_metres(area, area)
    radius_m = float(np.sqrt(flat.area / np.pi))
    width_m = buffer_km * 1000 or (np.sqrt(3) - 1) * radius_m
    ring = flat.buffer(width_m, quad_segs=8)
    near = in_degrees(ring, area)
    rows = [("operation", "operation", area, np.nan, np.nan), ("buffer", f"within {width_m / 1000:.1f} km", shapely.difference(near, area), np.nan, np.nan)]
    found = _controls(before, begun, before_days, area, flat, ring, controls, land)
    rows += [("control", f"control {i + 1}", geometry, level, unlike) for i, (geometry, level, unlike) in enumerate(found)]
    zones = gpd.GeoDataFrame(rows, columns=["role", "name", "geometry", "level", "unlike"], geometry="geometry", crs=4326)
    refuse_overlap(zones, METHOD)
    words = [f"The buffer reaches {width_m / 1000:.1f} km round the operation's area of {flat.area / 1e6:,.0f} km².",
             f"{len(found)} control areas of its shape were chosen among places clear of it by what was before {begun:%Y-%m-%d} alone: "
             + "; ".join(f"control {i + 1} had {level:.0%} as many" for i, (_, level, _) in enumerate(found)) + "."]
    if len(found) < controls:
        words.append(f"{controls} were asked for: no other place had half to twice as many before.")
    return Proposed(zones, zones_hash(zones, start, end), words)


def zones_hash(zones: gpd.GeoDataFrame, start: str, end: str) -> str:
    """The sha256 of which areas and which dates an effect is asked of: what is locked before anybody looks. Order and the way a ring runs do not matter.

    >>> one = gpd.GeoDataFrame({"role": ["operation"], "name": ["a"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    >>> turned = one.set_geometry([shapely.box(0, 0, 1, 1, ccw=False)])
    >>> told = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
    >>> zones_hash(one, *told) == zones_hash(turned, *told), zones_hash(one, *told) == zones_hash(one, told[0], "2026-02-02T00:00:00Z")
    (True, False)
    """
    # Rounded to a centimetre before it is put in order, so that a way through text and back gives the same.
    shapes = shapely.normalize(shapely.transform(zones.geometry.to_numpy(), lambda xy: np.round(xy, 7) + 0.0))
    wkb = shapely.to_wkb(shapes, hex=True, byte_order=1, include_srid=False)
    parts = sorted([str(role), str(name), shape] for role, name, shape in zip(zones["role"], zones["name"], wkb))
    dates = [moment(told, knob, METHOD).isoformat() for told, knob in ((start, "start"), (end, "end"))]
    return hashlib.sha256(json.dumps([parts, dates]).encode()).hexdigest()


def candidates(xy: np.ndarray, shape: shapely.Geometry, clear_of: shapely.Geometry, land: shapely.Geometry | None, *, step: float = 0.5) -> list[shapely.Geometry]:
    """An operation's shape laid over the ground that points lie on, each clear of `clear_of`; they may overlap one another. All in metres.

    From west to east and south to north; `step` is how far one is from the next, as a share of the shape's width.
    """
    west, south, east, north = shape.bounds
    by = step * np.array([east - west, north - south])
    # Only where points are: a shape over ground where nothing was ever found is like no operation.
    cells = np.unique(np.floor((xy - (west, south)) / by).astype(np.int64), axis=0)
    shapely.prepare(clear_of)
    out = []
    for cell in cells:
        there = shapely.transform(shape, lambda ring, cell=cell: ring + cell * by)
        if not clear_of.intersects(there) and (land is None or shapely.area(shapely.intersection(land, there)) >= 0.9 * there.area):
            out.append(there)
    return out


def flat_points(points: pd.DataFrame, of: shapely.Geometry) -> np.ndarray:
    """(n, 2): where points lie, in metres round the middle of a shape."""
    return np.column_stack(pyproj.Transformer.from_crs(4326, flat_crs(of), always_xy=True).transform(points.lon.to_numpy(), points.lat.to_numpy()))


def _controls(before: pd.DataFrame, begun: pd.Timestamp, before_days: int, area: shapely.Geometry, flat: shapely.Geometry, ring: shapely.Geometry, most: int,
              land: shapely.Geometry | None) -> list[tuple[shapely.Geometry, float, float]]:
    xy = flat_points(before, area)
    month = np.minimum(((begun - before.t) / pd.Timedelta(days=28)).to_numpy().astype(np.int64), max(1, before_days // 28) - 1)

    def course(shape: shapely.Geometry) -> np.ndarray:
        west, south, east, north = shape.bounds
        near = np.flatnonzero((xy[:, 0] >= west) & (xy[:, 0] <= east) & (xy[:, 1] >= south) & (xy[:, 1] <= north))
        return np.bincount(month[near[shapely.contains_xy(shape, xy[near])]], minlength=max(1, before_days // 28))

    own = course(flat)
    rated = []
    for shape in candidates(xy, flat, ring, in_metres(land, area) if land is not None else None):
        theirs = course(shape)
        level = float(theirs.sum() / max(own.sum(), 1))
        if 0.5 <= level <= 2:
            # Level falls out of every measure (each area is held against its own before), so a course is compared at one level.
            apart = np.log(own + 0.5) - np.log(theirs + 0.5)
            unlike = float(np.sqrt(np.mean((apart - apart.mean()) ** 2)))
            rated.append((unlike + 0.1 * abs(np.log(level)), shape.bounds, unlike, level, shape))
    chosen: list[tuple] = []
    for one in sorted(rated, key=lambda r: r[:2]):
        if len(chosen) < most and not any(shapely.intersects(one[-1], other[-1].buffer(1.0)) for other in chosen):
            chosen.append(one)
    if not chosen:
        raise PointsRefused(f"{METHOD}: no place clear of the operation and its buffer had half to twice its {int(own.sum())} in the {before_days} days before: "
                            "give more of the ground round it, or draw a control area by hand")
    return [(in_degrees(shape, area), level, unlike) for _, _, unlike, level, shape in chosen]


def like_places(before: pd.DataFrame, zones: gpd.GeoDataFrame, own: shapely.Geometry, land: shapely.Geometry | None, most: int) -> list[shapely.Geometry]:
    """The operation's shape elsewhere, up to `most` times: a quarter to four times as many before, nearest to as many first, clear of all zones and of each other."""
    flat = in_metres(own, own)
    taken = in_metres(shapely.union_all(zones.geometry.to_numpy()), own).buffer(1.0)
    clear = shapely.union(taken, flat.buffer(float(np.sqrt(flat.area / np.pi)) * (np.sqrt(3) - 1)))
    xy = flat_points(before, own)
    found = candidates(xy, flat, clear, in_metres(land, own) if land is not None else None)
    # About as many scatter about as much: a break is then as large by chance in one as in another.
    mine = shapely.contains_xy(flat, xy).sum() + 0.5
    unlike = [abs(float(np.log((shapely.contains_xy(shape, xy).sum() + 0.5) / mine))) for shape in found]
    chosen: list[shapely.Geometry] = []
    for far, shape in sorted(zip(unlike, found), key=lambda r: (r[0], r[1].bounds)):
        if far <= np.log(4) and len(chosen) < most and not any(shapely.intersects(shape, other.buffer(-1.0)) for other in chosen):
            chosen.append(shape)
    return [in_degrees(shape, own) for shape in chosen]
