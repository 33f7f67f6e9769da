"""Kernel density over a plane by FFT: points laid on a raster by splines, blurred by Gaussians in the frequency domain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft, sparse
from scipy.spatial import cKDTree

from errors import PointsRefused

REACH = 6.0  # bandwidths round the raster, so that nothing comes back in from the other side
CLASS_RATIO = 1.06  # bandwidths are laid between two of a row so many times apart: at most 0.3 % off where it matters
LEAST_FACTOR, MOST_FACTOR = 0.2, 5.0  # of the fixed bandwidth, for one that adapts
COARSE = (8, 4, 2, 1)  # cells of a raster taken together where a kernel is wide enough
FINE = 4.0  # cells to a bandwidth, at least, on any of them
FEW = 200_000  # points whose sixteen places are counted at once: more do not fit the processor's memory
NEIGHBOURS = 20  # a place's bandwidth as the distance to so many others
MOST_ASKED = 20_000  # points whose neighbours are looked for: evenly taken ones stand for all


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
    return u**3 / 6, (3 * t**3 - 6 * t**2 + 4) / 6, (3 * u**3 - 6 * u**2 + 4) / 6, t**3 / 6


class Blur:
    """Gaussians over one raster; bandwidths up to `most` metres."""

    def __init__(self, raster: Raster, most: float, times: int = 1):
        """Both the raster and what lies round it can be cut into `times` by `times` cells."""
        self.raster, self.aside = raster, tuple(times * (int(np.ceil(REACH * most / (times * step))) + 2) for step in (raster.dy, raster.dx))
        self.shape = tuple(times * fft.next_fast_len(-(-(size + 2 * aside) // times), real=True) for size, aside in zip((raster.rows, raster.columns), self.aside))
        self.wy = 2 * np.pi * fft.fftfreq(self.shape[0], raster.dy)[:, None]
        self.wx = 2 * np.pi * fft.rfftfreq(self.shape[1], raster.dx)[None, :]

    def laid(self, x: np.ndarray, y: np.ndarray, of: np.ndarray) -> np.ndarray:
        """The spectrum of points, each laid on the sixteen middles round it by a cubic spline; that blur is divided out. Raises PointsRefused for points that lie too far off."""
        column, row = (part + aside for part, aside in zip(self.raster.place(x, y), self.aside[::-1]))
        left, low = np.floor(column).astype(np.int64), np.floor(row).astype(np.int64)
        off = (left < 1) | (left > self.shape[1] - 3) | (low < 1) | (low > self.shape[0] - 3)
        if off.any():  # on the raster's other side they would count where they do not lie
            raise PointsRefused(f"density: {int(off.sum()):,} of {off.size:,} points lie more than {self.aside[1] * self.raster.dx / 1000:,.1f} km outside of the raster: leave them out, or take a larger raster")
        across, up, flat = _spline(column - left), _spline(row - low), (low - 1) * self.shape[1] + left - 1
        size, grid = self.shape[0] * self.shape[1], 0.0
        for some in np.array_split(np.arange(16), 1 if flat.size < FEW else 16):
            grid = grid + np.bincount(np.concatenate([flat + (i // 4 * self.shape[1] + i % 4) for i in some]), np.concatenate([up[i // 4] * across[i % 4] * of for i in some]), size)
        spline = np.sinc(self.wx * self.raster.dx / 2 / np.pi) ** 4 * np.sinc(self.wy * self.raster.dy / 2 / np.pi) ** 4
        return fft.rfft2(grid.reshape(self.shape)) / spline

    def spectrum(self, values: np.ndarray) -> np.ndarray:
        """The spectrum of what stands on the raster, nothing round it."""
        padded = np.zeros(self.shape)
        padded[self.aside[0]:self.aside[0] + self.raster.rows, self.aside[1]:self.aside[1] + self.raster.columns] = values
        return fft.rfft2(padded)

    def gauss(self, covariance: np.ndarray) -> np.ndarray:
        """The spectrum of a Gaussian with a covariance (2, 2) in m²."""
        (xx, xy), (_, yy) = covariance
        if xy == 0:
            return np.exp(-0.5 * yy * self.wy**2) * np.exp(-0.5 * xx * self.wx**2)
        return np.exp(-0.5 * (xx * self.wx**2 + 2 * xy * self.wx * self.wy + yy * self.wy**2))

    def back(self, spectrum: np.ndarray) -> np.ndarray:
        """What a spectrum is on the raster, per m²; nothing under 0, which rounding makes."""
        whole = fft.irfft2(spectrum, self.shape)
        part = whole[self.aside[0]:self.aside[0] + self.raster.rows, self.aside[1]:self.aside[1] + self.raster.columns]
        return np.maximum(part, 0.0) / (self.raster.dx * self.raster.dy)


def fixed(raster: Raster, x: np.ndarray, y: np.ndarray, of: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Density (rows, columns) per m² with one Gaussian kernel. `covariance` is a bandwidth's square times the identity, or any.

    The same as scipy's gaussian_kde where the bandwidth is at least 2 cells. Raises PointsRefused for points farther off than a kernel reaches.

    >>> raster = Raster(-50.0, -50.0, 1.0, 1.0, 100, 100)
    >>> told = fixed(raster, np.array([0.5]), np.array([0.5]), np.ones(1), np.diag([25.0, 25.0]))
    >>> bool(abs(told[50, 50] - 1 / (2 * np.pi * 25)) < 1e-6), round(float(told.sum()), 6)
    (True, 1.0)
    """
    blur = Blur(raster, float(np.sqrt(np.max(np.diag(covariance)))))
    return blur.back(blur.laid(x, y, of) * blur.gauss(covariance))


