"""Times as somebody tells them in a knob."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from errors import KnobRefused


def moment(told: str, knob: str, method: str) -> pd.Timestamp:
    """A time as somebody told it. Raises KnobRefused without date or zone."""
    try:
        when = datetime.fromisoformat(told)
    except ValueError as e:
        raise KnobRefused(f"{method}: {knob} must be a date and time with zone, as 2026-11-20T10:15:00Z, not {told!r}") from e
    if when.tzinfo is None:
        raise KnobRefused(f"{method}: {knob} must end with its time zone, as 2026-11-20T10:15:00Z, not {told!r}")
    return pd.Timestamp(when).tz_convert("UTC")
