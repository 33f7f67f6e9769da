"""Forecasts: every model tried on five years of 20,000 cells, a horizon apart, in a made world that excites itself. Nothing is kept between runs.

Beside them counts by hand: pandas, a group by cell and origin over the last 90 days. Time is told as the clock has it and as the processor does:
on a machine that others use too only the second says much.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from analysis.forecast.backtest import origins, tried
from analysis.forecast.baselines import BASELINES
from analysis.forecast.boosting import Boosting
from analysis.forecast.counts_in_time import Counts
from analysis.forecast.decayed_kde import DecayedKde
from analysis.forecast.history import History
from analysis.forecast.self_exciting import SelfExciting
from analysis.forecast.withholding import judged
from analysis.units import Units
from benchmarks.tables import show

SEED = 20261126
FIRST = 18_600
SHARE = 0.05


def main(args: list[str]) -> int:
    asked = argparse.ArgumentParser(prog="vigia bench forecast", description=__doc__.split("\n")[0])
    asked.add_argument("--cells", type=int, default=20_000)
    asked.add_argument("--years", type=int, default=5)
    asked.add_argument("--seizures", type=int, default=200_000)
    asked.add_argument("--horizon", type=int, default=30, help="days")
    asked.add_argument("--tries", type=int, default=160, help="origins at most, the newest")
    asked.add_argument("--no-peer", action="store_true", help="measure ourselves alone")
    asked = asked.parse_args(args)
    world = made(asked.cells, asked.years * 365, asked.seizures)
    found, days = int(world.counts.table.sum()), origins(world, asked.horizon, asked.tries)
    models = (*BASELINES, DecayedKde(), SelfExciting(), Boosting(SEED))
    rows, told = [], {}
    whole, worked = time.perf_counter(), time.process_time()
    for model in models:
        begun, used = time.perf_counter(), time.process_time()
        told |= tried(world, (model,), asked.horizon, SHARE, most=asked.tries).tried
        one = told[model.name]
        rows.append((model.name, time.perf_counter() - begun, time.process_time() - used, round(float(one.log.sum() / one.found.sum()), 3), round(float(one.hit.sum() / one.found.sum() / SHARE), 2)))
    rows.append(("all of it", time.perf_counter() - whole, time.process_time() - worked, None, None))
    if not asked.no_peer:
        begun, used = time.perf_counter(), time.process_time()
        by_hand(world, days, asked.horizon)
        rows.append(("counts over 90 days by pandas", time.perf_counter() - begun, time.process_time() - used, None, None))
    show(("tried", "s", "s of the processor", "log score a find", "PAI"), rows,
         title=f"{len(world.units):,} cells, {asked.years} years, {found:,} finds, {len(days)} origins of {asked.horizon} days; the {SHARE:.0%} of area forecast highest")
    for name in ("self-exciting", "boosting"):
        verdict = judged(told[name], {m.name: told[m.name] for m in models[:-2]}, SHARE)
        print(f"\n{name}: {'withheld, ' if verdict.withheld else ''}{verdict.words}")
    print(f"\nlargest memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    return 0


def made(cells: int, days: int, seizures: int) -> History:
    """Squares in a square; half of what is found follows on what was found up to some weeks before, there or beside it."""
    side = round(cells**0.5)
    x, y = (v.ravel() for v in np.meshgrid(np.arange(side), np.arange(side)))
    line = sparse.diags_array([np.ones(side - 1)] * 2, offsets=[-1, 1], shape=(side, side)) + sparse.eye_array(side)
    near = sparse.csr_array(sparse.kron(line, line, format="csr") - sparse.eye_array(side * side))
    near.eliminate_zeros()
    units = Units("square", np.arange(side * side), shapely.box(x / 100, y / 100, (x + 1) / 100, (y + 1) / 100), np.ones(side * side), np.zeros(side * side), near)
    rng, kept = np.random.default_rng(SEED), np.exp(-1 / 7)
    background = rng.gamma(0.2, 5.0, side * side) * seizures / 2 / days / side / side
    state, parts = np.zeros(side * side), []
    for day in range(days):
        today = rng.poisson(background + 0.35 * state + 0.15 / 8 * (near @ state))
        state = state * kept + today * (1 - kept)
        at = np.flatnonzero(today)
        parts.append((at, np.full(at.size, FIRST + day), today[at]))
    unit, day, n = (np.concatenate(p) for p in zip(*parts))
    return History(units, Counts.of(unit, day, n, units=side * side, first=FIRST, days=days))


def by_hand(world: History, days: list[int], horizon: int) -> float:
    """What anybody would write: finds of the last 90 days by cell, and what came, joined; no level, no drawing together."""
    unit, day, n = world.counts.events()
    frame = pd.DataFrame({"unit": unit, "day": day + FIRST, "n": n})
    score = 0.0
    for origin in days:
        before = frame[(frame.day >= origin - 90) & (frame.day < origin)].groupby("unit").n.sum().reindex(range(len(world.units)), fill_value=0)
        came = frame[(frame.day >= origin) & (frame.day < origin + horizon)].groupby("unit").n.sum().reindex(range(len(world.units)), fill_value=0)
        top = before.sort_values(ascending=False).index[: int(SHARE * len(world.units))]
        score += came[top].sum()
    return score
