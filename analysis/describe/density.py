"""Kernel density over a plane: of one kernel, or of a bandwidth to each point; and rules for how wide it is."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from analysis.describe.laying import BLOCK, REACH, Blur, Level, Raster, blurred, laid, refuse_off

LEAST_FACTOR, MOST_FACTOR = 0.2, 5.0  # of the fixed bandwidth, for one that adapts
NEIGHBOURS = 20  # a place's bandwidth as the distance to so many others
MOST_ASKED = 20_000  # points whose neighbours are looked for: evenly taken ones stand for all


def fixed(raster: Raster, x: np.ndarray, y: np.ndarray, of: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Density (rows, columns) per m² with one Gaussian kernel, of points on the raster and round it. `covariance` is a bandwidth's square times the identity, or any.

    The same as scipy's gaussian_kde where the bandwidth is at least 2 cells. Raises PointsRefused for points farther off than a kernel reaches.

    >>> raster = Raster(-50.0, -50.0, 1.0, 1.0, 100, 100)
    >>> told = fixed(raster, np.array([0.5]), np.array([0.5]), np.ones(1), np.diag([25.0, 25.0]))
    >>> bool(abs(told[50, 50] - 1 / (2 * np.pi * 25)) < 1e-6), round(float(told.sum()), 6)
    (True, 1.0)
    """
    most = float(np.sqrt(np.max(np.diag(covariance))))
    aside, up = (int(np.ceil(REACH * most / step)) + 2 for step in (raster.dx, raster.dy))
    level = Level(Raster(raster.west - aside * raster.dx, raster.south - up * raster.dy, raster.dx, raster.dy, raster.columns + 2 * aside, raster.rows + 2 * up), 1)
    column, row = level.fine.place(x, y)
    refuse_off(level.fine, column, row, aside * raster.dx)
    column, row = np.clip(column, -0.5, level.fine.columns - 0.5), np.clip(row, -0.5, level.fine.rows - 0.5)
    grid = np.zeros(level.shape[0] * level.shape[1])
    for some in (slice(at, at + BLOCK) for at in range(0, column.size, BLOCK)):
        level.add(grid, level.nodes(column[some], row[some]), of[some])
    blur = Blur(level, 0.0)  # there is room round the raster
    return level.widened(blur.back(blur.laid(grid) * blur.gauss(covariance)))[up:up + raster.rows, aside:aside + raster.columns]


def various(raster: Raster, x: np.ndarray, y: np.ndarray, of: np.ndarray | None, h_m: np.ndarray, ground: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Density per m² of points on the raster with a bandwidth `h_m` each, and how many lie near each place (each by exp(-d²/2h²)), both (rows, columns).

    `of` is what each counts (None: one). `ground` (rows, columns) is 1 where a point can lie, else 0: a density is divided by how much of its kernel lies on the
    ground (Jones 1993), so that it is no lower at an edge for what can not be beyond it. Raises PointsRefused for points beside the raster.
    """
    return blurred(raster, laid(raster, float(h_m.min()), x, y, h_m, of), ground)


def silverman(x: np.ndarray, y: np.ndarray) -> float:
    """A bandwidth in metres by Silverman's rule for two dimensions, robust against a long tail; 0 where all lie at one place."""
    spread = []
    for part in (x, y):
        quarter = np.subtract(*np.percentile(part, [75, 25])) / 1.349
        spread.append(min(part.std(), quarter) if quarter > 0 else part.std())
    return float(np.sqrt(np.mean(np.square(spread))) * len(x) ** (-1 / 6))


def to_neighbours(x: np.ndarray, y: np.ndarray, k: int = NEIGHBOURS) -> float:
    """The mean distance to the k-th other, in metres (Williamson et al. 1998)."""
    at = np.column_stack([x, y])
    asked = at[:: max(1, len(at) // MOST_ASKED)]
    return float(cKDTree(at).query(asked, k=[min(k, len(at) - 1) + 1])[0].mean())


def abramson(density: np.ndarray, h_m: float) -> np.ndarray:
    """A bandwidth each (n,): narrow where points are dense, wide where few are (Abramson 1982), within 0.2 and 5 times the fixed one."""
    told = np.maximum(density, density[density > 0].min() if (density > 0).any() else 1.0)
    return h_m * np.clip(np.sqrt(np.exp(np.log(told).mean()) / told), LEAST_FACTOR, MOST_FACTOR)
