"""A part of a PMTiles archive as an archive of its own: the ground of an area that somebody takes along."""

from __future__ import annotations

import gzip
import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pmtiles.tile import Compression, Entry, deserialize_directory, deserialize_header, find_tile, zxy_to_tileid
from pmtiles.writer import Writer

from data.records import BBox
from errors import NotFound

HEADER_BYTES = 127
LAT_MAX = 85.0511
TILES_MAX = 20_000  # of one archive
ROUND = 0.05  # of the area's size is taken on each side, so that a map a little further still has ground
DIRECTORIES_KEPT = 64


@dataclass(frozen=True)
class Cut:
    """An archive's part: its bytes (none when it holds nothing there), and the closest zoom taken of `zoom_there`."""

    body: bytes
    tiles: int
    zoom: int
    zoom_there: int


def cut(path: Path, bbox: BBox, zoom_from: int = 0, *, tiles_max: int = TILES_MAX) -> Cut:
    """The tiles that meet (west, south, east, north), in degrees: from `zoom_from` on (or the archive's last zoom, where that is less) all zooms that
    together hold no more than `tiles_max` places there.

    Raises NotFound for an archive whose directories are not packed as the format's makers do.
    """
    with open(path, "rb") as handle:
        header = deserialize_header(handle.read(HEADER_BYTES))
        if header["internal_compression"] is not Compression.GZIP:
            raise NotFound(f"no part can be cut of {path.name}: its directories are packed as {header['internal_compression'].name.lower()}, expected gzip")
        stamp = path.stat().st_mtime_ns
        first = max(header["min_zoom"], min(zoom_from, header["max_zoom"]))
        places, closest = 0, first - 1
        for zoom in range(first, header["max_zoom"] + 1):
            places += _number(bbox, zoom)
            if places > tiles_max:
                break
            closest = zoom
        out, written = io.BytesIO(), 0
        writer = Writer(out)
        wanted = sorted(zxy_to_tileid(z, x, y) for z in range(first, closest + 1) for x, y in _tiles(bbox, z))
        for tile in wanted:
            entry = _entry(path, stamp, header, tile)
            if entry is None:
                continue
            handle.seek(header["tile_data_offset"] + entry.offset)
            writer.write_tile(tile, handle.read(entry.length))
            written += 1
        if not written:
            writer.tile_f.close()
            return Cut(b"", 0, closest, header["max_zoom"])
        handle.seek(header["metadata_offset"])
        metadata = _metadata(handle.read(header["metadata_length"]))
        west, south, east, north = (round(v * 1e7) for v in bbox)
        writer.finalize({**header, "min_lon_e7": west, "min_lat_e7": south, "max_lon_e7": east, "max_lat_e7": north, "center_zoom": closest,
                         "center_lon_e7": (west + east) // 2, "center_lat_e7": (south + north) // 2}, metadata)
    return Cut(out.getvalue(), written, closest, header["max_zoom"])


def _metadata(packed: bytes) -> dict:
    return json.loads(gzip.decompress(packed) or b"{}")


def _entry(path: Path, stamp: int, header: dict, tile: int) -> Entry | None:
    offset, length = header["root_offset"], header["root_length"]
    for _ in range(4):  # as deep as the format goes
        found = find_tile(_directory(path, stamp, offset, length), tile)
        if found is None or found.run_length:
            return found
        offset, length = header["leaf_directory_offset"] + found.offset, found.length
    return None


@lru_cache(DIRECTORIES_KEPT)
def _directory(path: Path, stamp: int, offset: int, length: int) -> list[Entry]:
    with open(path, "rb") as handle:
        handle.seek(offset)
        return deserialize_directory(handle.read(length))


def _span(bbox: BBox, zoom: int) -> tuple[int, int, int, int]:
    """First and last column and row of a zoom that meet the area and a little round it."""
    west, south, east, north = bbox
    wide, high = (east - west) * ROUND, (north - south) * ROUND
    n = 2**zoom
    at = lambda value: min(n - 1, max(0, math.floor(value)))  # noqa: E731
    row = lambda lat: (1 - math.asinh(math.tan(math.radians(min(LAT_MAX, max(-LAT_MAX, lat))))) / math.pi) / 2 * n  # noqa: E731
    return at((west - wide + 180) / 360 * n), at((east + wide + 180) / 360 * n), at(row(north + high)), at(row(south - high))


def _number(bbox: BBox, zoom: int) -> int:
    x0, x1, y0, y1 = _span(bbox, zoom)
    return (x1 - x0 + 1) * (y1 - y0 + 1)


def _tiles(bbox: BBox, zoom: int) -> Iterator[tuple[int, int]]:
    x0, x1, y0, y1 = _span(bbox, zoom)
    return ((x, y) for x in range(x0, x1 + 1) for y in range(y0, y1 + 1))
