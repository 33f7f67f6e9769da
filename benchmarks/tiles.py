"""Vector tiles: every zoom from 3 to 14, cold and warm, and a map that is panned, beside tipg on the same lines.

tipg stops at 10,000 features a tile without a word; ours drops nothing, it generalises. So beside milliseconds the table
has what was in the tile.
"""

from __future__ import annotations

import math
import statistics
from urllib.parse import quote

import mapbox_vector_tile
import numpy as np
import psycopg

from benchmarks import servers
from benchmarks.arguments import parser
from benchmarks.tables import percentile, show
from benchmarks.world import SEED, made
from data.cluster import DATABASE, Cluster

ZOOMS = range(3, 15)
A_ZOOM = 12  # tiles of each zoom
VIEWPORTS, WIDE, HIGH = 20, 4, 3  # a screen of 1920 by 1080 in tiles of 512 px
PANNED = (5, 7, 9)  # zooms somebody moves the map about at
TILE_MAX = 500_000


def main(args: list[str]) -> int:
    asked = parser("tiles", __doc__.split("\n")[0]).parse_args(args)
    rng = np.random.default_rng(SEED)
    with made(asked.home, asked.fixes, asked.tracks, asked.seizures) as cluster:
        places = _places(cluster, 4000)
        spots = {z: _tiles(places, z, rng) for z in ZOOMS}
        panned = {z: _pan(places, z, rng) for z in PANNED}
        if not asked.no_peer:
            _prepared(cluster)
        _read_once(cluster, peer=not asked.no_peer)
        with servers.vigia(cluster, asked.home) as ours:
            if asked.no_peer:
                return _report(ours, None, spots, panned, asked.runs)
            with servers.peer("tipg.main:app", "/healthz", asked.home, _tipg(cluster)) as theirs:
                return _report(ours, theirs, spots, panned, asked.runs)


