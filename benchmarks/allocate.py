"""What plans find in made worlds, beside following the counts, sending by chance, and knowing the true rates.

Some 56 places with rates nobody knows (a gamma of shape 0.3: few places hold most); what is there is found only where somebody looks, and at first only the
four easternmost were looked at. Each day five visits. Following the counts goes to where most was found so far.
"""

from __future__ import annotations

import argparse

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from analysis.allocate.allocate import Allocate
from analysis.ground import Ground
from benchmarks.tables import show

START = pd.Timestamp("2026-01-01T00:00:00Z")
AREA = shapely.box(-99.3, 25.0, -98.7, 25.5)
SQUARES = {"grid": "square", "cell_m": 10_000.0, "crs": "EPSG:32614"}
PATROLS = gpd.GeoDataFrame({"name": ["A"], "kind": ["patrol"], "lon": [-99.0], "lat": [25.25], "reach_km": [100.0], "shifts": [5]})
WAYS = ("ours", "counts", "chance", "known")


def main(args: list[str]) -> int:
    asked = argparse.ArgumentParser(prog="vigia bench allocate", description=__doc__.split("\n")[0])
    asked.add_argument("--worlds", type=int, default=20)
    asked.add_argument("--days", type=int, default=120)
    asked.add_argument("--share", type=float, default=0.2, help="of visits that explore")
    asked = asked.parse_args(args)
    rows, known = [], None
    for way in ("known", "ours", "counts", "chance"):
        worlds = [run(seed, asked.days, way, share=asked.share) for seed in range(asked.worlds)]
        found = np.array([w.total for w in worlds], float)
        known = found if known is None else known
        half = np.array([sum(n for day, _, n in w.log if day >= asked.days // 2) for w in worlds])
        rows.append([{"known": "true rates known", "ours": f"allocate, share {asked.share:g}", "counts": "follow the counts", "chance": "by chance"}[way], int(found.sum()),
                     f"{found.sum() / known.sum():.0%}", int(half.sum()), f"{np.mean([(w.looks == 0).mean() for w in worlds]):.0%}",
                     f"{np.mean([w.longest(asked.days) for w in worlds]):.0f}"])
    show(["way", "found", "of what knowing finds", "in the second half", "places never looked at", "days longest unseen"], rows,
         title=f"Five visits a day among {len(worlds[0].rates)} places, {asked.worlds} worlds of {asked.days} days")
    return 0


class World:
    """Places with rates nobody knows; what is there is found only where somebody looks."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        first = pd.DataFrame({"lon": [-99.0], "lat": [25.25], "precision_m": [0.0]})
        self.units = Allocate(**SQUARES).laid().units(first, Ground(area=AREA))
        self.middles = shapely.point_on_surface(self.units.outlines)
        self.rates = self.rng.gamma(0.3, 0.8, len(self.units))
        self.finds, self.looks, self.total = np.zeros(len(self.units)), np.zeros(len(self.units)), 0
        self.log: list[tuple[int, int, int]] = []
        for place in np.argsort(-shapely.get_x(self.middles), kind="stable")[:4]:
            self.look(-1, int(place))

    def look(self, day: int, place: int) -> int:
        n = int(self.rng.poisson(self.rates[place]))
        self.finds[place] += n
        self.looks[place] += 1
        self.log.append((day, place, n))
        return n

    def known(self) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
        """What was found, and who looked where."""
        days, places, n = np.array(self.log).T
        t = START + pd.to_timedelta(days, unit="D")
        at = np.repeat(np.arange(len(n)), n) if n.any() else np.array([0])
        points = pd.DataFrame({"lon": shapely.get_x(self.middles)[places[at]], "lat": shapely.get_y(self.middles)[places[at]], "t": t[at], "found_by": "patrol"})
        return points, gpd.GeoDataFrame({"t": t, "hours": 2.0, "by": "patrol"}, geometry=self.units.outlines[places], crs=4326)

    def longest(self, days: int) -> int:
        """How many days a place was not looked at, at the end, the longest."""
        last = np.full(len(self.units), -1)
        for day, place, _ in self.log:
            last[place] = max(last[place], day)
        return days - int(last.min())


def run(seed: int, days: int, way: str, share: float = 0.2) -> World:
    """A world after so many days of one way to send five visits."""
    world = World(seed)
    for day in range(days):
        if way == "ours":
            points, effort = world.known()
            at = (START + pd.Timedelta(days=day)).isoformat()
            plan = Allocate(**SQUARES, patrol_km=0, lately_days=14, exploration_share=share, half_life_days=365, at=at).apply(points, Ground(area=AREA, units=PATROLS, effort=effort))
            places = np.flatnonzero(np.isin(world.units.ids.astype(str), plan.place)).tolist()
        else:
            # Most found so far, or nothing to go by; chance among equals.
            worth = {"counts": world.finds, "chance": np.zeros(len(world.units)), "known": world.rates}[way]
            places = np.lexsort((world.rng.random(len(world.units)), -worth))[:5].tolist()
        world.total += sum(world.look(day, p) for p in places)
    return world
