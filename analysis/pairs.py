"""Two images of one place on one grid: what is compared, and how it is made comparable."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage


@dataclass(frozen=True)
class Pair:
    """Two images on one grid of square pixels, north up, in metres.

    `before`, `after`: shape (bands, rows, columns), any number type; `valid_before`, `valid_after`: (rows, columns), true where a pixel was seen.
    """

    before: np.ndarray
    after: np.ndarray
    valid_before: np.ndarray
    valid_after: np.ndarray
    pixel_m: float

    def __post_init__(self):
        shape = self.before.shape[1:]
        if self.after.shape != self.before.shape or self.valid_before.shape != shape or self.valid_after.shape != shape:
            raise ValueError(f"one grid, not {self.before.shape}, {self.after.shape}, {self.valid_before.shape}, {self.valid_after.shape}")

    @property
    def overlap(self) -> np.ndarray:
        """(rows, columns): where both were seen."""
        return self.valid_before & self.valid_after

    def moved(self, rows_px: float, columns_px: float) -> Pair:
        """`after` moved by so many pixels down and to the right; what comes in from beyond the edge is not seen."""
        by = (rows_px, columns_px)
        after = np.stack([ndimage.shift(band.astype("float32"), by, order=1, mode="nearest") for band in self.after])
        seen = ndimage.shift(self.valid_after.astype("float32"), by, order=1, mode="constant", cval=0.0) > 0.99
        return replace(self, after=after, valid_after=seen)


def grey(bands: np.ndarray) -> np.ndarray:
    """(rows, columns): the mean of the bands, as float32."""
    return bands.astype("float32").mean(axis=0)


def standing_out(image: np.ndarray, valid: np.ndarray, radius_px: float) -> np.ndarray:
    """What stands out from its neighbourhood, by the neighbourhood's own spread: light and haze of the day fall away. Zero where nothing was seen."""
    weight = ndimage.gaussian_filter(valid.astype("float32"), radius_px)
    weight = np.where(weight > 1e-3, weight, np.inf)
    seen = np.where(valid, image, 0.0).astype("float32")
    mean = ndimage.gaussian_filter(seen, radius_px) / weight
    apart = np.where(valid, image - mean, 0.0).astype("float32")
    spread = np.sqrt(ndimage.gaussian_filter(apart**2, radius_px) / weight)
    floor = 1e-6 + 0.05 * float(np.median(spread[valid])) if valid.any() else 1.0
    return np.where(valid, apart / np.maximum(spread, floor), 0.0).astype("float32")
