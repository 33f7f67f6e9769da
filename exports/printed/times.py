"""Times as paper has them: each with its zone, which nobody can look up there."""

from __future__ import annotations

from datetime import datetime, tzinfo


def moment(when: datetime, zone: tzinfo) -> str:
    """A time with its zone."""
    there = when.astimezone(zone)
    return f"{there:%-d %b %Y %H:%M} {named(there)}"


def named(there: datetime) -> str:
    """The zone of a time as it is said: `CST (UTC-06:00)`, or `UTC`."""
    short, away = there.tzname() or "", there.strftime("%z")
    told = f"UTC{away[:3]}:{away[3:5]}"
    return "UTC" if away == "+0000" else f"{short} ({told})" if short[:1].isalpha() else told
