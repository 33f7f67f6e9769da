"""Positions in our own words: `POST /api/fixes` (JSON or NDJSON), and GPS tags over MQTT. The schema: docs/schemas/fix.json."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from data.records import KINDS
from errors import Refusal
from feeds.wire.told import Frame, FrameDecoder, Heard, Told, Unfit
from feeds.wire.values import iso_us, mapping, number, parse, place, shown, text

BYTES_MAX = 4_000_000
ROWS_MAX = 10_000
ID_MAX, IDENTIFIERS_MAX = 100, 20
NAMES = ("id", "kind", "at", "lat", "lon", "name", "identifiers", "speed_mps", "course_deg", "heading_deg", "altitude_m", "accuracy_m", "emergency")
# A tag that may publish to its own topic only can't speak for another.
TOPIC = re.compile(r"(?:^|/)tags/([^/]+)$")


def validate(body: bytes, received_us: int) -> tuple[list[Heard], list[Refusal]]:
    """The positions of a request's body, and what is wrong with each of its other rows: an object, an array, or one object a line.

    A refusal's line is the line of NDJSON, or the row's number in an array, from 1.
    """
    heard: list[Heard] = []
    refused: list[Refusal] = []
    for line, row in _rows(body):
        try:
            if isinstance(row, Unfit):
                raise row
            heard.append(fix(row, received_us))
        except Unfit as bad:
            refused.append(Refusal("body", line, bad.name, bad.value if bad.value is None else str(bad.value), bad.expected))
    return heard, refused


def _rows(body: bytes) -> Iterator[tuple[int | None, Any]]:
    """(line, value or what is wrong with it)."""
    if len(body) > BYTES_MAX:
        yield None, Unfit("too long", None, f"{len(body):,} bytes", f"at most {BYTES_MAX:,} bytes")
        return
    try:
        whole = parse(body)
    except Unfit as bad:
        lines = [(n, line) for n, line in enumerate(body.removeprefix(b"\xef\xbb\xbf").splitlines(), 1) if line.strip()]
        if bad.what != "not JSON" or len(lines) < 2 or not lines[0][1].lstrip().startswith(b"{"):
            yield None, bad
            return
        if len(lines) > ROWS_MAX:
            yield None, _too_many(len(lines))
            return
        yield from ((n, _parsed(line)) for n, line in lines)
        return
    rows = whole if isinstance(whole, list) else [whole]
    if len(rows) > ROWS_MAX:
        yield None, _too_many(len(rows))
    elif not rows:
        yield None, Unfit("no rows", None, "[]", "at least one position")
    else:
        yield from enumerate(rows, 1)


def _parsed(line: bytes) -> Any:
    try:
        return parse(line)
    except Unfit as bad:
        return bad


def _too_many(rows: int) -> Unfit:
    return Unfit("too many rows", None, f"{rows:,} rows", f"at most {ROWS_MAX:,} rows")


def fix(value: Any, received_us: int, frame: int = 0) -> Heard:
    """One row of the schema. Raises Unfit."""
    row = mapping(value)
    if unknown := [name for name in row if name not in NAMES]:
        raise Unfit("unknown name", unknown[0][:80], shown(row[unknown[0]]), f"one of {', '.join(NAMES)}")
    key = text(row, "id", ID_MAX, needed=True)
    kind = row.get("kind", "tag")
    if kind not in KINDS:
        raise Unfit("value", "kind", shown(kind), f"one of {', '.join(KINDS)}")
    emergency = row.get("emergency", False)
    if not isinstance(emergency, bool):
        raise Unfit("value", "emergency", shown(emergency), "true or false")
    for name in ("lat", "lon"):
        if not isinstance(row.get(name), (int, float)):
            raise Unfit("no position", name, None if row.get(name) is None else shown(row[name]), "degrees")
    lon, lat = place(row["lon"], row["lat"])
    return Heard(
        f"tag:{key}", kind, iso_us(row["at"], "at") if "at" in row else received_us, lon, lat, text(row, "name"), _identifiers(row),
        speed_mps=number(row, "speed_mps", 0, 10_000), course_deg=number(row, "course_deg", 0, 360) % 360,
        heading_deg=number(row, "heading_deg", 0, 360) % 360, altitude_m=number(row, "altitude_m", -12_000, 1_000_000),
        accuracy_m=number(row, "accuracy_m", 0, 10_000_000), frame=frame, emergency=emergency,
    )


def _identifiers(row: dict) -> dict[str, str]:
    told = mapping(row.get("identifiers", {}))
    if len(told) > IDENTIFIERS_MAX:
        raise Unfit("value", "identifiers", f"{len(told)} of them", f"at most {IDENTIFIERS_MAX}")
    for name in told:
        text({"identifiers": name}, "identifiers", ID_MAX, needed=True)
        text(told, name, ID_MAX, needed=True)
    return {name: value.strip() for name, value in told.items()}


class Fixes(FrameDecoder):
    """Bodies of requests that were validated when they came."""

    def _read(self, frame: Frame, number: int) -> Iterator[Heard | Told]:
        for _, row in _rows(frame.data):
            try:
                if isinstance(row, Unfit):
                    raise row
                yield fix(row, frame.received_us, number)
            except Unfit as bad:
                self.errors[bad.what] += 1


class Tags(Fixes):
    """MQTT messages of the same schema; under a topic `…/tags/<id>` each tells of that one tag."""

    def _read(self, frame: Frame, number: int) -> Iterator[Heard | Told]:
        own = TOPIC.search(frame.topic)
        if own is None:
            yield from super()._read(frame, number)
            return
        row = mapping(parse(frame.data))
        if row.setdefault("id", own[1]) != own[1]:
            raise Unfit("another's id", "id", shown(row["id"]), own[1])
        yield fix(row, frame.received_us, number)
