"""The words of a query string: each key's value read, and written again as the same text."""

from __future__ import annotations

from datetime import datetime, timezone

from data.records import CONVEYANCES, DRUGS, KINDS, BBox
from data.worlds import WORLDS

AREA_VERTICES_MAX = 500
TEXT_MAX = 100
LIST_MAX = 200


def _one(told: list[str]) -> str:
    if len(told) > 1:
        raise ValueError("one value, not several")
    return told[0]


def _list(told: list[str]) -> list[str]:
    values = [part.strip() for text in told for part in text.split(",") if part.strip()]
    if not values:
        raise ValueError("at least one value")
    if len(values) > LIST_MAX:
        raise ValueError(f"at most {LIST_MAX} values, not {len(values)}")
    return list(dict.fromkeys(values))


def _choices(allowed: tuple[str, ...]):
    def parse(told: list[str]) -> tuple[str, ...]:
        values = _list(told)
        if bad := [v for v in values if v not in allowed]:
            raise ValueError(f"some of {', '.join(allowed)}, not {', '.join(bad)[:80]}")
        return tuple(v for v in allowed if v in values)  # one order, so that equal filters are equal text

    return parse


def _world(told: list[str]) -> str:
    value = _one(told)
    if value not in WORLDS:
        raise ValueError(" or ".join(WORLDS))
    return value


def parse_time(text: str) -> datetime:
    """A time with its zone (RFC 3339), as UTC. Raises ValueError that says what was expected."""
    # A plus sign that was not percent-encoded arrives as a space.
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
    except ValueError:
        raise ValueError("a time such as 2026-11-24T14:32:00Z") from None
    if moment.tzinfo is None:
        raise ValueError("a time with its zone, such as 2026-11-24T14:32:00Z")
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError("a time between the years 1 and 9999") from None


def _time(told: list[str]) -> datetime:
    return parse_time(_one(told))


def _number(told: list[str]) -> float:
    try:
        value = float(_one(told))
    except ValueError:
        raise ValueError("a number of kilograms, 0 or more") from None
    if not 0 <= value < 1e9:  # also refuses NaN
        raise ValueError("a number of kilograms, 0 or more")
    return value


def _integers(told: list[str]) -> tuple[int, ...]:
    try:
        values = [int(v) for v in _list(told)]
    except ValueError:
        raise ValueError("whole numbers") from None
    if any(not 0 < v < 2**63 for v in values):
        raise ValueError("whole numbers above 0")
    return tuple(sorted(set(values)))


def _names(told: list[str]) -> tuple[str, ...]:
    return tuple(sorted(_text(v) for v in _list(told)))


def _text(value: str) -> str:
    if len(value) > TEXT_MAX:
        raise ValueError(f"at most {TEXT_MAX} characters")
    if any(ord(c) < 32 for c in value):
        raise ValueError("text without control characters")
    return value


def _q(told: list[str]) -> str | None:
    return _text(_one(told).strip()) or None


def _degrees(lon: float, lat: float) -> tuple[float, float]:
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError("longitudes within ±180 and latitudes within ±90")
    return lon, lat


def _bbox(told: list[str]) -> BBox:
    expected = "west,south,east,north in degrees"
    parts = ",".join(told).split(",")
    try:
        west, south, east, north = (float(p) for p in parts)
    except ValueError:
        raise ValueError(expected) from None
    _degrees(west, south), _degrees(east, north)
    if south >= north:
        raise ValueError(f"{expected}, south below north")
    return west, south, east, north


def _area(told: list[str]) -> tuple[tuple[float, float], ...]:
    expected = "lon lat;lon lat;lon lat … in degrees, at least three corners"
    corners: list[tuple[float, float]] = []
    for pair in _one(told).split(";"):
        try:
            lon, lat = (float(p) for p in pair.split())
        except ValueError:
            raise ValueError(expected) from None
        corners.append(_degrees(lon, lat))
        if len(corners) > AREA_VERTICES_MAX:
            raise ValueError(f"at most {AREA_VERTICES_MAX} corners")
    if corners and corners[0] == corners[-1]:
        corners.pop()
    if len(set(corners)) < 3:
        raise ValueError(expected)
    return tuple(corners)


def time_text(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def plain_text(value) -> str:
    if isinstance(value, tuple):
        return ",".join(str(v) for v in value)
    return _number_text(value) if isinstance(value, float) else str(value)


def _number_text(value: float) -> str:
    """The shortest digits that read back as the same number, so that a Filter survives its own text."""
    return repr(float(value)).removesuffix(".0")


PARSERS = {
    "world": ("world", _world),
    "from": ("start", _time),
    "to": ("end", _time),
    "at": ("at", _time),
    "known_at": ("known_at", _time),
    "bbox": ("bbox", _bbox),
    "area": ("area", _area),
    "kind": ("kind", _choices(KINDS)),
    "track": ("track", _integers),
    "drug": ("drug", _choices(DRUGS)),
    "min_kg": ("min_kg", _number),
    "max_kg": ("max_kg", _number),
    "conveyance": ("conveyance", _choices(CONVEYANCES)),
    "agency": ("agency", _names),
    "source": ("source", _integers),
    "q": ("q", _q),
}
TEXT = {
    "from": time_text,
    "to": time_text,
    "at": time_text,
    "known_at": time_text,
    "bbox": lambda v: ",".join(_number_text(d) for d in v),
    "area": lambda v: ";".join(f"{_number_text(lon)} {_number_text(lat)}" for lon, lat in v),
}
