"""One analysis in a process of its own: `python -m jobs.analyst FOLDER`. It can be ended at any moment, and takes no more memory than it was told.

In the folder lie `asked.json` (method, knobs, memory_mb), `points.parquet` and what is known of the ground; it leaves `places.parquet` and `told.json`.
On standard output a line for each step: how much is done, 0 to 1. It touches no database and no network.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from dataclasses import fields
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from analysis import methods
from analysis.ground import Ground
from errors import VigiaError, plain

EVERY_S = 0.2
REFUSED, NO_MEMORY = 3, 4  # exit codes; the words stand in refused.txt


def put(folder: Path, asked: dict, points: pd.DataFrame, known: dict) -> None:
    """Lay an analysis into a folder: `known` are parts of analysis/ground.py's Ground, by name."""
    (folder / "asked.json").write_text(json.dumps(asked))
    points.to_parquet(folder / "points.parquet")
    for part, value in known.items():
        if isinstance(value, shapely.Geometry):
            (folder / f"{part}.wkb").write_bytes(shapely.to_wkb(value))
        elif value is not None:
            value.to_parquet(folder / f"{part}.parquet")


def ground(folder: Path) -> Ground:
    """What is known of the ground, as it lies in the folder."""
    found = {}
    for part in fields(Ground):
        if (path := folder / f"{part.name}.wkb").exists():
            found[part.name] = shapely.from_wkb(path.read_bytes())
        elif (path := folder / f"{part.name}.parquet").exists():
            found[part.name] = gpd.read_parquet(path)
    return Ground(**found)


def taken(folder: Path) -> tuple[gpd.GeoDataFrame, dict]:
    """What it left: places, and what it tells as a whole."""
    return gpd.read_parquet(folder / "places.parquet"), json.loads((folder / "told.json").read_text())


def main() -> int:
    folder = Path(sys.argv[1])
    asked = json.loads((folder / "asked.json").read_text())
    os.nice(5)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    limit = asked["memory_mb"] << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    said = [0.0]

    def step(done: float) -> None:
        if time.monotonic() - said[0] >= EVERY_S:
            said[0] = time.monotonic()
            print(f"{done:.4f}", flush=True)

    try:
        found = methods.made(asked["method"], asked["knobs"]).apply(pd.read_parquet(folder / "points.parquet"), ground(folder), step)
        told = found.attrs.pop("told")
        found.to_parquet(folder / "places.parquet")
        (folder / "told.json").write_text(json.dumps(told, default=_plain))
    except VigiaError as error:
        (folder / "refused.txt").write_text(plain(error))
        return REFUSED
    except MemoryError:
        return NO_MEMORY
    return 0


def _end_with_parent() -> None:
    while os.read(0, 1024):  # not the buffered one: its lock would be held when the interpreter ends
        pass
    os._exit(1)


def _plain(value: object) -> object:
    """What numpy and pandas call a number or a time, as JSON can carry it."""
    return value.item() if hasattr(value, "item") else value.isoformat() if hasattr(value, "isoformat") else str(value)


if __name__ == "__main__":
    sys.exit(main())
