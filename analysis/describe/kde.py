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
from analysis.describe.counting import PLURAL, SHARED_LEGEND, CountedPoints, Counting, K
from analysis.describe.density import Raster, abramson, fixed, silverman, to_neighbours, various
from analysis.grids import crs
from analysis.ground import NOTHING_KNOWN, Ground, Step, unwatched
from analysis.methods import knob
from errors import PointsRefused

HOT = 3.0  # times the mean: what is called a hotspot (Milic et al., IAJIT 15(2))
FINE = 4.0  # cells of the raster to a bandwidth
LEAST_M = 1.0  # a bandwidth under it is rounding of one place
MOST = 16_000_000  # cells of the raster


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
    VERSION = "2"
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
            density, near, h, limits = along_border.density(counted, ground, self.bandwidth_m)
            per, exposure = "km", counted.units.length_km
        else:
            density, near, h, limits = self._on_ground(counted, ground)
            per, exposure = "km²", counted.units.area_km2
        step(0.9)
        mean = counted.x.sum() / exposure.sum()
        told, ratio = near >= K - 1e-9, density / mean
        frame = counted.frame(told, density=density, ratio=ratio, n_near=near.round(2), level=(ratio >= HOT).astype(int))
        kind, unit = PLURAL[counted.units.kind], counted.unit
        frame.attrs["told"] = counted.told(
            f"Up to {density.max():,.3g} {unit} per {per}, {ratio.max():,.1f} times the mean; {int((ratio[told] >= HOT).sum()):,} of {len(near):,} {kind} have at least 3 times the mean.",
            significance="None: a density is a picture of where seizures lie, not a test. Gi* tests.", bandwidth_m=round(h), unit=f"{unit} per {per}",
            **along_border.told(counted, ground),
            limits=[f"{int((~told).sum()):,} {kind} with fewer than {K} seizures near are left out.", *limits])
        step(1.0)
        return frame

    def _on_ground(self, counted: CountedPoints, ground: Ground) -> tuple[np.ndarray, np.ndarray, float, list[str]]:
        points, units = counted.points, counted.units
        plane = units.crs or crs.fitted(points.lon.to_numpy(), points.lat.to_numpy())
        placed = np.flatnonzero(np.asarray(counted.shares.sum(axis=1)).ravel() > 0)
        x, y = (np.array(part) for part in crs.forward(plane, points.lon.to_numpy()[placed], points.lat.to_numpy()[placed]))
        of, off_m = counted.of[placed], points.precision_m.to_numpy()[placed]
        h = self.bandwidth_m or (silverman if self.rule == "silverman" else to_neighbours)(x, y)
        if h < LEAST_M:
            raise PointsRefused(f"{self.NAME}: the seizures lie at one place, so the rule gives no bandwidth: tell bandwidth_m")
        outlines = shapely.transform(units.outlines, lambda at: np.column_stack(crs.forward(plane, at[:, 0], at[:, 1])))
        limits = []
        clipped = ground.area is not None or ground.land is not None or self.border_km > 0
        raster = self._raster(outlines, h)
        if clipped:
            # told in water, or just outside, and may be on the ground: it stands in the middle of where it may be
            column, row = (np.clip(np.floor(part + 0.5), 0, most - 1).astype(int) for part, most in zip(raster.place(x, y), (raster.columns, raster.rows)))
            moved = _ground(raster, outlines)[row, column] == 0
            if moved.any():
                shares = counted.shares[placed[moved]]
                x[moved], y[moved] = (shares @ shapely.get_x(shapely.centroid(outlines)), shares @ shapely.get_y(shapely.centroid(outlines)))
            limits.append("Density is divided by how much of a kernel lies on the ground: it does not fall towards coast or edge of the area.")
        each = np.full(len(x), h)
        if self.bandwidth == "adaptive":
            each = abramson(raster.at(fixed(raster, x, y, np.ones(len(x)), np.diag([h * h, h * h])), x, y), h)
        # a place that may be anywhere in a disc of radius r is spread by r²/4 more in each direction
        each = np.sqrt(each**2 + off_m**2 / 4)
        raster = self._raster(outlines, float(each.min()))
        field, near = various(raster, x, y, of, each, _ground(raster, outlines) if clipped else None)
        middle = shapely.point_on_surface(outlines)
        at = shapely.get_x(middle), shapely.get_y(middle)
        return raster.at(field, *at) * 1e6, raster.at(near, *at), h, limits

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


def _ground(raster: Raster, outlines: np.ndarray) -> np.ndarray:
    """1 where a cell of the raster is ground, else 0. One that the ground only touches counts: no seizure may lie on none."""
    return rasterize(outlines.tolist(), (raster.rows, raster.columns), fill=0, default_value=1, all_touched=True, dtype="uint8",
                     transform=from_origin(raster.west, raster.south + raster.rows * raster.dy, raster.dx, raster.dy))[::-1].astype(float)
