"""Imagery: the same COG by ourselves and by titiler-core, tile by tile in turn, same size and format.

Our server keeps no tiles here (VIGIA_TILES_KEPT_MB=0): each is decoded anew by both.
"""

from __future__ import annotations

import os
import statistics
from pathlib import Path
from urllib.parse import urlencode

import morecantile
import numpy as np
import psycopg
import rasterio
import shapely
from rasterio.transform import from_origin
from rasterio.windows import Window
from shapely import Polygon, box

import settings
from benchmarks import servers
from benchmarks.arguments import parser
from benchmarks.tables import percentile, show
from benchmarks.world import SEED
from data import cluster as clusters, migrations

SIDE_PX, GSD_M, BLOCK_PX = 16_000, 0.08, 512
WEST_M, NORTH_M, CRS = 652_000, 2_882_000, "EPSG:32614"  # the lower Rio Grande
A_ZOOM = 16  # tiles of each zoom
GRID = morecantile.tms.get("WebMercatorQuad")


def main(args: list[str]) -> int:
    asked = parser("raster", __doc__.split("\n")[0])
    asked.add_argument("--side", type=int, default=SIDE_PX, help="pixels of the image's side")
    asked = asked.parse_args(args)
    home = asked.home / "raster"
    home.mkdir(parents=True, exist_ok=True)
    os.environ["VIGIA_HOME"] = str(home)
    settings.store.cache_clear()
    with clusters.running(home) as cluster:
        image, cog, zooms, ground = _imported(cluster, home, asked.side)
        tiles = _tiles(zooms, ground)
        with servers.vigia(cluster, home, VIGIA_TILES_KEPT_MB="0") as ours:
            if asked.no_peer:
                return _report(tiles, ours, None, image, cog, asked.runs)
            with servers.peer("peer_titiler:app", "/ready", home, {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"}) as theirs:
                return _report(tiles, ours, theirs, image, cog, asked.runs)


def _report(tiles: dict[int, list], ours: servers.Server, theirs: servers.Server | None, image: int, cog: Path, runs: int) -> int:
    where = urlencode({"url": str(cog)})
    rows, all_ours, all_theirs = [], [], []
    for z, some in tiles.items():
        first, later, their_first, their_later, size, their_size = [], [], [], [], [], []
        for number in range(runs + 1):
            for x, y in some:
                asks = [(ours, f"/api/tiles/imagery/{image}/{z}/{x}/{y}.webp?world=live", later if number else first, size)]
                if theirs:
                    asks.append((theirs, f"/cog/tiles/WebMercatorQuad/{z}/{x}/{y}.webp?{where}&tilesize=256",
                                 their_later if number else their_first, their_size))
                # In turn, and each the first every other time, so that what else the machine does falls on both.
                for server, path, times, sizes in asks if (number + x + y) % 2 else asks[::-1]:
                    seconds, body, status = server.get(path)
                    if status != 200:
                        raise SystemExit(f"{server.address}{path}: {status} {body[:200]!r}")
                    times.append(1000 * seconds)
                    sizes.append(len(body))
        all_ours += later
        all_theirs += their_later
        rows.append((z, len(some), percentile(first, 0.5), statistics.median(later), percentile(later, 0.95), statistics.median(size) / 1000,
                     *((percentile(their_first, 0.5), statistics.median(their_later), percentile(their_later, 0.95), statistics.median(their_size) / 1000)
                       if theirs else ())))
    show(["zoom", "tiles", "first p50 ms", "again p50 ms", "again p95 ms", "kB"]
         + (["titiler first p50 ms", "titiler again p50 ms", "titiler again p95 ms", "titiler kB"] if theirs else []), rows,
         title=f"Tiles of {cog.stat().st_size / 1e6:.0f} MB of COG, WebP of 256 px, {runs} runs after the first")
    if theirs:
        print(f"\nover all zooms, again: {statistics.median(all_ours):.1f} ms, titiler-core {statistics.median(all_theirs):.1f} ms: "
              f"{statistics.median(all_theirs) / statistics.median(all_ours):.2f} times as fast; "
              f"p95 {percentile(all_ours, 0.95):.1f} ms, titiler-core {percentile(all_theirs, 0.95):.1f} ms")
        print(f"memory: {ours.rss_mb():.0f} MB, titiler-core {theirs.rss_mb():.0f} MB")
    return 0


def _imported(cluster: clusters.Cluster, home: Path, side: int) -> tuple[int, Path, tuple[int, int], Polygon]:
    """The image by our own import: its id, COG, zooms and footprint in degrees."""
    from feeds.imports import ImportOptions, import_files

    migrations.upgrade(cluster.owner_url)
    with psycopg.connect(cluster.owner_url.replace("+psycopg", "")) as connection:
        ask = "SELECT id, cog, min_zoom, max_zoom, ST_AsText(footprint) FROM vigia.image WHERE width_px = %s"
        row = connection.execute(ask, (side,)).fetchone()
        if row is None:
            print(f"making and importing an image of {side:,} by {side:,} pixels, once …", flush=True)
            path = _painted(home / f"made_{side}_20260901T101500Z.tif", side)
            [report] = import_files("imagery", [path], ImportOptions(), lambda *_: None, owner_url=cluster.owner_url)
            if report.error:
                raise SystemExit(f"the image was refused: {report.error}")
            path.unlink()
            connection.rollback()
            row = connection.execute(ask, (side,)).fetchone()
    image, cog, low, high, footprint = row
    return image, settings.store().imagery / cog, (low, high), shapely.from_wkt(footprint)


def _painted(path: Path, side: int) -> Path:
    """A GeoTIFF of three bands: fields and roads of smooth noise, so that it compresses as pictures do. Seeded."""
    rng = np.random.default_rng(SEED)
    coarse = rng.normal(110, 32, (3, side // 64 + 2, side // 64 + 2))
    profile = {"driver": "GTiff", "width": side, "height": side, "count": 3, "dtype": "uint8", "crs": CRS, "tiled": True, "blockxsize": BLOCK_PX,
               "blockysize": BLOCK_PX, "compress": "deflate", "zlevel": 1, "transform": from_origin(WEST_M, NORTH_M, GSD_M, GSD_M), "photometric": "RGB"}
    with rasterio.open(path, "w", **profile) as out:
        for row in range(0, side, BLOCK_PX):
            for column in range(0, side, BLOCK_PX):
                h, w = min(BLOCK_PX, side - row), min(BLOCK_PX, side - column)
                field = coarse[:, row // 64:row // 64 + h // 64 + 1, column // 64:column // 64 + w // 64 + 1].repeat(64, 1).repeat(64, 2)[:, :h, :w]
                grain = rng.integers(-14, 14, (1, h, w))
                out.write(np.clip(field + grain, 1, 254).astype("uint8"), window=Window(column, row, w, h))
    return path


def _tiles(zooms: tuple[int, int], ground: Polygon) -> dict[int, list[tuple[int, int]]]:
    """Some tiles of each zoom the image has, all over its ground. Seeded."""
    rng = np.random.default_rng(SEED)
    out = {}
    for z in range(zooms[0], zooms[1] + 1):
        every = [(t.x, t.y) for t in GRID.tiles(*ground.bounds, [z]) if ground.intersects(box(*GRID.bounds(t)).buffer(-1e-7))]
        out[z] = [every[i] for i in rng.permutation(len(every))[:A_ZOOM]]
    return out
