"""What the one-shot worker can do, by name. These functions run inside the sandbox only, in its working folder."""

from __future__ import annotations

import importlib
from collections.abc import Callable


class Bad(Exception):
    """The file is refused: what was expected, and where it stood."""

    def __init__(self, expected: str, field: str | None = None, value: object = None, line: int | None = None):
        super().__init__(expected)
        self.expected, self.field, self.value, self.line = expected, field, value, line

    def as_dict(self) -> dict:
        value = None if self.value is None else str(self.value)[:200]
        return {"expected": self.expected, "field": self.field, "value": value, "line": self.line}


def _lazy(module: str, name: str) -> Callable:
    def call(**told):
        return getattr(importlib.import_module(module), name)(**told)

    return call


MODULES = {
    "imagery": "feeds.opening_imagery", "vector": "feeds.opening_vector", "movements": "feeds.opening_movements", "many": "feeds.opening_many",
    "table": "feeds.opening_table", "zip": "feeds.opening_zip", "frames": "feeds.opening_frames", "telemetry": "feeds.opening_ulog", "videos": "feeds.opening_videos",
    "points": "feeds.opening_points",
}
TILED_SUFFIXES = (".mbtiles", ".pmtiles")
GDAL_SUFFIXES = (".gpkg", ".zip", ".shp")
TASKS: dict[str, Callable] = {
    "imagery.lay": _lazy("feeds.opening_imagery", "lay"),
    "imagery.inspect": _lazy("feeds.opening_imagery", "inspect"),
    "many.opened": _lazy("feeds.opening_many", "opened"),
    "imagery.to_cog": _lazy("feeds.opening_imagery", "to_cog"),
    "vector.read": _lazy("feeds.opening_vector", "read"),
    "movements.read": _lazy("feeds.opening_movements", "read"),
    "frames.read": _lazy("feeds.opening_frames", "read"),
    "telemetry.ulog": _lazy("feeds.opening_ulog", "ulog"),
    "videos.read": _lazy("feeds.opening_videos", "read"),
    "table.xlsx": _lazy("feeds.opening_table", "xlsx"),
    "points.read": _lazy("feeds.opening_points", "read"),
    "zip.unpack": _lazy("feeds.opening_zip", "unpack"),
}


def prepare(task: str, told: dict) -> None:
    """Load the task's libraries while we may still read them; GDAL's for shapes only where the file needs it."""
    importlib.import_module(MODULES[task.split(".")[0]])
    if told.get("dem"):
        importlib.import_module("feeds.opening_imagery")
    if not task.startswith("zip.") and str(told.get("input", "")).endswith(GDAL_SUFFIXES):
        importlib.import_module("feeds.opening_gdal")
    if str(told.get("input", "")).endswith(TILED_SUFFIXES):
        importlib.import_module("feeds.opening_tiles")
