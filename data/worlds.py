"""The two worlds, kept apart in every table, tile, count and export."""

from __future__ import annotations

from typing import Literal

World = Literal["live", "exercise"]
WORLDS: tuple[World, ...] = ("live", "exercise")

# Stored as a smallint: it stands in every index, and `=` on it is leakproof under row-level security.
CODES: dict[str, int] = {"live": 0, "exercise": 1}
NAMES: dict[int, str] = {code: name for name, code in CODES.items()}
