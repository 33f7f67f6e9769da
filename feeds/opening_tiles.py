"""Inside the sandbox: archives of raster tiles (MBTiles, PMTiles), laid out as one picture in EPSG:3857 at their highest zoom."""

from __future__ import annotations

import gzip
import io
import json
import mmap
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image, UnidentifiedImageError
from pmtiles.tile import Compression, TileType, deserialize_directory, deserialize_header, tileid_to_zxy
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin
from rasterio.windows import Window

from feeds.opening import Bad

HALF_M = 20_037_508.342789244
ZOOM_MAX = 24
TILES_MAX = 2_000_000
TILE_BYTES_MAX = 16 << 20
SIDES = (256, 512, 1024)
PIXELS_MAX = 4_000_000_000
EMPTY_MAX = 400  # times as much ground between tiles as under them
LAID = "laid.tif"
FORMATS = ("PNG", "JPEG", "WEBP")
VECTOR = "raster tiles; these are vector tiles, which imagery is not"

Tile = tuple[int, int, bytes]


def laid(path: Path) -> dict:
    """Write `laid.tif`: red, green, blue, alpha; what no tile covers is transparent. Raises Bad."""
    opened = _mbtiles if path.suffix == ".mbtiles" else _pmtiles
    try:
        z, places, tiles, about = opened(path)
        if not places:
            raise Bad("at least one tile", "tiles", 0)
        columns, rows = [p[0] for p in places], [p[1] for p in places]
        west, north, across, down = min(columns), min(rows), max(columns) - min(columns) + 1, max(rows) - min(rows) + 1
        first = next(tiles)
        side = _picture(z, first).size[0]
        pixels = across * down * side * side
        if pixels > PIXELS_MAX or across * down > EMPTY_MAX * len(places) + 10_000:
            raise Bad(f"at most {PIXELS_MAX:,} pixels, and tiles near each other", "size", f"{across * side} × {down * side} of {len(places):,} tiles at zoom {z}")
        metre = 2 * HALF_M / (side << z)
        profile = {"driver": "GTiff", "width": across * side, "height": down * side, "count": 4, "dtype": "uint8", "crs": "EPSG:3857", "photometric": "RGB",
                   "transform": from_origin(west * side * metre - HALF_M, HALF_M - north * side * metre, metre, metre), "tiled": True, "blockxsize": side,
                   "blockysize": side, "compress": "zstd", "zstd_level": 1, "SPARSE_OK": True, "BIGTIFF": "IF_SAFER"}
        with rasterio.open(LAID, "w", **profile) as out:
            out.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
            while first is not None:
                x, y, _ = first
                picture = _picture(z, first)
                if picture.size != (side, side):
                    raise Bad(f"tiles of {side} pixels, as the first one is", f"tile {z}/{x}/{y}", f"{picture.size[0]} × {picture.size[1]}")
                out.write(np.asarray(picture.convert("RGBA")).transpose(2, 0, 1), window=Window((x - west) * side, (y - north) * side, side, side))
                first = next(tiles, None)
    except (sqlite3.Error, EOFError, IndexError, KeyError, OverflowError, StopIteration, UnicodeDecodeError, ValueError, zlib.error, gzip.BadGzipFile) as error:
        raise Bad(f"an archive of tiles that can be read ({str(error)[:120] or type(error).__name__})") from None
    return {"pixels": LAID, "zoom": z, "tiles": len(places), "tile_px": side, "tags": about}


def _picture(z: int, tile: Tile) -> Image.Image:
    x, y, body = tile
    if len(body) > TILE_BYTES_MAX:
        raise Bad(f"tiles of at most {TILE_BYTES_MAX >> 20} MB", f"tile {z}/{x}/{y}", len(body))
    try:
        picture = Image.open(io.BytesIO(body), formats=FORMATS)
        if picture.size not in [(s, s) for s in SIDES]:
            raise Bad(f"square tiles of {', '.join(map(str, SIDES))} pixels", f"tile {z}/{x}/{y}", f"{picture.size[0]} × {picture.size[1]}")
        picture.load()
        return picture
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if body[:2] == b"\x1f\x8b" or b"\x1a" == body[:1]:
            raise Bad(VECTOR, f"tile {z}/{x}/{y}", body[:8]) from None
        raise Bad(f"a PNG, JPEG or WebP that can be read ({str(error)[:80]})", f"tile {z}/{x}/{y}", body[:8]) from None


def _zoom(z: int) -> int:
    if not 0 <= z <= ZOOM_MAX:
        raise Bad(f"zoom 0 to {ZOOM_MAX}", "zoom", z)
    return z


def _few(number: int) -> None:
    if number > TILES_MAX:
        raise Bad(f"at most {TILES_MAX:,} tiles at its highest zoom", "tiles", number)


