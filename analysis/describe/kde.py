"""Kernel density: how thickly seizures lie, on the ground or along a border."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from rasterio.features import rasterize
from rasterio.transform import from_origin

from analysis.describe import along_border
from analysis.describe.counting import BY_EFFORT, PLURAL, SHARED_LEGEND, Counted, CountedPoints, Counting, K, On
from analysis.describe.density import abramson, fixed, silverman, to_neighbours, various
from analysis.describe.laying import Laid, Raster, blurred, laid
from analysis.describe.tally import Tally
from analysis.grids import crs
from analysis.ground import NOTHING_KNOWN, Ground, Step, unwatched
from analysis.methods import knob
from analysis.units import Units
from errors import KnobRefused, PointsRefused

HOT = 3.0  # times the mean: what is called a hotspot (Milic et al., IAJIT 15(2))
FINE = 4.0  # cells of the raster to a bandwidth
LEAST_M = 1.0  # a bandwidth under it is rounding of one place
MOST = 16_000_000  # cells of the raster


@dataclass(frozen=True)
class Plane:
    """The ground in metres: outlines of the units in `crs`, and whether points can lie in them alone."""

    crs: str
    outlines: np.ndarray
    clipped: bool


@dataclass(frozen=True)
class OnPlane(On):
    """What parts are laid on."""

    plane: Plane
    raster: Raster
    ground: np.ndarray | None


@dataclass(frozen=True)
class Both:
    """What a part adds up to: in units, and on the raster."""

    tally: Tally
    laid: Laid

    def plus(self, other: Both) -> Both:
        return Both(self.tally.plus(other.tally), self.laid.plus(other.laid))


@dataclass(frozen=True)
class Kde(Counting):
    """Gaussian kernels of one bandwidth, or of one that adapts to how thickly points lie; with grid section along the border's line.

    >>> rng = np.random.default_rng(1)
    >>> points = pd.DataFrame({"lon": rng.normal(-97.5, 0.05, 200), "lat": rng.normal(25.9, 0.05, 200)})
    >>> found = Kde(grid="square", cell_m=1000.0).apply(points)
    >>> found.loc[found.density.idxmax()].geometry.distance(shapely.Point(-97.5, 25.9)) < 0.03, found.attrs["told"]["bandwidth_m"]
    (True, 1955)
    """

    NAME = "kde"
    FAMILY = "hotspots"
    TITLE = "Density (KDE)"
    VERSION = "3"
    NEEDS = 10
    SOURCE = "Silverman 1986; Abramson 1982; edges as Jones 1993; held against scipy's gaussian_kde and plain sums of kernels"
    LEGEND = {
        **SHARED_LEGEND, "density": "How thickly it lies there: added up by km² (by km along a border)", "ratio": "The density by its mean over the ground",
        "n_near": "Seizures near, each by its nearness; units with fewer than 5 are left out", "level": "1: at least 3 times the mean, 0: less",
    }

    bandwidth: str = knob("fixed", "How far a seizure reaches: as far everywhere, or farther where few are", choices=("fixed", "adaptive"))
    bandwidth_m: float = knob(0.0, "How far that is; 0 for what the rule gives", unit="m", least=0, most=500_000)
    rule: str = knob("silverman", "The rule: Silverman's, or the mean distance to the 20th other seizure", choices=("silverman", "neighbours"))

    def apply(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN, step: Step = unwatched) -> gpd.GeoDataFrame:
        """A row a unit with enough seizures near. Raises PointsRefused where all lie at one place and no bandwidth is told."""
        counted = self.counted(points, ground)
        step(0.3)
        if counted.units.kind == "section":
            found = along_border.density(counted, ground, self.bandwidth_m)
        else:
            found = self._on_ground(counted, ground)
        step(0.9)
        frame = self._told(counted, ground, *found)
        step(1.0)
        return frame

    def prepared(self, ground: Ground) -> OnPlane:
        """See analysis/in_parts.py."""
        if self.bandwidth != "fixed" or self.bandwidth_m < LEAST_M or self.grid == "section":
            raise KnobRefused(f"{self.NAME} needs all points at once for a bandwidth by rule, for one that adapts, and along a border: in parts, tell bandwidth_m")
        on = super().prepared(ground)
        plane = self._plane(on.units, ground, np.empty(0), np.empty(0))
        raster = self._raster(plane.outlines, self.bandwidth_m)
        return OnPlane(on.units, on.looked, plane, raster, _ground(raster, plane))

    def counted_part(self, points: pd.DataFrame, ground: Ground, on: OnPlane) -> Both:
        part = self.laid_part(points, on)
        return Both(part.tally, self._laid(part, on.plane, on.raster, on.ground, self.bandwidth_m))

    def finish(self, partial: Both, ground: Ground, on: OnPlane) -> gpd.GeoDataFrame:
        return self._told(self.of_parts(partial.tally, on), ground, *self._blurred(partial.laid, on.plane, on.raster, on.ground), self.bandwidth_m, _edges(on.plane))

    def _told(self, counted: Counted, ground: Ground, density: np.ndarray, near: np.ndarray, h: float, limits: list[str]) -> gpd.GeoDataFrame:
        per, exposure = ("km", counted.units.length_km) if counted.units.kind == "section" else ("km²", counted.units.area_km2)
        mean = counted.x.sum() / exposure.sum()
        told, ratio = near >= K - 1e-9, density / mean
        frame = counted.frame(told, density=density, ratio=ratio, n_near=near.round(2), level=(ratio >= HOT).astype(int))
        kind, unit = PLURAL[counted.units.kind], counted.unit
        frame.attrs["told"] = counted.told(
            f"Up to {density.max():,.3g} {unit} per {per}, {ratio.max():,.1f} times the mean; {int((ratio[told] >= HOT).sum()):,} of {len(near):,} {kind} have at least 3 times the mean.",
            significance="None: a density is a picture of where seizures lie, not a test. Gi* tests.", bandwidth_m=round(h), unit=f"{unit} per {per}",
            **along_border.told(counted, ground),
            limits=[f"{int((~told).sum()):,} {kind} with fewer than {K} seizures near are left out.", *limits])
        return frame

    def _on_ground(self, counted: CountedPoints, ground: Ground) -> tuple[np.ndarray, np.ndarray, float, list[str]]:
        points, placed = counted.points, counted.placed
        plane = self._plane(counted.units, ground, points.lon.to_numpy(), points.lat.to_numpy())
        x, y = (np.array(part) for part in crs.forward(plane.crs, points.lon.to_numpy()[placed], points.lat.to_numpy()[placed]))
        h = self.bandwidth_m or (silverman if self.rule == "silverman" else to_neighbours)(x, y)
        if h < LEAST_M:
            raise PointsRefused(f"{self.NAME}: the seizures lie at one place, so the rule gives no bandwidth: tell bandwidth_m")
        raster = self._raster(plane.outlines, h)
        where = _ground(raster, plane)
        if self.bandwidth == "fixed":
            return *self._blurred(self._laid(counted, plane, raster, where, h), plane, raster, where), h, _edges(plane)
        x, y = _on_raster(counted, plane, raster, where)
        each = _spread(abramson(raster.at(fixed(raster, x, y, np.ones(len(x)), np.diag([h * h, h * h])), x, y), h), points.precision_m.to_numpy()[placed])
        raster = self._raster(plane.outlines, float(each.min()))
        # a finer raster ends nearer to the ground
        x, y = np.clip(x, raster.west, raster.west + raster.dx * raster.columns), np.clip(y, raster.south, raster.south + raster.dy * raster.rows)
        return *_at(raster, plane, *various(raster, x, y, self._of(counted), each, _ground(raster, plane))), h, _edges(plane)

    def _laid(self, counted: CountedPoints, plane: Plane, raster: Raster, ground: np.ndarray | None, h: float) -> Laid:
        x, y = _on_raster(counted, plane, raster, ground)
        return laid(raster, h, x, y, _spread(np.full(len(x), h), counted.points.precision_m.to_numpy()[counted.placed]), self._of(counted), exact=True)

    def _blurred(self, points: Laid, plane: Plane, raster: Raster, ground: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        return _at(raster, plane, *blurred(raster, points, ground))

    def _of(self, counted: CountedPoints) -> np.ndarray | None:
        """What placed points count; None where each counts one, whatever they are."""
        return None if self.weight == "count" and self.discovered != BY_EFFORT else counted.of[counted.placed]

    def _plane(self, units: Units, ground: Ground, lon: np.ndarray, lat: np.ndarray) -> Plane:
        """The plane of the units; of hexagons one that fits the points, or where parts could be counted the area asked about, which all parts know."""
        by_area = self.bandwidth == "fixed" and self.bandwidth_m >= LEAST_M and ground.area is not None
        plane = units.crs or crs.fitted(*(shapely.get_coordinates(ground.area).T if by_area else (lon, lat)))
        outlines = shapely.transform(units.outlines, lambda at: np.column_stack(crs.forward(plane, at[:, 0], at[:, 1])))
        return Plane(plane, outlines, ground.area is not None or ground.land is not None or self.border_km > 0)

    def _raster(self, outlines: np.ndarray, least: float) -> Raster:
        cell = least / FINE
        if self.grid == "square" and self.cell_m <= 2 * cell:
            cell = self.cell_m
        west, south, east, north = shapely.total_bounds(outlines)
        west, south = np.floor(west / cell) * cell, np.floor(south / cell) * cell
        columns, rows = int(np.ceil((east - west) / cell)), int(np.ceil((north - south) / cell))
        if columns * rows > MOST:
            raise PointsRefused(f"{self.NAME}: a bandwidth of {least:,.0f} m over {(east - west) / 1000:,.0f} by {(north - south) / 1000:,.0f} km is {columns * rows:,} cells, and at most {MOST:,} "
                                "are blurred at once: tell a larger bandwidth_m, or take a smaller area")
        return Raster(float(west), float(south), float(cell), float(cell), max(columns, 2), max(rows, 2))


def _on_raster(counted: CountedPoints, plane: Plane, raster: Raster, ground: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Placed points in metres. One told in water, or just outside, may be on the ground all the same: it stands in the middle of where it may be."""
    points, placed = counted.points, counted.placed
    x, y = (np.array(part) for part in crs.forward(plane.crs, points.lon.to_numpy()[placed], points.lat.to_numpy()[placed]))
    if ground is None:
        return x, y
    column, row = (np.floor(part + 0.5).astype(int) for part in raster.place(x, y))
    inside = (column >= 0) & (column < raster.columns) & (row >= 0) & (row < raster.rows)
    moved = ~inside
    moved[inside] = ground[row[inside], column[inside]] == 0
    if moved.any():
        shares, middle = counted.shares[placed[moved]], shapely.centroid(plane.outlines)
        x[moved], y[moved] = shares @ shapely.get_x(middle), shares @ shapely.get_y(middle)
    return x, y


