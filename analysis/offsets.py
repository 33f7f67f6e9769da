"""How far one image lies beside another of the same place: cross-correlation to a part of a pixel, with an error that its own parts tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.registration import phase_cross_correlation

from analysis.pairs import Pair, grey, standing_out

VERSION = "1"
LEAST_ERROR_PX = 0.1  # nobody's pixels tell more, whatever their scatter says


class NoOffset(Exception):
    """Nothing can be said about how the two lie."""


@dataclass(frozen=True)
class Offset:
    """How far `after` has to be moved to lie on `before`, in metres; `error_m` holds the truth 19 times of 20."""

    east_m: float
    north_m: float
    error_m: float
    score: float  # -1 to 1: how alike both are once they lie on each other
    parts: int  # of the overlap that told on their own


@dataclass(frozen=True)
class PhaseOffset:
    """Sub-pixel correlation over the overlap, then over its parts for the error.

    `most_m`: a larger offset is no small one, and refused; `least_score`: two images less alike than this tell nothing; `steps`: of a pixel.
    What is correlated stands out from its neighbourhood already; frequencies are not levelled on top of that (`normalization=None`), which gave the blocks
    of JPEG as much to say as the ground: 0.3 pixels wrong where this is 0.04.
    Source: Guizar-Sicairos et al. 2008, as `skimage.registration.phase_cross_correlation` has it.
    """

    most_m: float = 15.0
    least_score: float = 0.2
    steps: int = 50
    radius_px: float = 8.0
    part_px: int = 96
    least_overlap_px: int = 64 * 64

    def apply(self, pair: Pair) -> Offset:
        """Raises NoOffset, with the numbers."""
        seen = int(pair.overlap.sum())
        if seen < self.least_overlap_px:
            raise NoOffset(f"they share {seen:,} pixels; {self.least_overlap_px:,} are needed")
        rows, columns = self._shift(pair)
        if (far := float(np.hypot(rows, columns)) * pair.pixel_m) > self.most_m:
            raise NoOffset(f"they seem to lie {far:.1f} m apart; up to {self.most_m:g} m is taken for a small offset")
        moved = pair.moved(rows, columns)
        first, second = self._flat(moved)
        score = _alike(first, second, moved.overlap)
        if score < self.least_score:
            raise NoOffset(f"they are alike by {score:.2f} only, from {self.least_score:g} on one tells of the other")
        left = self._of_parts(first, second, moved.overlap)
        if len(left) >= 4:
            # Once more by the parts' middle: a whole that is dragged by one part is put right by the others.
            middle = np.median(left, axis=0)
            rows, columns = rows + middle[0], columns + middle[1]
            spread = 1.4826 * np.median(np.abs(left - middle), axis=0)
            error_px = 2.0 * float(np.hypot(*spread)) / np.sqrt(len(left))
        else:
            error_px = 1.0
        east, north, error = float(columns) * pair.pixel_m, -float(rows) * pair.pixel_m, float(max(error_px, LEAST_ERROR_PX)) * pair.pixel_m
        return Offset(east, north, error, score, len(left))

    def _flat(self, pair: Pair) -> tuple[np.ndarray, np.ndarray]:
        return (standing_out(grey(pair.before), pair.valid_before, self.radius_px), standing_out(grey(pair.after), pair.valid_after, self.radius_px))

    def _shift(self, pair: Pair) -> tuple[float, float]:
        first, second = self._flat(pair)
        if not first.any() or not second.any():
            raise NoOffset("nothing stands out in one of them")
        soft = _soft(pair.overlap, self.radius_px)
        shift, _, _ = phase_cross_correlation(first * soft, second * soft, upsample_factor=self.steps, normalization=None)
        return float(shift[0]), float(shift[1])

    def _of_parts(self, first: np.ndarray, second: np.ndarray, overlap: np.ndarray) -> np.ndarray:
        """(n, 2): what is left to move by, in pixels down and right, of each part that tells something by itself."""
        side = self.part_px
        window = np.outer(np.hanning(side), np.hanning(side)).astype("float32")
        out = []
        for r in range(0, first.shape[0] - side + 1, side):
            for c in range(0, first.shape[1] - side + 1, side):
                at = np.s_[r:r + side, c:c + side]
                if overlap[at].mean() < 0.8 or _alike(first[at], second[at], overlap[at]) < self.least_score:
                    continue
                shift, _, _ = phase_cross_correlation(first[at] * window, second[at] * window, upsample_factor=self.steps, normalization=None)
                if np.abs(shift).max() <= 4:
                    out.append(shift)
        return np.array(out, float).reshape(-1, 2)


def _soft(mask: np.ndarray, radius_px: float) -> np.ndarray:
    """1 inside, falling to 0 at the edge: an edge that both have would say that nothing moved."""
    inside = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    return np.clip(inside / (4 * radius_px), 0.0, 1.0).astype("float32")


def _alike(first: np.ndarray, second: np.ndarray, mask: np.ndarray) -> float:
    a, b = first[mask], second[mask]
    if len(a) < 2:
        return 0.0
    spread = float(a.std() * b.std())
    return float(((a - a.mean()) * (b - b.mean())).mean()) / spread if spread > 0 else 0.0
