"""All that a forecast may look at: counts by unit and day, what else was seen there, and where things lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from analysis.forecast.counts_in_time import Counts
from analysis.units import Units


@dataclass(frozen=True)
class History:
    """`beside` are other counts over the same units (hours looked, tracks, events), `far_km` how far each unit is from a kind of place."""

    units: Units
    counts: Counts
    beside: dict[str, Counts] = field(default_factory=dict)
    far_km: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def size(self) -> np.ndarray:
        """What rates are told of: kilometres of a border section, square kilometres of a cell."""
        return self.units.length_km if self.units.kind == "section" else self.units.area_km2

    @property
    def end(self) -> int:
        """The first day that nothing is known of."""
        return self.counts.end

    def before(self, day: int) -> History:
        """As it was known before a day began."""
        return replace(self, counts=self.counts.before(day), beside={name: c.before(day) for name, c in self.beside.items()})


class Fitted(Protocol):
    """What was learnt at one time, to be asked then or later."""

    def expected(self, known: History, horizon: int) -> np.ndarray:
        """How many are expected in each unit in the `horizon` days from `known.end` on, all above zero."""
        ...

    def why(self, known: History, horizon: int) -> Sequence[str]:
        """For each unit, what its number comes from, in words."""
        ...


class Model(Protocol):
    """A way to forecast. It is given what was known before a day, and has nothing else to look at."""

    name: str
    KEEPS: bool  # what it learns may be used for a while; else it is fitted anew each time

    def fitted(self, known: History, horizon: int) -> Fitted: ...
