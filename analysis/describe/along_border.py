"""Density along a border's line, and by the distance from it."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.special import ndtr

from analysis.describe.counting import CountedPoints, K
from analysis.grids import crs
from analysis.grids.clipping import sections_of
from analysis.ground import Ground
from errors import PointsRefused

BAND_KM = 5.0
LEAST_M = 1.0
BANDS = 20


def density(counted: CountedPoints, ground: Ground, bandwidth_m: float) -> tuple[np.ndarray, np.ndarray, float, list[str]]:
    """Per section: what is added up by km along the line, how many seizures are near, the bandwidth in metres, and what has to be said.

    Sections that meet end to end are one line; a kernel does not reach past a line's end, nor from one line to another. Where three meet, all end.
    """
    units, points = counted.units, counted.points
    lines = sections_of(ground).set_index("id").loc[list(units.ids)].geometry.to_numpy()
    flat = crs.to_plane(lines, units.crs)
    whole = shapely.get_parts(shapely.line_merge(shapely.union_all(shapely.multilinestrings([p for p in shapely.get_parts(flat)]))))
    x, y = crs.forward(units.crs, points.lon, points.lat)
    placed = np.flatnonzero(np.asarray(counted.shares.sum(axis=1)).ravel() > 0)
    at = shapely.points(np.asarray(x)[placed], np.asarray(y)[placed])
    line = shapely.STRtree(whole).nearest(at)
    s = shapely.line_locate_point(whole[line], at)
    h = bandwidth_m or _rule(s, line)
    if h < LEAST_M:
        raise PointsRefused("kde: the seizures lie at one place of the border, so the rule gives no bandwidth: tell bandwidth_m")
    each = np.sqrt(h**2 + points.precision_m.to_numpy()[placed] ** 2 / 4)
    value, near = np.zeros(len(units)), np.zeros(len(units))
    middle = shapely.line_interpolate_point(_longest(flat), 0.5, normalized=True)
    owner = shapely.STRtree(whole).nearest(middle)
    for i in range(len(units)):
        mine = line == owner[i]
        if not mine.any():
            continue
        ends = np.sort(shapely.line_locate_point(whole[owner[i]], shapely.get_point(_longest(flat[i:i + 1])[0], [0, -1])))
        length = shapely.length(whole[owner[i]])
        share = sum(ndtr((ends[1] - place) / each[mine]) - ndtr((ends[0] - place) / each[mine]) for place in (s[mine], -s[mine], 2 * length - s[mine]))
        value[i] = (counted.of[placed][mine] * share).sum() / max((ends[1] - ends[0]) / 1000, 1e-9)
        near[i] = np.exp(-0.5 * ((s[mine] - ends.mean()) / np.maximum(each[mine], (ends[1] - ends[0]) / 2)) ** 2).sum()
    return value, near, h, ["Along the border: a seizure counts where its nearest place of the line is, however far it lies from it."]


def _longest(lines: np.ndarray) -> np.ndarray:
    return np.array([max(shapely.get_parts(shape), key=shapely.length) for shape in lines], object)


def _rule(s: np.ndarray, line: np.ndarray) -> float:
    """Silverman's for one dimension, of the line with most seizures."""
    most = s[line == np.bincount(line).argmax()]
    quarter = np.subtract(*np.percentile(most, [75, 25])) / 1.349
    spread = min(most.std(), quarter) if quarter > 0 else most.std()
    return float(0.9 * spread * len(most) ** (-1 / 5))


def told(counted: CountedPoints, ground: Ground) -> dict:
    """The table and the chart of `bands`; nothing where no border is told, or the units are its sections."""
    if ground.sections is None or counted.units.kind == "section":
        return {}
    found = bands(counted, ground)
    return {"tables": {"from_border": found}, "charts": [{
        "kind": "bars", "title": "By distance from the border", "unit": "a km²", "x": [f"{b['from_km']} to {b['to_km']} km" for b in found], "y": [b["per_km2"] for b in found]}]}


def bands(counted: CountedPoints, ground: Ground) -> list[dict]:
    """How thickly seizures lie by distance from the border, in bands of 5 km up to 100: km from, to, n, value by km². Bands under 5 seizures are left open."""
    units = counted.units
    middle = shapely.get_coordinates(shapely.point_on_surface(units.outlines))
    plane = units.crs or crs.fitted(middle[:, 0], middle[:, 1])
    flat = crs.to_plane(sections_of(ground).geometry.to_numpy(), plane)
    flat = flat[shapely.is_valid(flat) & np.isfinite(shapely.bounds(flat)).all(axis=1)]
    _, away = shapely.STRtree(flat).query_nearest(shapely.points(*crs.forward(plane, middle[:, 0], middle[:, 1])), return_distance=True, all_matches=False)
    band = (away / 1000 // BAND_KM).astype(int)
    told = []
    for i in range(min(BANDS, int(band.max()) + 1)):
        mine = band == i
        n, km2 = counted.n[mine].sum(), counted.units.area_km2[mine].sum()
        if km2 > 0:
            few = 0 < n < K
            told.append({"from_km": i * BAND_KM, "to_km": (i + 1) * BAND_KM, "n": None if few else round(float(n), 2), "per_km2": None if few else float(counted.x[mine].sum() / km2)})
    return told
