"""Points laid on rasters by splines and blurred there by Gaussians, by FFT: each bandwidth on cells as coarse as it bears. What parts lay adds up to what all lay."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import fft, sparse

from analysis.exact import PER
from errors import PointsRefused

REACH = 6.0  # bandwidths beside the raster, so that nothing comes back in from the other side
CLASS_RATIO = 1.06  # bandwidths are laid between two of a row so many times apart: at most 0.3 % off where it matters
COARSE = (8, 4, 2, 1)  # cells of a raster taken together where a kernel is wide enough
FINE = 4.0  # cells to a bandwidth, at least, on any of them
AHEAD = 3  # coarse cells more on either side, for what lies between their middles
MARGIN = 2  # cells more on either side, for splines of points at the edge
BLOCK = 16_384  # points laid at once: as many as fit the processor's memory


@dataclass(frozen=True)
class Raster:
    """Cells in metres, the first at the south-west corner; arrays of it have shape (rows, columns)."""

    west: float
    south: float
    dx: float
    dy: float
    columns: int
    rows: int

    def place(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Metres as numbers of cells from the first one's middle."""
        return (x - self.west) / self.dx - 0.5, (y - self.south) / self.dy - 0.5

    def at(self, values: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Values between the middles of cells, bilinear."""
        (column, across), (row, up) = (_whole(part, most) for part, most in zip(self.place(x, y), (self.columns, self.rows)))
        return (values[row, column] * (1 - across) * (1 - up) + values[row, np.minimum(column + 1, self.columns - 1)] * across * (1 - up)
                + values[np.minimum(row + 1, self.rows - 1), column] * (1 - across) * up + values[np.minimum(row + 1, self.rows - 1), np.minimum(column + 1, self.columns - 1)] * across * up)


def _whole(part: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    part = np.clip(part, 0, most - 1)
    low = np.minimum(part.astype(np.int64), max(most - 2, 0))
    return low, part - low


def _spline(t: np.ndarray) -> tuple[np.ndarray, ...]:
    """How much of a point falls to the four middles beside it, `t` past the second."""
    u = 1 - t
    tt, uu = t * t, u * u  # a power of 3 is no product to numpy, and five times as slow
    return uu * u / 6, (tt * (t - 2)) / 2 + 2 / 3, (uu * (u - 2)) / 2 + 2 / 3, tt * t / 6


@dataclass(frozen=True)
class Level:
    """The ground of a raster on every `times`-th middle: a kernel at least FINE of its cells wide is as true there, for a fraction of the work."""

    fine: Raster
    times: int

    @cached_property
    def before(self) -> int:
        """Which of its cells has the fine one's first middle."""
        return MARGIN + (AHEAD if self.times > 1 else 0)

    @cached_property
    def shape(self) -> tuple[int, int]:
        return tuple(-(-size // self.times) + 2 * self.before for size in (self.fine.rows, self.fine.columns))

    def nodes(self, column: np.ndarray, row: np.ndarray) -> tuple[np.ndarray, tuple, tuple]:
        """Of places in cells of the fine raster: the first of sixteen middles round each, and shares across and up."""
        column, row = column / self.times + self.before, row / self.times + self.before
        left, low = np.floor(column), np.floor(row)
        return ((low - 1) * self.shape[1] + left - 1).astype(np.int64), _spline(column - left), _spline(row - low)

    def add(self, grid: np.ndarray, nodes: tuple[np.ndarray, tuple, tuple], of: np.ndarray, exact: bool = False) -> None:
        """Lay points on a flat grid; `exact` as whole numbers of parts (analysis/exact.py), so that no order matters."""
        first, across, up = nodes
        for i, rows in enumerate(up):
            part = rows * of * PER if exact else rows * of
            for j, columns in enumerate(across):
                np.add.at(grid, first + (i * self.shape[1] + j), np.rint(part * columns) if exact else part * columns)

    def widened(self, values: np.ndarray) -> np.ndarray:
        """Values of its cells on every cell of the fine raster, by polynomials through six middles."""
        if self.times == 1:
            return values[MARGIN:MARGIN + self.fine.rows, MARGIN:MARGIN + self.fine.columns]
        return _between(self.fine.rows, self.times, values.shape[0]) @ (_between(self.fine.columns, self.times, values.shape[1]) @ values.T).T


def _between(size: int, times: int, of: int) -> sparse.csr_array:
    at = np.arange(size)
    first, part = at // times + MARGIN + AHEAD - 2, (at % times) / times + 2
    nodes = np.arange(6)
    shares = np.stack([np.prod([(part - m) / (k - m) for m in nodes if m != k], axis=0) for k in nodes], axis=1)
    return sparse.csr_array((shares.ravel(), (np.repeat(at, 6), (first[:, None] + nodes).ravel())), shape=(size, of))


class Blur:
    """Gaussians over one level; bandwidths up to `most` metres. Points lie on the raster, so that what goes over one side needs as much room and no more."""

    def __init__(self, level: Level, most: float):
        self.level, (self.dy, self.dx) = level, (step * level.times for step in (level.fine.dy, level.fine.dx))
        self.shape = tuple(fft.next_fast_len(size + int(np.ceil(REACH * most / step)), real=True) for size, step in zip(level.shape, (self.dy, self.dx)))
        self.wy = 2 * np.pi * fft.fftfreq(self.shape[0], self.dy)[:, None]
        self.wx = 2 * np.pi * fft.rfftfreq(self.shape[1], self.dx)[None, :]
        # what a spline blurs, divided out
        self._sharp = np.sinc(self.wy * self.dy / 2 / np.pi) ** -4, np.sinc(self.wx * self.dx / 2 / np.pi) ** -4

    def laid(self, grid: np.ndarray) -> np.ndarray:
        """The spectrum of points laid on the level."""
        return fft.rfft2(grid.reshape(self.level.shape), self.shape) * self._sharp[0] * self._sharp[1]

    def ground(self, values: np.ndarray) -> np.ndarray:
        """The spectrum of what stands on the fine raster, nothing round it: without what is too fine for this level, where kernels leave nothing."""
        times, at = self.level.times, self.level.times * self.level.before
        padded = np.zeros(tuple(times * size for size in self.shape))
        padded[at:at + values.shape[0], at:at + values.shape[1]] = values
        whole, half = fft.rfft2(padded), self.shape[0] // 2
        return whole if times == 1 else np.concatenate([whole[:self.shape[0] - half, :self.wx.shape[1]], whole[-half:, :self.wx.shape[1]]]) / times**2

    def gauss(self, covariance: np.ndarray) -> np.ndarray:
        """The spectrum of a Gaussian with a covariance (2, 2) in m²."""
        (xx, xy), (_, yy) = covariance
        if xy == 0:
            return np.exp(-0.5 * yy * self.wy**2) * np.exp(-0.5 * xx * self.wx**2)
        return np.exp(-0.5 * (xx * self.wx**2 + 2 * xy * self.wx * self.wy + yy * self.wy**2))

    def back(self, spectrum: np.ndarray) -> np.ndarray:
        """What a spectrum is on the level, per m²; nothing under 0, which rounding makes."""
        return np.maximum(fft.irfft2(spectrum, self.shape)[:self.level.shape[0], :self.level.shape[1]], 0.0) / (self.dx * self.dy)


@dataclass(frozen=True)
class Laid:
    """Points by the bandwidths of a row that begins at `low` metres: of each, by its number, (1 or 2, cells) of how many and, where they differ, what they count."""

    low: float
    exact: bool
    grids: dict[int, np.ndarray]

    def plus(self, other: Laid) -> Laid:
        """Both together; where exact, the same to the bit whichever comes first."""
        return Laid(self.low, self.exact, {k: self.grids[k] + other.grids[k] if k in self.grids and k in other.grids else (self.grids if k in self.grids else other.grids)[k]
                                           for k in self.grids | other.grids})


def laid(raster: Raster, low: float, x: np.ndarray, y: np.ndarray, h_m: np.ndarray, of: np.ndarray | None = None, exact: bool = False) -> Laid:
    """Points on the raster with a bandwidth `h_m` each, none under `low`. `of` is what each counts (None: one). A point is shared between the two bandwidths of
    the row round its own, so that its variance stays."""
    grids: dict[int, np.ndarray] = {}
    if not len(x):
        return Laid(low, exact, grids)
    row = _row(low, float(h_m.max()))
    under = np.clip(np.searchsorted(row, h_m, "right") - 1, 0, len(row) - 2)
    upper = np.clip((h_m**2 - row[under] ** 2) / (row[under + 1] ** 2 - row[under] ** 2), 0, 1)
    column, line = raster.place(x, y)
    refuse_off(raster, column, line, raster.dx)
    # one up to a cell beyond the edge stands at it: cells of rasters of the same ground end a little elsewhere
    column, line = (np.clip(part, -0.5, most - 0.5) for part, most in zip((column, line), (raster.columns, raster.rows)))
    # bandwidth by bandwidth, and in each from south to north: what lies beside one another is laid one after the other
    order = np.argsort(under * (raster.rows + 1) + (line + 0.5).astype(np.int64))
    under, upper, column, line, of = under[order], upper[order], column[order], line[order], None if of is None else of[order]
    edges = np.flatnonzero(np.diff(under, prepend=-1, append=-1))
    for begin, end in zip(edges[:-1], edges[1:]):
        for some in (slice(at, min(at + BLOCK, end)) for at in range(begin, end, BLOCK)):
            nodes: dict[int, tuple] = {}
            for k, share in ((int(under[begin]), 1 - upper[some]), (int(under[begin]) + 1, upper[some])):
                if not share.any():
                    continue
                level = level_of(raster, row[k])
                if level.times not in nodes:
                    nodes[level.times] = level.nodes(column[some], line[some])
                if k not in grids:
                    grids[k] = np.zeros((1 if of is None else 2, level.shape[0] * level.shape[1]))
                for grid, counts in zip(grids[k], (share,) if of is None else (share, share * of[some])):
                    level.add(grid, nodes[level.times], counts, exact)
    return Laid(low, exact, grids)


def refuse_off(raster: Raster, column: np.ndarray, row: np.ndarray, off_m: float) -> None:
    """Raises PointsRefused for places (in cells) more than a cell beyond the raster: on its other side they would count where they do not lie."""
    off = (column < -1.5) | (column > raster.columns + 0.5) | (row < -1.5) | (row > raster.rows + 0.5)
    if off.any():
        raise PointsRefused(f"density: {int(off.sum()):,} of {off.size:,} points lie more than {off_m / 1000:,.1f} km outside of the raster: leave them out, or take a larger raster")


def blurred(raster: Raster, points: Laid, ground: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Density per m² of what was laid, and how many lie near each place (each by exp(-d²/2h²)), both (rows, columns). `ground` as in density.py."""
    density, near = np.zeros((raster.rows, raster.columns)), np.zeros((raster.rows, raster.columns))
    row = _row(points.low, 0.0, max(points.grids, default=0) + 1)
    for times in COARSE:
        mine = [k for k in sorted(points.grids) if level_of(raster, row[k]).times == times]
        if mine:
            blur = Blur(Level(raster, times), row[mine[-1]])
            told, counts = (blur.level.widened(part) for part in _added(blur, [(row[k], points.grids[k] / PER if points.exact else points.grids[k]) for k in mine], ground))
            density, near = density + told, near + counts
    density, near = np.maximum(density, 0), np.maximum(near, 0)
    return (density, near) if ground is None else (density * ground, near * ground)


def _added(blur: Blur, classes: list[tuple[float, np.ndarray]], ground: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Density and nearness of bandwidths that share a level. Without ground they are added up before they are turned back: one is turned for all."""
    where = None if ground is None else blur.ground(ground)
    density, near = 0, 0
    for h, grids in classes:
        kernel = blur.gauss(np.diag([h * h, h * h]))
        told = [blur.laid(grid) * kernel for grid in grids]
        if where is not None:
            inside = np.maximum(blur.back(where * kernel) * blur.dx * blur.dy, 1e-6)
            told = [blur.back(one) / inside for one in told]
        density, near = density + told[-1], near + told[0] * (2 * np.pi * h * h)
    return (density, near) if where is not None else (blur.back(density), blur.back(near))


def level_of(raster: Raster, h: float) -> Level:
    """The coarsest level a bandwidth bears."""
    return Level(raster, next(t for t in COARSE if t == 1 or h >= FINE * t * max(raster.dx, raster.dy)))


def _row(low: float, high: float, most: int = 0) -> np.ndarray:
    """Bandwidths from `low` to `high` or beyond, each CLASS_RATIO times the one before: two at least. How many there are changes none of them."""
    count = max(int(np.ceil(np.log(max(high / low, 1.0)) / np.log(CLASS_RATIO))) + 2, most)
    return np.array([low * CLASS_RATIO**k for k in range(count)])
