"""Hotspots beside kept libraries: Gi* beside esda, density beside scipy's gaussian_kde; a million points; from 200,000 seizures to a layer, here and from the server.

The server's part has a world of its own in a private PostGIS: a changed filter is asked as the page asks, its run and then the tiles of the view at once. Its peer reads the same
seizures out of the same database by geopandas and has esda do the same on H3's cells: GeoJSON of them, with no rights asked, nothing kept and nothing recorded.
"""

from __future__ import annotations

import json
import statistics
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import shapely
from scipy import sparse
from scipy.stats import gaussian_kde

from analysis.describe.density import abramson, fixed, various
from analysis.describe.gi_star import GiStar
from analysis.describe.laying import Raster
from analysis.grids.squares import _id, neighbours
from analysis.ground import Ground
from analysis.hotspots import gi_star
from benchmarks.arguments import parser
from benchmarks.tables import percentile, show

AREA = shapely.box(-100.0, 24.0, -95.0, 29.0)


def main(args: list[str]) -> int:
    asked = parser("hotspots", __doc__.split("\n")[0])
    asked.add_argument("--side", type=int, default=316, help="cells of Gi* are so many by so many")
    asked.add_argument("--points", type=int, default=20_000, help="points of the density scipy can run")
    asked.add_argument("--many", type=int, default=1_000_000, help="points of the large density")
    asked.add_argument("--filters", type=int, default=30, help="filters the server is asked one after another")
    asked.add_argument("--no-server", action="store_true", help="leave out what needs a database")
    asked.set_defaults(fixes=20_000, tracks=200)
    asked = asked.parse_args(args)
    rows = [_gi_star(asked.side, asked.runs, asked.no_peer), _density(asked.points, asked.runs, asked.no_peer)]
    show(("what", "ours ms", "peer ms", "times as fast", "apart by at most"), rows, title=f"Beside esda (permutations=0) and scipy, medians of {asked.runs} runs that take turns")
    show(("what", "s", "s of processor"), [*_many(asked.many, asked.runs), *_layers(asked.seizures, asked.runs)], title="At scale")
    if not asked.no_server:
        _server(asked)
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
    one, edges = _took(runs, lambda: fixed(raster, x, y, ones, np.diag([h * h, h * h])), lambda: various(raster, x, y, None, np.full(n, h), ground))
    each, = _took(1, lambda: various(raster, x, y, None, abramson(raster.at(one[2], x, y), h), ground))
    return [(f"Density of {n:,} points on 1,000 by 1,000: fixed", *one[:2]), ("the same, edges corrected", *edges[:2]), ("adaptive, edges corrected (one run)", *each[:2])]


def _layers(n: int, runs: int) -> list[tuple]:
    rng = np.random.default_rng(4)
    towns = rng.uniform([-100, 24], [-95, 29], (2000, 2))
    at = towns[rng.zipf(1.3, n) % 2000] + rng.normal(0, 0.03, (n, 2))
    points = pd.DataFrame({"lon": at[:, 0].clip(-99.99, -95.01), "lat": at[:, 1].clip(24.01, 28.99)})
    methods = (GiStar(resolution=6), GiStar(grid="square", cell_m=5000.0))
    return [(f"{n:,} seizures to a layer of Gi*: {method.grid}", *took[:2]) for method, took in
            zip(methods, _took(runs, *(lambda method=method: method.apply(points, Ground(area=AREA)) for method in methods)))]


VIEW = (5, range(4, 8), range(12, 14))  # zoom, columns and rows of the tiles in view
RESOLUTION = 5  # H3's, at that zoom