def _report(ours: servers.Server, theirs: servers.Server | None, spots: dict, panned: dict, runs: int) -> int:
    rows, cold_ours, cold_theirs, largest = [], [], [], 0
    for z in ZOOMS:
        mine, warm, other, told = [], [], [], {"n": [], "b": [], "pn": [], "pb": []}
        for tile in spots[z]:
            seconds, body, _ = ours.get(_our_path(tile))
            mine.append(1000 * seconds)
            told["n"].append(_lines(body))
            told["b"].append(len(body))
            if theirs:
                seconds, body, _ = theirs.get(_their_path(tile))
                other.append(1000 * seconds)
                told["pn"].append(_lines(body))
                told["pb"].append(len(body))
        for _ in range(runs):
            warm += [1000 * ours.get(_our_path(tile))[0] for tile in spots[z]]
        largest = max(largest, *told["b"])
        cold_ours += mine
        cold_theirs += other
        rows.append((z, percentile(mine, 0.5), percentile(mine, 0.95), percentile(warm, 0.95), statistics.median(told["n"]), max(told["b"]) // 1000,
                     *((percentile(other, 0.5), percentile(other, 0.95), statistics.median(told["pn"]), max(told["pn"]), max(told["pb"]) // 1000) if theirs else ())))
    head = ["zoom", "cold p50 ms", "cold p95 ms", "warm p95 ms", "lines p50", "max kB"]
    show(head + (["tipg p50 ms", "tipg p95 ms", "tipg lines p50", "tipg lines max", "tipg max kB"] if theirs else []), rows,
         title=f"Tiles of movement, {A_ZOOM} a zoom")
    print(f"\nlargest tile {largest / 1000:.0f} kB (limit {TILE_MAX // 1000})")
    seizures = [1000 * ours.get(f"/api/tiles/seizures/{z}/{x}/{y}.mvt?world=live")[0] for z in ZOOMS for _, x, y in spots[z]]
    print(f"tiles of seizures, all zooms: p50 {percentile(seizures, 0.5):.0f} ms, p95 {percentile(seizures, 0.95):.0f} ms")
    print(f"cold p95 over all zooms: {percentile(cold_ours, 0.95):.0f} ms" + (
        f", tipg {percentile(cold_theirs, 0.95):.0f} ms, {percentile(cold_theirs, 0.95) / percentile(cold_ours, 0.95):.1f} times" if theirs else ""))
    _show_panning(ours, theirs, {z: list(dict.fromkeys(tiles)) for z, tiles in panned.items()}, runs, 1,
                  "the new tiles of each, as one browser asks that keeps what it has")
    _show_panning(ours, theirs, panned, runs, 2, "every tile of each, as when several look at one place")
    print(f"memory of our server after this: {ours.rss_mb():.0f} MB")
    return 0 if largest <= TILE_MAX else 1


def _show_panning(ours: servers.Server, theirs: servers.Server | None, panned: dict, runs: int, day: int, words: str) -> None:
    rows, sums = [], [0.0, 0.0]
    for z, tiles in panned.items():
        # Another window each time, older than all that was made: the same tiles, and none of them kept from before.
        mine = statistics.median(_panning(ours, tiles, _our_path, f"&from=2026-0{8 - i}-0{day}T00:00:00Z") for i in range(runs))
        other = statistics.median(_panning(theirs, tiles, _their_path, "") for _ in range(runs)) if theirs else 0.0
        sums = [sums[0] + mine, sums[1] + other]
        rows.append((z, len(tiles), mine, *((other, other / mine) if theirs else ())))
    rows.append(("all", sum(len(t) for t in panned.values()), sums[0], *((sums[1], sums[1] / sums[0]) if theirs else ())))
    show(["zoom", "tiles", "s"] + (["tipg s", "times"] if theirs else []), rows,
         title=f"Panning over {VIEWPORTS} viewports of {WIDE} by {HIGH} tiles, {words}, median of {runs}")


def _our_path(tile: tuple[int, int, int], more: str = "") -> str:
    return "/api/tiles/tracks/{}/{}/{}.mvt?world=live".format(*tile) + more


def _their_path(tile: tuple[int, int, int], more: str = "") -> str:
    return "/collections/public.lines/tiles/WebMercatorQuad/{}/{}/{}".format(*tile) + more


def _lines(body: bytes) -> int:
    """How many lines (and single fixes) are in a tile, each part of a feature of several counted."""
    shapes = [f["geometry"] for layer in mapbox_vector_tile.decode(body).values() for f in layer["features"]] if body else []
    return sum(len(s["coordinates"]) if s["type"].startswith("Multi") else 1 for s in shapes)


def _panning(server: servers.Server, panned: list, path, more: str) -> float:
    return sum(server.get(path(tile, more))[0] for tile in panned)


def _places(cluster: Cluster, number: int) -> np.ndarray:
    """Longitudes and latitudes of some of the newest places: where people look."""
    with psycopg.connect(cluster.owner_url.replace("+psycopg", "")) as connection:
        rows = connection.execute("SELECT ST_X(geom), ST_Y(geom) FROM vigia.latest_fix ORDER BY track_id LIMIT %s", (number,)).fetchall()
    return np.array(rows)


def _tile(lon: float, lat: float, z: int) -> tuple[int, int, int]:
    n = 2**z
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return z, min(n - 1, int((lon + 180) / 360 * n)), min(n - 1, int(y * n))


def _tiles(places: np.ndarray, z: int, rng: np.random.Generator) -> list[tuple[int, int, int]]:
    """Tiles of a zoom, the busiest half of them and some others; fewer where there are no more."""
    counted: dict[tuple[int, int, int], int] = {}
    for lon, lat in places:
        tile = _tile(lon, lat, z)
        counted[tile] = counted.get(tile, 0) + 1
    busy = sorted(counted, key=counted.get, reverse=True)
    rest = busy[A_ZOOM // 2:]
    return busy[:A_ZOOM // 2] + [rest[i] for i in rng.permutation(len(rest))[:A_ZOOM // 2]]


def _pan(places: np.ndarray, zoom: int, rng: np.random.Generator) -> list[tuple[int, int, int]]:
    """The tiles of each screen of somebody who moves the map about, a third of a screen at a time."""
    lon, lat = np.median(places, axis=0)
    z, x, y = _tile(lon, lat, zoom)
    out = []
    for _ in range(VIEWPORTS):
        out += [(z, x + dx, y + dy) for dx in range(WIDE) for dy in range(HIGH)]
        step = [(1, 0), (-1, 0), (0, 1), (0, -1)][int(rng.integers(0, 4))]
        x, y = x + step[0], y + step[1]
    return out


def _prepared(cluster: Cluster) -> None:
    """The very lines our tiles draw, as a table tipg can serve, with the index it needs."""
    with psycopg.connect(cluster.setup_url.replace("+psycopg", ""), dbname=DATABASE, autocommit=True) as connection:
        if connection.execute("SELECT to_regclass('public.lines')").fetchone()[0]:
            return
        connection.execute("""
            CREATE TABLE public.lines AS SELECT row_number() OVER () AS id, track_id, kind, started_at, ended_at,
              ST_Force2D(line)::geometry(LineString, 4326) AS geom FROM vigia.segment WHERE NOT gap""")
        connection.execute("ALTER TABLE public.lines ADD PRIMARY KEY (id)")
        connection.execute("CREATE INDEX ON public.lines USING gist (geom)")
        connection.execute("GRANT SELECT ON public.lines TO PUBLIC")
        connection.execute("VACUUM ANALYZE public.lines")


def _read_once(cluster: Cluster, *, peer: bool) -> None:
    """Every row a tile may need, from the disk into memory: cold is what no server keeps, not what no disk has turned for."""
    asks = ["sum(ST_NPoints(line)), sum(ST_NPoints(coarse)) FROM vigia.segment", "count(cell) FROM vigia.cover", "sum(length(edges)) FROM vigia.flow",
            "count(geom) FROM vigia.seizure", *(["sum(ST_NPoints(geom)) FROM public.lines"] if peer else [])]
    with psycopg.connect(cluster.setup_url.replace("+psycopg", ""), dbname=DATABASE) as connection:
        for ask in asks:
            connection.execute(f"SELECT {ask}").fetchone()


def _tipg(cluster: Cluster) -> dict[str, str]:
    return {
        "DATABASE_URL": f"postgresql://vigia_owner@{quote(str(cluster.socket), safe='')}/{DATABASE}", "TIPG_DB_SCHEMAS": '["public"]',
        "TIPG_DB_TABLES": '["public.lines"]', "TIPG_CATALOG_TTL": "0"
    }
