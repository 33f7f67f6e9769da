"""The places numbers are told of: cells of a grid, or sections of a border."""

from __future__ import annotations

from collections import Counter
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
    sections are measured in ('' for H3). `names` (n,) are texts of sections, '' where one has none; cells have none at all.
    """

    kind: Literal["h3", "square", "section"]
    ids: np.ndarray
    outlines: np.ndarray
    area_km2: np.ndarray
    length_km: np.ndarray
    neighbours: sparse.csr_array
    crs: str = ""
    names: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def labels(self) -> np.ndarray:
        """What each is called, (n,) of texts: a section by its name, with its number where another is called the same; H3's as they are written; else the number or text itself.

        >>> Units("section", np.array([4, 5, 6, 7]), *[np.empty(4)] * 4, names=np.array(["A–B 1", "", "A–B 2", "A–B 2"])).labels.tolist()
        ['A–B 1', '5', 'A–B 2 (6)', 'A–B 2 (7)']
        """
        numbers = [f"{i:x}" if self.kind == "h3" else str(i) for i in self.ids.tolist()]
        if self.names is None:
            return np.array(numbers, object)
        often = Counter(self.names.tolist())
        return np.array([(name if often[name] == 1 else f"{name} ({number})") if name else number for name, number in zip(self.names.tolist(), numbers)], object)


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
