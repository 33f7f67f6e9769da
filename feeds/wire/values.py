"""Values of messages: strict JSON, and numbers, texts, places and times within their bounds. Each raises Unfit."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from feeds.times import TimeRefused, epoch_us, moment
from feeds.wire.told import Unfit

TEXT_MAX = 200
OBJECTS_MAX = 100_000  # of one message: a few bytes of text are hundreds of memory
# PostgreSQL and Python agree on these years; a time outside of them is a broken clock, not a doubtful one.
EARLIEST_US, LATEST_US = -62_000_000_000_000_000, 253_000_000_000_000_000
# Control characters and halves of surrogate pairs: no database column holds a NUL, and no name needs the rest.
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        seen: set[str] = set()
        name = next(n for n, _ in pairs if n in seen or seen.add(n))
        raise Unfit("duplicate key", name, None, "each name once")
    return row


def _constant(word: str) -> None:
    raise Unfit("not JSON", None, word, "JSON: NaN and Infinity are none")


def parse(data: bytes) -> Any:
    """The JSON value of UTF-8 text, with or without a BOM; a name told twice, NaN and endless nesting are refused."""
    if (objects := data.count(b"{")) > OBJECTS_MAX:
        raise Unfit("too many objects", None, f"{objects:,} objects", f"at most {OBJECTS_MAX:,} objects")
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_constant)
    except Unfit:
        raise
    except RecursionError:
        raise Unfit("too deep", None, None, "JSON that is not nested without end") from None
    except UnicodeDecodeError:
        raise Unfit("not JSON", None, None, "JSON in UTF-8") from None
    except json.JSONDecodeError as error:
        raise Unfit("not JSON", None, data[max(0, error.pos - 20):error.pos + 20].decode("utf-8", "replace"), f"JSON ({error.msg})") from None
    except ValueError:  # a whole number of thousands of digits
        raise Unfit("not JSON", None, None, "JSON with numbers of sensible length") from None


def mapping(value: Any) -> dict[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise Unfit("not an object", None, shown(value), "a JSON object")
    return value


def shown(value: Any) -> str:
    """A value from outside as a refusal shows it."""
    return repr(value)[:80] if isinstance(value, (list, dict)) else str(value)[:80]


def number(row: dict, name: str, least: float, most: float) -> float:
    """A finite number within bounds; NaN where there is none."""
    value = row.get(name)
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise Unfit("value", name, shown(value), f"a number from {least:g} to {most:g}")
    return float(value)


def measure(value: Any, least: float, most: float) -> float:
    """The same for protocols that tell "unknown" by a number out of bounds, and for texts: NaN then."""
    try:
        told = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return told if least <= told <= most else math.nan


def place(lon: Any, lat: Any) -> tuple[float, float]:
    """Degrees."""
    a, b = measure(lon, -180, 180), measure(lat, -90, 90)
    if a != a or b != b:
        raise Unfit("no position", "lat, lon", f"{shown(lat)}, {shown(lon)}", "latitude within ±90, longitude within ±180")
    return a, b


def text(row: dict, name: str, most: int = TEXT_MAX, needed: bool = False) -> str | None:
    """A text as it is told, markup and all."""
    value = row.get(name)
    if value is None and not needed:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > most or UNWRITABLE.search(value):
        raise Unfit(f"no {name}" if needed else "value", name, None if value is None else shown(value), f"a text of 1 to {most} characters")
    return value.strip()


def clean(value: str | None, most: int = TEXT_MAX) -> str | None:
    """A text of a protocol that is not worth refusing a position for: cut, and without what can't be written."""
    return (UNWRITABLE.sub("\ufffd", value).strip()[:most] or None) if value else None


def bounded(us: float, name: str, value: Any) -> int:
    """Epoch microseconds within the years that can be stored."""
    if not EARLIEST_US <= us <= LATEST_US:
        raise Unfit("no time", name, shown(value), "a time between the years 6 and 9986")
    return int(us)


def iso_us(value: Any, name: str) -> int:
    """A time with its zone, as epoch microseconds."""
    try:
        return bounded(epoch_us(moment(value if isinstance(value, str) else None, None)), name, value)
    except (TimeRefused, OverflowError):
        raise Unfit("no time", name, None if value is None else shown(value), "a time with its zone such as 2026-11-24T14:32:00Z") from None


def epoch_s_us(value: Any, name: str) -> int:
    """Seconds since 1970, as epoch microseconds."""
    told = measure(value, -1e15, 1e15)
    if told != told:
        raise Unfit("no time", name, None if value is None else shown(value), "seconds since 1970")
    return bounded(told * 1e6, name, value)
