"""Who looked where, how long: rates per look and per hour, and what was found because somebody looked, apart from what was told.

A patrol that is sent to where it found most finds most where it is sent (Ensign, Friedler, Neville, Scheidegger & Venkatasubramanian 2018, Runaway feedback
loops in predictive policing). Their remedy: what patrols discovered counts the less, the more they were there; what others reported counts in full.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from scipy import sparse
from scipy.stats import chi2

from analysis.ground import Ground
from analysis.units import Units

NO_EFFORT = "No effort data: nothing is known of who looked where, so few seizures may mean few looks."
HARDLY = 0.05  # of the mean hours per km²: ground looked at less than that counts as looked at so much, or one find there would outweigh all
DISCOVERED, REPORTED = "patrol", "report"


@dataclass(frozen=True)
class Effort:
    """Of each unit: `hours` spent looking, and `looks`, each counted by the share of the unit it saw."""

    hours: np.ndarray
    looks: np.ndarray
    words: str

    @property
    def unseen(self) -> np.ndarray:
        """Units nobody looked at."""
        return ~(self.hours > 0)


def effort(units: Units, ground: Ground) -> Effort | None:
    """What is known of looks; None where nothing is. Hours of a look are spread evenly over its ground, also over what of it is in no unit.

    >>> import geopandas as gpd
    >>> half = Units("square", np.array([1, 2]), shapely.box([0, 1], 0, [1, 2], 1), np.ones(2), np.zeros(2), sparse.csr_array((2, 2)))
    >>> effort(half, Ground(effort=gpd.GeoDataFrame({"hours": [4.0]}, geometry=[shapely.box(0, 0, 4, 1)], crs=4326))).hours.tolist()
    [1.0, 1.0]
    """
    told = ground.effort
    if told is None or not len(told):
        return None
    seen = told.geometry.to_numpy() if told.crs is None or told.crs == "EPSG:4326" else told.to_crs(4326).geometry.to_numpy()
    look, unit = shapely.STRtree(units.outlines).query(seen, predicate="intersects")
    part = shapely.area(shapely.intersection(seen[look], units.outlines[unit]))
    spent = told.hours.to_numpy(float)
    hours = np.bincount(unit, spent[look] * part / np.maximum(shapely.area(seen)[look], 1e-300), minlength=len(units))
    looks = np.bincount(unit, part / shapely.area(units.outlines)[unit], minlength=len(units))
    unseen = int((hours <= 0).sum())
    return Effort(hours, looks, f"{len(told):,} looks of {hours.sum():,.0f} hours here; {unseen:,} of {len(units):,} places were not looked at.")


def rate(count: np.ndarray, exposure: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Events per exposure with their exact Poisson interval (Garwood 1936); not a number where there was no exposure.

    >>> [x.round(2).tolist() for x in rate(np.array([0.0, 10.0]), np.array([2.0, 0.0]))]
    [[0.0, nan], [0.0, nan], [1.84, nan]]
    """
    tail = (1 - level) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(count > 0, chi2.ppf(tail, 2 * count) / 2, 0.0)
        high = chi2.ppf(1 - tail, 2 * (count + 1)) / 2
        out = [np.where(exposure > 0, value / exposure, np.nan) for value in (count, low, high)]
    return out[0], out[1], out[2]


def found(points: pd.DataFrame) -> dict[str, np.ndarray]:
    """Which points patrols discovered, which others reported, and of which it is not known."""
    by = points.found_by.to_numpy()
    return {"discovered": by == DISCOVERED, "reported": by == REPORTED, "unknown": (by != DISCOVERED) & (by != REPORTED)}


def told_of(points: pd.DataFrame) -> str:
    """How many were discovered, how many reported, in words."""
    return words_of({name: int(is_.sum()) for name, is_ in found(points).items()})


def words_of(which: dict[str, int]) -> str:
    """The same, of numbers that are known."""
    return f"{which['discovered']:,} discovered by patrols, {which['reported']:,} reported, {which['unknown']:,} not known which."


def by_effort(points: pd.DataFrame, spread: sparse.csr_array, units: Units, looked: Effort) -> np.ndarray:
    """(points,): what each counts. Discovered ones by the mean hours per km² (of sections per km) over those spent where they were found, others 1.

    This is the remedy of Ensign et al. in expectation: they keep a discovered one with a chance that falls with how often patrols were sent there. Where all
    places were looked at alike it changes nothing.
    """
    size = units.length_km if units.kind == "section" else units.area_km2
    mean = looked.hours.sum() / size.sum()
    here = np.maximum(looked.hours / size, HARDLY * mean)
    scale = mean / here if mean > 0 else np.ones(len(units))
    placed = np.asarray(spread.sum(axis=1)).ravel() > 0
    return np.where(found(points)["discovered"] & placed, spread @ scale, 1.0)
