"""Times as files tell them: with a zone, or with the zone a mapping or a person gives; else refused."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MONTHS = {m: i for i, m in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}
FISCAL_YEAR_STARTS = 10  # US federal: October of the year before
DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
MONTH = re.compile(r"^\d{4}-\d{2}$")


class TimeRefused(ValueError):
    """A time that can't be read; the message says what was expected."""


def moments_us(column: pa.Array, format: str | None, zone: str | None) -> tuple[np.ndarray, np.ndarray, str]:
    """Texts (or numbers, or timestamps) of shape (n,) as epoch microseconds, which of them could not be read, and what was expected."""
    format = format or "iso"
    if pa.types.is_timestamp(column.type):
        if column.type.tz is None and zone is None:
            return np.zeros(len(column), np.int64), np.ones(len(column), bool), "a time with its zone, or --zone"
        if column.type.tz is None:
            column = pc.assume_timezone(column, zone)
        return _us(column)
    if format in ("epoch_s", "epoch_ms"):
        factor = 1e6 if format == "epoch_s" else 1e3
        number = _floats(column)
        bad = ~np.isfinite(number) | (np.abs(number * factor) > 2.5e17)
        return np.where(bad, 0, number * factor).astype(np.int64), bad, "seconds since 1970"
    if format != "iso":
        return _patterned(column, format, zone)
    text = pc.cast(column, pa.string())
    with_zone = pc.match_substring_regex(text, r"(Z|[+-]\d\d(:?\d\d)?)$").fill_null(False)
    if pc.all(with_zone).as_py():
        return _cast(text, pa.timestamp("us", "UTC"), None, "a time such as 2026-11-24T14:32:00Z")
    if zone is None:
        return np.zeros(len(text), np.int64), ~with_zone.to_numpy(zero_copy_only=False), \
            "a time with its zone such as 2026-11-24T14:32:00Z, or --zone"
    if pc.any(with_zone).as_py():
        return _one_by_one(text, zone)
    return _cast(text, pa.timestamp("us"), zone, "a time such as 2026-11-24 14:32:00")


def _cast(text: pa.Array, type_: pa.DataType, zone: str | None, expected: str):
    try:
        out = pc.cast(text, type_)
        if zone:
            out = pc.assume_timezone(out, zone, ambiguous="earliest", nonexistent="latest")
    except pa.ArrowInvalid:
        return _one_by_one(text, zone)
    us, bad, _ = _us(out)
    return us, bad, expected


def _us(column: pa.Array) -> tuple[np.ndarray, np.ndarray, str]:
    column = pc.cast(column, pa.timestamp("us", "UTC"), safe=False)
    bad = column.is_null().to_numpy(zero_copy_only=False)
    return column.cast(pa.int64()).fill_null(0).to_numpy(), bad, "a time such as 2026-11-24T14:32:00Z"


def _one_by_one(text: pa.Array, zone: str | None):
    us, bad = np.zeros(len(text), np.int64), np.zeros(len(text), bool)
    for i, told in enumerate(text.to_pylist()):
        try:
            us[i] = epoch_us(moment(told, zone))
        except TimeRefused:
            bad[i] = True
    return us, bad, "a time such as 2026-11-24T14:32:00Z"


def _patterned(column: pa.Array, pattern: str, zone: str | None):
    us, bad = np.zeros(len(column), np.int64), np.zeros(len(column), bool)
    for i, told in enumerate(pc.cast(column, pa.string()).to_pylist()):
        try:
            us[i] = epoch_us(_localised(datetime.strptime(told or "", pattern), zone))
        except (ValueError, TimeRefused):
            bad[i] = True
    return us, bad, f"a time like {datetime(2026, 11, 24, 14, 32).strftime(pattern)}" + ("" if zone else ", and --zone")


def _floats(column: pa.Array) -> np.ndarray:
    if pa.types.is_string(column.type):
        return np.array([_float(v) for v in column.to_pylist()])
    return pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)


def _float(text: str | None) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        return float("nan")


def epoch_us(moment_: datetime) -> int:
    """Microseconds since 1970."""
    return (moment_ - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)


def _localised(naive: datetime, zone: str | None) -> datetime:
    if naive.tzinfo is not None:
        return naive.astimezone(timezone.utc)
    if zone is None:
        raise TimeRefused("a time with its zone such as 2026-11-24T14:32:00Z, or --zone")
    return naive.replace(tzinfo=ZoneInfo(zone)).astimezone(timezone.utc)


def moment(told: str | None, zone: str | None) -> datetime:
    """One time as UTC. Raises TimeRefused."""
    try:
        return _localised(datetime.fromisoformat((told or "").strip()), zone)
    except TimeRefused:
        raise
    except (ValueError, OverflowError):
        raise TimeRefused("a time such as 2026-11-24T14:32:00Z") from None


def span(told: str | None, format: str | None, zone: str | None) -> tuple[datetime, datetime, str]:
    """When something happened, as [start, end) and `event`, `day` or `month`.

    A date alone is that local day, a month alone that local month: both need a zone. Raises TimeRefused.
    """
    told = (told or "").strip()
    if format == "day" or format in (None, "iso") and DAY.match(told):
        return day(_date(told, "%Y-%m-%d"), zone)
    if format == "month" or format in (None, "iso") and MONTH.match(told):
        first = _date(told + "-01", "%Y-%m-%d")
        return month(first.year, first.month, zone)
    if format and format.startswith("day:"):
        return day(_date(told, format[4:]), zone)
    if format in (None, "iso"):
        at = moment(told, zone)
    else:
        try:
            at = _localised(datetime.strptime(told, format), zone)
        except TimeRefused:
            raise
        except ValueError:
            raise TimeRefused(f"a time like {datetime(2026, 11, 24, 14, 32).strftime(format)}") from None
    return at, at + timedelta(seconds=1), "event"


def _date(told: str, pattern: str) -> date:
    try:
        return datetime.strptime(told, pattern).date()
    except ValueError:
        raise TimeRefused(f"a date like {date(2026, 11, 24).strftime(pattern)}") from None


def day(on: date, zone: str | None) -> tuple[datetime, datetime, str]:
    """A local day."""
    return _midnight(on, zone), _midnight(on + timedelta(days=1), zone), "day"


def month(year: int, number: int, zone: str | None) -> tuple[datetime, datetime, str]:
    """A local month."""
    after = date(year + number // 12, number % 12 + 1, 1)
    return _midnight(date(year, number, 1), zone), _midnight(after, zone), "month"


def fiscal_month(year: str, name: str, zone: str | None) -> tuple[datetime, datetime, str]:
    """A month of a US federal fiscal year: October 2021 is in fiscal year 2022. Raises TimeRefused."""
    number = MONTHS.get((name or "").strip().casefold()[:3])
    if number is None:
        raise TimeRefused("a month such as OCT")
    if not (year or "").strip()[:4].isdecimal():
        raise TimeRefused("a fiscal year such as 2022")
    return month(int(year.strip()[:4]) - (number >= FISCAL_YEAR_STARTS), number, zone)


def _midnight(on: date, zone: str | None) -> datetime:
    if zone is None:
        raise TimeRefused("a date needs a zone: in the mapping, or --zone")
    return datetime.combine(on, time(), ZoneInfo(zone)).astimezone(timezone.utc)