def _spread(h_m: np.ndarray, off_m: np.ndarray) -> np.ndarray:
    """A place that may be anywhere in a disc of radius r is spread by r²/4 more in each direction."""
    return np.where(off_m > 0, np.sqrt(h_m**2 + off_m**2 / 4), h_m)


def _at(raster: Raster, plane: Plane, field: np.ndarray, near: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Density by km² and nearness in each unit."""
    middle = shapely.point_on_surface(plane.outlines)
    at = shapely.get_x(middle), shapely.get_y(middle)
    return raster.at(field, *at) * 1e6, raster.at(near, *at)


def _edges(plane: Plane) -> list[str]:
    return ["Density is divided by how much of a kernel lies on the ground: it does not fall towards coast or edge of the area."] if plane.clipped else []


def _ground(raster: Raster, plane: Plane) -> np.ndarray | None:
    """1 where a cell of the raster is ground, else 0; None: it ends nowhere. One that the ground only touches counts: no seizure may lie on none."""
    if not plane.clipped:
        return None
    return rasterize(plane.outlines.tolist(), (raster.rows, raster.columns), fill=0, default_value=1, all_touched=True, dtype="uint8",
                     transform=from_origin(raster.west, raster.south + raster.rows * raster.dy, raster.dx, raster.dy))[::-1].astype(float)
