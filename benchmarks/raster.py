"""Imagery: tiles of one large COG by ourselves and by titiler-core, eight asked for at once; mosaics; what the catalogue's size costs; memory.

Our server keeps no tiles here (VIGIA_TILES_KEPT_MB=0): each is decoded anew by both. Both read the same file, and give WebP of 256 pixels.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import morecantile
import numpy as np
import psycopg
import shapely
from psycopg.types.json import Jsonb
from pyproj import Transformer
from shapely import Polygon, box

import settings
from benchmarks import servers
from benchmarks.arguments import parser
from benchmarks.made_raster import CRS, GSD_M, NORTH_M, WEST_M, painted
from benchmarks.tables import percentile, show
from benchmarks.world import SEED
from data import GDAL_ENVIRONMENT, cluster as clusters, migrations
from data.quadkey import loose_cell

GRID = morecantile.tms.get("WebMercatorQuad")
ZOOMS = range(12, 21)
AT_ONCE = 8


def main(args: list[str]) -> int:
    asked = parser("raster", __doc__.split("\n")[0])
    asked.add_argument("--side", type=int, default=33_000, help="pixels of the large image's side: 33,000 of four bands are about 4 GB of COG")
    asked.add_argument("--bands", type=int, default=4, choices=(3, 4),
                       help="4: with near infrared, packed without loss; 3: as JPEG, of which the same side is a tenth as large")
    asked.add_argument("--tiles", type=int, default=400, help="random tiles of zoom 12 to 20, asked for once cold and then again")
    asked.add_argument("--overlapping", type=int, default=200, help="images of the mosaic, each over its neighbours")
    asked.add_argument("--catalogues", default="200,20000", help="how many images the catalogue has, one after the other")
    asked.add_argument("--many", type=int, default=50_000, help="tiles after which memory is looked at")
    asked.add_argument("--parts", default="one,mosaic,catalogue,memory", help="what is measured")
    asked = asked.parse_args(args)
    parts = asked.parts.split(",")
    home = asked.home / "raster"
    home.mkdir(parents=True, exist_ok=True)
    os.environ["VIGIA_HOME"] = str(home)
    settings.store.cache_clear()
    with clusters.running(home) as cluster:
        migrations.upgrade(cluster.owner_url)
        image, cog, ground = _large(cluster, asked.side, asked.bands)
        if "mosaic" in parts:
            _mosaic(cluster, asked.overlapping)
        with servers.vigia(cluster, home, VIGIA_TILES_KEPT_MB="0") as ours:
            if "one" in parts:
                _one(asked, ours, home, image, cog, ground)
            if "mosaic" in parts:
                _mosaic_report(ours, asked)
            if "catalogue" in parts:
                _catalogue(cluster, ours, asked)
            if "memory" in parts:
                _memory(ours, image, ground, asked.many)
    return 0


# -- one large image -------------------------------------------------------------------------------------------------------


def _one(asked: argparse.Namespace, ours: servers.Server, home: Path, image: int, cog: Path, ground: Polygon) -> None:
    tiles = _tiles(ground, asked.tiles)
    paths = [f"/api/tiles/imagery/{image}/{z}/{x}/{y}.webp?world=live" for z, x, y in tiles]
    rows = [_asked("vigia", ours, paths, asked.runs)]
    if not asked.no_peer:
        where = urlencode({"url": str(cog)})
        # As titiler's own documentation tunes it; what we tell GDAL in our own processes is not for the peer.
        tuned = {**dict.fromkeys(GDAL_ENVIRONMENT, ""), "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_CACHEMAX": "200",
                 "VSI_CACHE": "TRUE", "PROJ_NETWORK": "OFF", "GDAL_NUM_THREADS": "1"}
        with servers.peer("peer_titiler:app", "/ready", home, tuned) as theirs:
            same = f"{where}&tilesize=256&bidx=1&bidx=2&bidx=3"
            rows.append(_asked("titiler-core", theirs, [f"/cog/tiles/WebMercatorQuad/{z}/{x}/{y}.webp?{same}" for z, x, y in tiles], asked.runs))
            rows.append(_asked("vigia again", ours, paths, asked.runs))
    show(["server", "cold p50 ms", "cold p95 ms", "warm p50 ms", "warm p95 ms", "alone p50 ms", "CPU ms a tile", "tiles/s", "kB", "MB held"], rows,
         title=f"{len(tiles)} random tiles of z12 to z20 of {cog.stat().st_size / 1e9:.2f} GB of COG, {AT_ONCE} at once")
    if not asked.no_peer:
        print(f"\nthroughput {rows[0][7] / rows[1][7]:.2f} times titiler-core's (again after it: {rows[2][7] / rows[1][7]:.2f})")


def _asked(name: str, server: servers.Server, paths: list[str], runs: int) -> tuple:
    """Once cold, then `runs` times, AT_ONCE at a time; and one at a time."""
    cold, _, _ = _rush(server, paths)
    began, used, warm, sizes = time.perf_counter(), server.cpu_s(), [], []
    for _ in range(runs):
        times, some, _ = _rush(server, paths)
        warm += times
        sizes += some
    rate, used = runs * len(paths) / (time.perf_counter() - began), 1000 * (server.cpu_s() - used) / (runs * len(paths))
    # One place, as a person who pans over it again: what the blocks of it cost is paid.
    near = [p for p in paths[:40] for _ in range(2)]
    alone = [_get(server, path)[0] for path in near][1::2]
    return (name, percentile(cold, 0.5), percentile(cold, 0.95), percentile(warm, 0.5), percentile(warm, 0.95), statistics.median(alone), used, rate,
            statistics.median(sizes) / 1000, server.rss_mb())


def _rush(server: servers.Server, paths: list[str]) -> tuple[list[float], list[int], float]:
    """Milliseconds and bytes of each, AT_ONCE at a time, and seconds for all."""
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = list(pool.map(lambda path: _get(server, path), paths))
    return [t for t, _ in told], [n for _, n in told], time.perf_counter() - began


def _get(server: servers.Server, path: str) -> tuple[float, int]:
    seconds, body, status = server.get(path)
    if status != 200:
        raise SystemExit(f"{server.address}{path}: {status} {body[:200]!r}")
    return 1000 * seconds, len(body)


def _large(cluster: clusters.Cluster, side: int, bands: int) -> tuple[int, Path, Polygon]:
    """The image by our own import: its id, COG and footprint in degrees."""
    from feeds.imports import ImportOptions, import_files

    ask = "SELECT id, cog, ST_AsText(footprint) FROM vigia.image WHERE name = %s"
    name = f"made_{side}_{bands}"
    with psycopg.connect(cluster.owner_url.replace("+psycopg", "")) as connection:
        row = connection.execute(ask, (name,)).fetchone()
        if row is None:
            print(f"making and importing an image of {side:,} by {side:,} pixels and {bands} bands, once …", flush=True)
            path = painted(settings.store().home / f"{name}.tif", side, bands=bands)
            [report] = import_files("imagery", [path], ImportOptions(captured_at="2026-09-01T10:15:00Z"), lambda *_: None, owner_url=cluster.owner_url)
            if report.error:
                raise SystemExit(f"the image was refused: {report.error}")
            path.unlink()
            connection.rollback()
            row = connection.execute(ask, (name,)).fetchone()
            # The benchmark needs no second copy of gigabytes.
            for original in settings.store().originals.iterdir():
                original.unlink()
    return row[0], settings.store().imagery / row[1], shapely.from_wkt(row[2])


def _tiles(ground: Polygon, number: int, zooms: range = ZOOMS) -> list[tuple[int, int, int]]:
    """Random tiles, as many of each zoom, all on its ground. Seeded."""
    rng = np.random.default_rng(SEED)
    west, south, east, north = ground.bounds
    out: list[tuple[int, int, int]] = []
    while len(out) < number:
        tile = GRID.tile(rng.uniform(west, east), rng.uniform(south, north), zooms[len(out) % len(zooms)])
        if ground.intersects(box(*GRID.bounds(tile)).buffer(-1e-7)):
            out.append((tile.z, tile.x, tile.y))
    return out


# -- many images -----------------------------------------------------------------------------------------------------------


def _mosaic(cluster: clusters.Cluster, number: int) -> None:
    """Images of 2,000 by 2,000 pixels, over half of their neighbours, each with a COG of its own."""
    with psycopg.connect(cluster.owner_url.replace("+psycopg", "")) as connection:
        (there,) = connection.execute("SELECT count(*) FROM vigia.image WHERE name LIKE 'strip %'").fetchone()
    if there >= number:
        return
    from feeds.imports import ImportOptions, import_files

    print(f"making and importing {number - there} images of the mosaic, once …", flush=True)
    side, gsd = 2_000, 0.1
    across = int(np.ceil(np.sqrt(number)))
    for n in range(there, number):
        west, north = WEST_M + 20_000 + n % across * side * gsd / 2, NORTH_M - n // across * side * gsd / 2
        path = painted(settings.store().home / f"strip {n}.tif", side, west_m=west, north_m=north, gsd_m=gsd, seed=n)
        told = ImportOptions(captured_at=f"2026-09-02T{n // 60 % 24:02}:{n % 60:02}:00Z")
        [report] = import_files("imagery", [path], told, lambda *_: None, owner_url=cluster.owner_url)
        path.unlink()
        if report.error:
            raise SystemExit(f"an image was refused: {report.error}")


def _mosaic_report(ours: servers.Server, asked: argparse.Namespace) -> None:
    across = int(np.ceil(np.sqrt(asked.overlapping)))
    ground = _degrees(WEST_M + 20_000, NORTH_M - (across + 1) * 100, WEST_M + 20_000 + (across + 1) * 100, NORTH_M)
    rows = []
    for order in ("newest", "oldest", "sharpest"):
        paths = [f"/api/tiles/imagery/{z}/{x}/{y}.webp?world=live&order={order}" for z, x, y in _tiles(ground, asked.tiles)]
        cold, _, _ = _rush(ours, paths)
        warm, sizes, seconds = _rush(ours, paths)
        rows.append((order, percentile(cold, 0.5), percentile(cold, 0.95), percentile(warm, 0.5), percentile(warm, 0.95), max(warm),
                     len(paths) / seconds, statistics.median(sizes) / 1000))
    show(["on top", "cold p50 ms", "cold p95 ms", "warm p50 ms", "warm p95 ms", "slowest ms", "tiles/s", "kB"], rows,
         title=f"Mosaic of {asked.overlapping} images, each over its neighbours: {asked.tiles} random tiles of z12 to z20, {AT_ONCE} at once")


def _degrees(west_m: float, south_m: float, east_m: float, north_m: float) -> Polygon:
    move = Transformer.from_crs(CRS, 4326, always_xy=True)
    lon, lat = move.transform([west_m, east_m, east_m, west_m], [south_m, south_m, north_m, north_m])
    return Polygon(list(zip(lon, lat)))


def _catalogue(cluster: clusters.Cluster, ours: servers.Server, asked: argparse.Namespace) -> None:
    """The same tiles while the catalogue grows by rows of images elsewhere and around."""
    ground = _degrees(WEST_M, NORTH_M - asked.side * GSD_M, WEST_M + asked.side * GSD_M, NORTH_M)
    tiles = _tiles(ground, min(asked.tiles, 200))
    rows = []
    for number in map(int, asked.catalogues.split(",")):
        _filled(cluster, number, ground.centroid)
        paths = [f"/api/tiles/imagery/{z}/{x}/{y}.webp?world=live&to=2026-09-01T12:00:00Z" for z, x, y in tiles]
        _rush(ours, paths)
        one = [_get(ours, path)[0] for path in paths]
        rows.append((number, percentile(one, 0.5), percentile(one, 0.95), max(one)))
    show(["images in the catalogue", "p50 ms", "p95 ms", "slowest ms"], rows, title=f"{len(tiles)} tiles of the large image as a mosaic, one at a time, warm")
    print(f"\np50 grows {rows[-1][1] / rows[0][1]:.2f} times from {rows[0][0]:,} to {rows[-1][0]:,} images")


def _filled(cluster: clusters.Cluster, number: int, near: shapely.Point) -> None:
    """Rows of images of 300 m all over 300 by 300 km, but for the tiles that are asked for; half of them are of the time that is asked for."""
    with psycopg.connect(cluster.owner_url.replace("+psycopg", "")) as connection:
        connection.execute("DELETE FROM vigia.image WHERE name LIKE 'row %'")
        (there,) = connection.execute("SELECT count(*) FROM vigia.image").fetchone()
        (source, cog) = connection.execute("SELECT source_id, cog FROM vigia.image WHERE name LIKE 'made_%' LIMIT 1").fetchone()
        rng = np.random.default_rng(SEED)
        with connection.cursor().copy("COPY vigia.image (world, name, captured_at, footprint, cell, gsd_m, width_px, height_px, bands, dtype, crs, min_zoom, max_zoom, "
                                      "sha256, original, cog, rendering, source_id) FROM STDIN") as copy:
            for n in range(max(0, number - there)):
                lon, lat = -97.5 + rng.uniform(-1.5, 1.5), 26 + rng.uniform(-1.35, 1.35)
                if abs(lon - near.x) < 0.2 and abs(lat - near.y) < 0.2:
                    lon += 3
                at = (lon, lat, lon + 0.003, lat + 0.0027)
                shape = shapely.to_wkb(shapely.set_srid(shapely.MultiPolygon([box(*at)]), 4326), hex=True, include_srid=True)
                taken = "2026-08-01T00:00:00Z" if n % 2 else "2026-09-03T00:00:00Z"
                copy.write_row((0, f"row {n}", taken, shape, loose_cell(*at), 0.1, 3000, 3000, 3, "uint8", CRS, 16, 20, f"row {n}", "none", cog, Jsonb({}), source))
        connection.execute("ANALYZE vigia.image")
        connection.commit()


# -- memory ----------------------------------------------------------------------------------------------------------------


def _memory(ours: servers.Server, image: int, ground: Polygon, number: int) -> None:
    rows = []
    for step, tiles in enumerate(_batches(_tiles(ground, min(number, 5_000)), number, 10)):
        _rush(ours, [f"/api/tiles/imagery/{image}/{z}/{x}/{y}.webp?world=live" for z, x, y in tiles])
        rows.append(((step + 1) * len(tiles), ours.rss_mb()))
    show(["tiles", "MB held"], rows, title="Memory of the server")
    print(f"\nfrom a tenth of them to the end: {rows[-1][1] - rows[0][1]:+.0f} MB")


def _batches(tiles: list, number: int, steps: int) -> Iterator[list]:
    for step in range(steps):
        size = number // steps
        yield [tiles[(step * size + n) % len(tiles)] for n in range(size)]
