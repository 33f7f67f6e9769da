"""From fixes to the rows a latch reads, and back to carries."""

from __future__ import annotations

import numpy as np

from analysis.events.fixes import Fixes
from analysis.events.geo import legs_m
from analysis.events.latch import Latched, Rows
from analysis.events.rules import Carry, Context, kept


def legs(fixes: Fixes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the way to each fix from the one before: metres, seconds, and the least speed (m/s) it takes given both accuracies.

    The first fix of a track, and a second one of the same instant, have NaN. Shapes (n,).
    """
    way, seconds, speed = (np.full(len(fixes), np.nan) for _ in range(3))
    if len(fixes) > 1:
        way[1:], seconds[1:] = legs_m(fixes.lon, fixes.lat), np.diff(fixes.observed_us) / 1e6
        way[fixes.starts] = seconds[fixes.starts] = np.nan
        unsure = np.nan_to_num(fixes.accuracy_m, nan=0.0).astype(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            speed[1:] = np.maximum(way[1:] - unsure[1:] - unsure[:-1], 0) / np.where(seconds[1:] > 0, seconds[1:], np.nan)
    return way, seconds, speed


def speeds(fixes: Fixes) -> tuple[np.ndarray, np.ndarray]:
    """Metres to each fix, and its speed: the one it tells, else that of the way to it. NaN where neither is known."""
    way, _, made = legs(fixes)
    return way, np.where(np.isnan(fixes.speed_mps), made, fixes.speed_mps)


def rows_of(fixes: Fixes, context: Context, carry: Carry, label: np.ndarray, way_m: np.ndarray, speed: np.ndarray,
            index: np.ndarray | None = None, lane: np.ndarray | None = None) -> Rows:
    """Rows of fixes (each once in lane 0, or by `index` in `lane`)."""
    i = np.arange(len(fixes)) if index is None else index
    since = np.repeat(carry.since_us(fixes.tracks), fixes.ends - fixes.starts)
    doubt = fixes.doubtful(context.doubt_m)
    way_mm = np.round(np.nan_to_num(way_m) * 1e3).astype(np.int64)  # whole, so that a sum is the same however it is parted
    return Rows(fixes.track_id[i], np.zeros(len(i), np.int64) if lane is None else lane, fixes.observed_us[i], label, fixes.lon[i], fixes.lat[i],
                speed[i].astype(np.float32), way_mm[i], doubt[i], (fixes.observed_us > since)[i])


def carried(fixes: Fixes, latched: Latched) -> Carry:
    """What to carry on of these fixes."""
    return Carry(kept(fixes, latched.cut_us), latched.tracks, latched.cut_us, latched.held)
