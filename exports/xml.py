"""Text and numbers as XML can carry them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from exports.csv import quiet

PLACES = 7  # decimals of a degree: a centimetre


def text(value: object) -> str:
    """Printable characters alone: XML has no way to write most others."""
    return "".join(c if c.isprintable() else " " for c in str(value))


def told(row: dict) -> dict[str, str]:
    """A row's values as text under their names; those that say nothing are left out. No spreadsheet reads this: nothing is quoted."""
    said = {k: v.isoformat() if isinstance(v, pd.Timestamp) else v for k, v in row.items()}
    return {k: text(v) for k, v in said.items() if isinstance(v, str) and v or not isinstance(v, str) and quiet(v) != ""}


def named(row: dict, layer: str) -> str:
    """What a row is called: its name, or its drug and place, or its key, or its number."""
    words = [str(row[c]) for c in ("drug", "place") if isinstance(row.get(c), str) and row[c]] if layer == "seizures" else []
    return text(", ".join(words) or next((row[c] for c in ("name", "unit", "key", "id") if row.get(c) not in (None, "")), layer))


def parts(shape: shapely.Geometry | None, kind: str) -> list[np.ndarray]:
    """The coordinates of each part of a shape of a kind (`LineString`, `Point`)."""
    if shape is None or shape.is_empty:
        return []
    return [shapely.get_coordinates(p) for p in shapely.get_parts(shape) if p.geom_type == kind]
