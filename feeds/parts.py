"""A folder of points in parts, as programs past one machine write them: `points-*.parquet`, each read by itself."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from errors import FileRefused, PointsRefused, Refusal
from feeds import points

PATTERN = "points-*.parquet"
ROWS_MOST = 1_000_000  # of a part: what is held at once


def listed(folder: Path) -> list[Path]:
    """The parts, by name. Raises FileRefused where there is none."""
    found = sorted(p.resolve() for p in folder.glob(PATTERN) if p.is_file())
    if not found:
        raise FileRefused(Refusal(folder.name, None, None, None, f"at least one part {PATTERN} in the folder"))
    return found


def read(part: Path) -> pd.DataFrame:
    """One part, opened as any file from outside is (feeds/points.py). Raises FileRefused and PointsRefused with the part's name."""
    frame = points.read(part)
    if len(frame) > ROWS_MOST:
        raise PointsRefused(f"{part.name} has {len(frame):,} rows, and a part has at most {ROWS_MOST:,}, which are held at once: write smaller parts")
    return frame