def _mbtiles(path: Path) -> tuple[int, list[tuple[int, int]], Iterator[Tile], dict]:
    """Zoom, places from the north-west, the tiles one by one, what the archive says of itself."""
    with path.open("rb") as file:
        if (head := file.read(16)) != b"SQLite format 3\0":
            raise Bad("an MBTiles archive", "first bytes", head)
    archive = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    archive.execute("PRAGMA trusted_schema = OFF")
    archive.execute("PRAGMA cell_size_check = ON")
    archive.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, TILE_BYTES_MAX)
    about = {str(k): str(v)[:200] for k, v in archive.execute("SELECT name, value FROM metadata LIMIT 1000")} if _has(archive, "metadata") else {}
    if about.get("format", "").lower() in ("pbf", "mvt"):
        raise Bad(VECTOR, "format", about["format"])
    if not _has(archive, "tiles"):
        raise Bad("an MBTiles archive, with a table of tiles", "tables", "none of that name")
    highest, = archive.execute("SELECT max(zoom_level) FROM tiles").fetchone()
    if highest is None:
        raise Bad("at least one tile", "tiles", 0)
    z = _zoom(int(highest))
    flip = (1 << z) - 1
    rows = archive.execute("SELECT tile_column, tile_row FROM tiles WHERE zoom_level = ? LIMIT ?", (z, TILES_MAX + 1)).fetchall()
    _few(len(rows))
    if not all(isinstance(v, int) and 0 <= v <= flip for row in rows for v in row):
        raise Bad(f"columns and rows of 0 to {flip}", "tile", next(r for r in rows if not all(isinstance(v, int) and 0 <= v <= flip for v in r)))
    bodies = archive.execute("SELECT tile_column, tile_row, tile_data FROM tiles WHERE zoom_level = ? AND tile_data IS NOT NULL", (z,))
    return z, [(x, flip - y) for x, y in rows], ((x, flip - y, bytes(body)) for x, y, body in bodies), about


def _has(archive: sqlite3.Connection, name: str) -> bool:
    return archive.execute("SELECT 1 FROM sqlite_master WHERE name = ? AND type IN ('table', 'view')", (name,)).fetchone() is not None


def _pmtiles(path: Path) -> tuple[int, list[tuple[int, int]], Iterator[Tile], dict]:
    with path.open("rb") as file:
        head = file.read(127)
        if head[:7] != b"PMTiles" or head[7:8] != b"\x03" or len(head) < 127:
            raise Bad("a PMTiles archive, version 3", "first bytes", head[:8])
        held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    header = deserialize_header(head)
    if header["tile_type"] in (TileType.MVT, TileType.MLT):
        raise Bad(VECTOR, "tile type", header["tile_type"].name)
    if header["tile_compression"] not in (Compression.NONE, Compression.UNKNOWN) or header["internal_compression"] != Compression.GZIP:
        raise Bad("directories in gzip, tiles not packed again", "compression", f"{header['internal_compression'].name}, {header['tile_compression'].name}")
    z = _zoom(header["max_zoom"])

    def part(offset: int, length: int, most: int) -> bytes:
        if length > most or offset + length > len(held):
            raise Bad("parts inside of the file", "offset and length", f"{offset}, {length} of {len(held)}")
        return held[offset:offset + length]

    found: list[tuple[int, int, int, int]] = []
    folders = [(header["root_offset"], header["root_length"], 0)]
    while folders:
        offset, length, depth = folders.pop()
        packed = zlib.decompressobj(47)
        body = packed.decompress(part(offset, length, 1 << 26), 1 << 28)
        if depth > 3 or packed.unconsumed_tail:
            raise Bad("directories of at most 256 MB, four deep", "depth", depth)
        for entry in deserialize_directory(gzip.compress(body, 0)):
            if entry.run_length == 0:
                folders.append((header["leaf_directory_offset"] + entry.offset, entry.length, depth + 1))
                _few(len(folders))
                continue
            _few(entry.run_length)
            for number in range(entry.tile_id, entry.tile_id + entry.run_length):
                at, x, y = tileid_to_zxy(number)
                if at == z:
                    found.append((x, y, header["tile_data_offset"] + entry.offset, entry.length))
            _few(len(found))
    about: dict = {}
    if header["metadata_length"]:
        told = zlib.decompressobj(47).decompress(part(header["metadata_offset"], header["metadata_length"], 1 << 24), 1 << 24)
        about = {str(k): str(v)[:200] for k, v in json.loads(told).items() if isinstance(v, (str, int, float))}
    return z, [(x, y) for x, y, _, _ in found], ((x, y, part(offset, length, TILE_BYTES_MAX)) for x, y, offset, length in found), about