def various(raster: Raster, x: np.ndarray, y: np.ndarray, of: np.ndarray, h_m: np.ndarray, ground: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Density per m² of points with a bandwidth `h_m` each, and how many lie near each place (each by exp(-d²/2h²)), both (rows, columns).

    `ground` (rows, columns) is 1 where a point can lie, else 0: a density is divided by how much of its kernel lies on the ground (Jones 1993), so that it is no
    lower at an edge for what can not be beyond it. Without, kernels of all bandwidths are added up before they are turned back: one is turned for all.
    """
    whole = Blur(raster, float(h_m.max()) * CLASS_RATIO, COARSE[0])
    where = None if ground is None else whole.spectrum(ground)
    of_one = of[0] if np.ptp(of) == 0 else None
    density, near = np.zeros((raster.rows, raster.columns)), np.zeros((raster.rows, raster.columns))
    row = list(_classes(h_m))
    for times in COARSE:
        mine = [one for one in row if times == next(t for t in COARSE if t == 1 or one[0] >= FINE * t * max(raster.dx, raster.dy))]
        if mine:
            blur = _Coarse(whole, times)
            sums = _added(blur, mine, x, y, None if of_one is not None else of, None if where is None else blur.narrowed(where))
            told, counts = (blur.widened(part) for part in sums)
            density, near = density + (told if of_one is None else told * of_one), near + counts
    return (np.maximum(density, 0), np.maximum(near, 0)) if ground is None else (np.maximum(density, 0) * ground, np.maximum(near, 0) * ground)


def _added(blur: Blur, classes: list, x: np.ndarray, y: np.ndarray, of: np.ndarray | None, where: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Density and nearness of classes that share a raster. `of` None: all count one."""
    density, near = 0, 0
    for h, which, share in classes:
        kernel = blur.gauss(np.diag([h * h, h * h]))
        counts = blur.laid(x[which], y[which], share) * kernel
        value = None if of is None else blur.laid(x[which], y[which], share * of[which]) * kernel
        if where is not None:
            inside = np.maximum(blur.back(where * kernel) * blur.raster.dx * blur.raster.dy, 1e-6)
            counts, value = blur.back(counts) / inside, None if value is None else blur.back(value) / inside
        density, near = density + (counts if value is None else value), near + counts * (2 * np.pi * h * h)
    return (density, near) if where is not None else (blur.back(density), blur.back(near))


class _Coarse(Blur):
    """The same ground on every `times`-th middle of a raster: a kernel at least FINE of its cells wide is as true there, for a fraction of the work."""

    def __init__(self, whole: Blur, times: int):
        fine = whole.raster
        # its middles are those of the fine one's cells 0, times, 2 times …, and three more than needed on either side for what lies between
        rows, columns = (-(-size // times) + 6 if times > 1 else size for size in (fine.rows, fine.columns))
        ahead = 3 * times if times > 1 else 0
        west, south = (start + (0.5 - ahead) * step - 0.5 * times * step for start, step in ((fine.west, fine.dx), (fine.south, fine.dy)))
        self.whole, self.times, self.raster = whole, times, Raster(west, south, fine.dx * times, fine.dy * times, columns, rows)
        self.aside, self.shape = tuple((aside - ahead) // times for aside in whole.aside), tuple(size // times for size in whole.shape)
        self.wy = 2 * np.pi * fft.fftfreq(self.shape[0], self.raster.dy)[:, None]
        self.wx = 2 * np.pi * fft.rfftfreq(self.shape[1], self.raster.dx)[None, :]

    def narrowed(self, spectrum: np.ndarray) -> np.ndarray:
        """A spectrum of the fine raster without what is too fine for this one, where kernels leave nothing."""
        if self.times == 1:
            return spectrum
        rows, columns = self.shape[0], self.wx.shape[1]
        half = rows // 2
        return np.concatenate([spectrum[: rows - half, :columns], spectrum[-half:, :columns]]) / self.times**2

    def widened(self, values: np.ndarray) -> np.ndarray:
        """Values on every cell of the fine raster, by polynomials through six middles."""
        if self.times == 1:
            return values
        return _between(self.whole.raster.rows, self.times, values.shape[0]) @ (_between(self.whole.raster.columns, self.times, values.shape[1]) @ values.T).T


def _between(size: int, times: int, of: int) -> sparse.csr_array:
    at = np.arange(size)
    first, part = at // times + 1, (at % times) / times + 2
    nodes = np.arange(6)
    shares = np.stack([np.prod([(part - m) / (k - m) for m in nodes if m != k], axis=0) for k in nodes], axis=1)
    return sparse.csr_array((shares.ravel(), (np.repeat(at, 6), (first[:, None] + nodes).ravel())), shape=(size, of))


def _classes(h_m: np.ndarray):
    """Bandwidths as a row, each point shared between the two round its own so that its variance stays: (bandwidth, which points, their shares)."""
    low, high = float(h_m.min()), float(h_m.max())
    if high <= low * (1 + 1e-12):
        yield low, np.arange(h_m.size), np.ones(h_m.size)
        return
    count = int(np.ceil(np.log(high / low) / np.log(CLASS_RATIO))) + 1
    row = low * (high / low) ** (np.arange(count) / (count - 1))
    under = np.clip(np.searchsorted(row, h_m, "right") - 1, 0, count - 2)
    upper = np.clip((h_m**2 - row[under] ** 2) / (row[under + 1] ** 2 - row[under] ** 2), 0, 1)
    for i, h in enumerate(row):
        which = np.flatnonzero((under == i) | (under == i - 1))
        share = np.where(under[which] == i, 1 - upper[which], upper[which])
        if share.any():
            yield float(h), which[share > 0], share[share > 0]


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
