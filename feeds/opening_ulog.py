"""Inside the sandbox: PX4's flight logs. What its satellite receiver told, at the receiver's own time (UTC)."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import numpy as np
import pyulog

from feeds.opening import Bad

MAGIC = b"ULog\x01\x12\x35"
TOPICS = ("vehicle_gps_position", "sensor_gps")
POSITIONS_MAX = 2_000_000
FIX_3D = 3


def ulog(input: str) -> dict:
    """Columns of the positions with a fix, and what was left out: {"columns": {…}, "notes": […]}."""
    with open(input, "rb") as file:
        head = file.read(16)
    if head[:7] != MAGIC:
        raise Bad("a PX4 flight log (ULog)", "first bytes", head[:7])
    try:
        log = pyulog.ULog(str(Path(input)), list(TOPICS))
    except (ValueError, TypeError, KeyError, IndexError, struct.error, UnicodeDecodeError, AttributeError, OverflowError, ZeroDivisionError, EOFError) as error:
        raise Bad(f"a flight log that can be read ({type(error).__name__}: {str(error)[:100]})") from None
    data = next((d.data for topic in TOPICS for d in log.data_list if d.name == topic and len(d.data["timestamp"])), None)
    if data is None:
        raise Bad(f"positions in the log ({' or '.join(TOPICS)})", "topics", ", ".join(sorted({d.name for d in log.data_list}))[:100] or "none of these")
    n = len(data["timestamp"])
    if n > POSITIONS_MAX:
        raise Bad(f"at most {POSITIONS_MAX:,} positions", "positions", n)
    lat, lon, altitude = _places(data)
    boot, utc = data["timestamp"].astype(float), data["time_utc_usec"].astype(float) if "time_utc_usec" in data else np.zeros(n)
    good = (data["fix_type"] >= FIX_3D if "fix_type" in data else np.ones(n, bool)) & np.isfinite(lat) & np.isfinite(lon) & (np.abs(lat) <= 90) & (np.abs(lon) <= 180)
    good &= (np.abs(lat) > 1e-3) | (np.abs(lon) > 1e-3)
    dated = good & (utc > 1e15)
    if not good.any():
        raise Bad("a position with a fix in three dimensions", "fix_type", "none")
    if not dated.any():
        raise Bad("the satellites' time (time_utc_usec), without which a log only counts from its start", "time_utc_usec", 0)
    # One clock for all: the receiver repeats its time between its own fixes.
    observed = boot + np.median((utc - boot)[dated])
    notes = [f"{int((~good).sum()):,} of {n:,} positions without a fix in three dimensions left out"] if not good.all() else []
    if (lost := getattr(log, "dropouts", [])):
        notes.append(f"the log has {len(lost):,} gaps where it could not keep up")
    if getattr(log, "file_corruption", False):
        notes.append("the log is damaged: what could be read of it is kept")
    take = lambda name, scale=1.0: (data[name][good].astype(float) * scale if name in data else np.full(int(good.sum()), np.nan)).tolist()  # noqa: E731
    course = np.degrees(data["cog_rad"][good].astype(float)) % 360 if "cog_rad" in data else np.full(int(good.sum()), np.nan)
    return {"notes": notes, "columns": {
        "observed_us": observed[good].astype(np.int64).tolist(), "lon": lon[good].tolist(), "lat": lat[good].tolist(), "altitude_m": altitude[good].tolist(),
        "speed_mps": take("vel_m_s"), "course_deg": course.tolist(), "accuracy_m": take("eph")}}


def _places(data: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Degrees and metres: older logs have ten millionths of a degree and millimetres."""
    with contextlib.suppress(KeyError):
        return data["latitude_deg"].astype(float), data["longitude_deg"].astype(float), data["altitude_msl_m"].astype(float)
    try:
        return data["lat"] / 1e7, data["lon"] / 1e7, data["alt"] / 1e3
    except KeyError as missing:
        raise Bad("latitude and longitude in the log", "fields", str(missing)) from None
