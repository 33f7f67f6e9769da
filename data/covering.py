"""The cells that lines cross: a few of one size each, so that a tile finds every line in it and hardly any other.

One enclosing cell would not do: a line over the corner of four large cells would have one of the largest there are, and
every tile of a continent would have to look at it.
"""

from __future__ import annotations

import numpy as np

from data.quadkey import CELL_LEVEL, HALF_M, mercator, spread_array

LEVEL_MIN, LEVEL_MAX = 9, 12  # the size of a tile of these zooms
ACROSS = 2  # cells of the chosen level a line is wide or high, at most, unless it is longer than two of the largest


def cover(lon: np.ndarray, lat: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For lines whose vertices (degrees, shape (n,)) begin at `starts`: the line's number and a cell key, in their order.

    No cell a line crosses is missing; one it only passes the corner of may be there too.
    """
    x, y = mercator(lon, lat)
    u, v = (x + HALF_M) / (2 * HALF_M), (HALF_M - y) / (2 * HALF_M)
    line = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(lon)]))
    extent = np.maximum(*(np.maximum.reduceat(c, starts) - np.minimum.reduceat(c, starts) for c in (u, v)))
    level = np.clip(np.floor(np.log2(ACROSS / np.maximum(extent, 1e-9))), LEVEL_MIN, LEVEL_MAX).astype(np.int64)
    side = (1 << level)[line]
    column, row, line = _stepped(u * side, v * side, line)
    column, row = (np.clip(np.floor(c).astype(np.int64), 0, (1 << level)[line] - 1) for c in (column, row))

    same = line[1:] == line[:-1]
    moved = (column[1:] != column[:-1]) | (row[1:] != row[:-1])
    keep = np.r_[True, moved | ~same]
    # From one cell to the next but one over a corner: the line is in one of the two beside.
    over = np.flatnonzero(same & (column[1:] != column[:-1]) & (row[1:] != row[:-1]))
    lines = np.concatenate([line[keep], line[over], line[over]])
    columns = np.concatenate([column[keep], column[over], column[over + 1]])
    rows = np.concatenate([row[keep], row[over + 1], row[over]])
    at = level[lines]
    cells = (spread_array(columns) | spread_array(rows) << np.uint64(1)).astype(np.int64)
    cells = (cells << 2 * (CELL_LEVEL - at)) << 5 | at
    order = np.lexsort((cells, lines))
    lines, cells = lines[order], cells[order]
    new = np.r_[True, (lines[1:] != lines[:-1]) | (cells[1:] != cells[:-1])]
    return lines[new], cells[new]


def _stepped(column: np.ndarray, row: np.ndarray, line: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same lines with a vertex at least every quarter of a cell."""
    step_column, step_row = np.r_[np.diff(column), 0], np.r_[np.diff(row), 0]
    last = np.r_[line[1:] != line[:-1], True]
    step_column[last] = step_row[last] = 0
    number = np.maximum(np.ceil(4 * np.maximum(np.abs(step_column), np.abs(step_row))), 1).astype(np.int64)
    if not (number > 1).any():
        return column, row, line
    at = np.repeat(np.arange(len(line)), number)
    part = (np.arange(len(at)) - np.repeat(np.cumsum(number) - number, number)) / number[at]
    return column[at] + step_column[at] * part, row[at] + step_row[at] * part, line[at]
