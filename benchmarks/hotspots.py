"""Hotspots beside kept libraries: Gi* beside esda, density beside scipy's gaussian_kde; a million points; from 200,000 seizures to a layer."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import shapely
from scipy import sparse
from scipy.stats import gaussian_kde

from analysis.describe.density import Raster, abramson, fixed, various
from analysis.describe.gi_star import GiStar
from analysis.grids.squares import _id, neighbours
from analysis.ground import Ground
from analysis.hotspots import gi_star
from benchmarks.arguments import parser
from benchmarks.tables import show

AREA = shapely.box(-100.0, 24.0, -95.0, 29.0)


def main(args: list[str]) -> int:
    asked = parser("hotspots", __doc__.split("\n")[0])
    asked.add_argument("--side", type=int, default=316, help="cells of Gi* are so many by so many")
    asked.add_argument("--points", type=int, default=20_000, help="points of the density scipy can run")
    asked.add_argument("--many", type=int, default=1_000_000, help="points of the large density")
    asked = asked.parse_args(args)
    rows = [_gi_star(asked.side, asked.runs, asked.no_peer), _density(asked.points, asked.runs, asked.no_peer)]
    show(("what", "ours ms", "peer ms", "times as fast", "apart by at most"), rows, title=f"Beside esda (permutations=0) and scipy, medians of {asked.runs} runs that take turns")
    show(("what", "s", "s of processor"), [*_many(asked.many, asked.runs), *_layers(asked.seizures, asked.runs)], title="At scale")
    return 0


def _took(runs: int, *calls: Callable[[], object]) -> list[tuple[float, float, object]]:
    """Median seconds, of the clock and of processors, and the last result of each call; the calls take turns."""
    told = [[] for _ in calls]
    last: list[object] = [None] * len(calls)
    for _ in range(runs):
        for i, call in enumerate(calls):
            at, worked = time.perf_counter(), time.process_time()
            last[i] = call()
            told[i].append((time.perf_counter() - at, time.process_time() - worked))
    return [(*(statistics.median(part) for part in zip(*one)), result) for one, result in zip(told, last)]


def _gi_star(side: int, runs: int, alone: bool) -> tuple:
    column, row = (part.ravel() for part in np.meshgrid(np.arange(side), np.arange(side)))
    beside = neighbours(np.sort(_id(column, row)))
    star = (beside + sparse.eye_array(side * side, format="csr")).tocsr()
    x = np.random.default_rng(1).poisson(2.0, side * side).astype(float)
    calls: list[Callable[[], object]] = [lambda: gi_star(x, star)]
    if not alone:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import libpysal
            from esda.getisord import G_Local

            w = libpysal.weights.WSP(beside.tocsr()).to_W(silence_warnings=True)

        def theirs() -> np.ndarray:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return G_Local(x, w, star=True, transform="B", permutations=0).Zs

        calls.append(theirs)
    return _row(f"Gi*, {side * side:,} cells", _took(runs, *calls), lambda a, b: np.abs(a - b).max())


def _density(n: int, runs: int, alone: bool) -> tuple:
    at = np.random.default_rng(2).multivariate_normal([0, 0], [[4e6, 1e6], [1e6, 2e6]], n).T
    low, high = at.min(axis=1), at.max(axis=1)
    raster = Raster(*low, *((high - low) / 200), 200, 200)
    kde = gaussian_kde(at)
    places = np.stack([part.ravel() for part in np.meshgrid(*(start + step * (np.arange(200) + 0.5) for start, step in zip(low, (raster.dx, raster.dy))))])
    calls: list[Callable[[], object]] = [lambda: fixed(raster, *at, np.full(n, 1 / n), kde.covariance)]
    if not alone:
        calls.append(lambda: kde(places).reshape(200, 200))
    # where there is a density: in far corners both are rounding of nothing
    return _row(f"Density, {n:,} points, 200 by 200", _took(runs, *calls), lambda a, b: np.abs(a / b - 1)[b > 1e-6 * b.max()].max())


def _row(what: str, took: list[tuple[float, float, object]], apart: Callable) -> tuple:
    ours = took[0][0] * 1000
    if len(took) == 1:
        return what, ours, None, None, None
    return what, ours, took[1][0] * 1000, took[1][0] / took[0][0], f"{apart(took[0][2], took[1][2]):.1e}"


def _many(n: int, runs: int) -> list[tuple]:
    x, y = np.random.default_rng(3).normal(0, 20_000, (2, n))
    raster, ones, h = Raster(-100_000.0, -100_000.0, 200.0, 200.0, 1000, 1000), np.ones(n), 2000.0
    ground = np.ones((1000, 1000))
    ground[:, 700:] = 0
    one, edges = _took(runs, lambda: fixed(raster, x, y, ones, np.diag([h * h, h * h])), lambda: various(raster, x, y, ones, np.full(n, h), ground))
    each, = _took(1, lambda: various(raster, x, y, ones, abramson(raster.at(one[2], x, y), h), ground))
    return [(f"Density of {n:,} points on 1,000 by 1,000: fixed", *one[:2]), ("the same, edges corrected", *edges[:2]), ("adaptive, edges corrected (one run)", *each[:2])]


def _layers(n: int, runs: int) -> list[tuple]:
    rng = np.random.default_rng(4)
    towns = rng.uniform([-100, 24], [-95, 29], (2000, 2))
    at = towns[rng.zipf(1.3, n) % 2000] + rng.normal(0, 0.03, (n, 2))
    points = pd.DataFrame({"lon": at[:, 0].clip(-99.99, -95.01), "lat": at[:, 1].clip(24.01, 28.99)})
    methods = (GiStar(resolution=6), GiStar(grid="square", cell_m=5000.0))
    return [(f"{n:,} seizures to a layer of Gi*: {method.grid}", *took[:2]) for method, took in
            zip(methods, _took(runs, *(lambda method=method: method.apply(points, Ground(area=AREA)) for method in methods)))]
