"""What looking at a place is worth: what is expected there, and how long nobody has looked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from analysis.effort import NO_EFFORT, REPORTED
from analysis.ground import Ground
from analysis.units import Units

DOUBT = 2.0  # looks that the mean of all places weighs beside what was found in one


@dataclass(frozen=True)
class Worth:
    """Of each place: `expected` seizures when it is looked at, `drawn` a chance draw of that (wide where little is known), `since_days` nobody looked (inf: never)."""

    expected: np.ndarray
    drawn: np.ndarray
    since_days: np.ndarray
    words: str


def worth(points: pd.DataFrame, spread: sparse.csr_array, units: Units, middles: np.ndarray, ground: Ground, at: pd.Timestamp, half_life_days: float,
          rng: np.random.Generator) -> Worth:
    """Finds and looks of long ago count less, by half every `half_life_days`. What patrols discovered is held against how often a place was looked at.

    Without that, who is sent to where most was found finds most there, and goes again (Ensign et al. 2018). The draw is a gamma of finds and looks: sent by it,
    a place of which little is known is tried now and then (Thompson 1933).
    """
    fade = 0.5 ** (np.maximum(0.0, _days(at, points.t)) / half_life_days)
    reported = (points.found_by == REPORTED).to_numpy()
    found, told = spread.T @ (fade * ~reported), spread.T @ (fade * reported)
    looks, since, words = _looks(middles, ground, at, half_life_days)
    if looks is None:
        return Worth(found + told, rng.random(len(units)), np.full(len(units), np.inf), words)
    mean = found.sum() / max(looks.sum(), 1.0)
    typical = max(looks.mean(), 1.0)
    shape, rate = found + DOUBT * max(mean, 1e-6), looks + DOUBT
    return Worth(shape / rate * typical + told, rng.gamma(shape, typical / rate) + told, since, words)


def _looks(middles: np.ndarray, ground: Ground, at: pd.Timestamp, half_life_days: float) -> tuple[np.ndarray | None, np.ndarray, str]:
    told = ground.effort
    if told is None or not len(told):
        return None, np.full(len(middles), np.inf), f"{NO_EFFORT} Places to explore are drawn by chance."
    look, place = shapely.STRtree(middles).query(told.geometry.to_numpy(), predicate="intersects")
    ago = np.maximum(0.0, _days(at, pd.Series(pd.to_datetime(told.t, utc=True)).reset_index(drop=True)))
    looks = np.bincount(place, (0.5 ** (ago / half_life_days))[look], minlength=len(middles))
    since = np.full(len(middles), np.inf)
    np.minimum.at(since, place, ago[look])
    return looks, since, f"{len(told):,} looks are known; {int(np.isinf(since).sum()):,} of {len(middles):,} places were never looked at."


def _days(at: pd.Timestamp, t: pd.Series) -> np.ndarray:
    return ((at - t) / pd.Timedelta(days=1)).to_numpy(float)
