"""A method over more points than fit one machine's memory: each part is counted by itself, the counts are added, and the rest is done once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, Self, runtime_checkable

import geopandas as gpd
import pandas as pd

from analysis.ground import Ground, Step, unwatched
from errors import KnobRefused, PointsRefused


class Partial(Protocol):
    """What a part adds up to. The order parts are added in must not matter, to the last bit (analysis/exact.py)."""

    def plus(self, other: Self) -> Self: ...


@runtime_checkable
class InParts(Protocol):
    """A method whose result over parts is that over all of their points at once, to the last bit."""

    NAME: str

    def prepared(self, ground: Ground) -> Any:
        """What every part is counted on: it depends on no point. Raises KnobRefused and PointsRefused for what needs all points at once."""
        ...

    def counted_part(self, points: pd.DataFrame, ground: Ground, on: Any) -> Partial: ...

    def finish(self, partial: Partial, ground: Ground, on: Any) -> gpd.GeoDataFrame: ...


def able(method: object) -> InParts:
    """The method itself. Raises KnobRefused where it needs all points at once."""
    if not isinstance(method, InParts):
        raise KnobRefused(f"{method.NAME} needs all points at once; in parts there are gi-star, local-moran, rates, kde of a told bandwidth and the forecasts: give one file")
    return method


def added(partials: Iterable[Partial]) -> Partial:
    """All of them, one held at a time. Raises PointsRefused where there is none."""
    all_ = None
    for one in partials:
        all_ = one if all_ is None else all_.plus(one)
    if all_ is None:
        raise PointsRefused("there is no part to count")
    return all_


def over(method: object, parts: Iterable[pd.DataFrame], ground: Ground, step: Step = unwatched) -> gpd.GeoDataFrame:
    """The result over parts that are read one after another, here. Holds one part at a time."""
    able_ = able(method)
    on = able_.prepared(ground)
    step(0.1)
    # map and no loop: a loop's variable would hold a part while the next is read
    frame = able_.finish(added(map(lambda points: able_.counted_part(points, ground, on), parts)), ground, on)
    step(1.0)
    return frame
