"""The places numbers are told of: cells of a grid, or sections of a border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.ground import NOTHING_KNOWN, Ground


@dataclass(frozen=True)
class Units:
    """n places beside one another, in one order.

    `ids` (n,) int64 or text; `outlines` (n,) shapely polygons in EPSG:4326 (a section: the ground on both sides of its line); `area_km2` (n,) and
    `length_km` (n,; zeros for cells) on the ellipsoid; `neighbours` (n, n) of ones, symmetric, nobody its own. `crs` is what squares are square in, or
    sections are measured in ('' for H3).
    """

    kind: Literal["h3", "square", "section"]
    ids: np.ndarray
    outlines: np.ndarray
    area_km2: np.ndarray
    length_km: np.ndarray
    neighbours: sparse.csr_array
    crs: str = ""

    def __len__(self) -> int:
        return len(self.ids)


class Grid(Protocol):
    """A frozen dataclass that cuts the ground into units, and says where points lie in them."""

    def units(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN) -> Units:
        """The units of the ground asked about (`ground.area`, clipped to `ground.land`), or of the points and what lies round them."""
        ...

    def spread(self, points: pd.DataFrame, units: Units) -> sparse.csr_array:
        """Shape (points, units): how much of each point lies in each unit. A row sums to 1, or to 0 where the point lies in none.

        One whose place is not exact (`precision_m`) is spread over the units it may lie in.
        """
        ...
