"""Mapbox Vector Tiles 2.1 of many short lines, encoded as arrays: for what is summed up here and not in the database.

PostGIS encodes what it holds as shapes. Flows are numbers: made into shapes first, each tile would take ten times as long.
Source: github.com/mapbox/vector-tile-spec, version 2.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LINESTRING = 2
MOVE_ONE, LINE_ONE = 1 | 1 << 3, 2 | 1 << 3


@dataclass
class LineFeature:
    """One feature of separate straight lines: ends in tile units, each of shape (n,), and what is said of it."""

    x0: np.ndarray
    y0: np.ndarray
    x1: np.ndarray
    y1: np.ndarray
    properties: dict[str, str | int]


def layer(name: str, extent: int, features: list[LineFeature]) -> bytes:
    """A tile's layer (tiles are layers one after the other); none where there is no feature.

    A line of no length is given one unit: the specification has none without.
    """
    if not features:
        return b""
    keys: dict[str, int] = {}
    values: dict[str | int, int] = {}
    body = [_field(1, name.encode())]
    for feature in features:
        tags = [n for k, v in feature.properties.items() for n in (keys.setdefault(k, len(keys)), values.setdefault(v, len(values)))]
        body.append(_field(2, b"".join((_field(2, varints(np.array(tags))), _number(3, LINESTRING), _field(4, varints(_commands(feature)))))))
    body += [_field(3, key.encode()) for key in keys]
    body += [_field(4, _field(1, value.encode()) if isinstance(value, str) else _number(4, value)) for value in values]
    body += [_number(5, extent), _number(15, 2)]
    return _field(3, b"".join(body))


def _commands(feature: LineFeature) -> np.ndarray:
    """MoveTo and LineTo of each line, by how far each lies from the end of the one before."""
    x0, y0, x1, y1 = (np.asarray(v, np.int64) for v in (feature.x0, feature.y0, feature.x1, feature.y1))
    x1 = np.where((x0 == x1) & (y0 == y1), x1 + 1, x1)
    out = np.empty((len(x0), 6), np.int64)
    out[:, 0], out[:, 3] = MOVE_ONE, LINE_ONE
    for column, values in ((1, np.diff(np.column_stack([np.r_[0, x1[:-1]], x0]))), (2, np.diff(np.column_stack([np.r_[0, y1[:-1]], y0]))),
                           (4, x1 - x0), (5, y1 - y0)):
        values = values.ravel()
        out[:, column] = values << 1 ^ values >> 63  # zigzag: small numbers of either sign stay small
    return out.ravel()


def varints(numbers: np.ndarray) -> bytes:
    """Protobuf's varints of whole numbers from 0 to 2^35.

    >>> varints(np.array([1, 300])).hex()
    '01ac02'
    """
    numbers = np.asarray(numbers, np.uint64)
    size = np.ones(len(numbers), np.int64)
    for bits in (7, 14, 21, 28):
        size += numbers >= np.uint64(1 << bits)
    at = np.cumsum(size) - size
    out = np.empty(int(size.sum()), np.uint8)
    for i in range(int(size.max(initial=0))):
        has = size > i
        more = np.where(size[has] > i + 1, 128, 0)
        out[at[has] + i] = (numbers[has] >> np.uint64(7 * i)).astype(np.int64) & 127 | more
    return out.tobytes()


def _field(number: int, content: bytes) -> bytes:
    return varints(np.array([number << 3 | 2, len(content)])) + content


def _number(number: int, value: int) -> bytes:
    return varints(np.array([number << 3, value]))
