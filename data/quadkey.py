"""Quadkeys: one int8 per place, so that a tile is a range of a plain btree.

Under row-level security PostGIS's `&&` is not leakproof and its index is not used; `>=` on bigint is.
Two keys, both Morton codes of Web Mercator (EPSG:3857) with x in the even bits and y (from the north) in the odd ones:

- **qk**, of a point, at level 31: 62 bits, 1.9 cm at the equator. Tile z/x/y is the range [lo, hi].
- **cell**, of a line or polygon: its smallest enclosing quadtree cell, `morton(level 28) << 5 | level`.
  A tile needs the cells inside it (one range) or the cells that hold it (at most 28 values).
- **loose cell**, of an image: the cell of its north-western corner, as small as the image is wide or high. The image reaches into the next
  cells east and south and no further, so that one over the corner of large cells is looked at by the tiles near it alone, not by a continent's.
The same functions stand in the database (`vigia.qk`, `vigia.cell`), for what is made there.
"""

from __future__ import annotations

from math import pi

import numpy as np

POINT_LEVEL = 31
CELL_LEVEL = 28
RADIUS_M = 6_378_137.0
HALF_M = pi * RADIUS_M
MAX_LATITUDE_DEG = 85.051128779806604



def metres_zone(lon: float, lat: float) -> str:
    """The UTM zone of a place, as EPSG:326xx or EPSG:327xx.

    >>> metres_zone(-98.6, 26.2), metres_zone(179.9, -10.0)
    ('EPSG:32614', 'EPSG:32760')
    """
    zone = min(60, int((lon + 180) // 6) + 1)
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def spread(n: int) -> int:
    """The bits of `n` (32) set apart, a zero between each two."""
    n = (n | n << 16) & 0x0000FFFF0000FFFF
    n = (n | n << 8) & 0x00FF00FF00FF00FF
    n = (n | n << 4) & 0x0F0F0F0F0F0F0F0F
    n = (n | n << 2) & 0x3333333333333333
    return (n | n << 1) & 0x5555555555555555


def morton(x: int, y: int) -> int:
    """The Morton code of column x, row y."""
    return spread(x) | spread(y) << 1


def point_range(z: int, x: int, y: int) -> tuple[int, int]:
    """First and last qk of tile z/x/y, both included."""
    shift = 2 * (POINT_LEVEL - z)
    lo = morton(x, y) << shift
    return lo, lo + (1 << shift) - 1


def cell_range(z: int, x: int, y: int) -> tuple[int, int]:
    """First and last cell key inside tile z/x/y, both included."""
    shift = 2 * (CELL_LEVEL - z)
    lo = morton(x, y) << shift
    return lo << 5, (lo + (1 << shift) - 1) << 5 | 31


def cell_ancestors(z: int, x: int, y: int) -> list[int]:
    """The keys of the cells that hold tile z/x/y, largest first (itself not among them)."""
    return [
        (morton(x >> (z - a), y >> (z - a)) << 2 * (CELL_LEVEL - a)) << 5 | a
        for a in range(z)
    ]


def loose_cell(west: float, south: float, east: float, north: float) -> int:
    """The loose cell of a box in degrees; one over 180° has its east beyond 180."""
    (x0, x1), (y1, y0) = mercator(np.array([west, east]), np.array([south, north]))
    extent = max(x1 - x0, y0 - y1) / (2 * HALF_M)
    level = CELL_LEVEL if extent <= 2.0 ** -CELL_LEVEL else max(0, int(np.floor(-np.log2(extent))))
    side = 1 << level
    column = int(np.floor((x0 + HALF_M) / (2 * HALF_M) * side)) % side
    row = min(max(int(np.floor((HALF_M - y0) / (2 * HALF_M) * side)), 0), side - 1)
    return (morton(column, row) << 2 * (CELL_LEVEL - level)) << 5 | level


def loose_ranges(z: int, x: int, y: int) -> tuple[list[tuple[int, int]], list[int]]:
    """Where the loose cells of whatever meets tile z/x/y are: ranges (both ends included) of as small or smaller ones, and larger ones.

    Beside the tile's own those to its west, north and north-west, round the world over 180°.
    """
    z, x, y = (z, x, y) if z <= CELL_LEVEL else (CELL_LEVEL, x >> z - CELL_LEVEL, y >> z - CELL_LEVEL)

    def near(level: int) -> set[tuple[int, int]]:
        column, row = x >> (z - level), y >> (z - level)
        return {((column - a) % (1 << level), row - b) for a in (0, 1) for b in (0, 1) if row >= b}

    larger = [(morton(c, r) << 2 * (CELL_LEVEL - level)) << 5 | level for level in range(z) for c, r in sorted(near(level))]
    return [cell_range(z, c, r) for c, r in sorted(near(z))], larger


def mercator(lon_deg: np.ndarray, lat_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Metres of EPSG:3857; latitudes past ±85.05° are held at the edge."""
    lat = np.clip(lat_deg, -MAX_LATITUDE_DEG, MAX_LATITUDE_DEG)
    x = np.radians(np.asarray(lon_deg, float)) * RADIUS_M
    y = np.log(np.tan(pi / 4 + np.radians(lat) / 2)) * RADIUS_M
    return x, y


def spread_array(n: np.ndarray) -> np.ndarray:
    """`spread` for an array, as uint64."""
    n = n.astype(np.uint64)
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333), (1, 0x5555555555555555),
    ):
        n = (n | n << np.uint64(shift)) & np.uint64(mask)
    return n


def squeeze_array(key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns and rows (int64) of Morton codes: what `spread_array` set apart put together again."""
    def squeezed(n: np.ndarray) -> np.ndarray:
        n = n & np.uint64(0x5555555555555555)
        for shift, mask in (
            (1, 0x3333333333333333), (2, 0x0F0F0F0F0F0F0F0F), (4, 0x00FF00FF00FF00FF),
            (8, 0x0000FFFF0000FFFF), (16, 0x00000000FFFFFFFF),
        ):
            n = (n | n >> np.uint64(shift)) & np.uint64(mask)
        return n.astype(np.int64)

    key = np.asarray(key, np.uint64)
    return squeezed(key), squeezed(key >> np.uint64(1))


def qk(lon_deg: np.ndarray, lat_deg: np.ndarray) -> np.ndarray:
    """The point keys (int64) of arrays of degrees."""
    x, y = mercator(lon_deg, lat_deg)
    size = float(1 << POINT_LEVEL)
    col = np.clip(np.floor((x + HALF_M) / (2 * HALF_M) * size), 0, size - 1)
    row = np.clip(np.floor((HALF_M - y) / (2 * HALF_M) * size), 0, size - 1)
    return (spread_array(col) | spread_array(row) << np.uint64(1)).astype(np.int64)
