"""What may have changed between two images of one place: candidates with a score, for a person to accept or reject. Never a fact."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas
import numpy as np
import shapely
from rasterio.features import shapes as outlines
from rasterio.transform import Affine
from scipy import ndimage

from analysis.pairs import Pair

VERSION = "1"
QUANTILES = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True)
class Difference:
    """The difference of two images that lie on each other, past what noise, light and a small misfit explain.

    `least_z`: how many spreads of the noise a pixel must differ by; `tolerance_m`: what may still be shifted between both, so that edges do not
    count; `least_m2`: smaller places are left out; `smooth_m`: over how much ground pixels are taken together.
    """

    least_z: float = 5.0
    tolerance_m: float = 0.5
    least_m2: float = 4.0
    smooth_m: float = 0.0

    def apply(self, pair: Pair, transform: Affine, crs: str) -> geopandas.GeoDataFrame:
        """A row a candidate, strongest first: geometry (in `crs`, metres), area_m2, z (mean over it), brighter (share of it, 0 to 1), score (0 to 1)."""
        z, brighter = self._z(pair)
        found = ndimage.binary_closing(z > self.least_z, iterations=1) & pair.overlap
        found = ndimage.binary_opening(found, iterations=1) if self.least_m2 > 9 * pair.pixel_m**2 else found
        labels, number = ndimage.label(found, structure=np.ones((3, 3)))
        if not number:
            return _frame([], crs)
        at = np.arange(1, number + 1)
        area = np.bincount(labels.ravel(), minlength=number + 1)[1:] * pair.pixel_m**2
        mean = ndimage.mean(np.minimum(z, 10 * self.least_z), labels, at)
        up = ndimage.mean(brighter, labels, at)
        keep = area >= self.least_m2
        labels[np.isin(labels, at[~keep])] = 0
        shape_of: dict[int, list] = {}
        for told, label in outlines(labels.astype("int32"), mask=labels > 0, transform=transform, connectivity=8):
            shape_of.setdefault(int(label), []).append(shapely.geometry.shape(told))
        rows = [
            {"geometry": shapely.simplify(shapely.make_valid(shapely.union_all(shape_of[i])), pair.pixel_m), "area_m2": float(area[i - 1]),
             "z": float(mean[i - 1]), "brighter": float(up[i - 1]), "score": self.score(float(mean[i - 1]), float(area[i - 1]))}
            for i in at[keep].tolist()
        ]
        return _frame(sorted(rows, key=lambda row: -row["score"]), crs)

    def score(self, z: float, area_m2: float) -> float:
        """How far past the least that counts, in strength and size: 0 just at it, towards 1.

        >>> round(Difference().score(5.0, 4.0), 2), round(Difference().score(20.0, 64.0), 2)
        (0.0, 0.82)
        """
        return float(1.0 - (self.least_z / max(z, self.least_z)) * np.sqrt(self.least_m2 / max(area_m2, self.least_m2)) ** 0.25)

    def _z(self, pair: Pair) -> tuple[np.ndarray, np.ndarray]:
        """(rows, columns): by how many spreads of the noise each pixel differs, at most over the bands; and whether it got brighter."""
        seen = pair.overlap
        reach = 2 * int(np.ceil(self.tolerance_m / pair.pixel_m)) + 1
        z = np.zeros(seen.shape, "float32")
        brighter = np.zeros(seen.shape, bool)
        if not seen.any():
            return z, brighter
        for before, after in zip(pair.before, pair.after):
            first = self._smoothed(before.astype("float32"), pair.valid_before, pair.pixel_m)
            second = self._smoothed(after.astype("float32"), pair.valid_after, pair.pixel_m)
            second = matched(second, first, seen)
            apart = second - first
            noise = 1.4826 * float(np.median(np.abs(apart[seen] - np.median(apart[seen])))) or 1e-6
            far = np.maximum(_beyond(second, first, pair.valid_before, reach), _beyond(first, second, pair.valid_after, reach)) / noise
            stronger = seen & (far > z)
            z[stronger], brighter[stronger] = far[stronger], (apart > 0)[stronger]
        return z, brighter

    def _smoothed(self, band: np.ndarray, valid: np.ndarray, pixel_m: float) -> np.ndarray:
        """Noise of single pixels taken down; what was not seen takes no part."""
        sigma = max(self.smooth_m / pixel_m, 0.8)
        weight = ndimage.gaussian_filter(valid.astype("float32"), sigma)
        return np.where(valid, ndimage.gaussian_filter(np.where(valid, band, 0.0), sigma) / np.where(weight > 1e-3, weight, np.inf), 0.0).astype("float32")


def matched(image: np.ndarray, like: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """`image` in the light of `like`: the straight line through their quantiles where both were seen, its middle half alone, so that what changed does not bend it."""
    inner = slice(25, 76)
    a, b = np.quantile(image[seen], QUANTILES)[inner], np.quantile(like[seen], QUANTILES)[inner]
    gain = float(np.clip((b[-1] - b[0]) / (a[-1] - a[0]), 0.2, 5.0)) if a[-1] > a[0] else 1.0
    return (image - np.median(a)) * gain + np.median(b)


def _beyond(image: np.ndarray, other: np.ndarray, seen: np.ndarray, reach: int) -> np.ndarray:
    """How far each pixel lies outside of what the other image has around it: nothing, where a misfit of less than the reach explains it."""
    high = ndimage.maximum_filter(np.where(seen, other, -np.inf), reach)
    low = ndimage.minimum_filter(np.where(seen, other, np.inf), reach)
    return np.where(np.isfinite(high) & np.isfinite(low), np.maximum(0.0, np.maximum(image - high, low - image)), 0.0)


def _frame(rows: list[dict], crs: str) -> geopandas.GeoDataFrame:
    columns = ["geometry", "area_m2", "z", "brighter", "score"]
    return geopandas.GeoDataFrame({name: [row[name] for row in rows] for name in columns}, geometry="geometry", crs=crs)
