"""Change candidates on made pairs whose changes are known: precision and recall, beside a plain difference with Otsu's threshold, and how both fall with misfit."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from rasterio.features import rasterize
from rasterio.transform import from_origin
from scipy import ndimage
from skimage.filters import threshold_otsu

from analysis.change import Difference
from analysis.offsets import NoOffset, PhaseOffset
from analysis.pairs import Pair, grey
from benchmarks.arguments import parser
from benchmarks.tables import show
from tests.analysis.scenes import PIXEL_M, pair

PLACE = from_origin(600_000, 2_900_000, PIXEL_M, PIXEL_M)
CONTRASTS = ((10, 20), (20, 35), (35, 70))
MISFITS_PX = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)


def main(args: list[str]) -> int:
    asked = parser("change", __doc__.split("\n")[0])
    asked.add_argument("--pairs", type=int, default=40, help="pairs of each row, about eight changes a pair")
    asked = asked.parse_args(args)
    show(("changes, grey levels of 255", "changes", "precision", "recall", "peer: precision", "recall"),
         [(f"{low} to {high}", *_row(asked.pairs, (0.0, 0.0), contrast=(low, high))) for low, high in CONTRASTS], title="By contrast, both pictures on each other")
    rows = []
    for misfit in MISFITS_PX:
        by = (0.8 * misfit, -0.6 * misfit)
        rows.append((f"{misfit:g}", *_row(asked.pairs, by), *_row(asked.pairs, by, moved=True)[1:3]))
    show(("misfit, pixels", "changes", "precision", "recall", "peer: precision", "recall", "moved back first: precision", "recall"), rows,
         title="By misfit, changes of 35 to 70 levels")
    _offsets(asked.pairs)
    return 0


def _row(pairs: int, by: tuple[float, float], *, contrast: tuple[float, float] = (35, 70), moved: bool = False) -> tuple:
    ours, theirs, changes = np.zeros(3, int), np.zeros(3, int), 0
    for seed in range(pairs):
        both, truth = pair(seed, changes=8, moved_px=by, contrast=contrast)
        if moved:
            both = _back(both)
        where = truth if moved else ndimage.shift(truth, by, order=0)
        changes += len(set(np.unique(truth).tolist()) - {0})
        ours += _judged(Difference(tolerance_m=1.5 * PIXEL_M).apply(both, PLACE, "EPSG:32614").geometry, where)
        theirs += _judged(_plain(both), where)
    return (changes, *_shares(ours), *_shares(theirs))


def _back(both: Pair) -> Pair:
    try:
        told = PhaseOffset().apply(both)
    except NoOffset:
        return both
    return both.moved(-told.north_m / both.pixel_m, told.east_m / both.pixel_m)


def _plain(both: Pair) -> list:
    """The peer: what differs by more than Otsu's threshold after levelling mean and spread, in pieces of 4 m² or more."""
    from rasterio.features import shapes
    from shapely.geometry import shape

    first, second = grey(both.before), grey(both.after)
    seen = both.overlap
    second = (second - second[seen].mean()) / second[seen].std() * first[seen].std() + first[seen].mean()
    apart = np.abs(ndimage.gaussian_filter(second - first, 0.8)) * seen
    found = apart > threshold_otsu(apart[seen])
    return [s for s in (shape(told) for told, _ in shapes(found.astype("uint8"), mask=found, transform=PLACE, connectivity=8)) if s.area >= 4.0]


def _judged(shapes, truth: np.ndarray) -> np.ndarray:
    """True ones, false ones, changes missed."""
    met: set[int] = set()
    true = 0
    for one in shapes:
        at = rasterize([one], truth.shape, transform=PLACE, all_touched=True) > 0
        hit = set(np.unique(truth[at]).tolist()) - {0}
        true, met = true + bool(hit), met | hit
    return np.array([true, len(shapes) - true, len(set(np.unique(truth).tolist()) - {0} - met)])


def _shares(told: np.ndarray) -> tuple[float, float]:
    true, false, missed = told.tolist()
    return round(true / max(true + false, 1), 2), round(true / max(true + missed, 1), 2)


def _offsets(pairs: int) -> None:
    wrong, held, took = [], 0, []
    for seed in range(pairs):
        by = np.random.default_rng(seed).uniform(-8, 8, 2)
        both, _ = pair(seed, changes=8, moved_px=tuple(by))
        begun = time.process_time()
        told = PhaseOffset().apply(replace(both))
        took.append(time.process_time() - begun)
        wrong.append(float(np.hypot(told.east_m / PIXEL_M + by[1], told.north_m / PIXEL_M - by[0])))
        held += wrong[-1] * PIXEL_M <= told.error_m
    show(("pairs", "wrong by, pixels: median", "worst", "within the stated error", "s of a processor each"),
         [(str(pairs), round(float(np.median(wrong)), 3), round(max(wrong), 3), f"{held} of {pairs}", round(float(np.median(took)), 2))], title="Offsets of up to 8 pixels")
