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
        body.append(_field(2, b"".join((_field(2, b"".join(map(_varint, tags))), _number(3, LINESTRING), _field(4, varints(_commands(feature)))))))
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
    for column, values in ((1, x0 - np.r_[0, x1[:-1]]), (2, y0 - np.r_[0, y1[:-1]]), (4, x1 - x0), (5, y1 - y0)):
        out[:, column] = values << 1 ^ values >> 63  # zigzag: small numbers of either sign stay small
    return out.ravel()


def varints(numbers: np.ndarray) -> bytes:
    """Protobuf's varints of whole numbers from 0 to 2^35.

    >>> varints(np.array([1, 300])).hex()
    '01ac02'
    """
    numbers = np.asarray(numbers, np.uint64)
    most = int(numbers.max(initial=0))
    groups = max(1, -(-most.bit_length() // 7))
    out = np.empty((len(numbers), groups), np.uint8)  # seven bits each, the lowest first, whether needed or not
    used = np.ones((len(numbers), groups), bool)
    for i in range(groups):
        out[:, i] = numbers >> np.uint64(7 * i) & np.uint64(127)
        if i:
            used[:, i] = numbers >= np.uint64(1 << 7 * i)
            out[:, i - 1] |= used[:, i].view(np.uint8) << 7
    return out[used].tobytes()


def _varint(number: int) -> bytes:
    """`varints` of one: without an array."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)
