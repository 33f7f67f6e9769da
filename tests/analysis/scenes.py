"""Made pictures of one ground at two times: what was planted is known."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from analysis.pairs import Pair

SIDE_PX, PIXEL_M = 300, 0.2


def ground(rng: np.random.Generator, side: int = SIDE_PX) -> np.ndarray:
    """(side, side) grey: soil of several grains, and some forty sharp-edged things on it."""
    out = np.zeros((side, side))
    for sigma, share in ((1, 0.6), (3, 1), (12, 2), (40, 3)):
        layer = ndimage.gaussian_filter(rng.normal(size=(side, side)), sigma)
        out += share * layer / layer.std()
    for _ in range(40):
        r, c = rng.integers(5, side - 25, 2)
        h, w = rng.integers(4, 20, 2)
        out[r:r + h, c:c + w] += rng.choice([-5, 5])
    return 120 + 18 * out / out.std()


def planted(rng: np.random.Generator, base: np.ndarray, number: int, contrast: tuple[float, float] = (35, 70)) -> tuple[np.ndarray, np.ndarray]:
    """The ground later, and where it changed: (side, side) int, 0 nowhere, else the change's number."""
    after, truth = base.copy(), np.zeros(base.shape, int)
    for k in range(1, number + 1):
        h, w = rng.integers(8, 22, 2)
        r, c = rng.integers(30, base.shape[0] - 55, 2)
        if truth[r - 6:r + h + 6, c - 6:c + w + 6].any():
            continue
        truth[r:r + h, c:c + w] = k
        after[r:r + h, c:c + w] = after[r:r + h, c:c + w].mean() + rng.choice([-1, 1]) * rng.uniform(*contrast) + rng.normal(0, 4, (h, w))
    return after, truth


def taken(rng: np.random.Generator, grey: np.ndarray, *, gain: float = 1.0, haze: float = 0.0, noise: float = 2.0) -> np.ndarray:
    """(3, side, side) of 8 bits, as a camera on another day would have it."""
    colours = np.stack([grey, grey * 0.9 + 5, grey * 0.8]) * gain + haze
    return (colours + rng.normal(0, noise, colours.shape)).clip(0, 255).astype("uint8")


def pair(seed: int, *, moved_px: tuple[float, float] = (0.0, 0.0), changes: int = 0, gain: float = 0.9, haze: float = 9.0, **contrast) -> tuple[Pair, np.ndarray]:
    """Two pictures of one ground, the second moved by (rows, columns), and where it changed (on the first's grid)."""
    rng = np.random.default_rng(seed)
    base = ground(rng)
    after, truth = planted(rng, base, changes, **contrast)
    after = ndimage.shift(after, moved_px, order=3, mode="nearest")
    seen = np.ones(base.shape, bool)
    other = seen.copy()
    other[:, :20] = False
    return Pair(taken(rng, base), taken(rng, after, gain=gain, haze=haze), seen, other, PIXEL_M), truth