def _server(asked) -> None:
    """Filters one after another, each a new one: its run, then its tiles at once. A peer's turn comes after every tenth."""
    from benchmarks import servers
    from benchmarks.world import made

    with made(asked.home, asked.fixes, asked.tracks, asked.seizures) as cluster, servers.vigia(cluster, asked.home) as ours, ThreadPoolExecutor(6) as browser:
        salt, took, found, peers = time.time_ns() % 10**6 / 1e12, [], [], []
        for i, query in enumerate(_filters(asked.filters, salt)):
            worked = ours.cpu_s()
            begin = time.perf_counter()
            _, body, status = ours.get(f"/api/hotspots?{query}")
            run, opened_s = json.loads(body), time.perf_counter() - begin
            zoom, columns, rows = VIEW
            tiles = list(browser.map(lambda at: ours.get(f"/api/tiles/hotspots/{run['run']}/{zoom}/{at[0]}/{at[1]}.mvt"), [(x, y) for x in columns for y in rows]))
            took.append((time.perf_counter() - begin, opened_s, ours.cpu_s() - worked))
            if status != 200 or not {told for _, _, told in tiles} <= {200, 204} or not any(body for _, body, _ in tiles):
                raise SystemExit(f"the server answered {status} and {[told for _, _, told in tiles]}")
            found.append(run["n"])
            if not asked.no_peer and i % 10 == 9:
                begin = time.perf_counter()
                _theirs(cluster)
                peers.append(time.perf_counter() - begin)
    whole, opened, worked = zip(*took)
    rows = [("filter to layer, the server", len(whole), *(1000 * told for told in (statistics.median(whole), percentile(whole, 0.95), max(whole))), 1000 * statistics.median(worked)),
            ("of it the run", len(opened), *(1000 * told for told in (statistics.median(opened), percentile(opened, 0.95), max(opened))), None)]
    if peers:
        rows.append(("geopandas and esda", len(peers), *(1000 * told for told in (statistics.median(peers), percentile(peers, 0.95), max(peers))), None))
    show(("what", "filters", "median ms", "p95 ms", "longest ms", "ms of processor, server"), rows, title=f"{min(found):,} to {max(found):,} of {asked.seizures:,} seizures, a filter nobody asked before")


def _filters(number: int, salt: float) -> list[str]:
    """Queries of the page, each of most seizures and of none that was asked before."""
    told = ("min_kg={kg:.12f}", "from=2026-09-{day:02d}T00:00:00Z&min_kg={kg:.12f}", "max_kg={most:.12f}", "drug=cocaine,heroin,cannabis,ats,opioid,other&min_kg={kg:.12f}", "bbox=-119,24,-95,34&min_kg={kg:.12f}")
    return [f"world=live&{told[i % len(told)].format(kg=1e-6 * (i + 1) + salt, most=100_000 + i + salt, day=1 + i % 5)}" for i in range(number)]


def _theirs(cluster) -> str:
    """The same by hand: seizures by geopandas, cells by h3, Gi* by esda, their outlines as GeoJSON."""
    import geopandas as gpd
    import h3
    import libpysal
    from esda.getisord import G_Local
    from sqlalchemy import create_engine

    engine = create_engine(cluster.owner_url)
    points = gpd.read_postgis("SELECT kg, geom FROM vigia.seizure WHERE world = 0 AND geom IS NOT NULL AND NOT aggregate", engine, "geom")
    engine.dispose()
    points["cell"] = [h3.latlng_to_cell(y, x, RESOLUTION) for x, y in zip(points.geometry.x, points.geometry.y)]
    counted = points.groupby("cell").kg.agg(["size", "sum"])
    cells = sorted(set().union(*(h3.grid_disk(cell, 3) for cell in counted.index)))
    there = set(cells)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        w = libpysal.weights.W({cell: [o for o in h3.grid_ring(cell, 1) if o in there] for cell in cells}, silence_warnings=True)
        z = G_Local(counted["size"].reindex(w.id_order, fill_value=0).to_numpy(float), w, star=True, transform="B", permutations=0).Zs
    shapes = [shapely.Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)]) for cell in w.id_order]
    return gpd.GeoDataFrame({"z": z}, geometry=shapes, crs=4326).to_json()
