"""A small method for tests of what is around methods: counts by whole degree."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from analysis.ground import NOTHING_KNOWN, Ground, Step, unwatched
from analysis.methods import knob
from analysis.points import checked

WHERE = "tests.analysis.toy:Toy"
WHERE_EFFECT = "tests.analysis.toy:ToyEffect"


@dataclass(frozen=True)
class Toy:
    """How many points lie in each square of `cell_deg` degrees."""

    NAME: ClassVar[str] = "toy"
    FAMILY: ClassVar[str] = "hotspots"
    TITLE: ClassVar[str] = "Counts by square"
    VERSION: ClassVar[str] = "1"
    NEEDS: ClassVar[int] = 2
    SOURCE: ClassVar[str] = "made for tests"
    LEGEND: ClassVar[dict[str, str]] = {"n": "points in the square", "level": "2 many, 1 some"}

    cell_deg: float = knob(1.0, "How wide a square is.", unit="degrees", least=0.01, most=10)
    grid: str = knob("square", "How the ground is cut.", choices=("square", "h3"))
    slow_s: float = knob(0.0, "How long it takes.", unit="s", least=0, most=600)
    hungry_mb: int = knob(0, "How much memory it takes.", unit="MB", least=0, most=1_000_000)
    withheld: bool = knob(False, "Whether it says nothing.")

    def apply(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN, step: Step = unwatched) -> gpd.GeoDataFrame:
        points = checked(points, method=self.NAME, needs=self.NEEDS)
        np.ones(self.hungry_mb << 17)
        for i in range(int(self.slow_s * 10)):
            step(i / (self.slow_s * 10))
            time.sleep(0.1)
        corner = np.floor(points[["lon", "lat"]] / self.cell_deg) * self.cell_deg
        n = corner.groupby(["lon", "lat"]).size().reset_index(name="n")
        shapes = shapely.box(n.lon, n.lat, n.lon + self.cell_deg, n.lat + self.cell_deg)
        frame = gpd.GeoDataFrame({"n": n.n, "level": np.where(n.n > 3, 2, 1)}, geometry=shapes, crs=4326)
        told = {"n": len(points), "words": f"{len(points)} points in {len(n)} squares.", "limits": ["It is a toy."],
                "effort": "no effort data" if ground.effort is None else f"{len(ground.effort)} looks", "area": None if ground.area is None else ground.area.wkt}
        frame.attrs["told"] = told | ({"withheld": True, "verdict": "no better than counts"} if self.withheld else {})
        return frame


@dataclass(frozen=True)
class ToyEffect:
    """How many points lie in each zone of an operation."""

    NAME: ClassVar[str] = "toy-effect"
    FAMILY: ClassVar[str] = "effect"
    TITLE: ClassVar[str] = "Counts by zone"
    VERSION: ClassVar[str] = "1"
    NEEDS: ClassVar[int] = 1
    SOURCE: ClassVar[str] = "made for tests"
    LEGEND: ClassVar[dict[str, str]] = {"role": "what the zone is", "n": "points in it"}

    start: str = knob("", "When it began.")
    end: str = knob("", "When it ended.")

    def apply(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN, step: Step = unwatched) -> gpd.GeoDataFrame:
        points, zones = checked(points, method=self.NAME, needs=self.NEEDS), ground.zones
        inside = [int(shapely.contains_xy(zone, points.lon, points.lat).sum()) for zone in zones.geometry]
        frame = gpd.GeoDataFrame({"role": zones.role, "n": inside}, geometry=zones.geometry, crs=4326)
        frame.attrs["told"] = {"n": len(points), "words": f"{self.start} to {self.end}"}
        return frame
