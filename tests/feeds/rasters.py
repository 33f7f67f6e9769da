"""Small rasters and archives of tiles, made for tests of imagery."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from PIL import Image as Picture
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from rasterio.enums import ColorInterp

UTM = Affine(0.5, 0, 650_000, 0, -0.5, 2_870_000)


def geotiff(path: Path, data: np.ndarray, *, crs: str = "EPSG:32614", transform: Affine = UTM, colours: list[ColorInterp] | None = None,
            descriptions: list[str] | None = None, **more) -> Path:
    with rasterio.open(path, "w", driver="GTiff", height=data.shape[1], width=data.shape[2], count=len(data), dtype=data.dtype, crs=crs, transform=transform, **more) as out:
        out.write(data)
        if colours:
            out.colorinterp = colours
        for number, words in enumerate(descriptions or (), 1):
            out.set_band_description(number, words)
    return path


def picture(value: int, side: int = 256, format: str = "PNG", mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Picture.new(mode, (side, side), (value,) * len(mode)).save(out, format)
    return out.getvalue()


def mbtiles(path: Path, tiles: dict[tuple[int, int, int], bytes], about: dict[str, str] | None = None) -> Path:
    """`tiles` by (z, x, y), rows from the north."""
    with sqlite3.connect(path) as archive:
        archive.execute("CREATE TABLE metadata (name text, value text)")
        archive.execute("CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)")
        archive.executemany("INSERT INTO metadata VALUES (?, ?)", (about or {"format": "png"}).items())
        archive.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", [(z, x, (1 << z) - 1 - y, body) for (z, x, y), body in tiles.items()])
    archive.close()
    return path


def pmtiles(path: Path, tiles: dict[tuple[int, int, int], bytes], kind: TileType = TileType.PNG) -> Path:
    with path.open("wb") as file:
        writer = Writer(file)
        for number, body in sorted((zxy_to_tileid(*at), body) for at, body in tiles.items()):
            writer.write_tile(number, body)
        zooms = [z for z, _, _ in tiles]
        writer.finalize({"tile_type": kind, "tile_compression": Compression.NONE, "min_zoom": min(zooms), "max_zoom": max(zooms), "min_lon_e7": 0, "min_lat_e7": 0,
                         "max_lon_e7": 0, "max_lat_e7": 0, "center_zoom": 0, "center_lon_e7": 0, "center_lat_e7": 0}, {"name": "made"})
    return path
