"""Places by code or name: from a file of the user's, else from the gazetteer. Never a false point."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg

from data.reference import folded
from errors import FileRefused, Refusal
from feeds import tables

DEFAULT_PRECISION_M = 5_000.0  # a town's centre stands for the whole town


@dataclass(frozen=True)
class Spot:
    """A point and how far off it may be."""

    lon: float
    lat: float
    precision_m: float


class Places:
    """Looks a place up by code, then by name; what is not found stays unplaced."""

    def __init__(self, connection: psycopg.Connection, path: Path | None, precision_m: float | None):
        self._connection = connection
        self._precision_m = precision_m
        self._told = _read(path, precision_m or DEFAULT_PRECISION_M) if path else {}
        self._found: dict[str, Spot | None] = {}

    def find(self, code: str | None, name: str | None) -> Spot | None:
        for told in (code, name):
            if told and (spot := self._told.get(_key(told))):
                return spot
        # Codes are written with and without the zeros of their finer parts (DANE 91001000 is municipality 91001).
        if code and code.isdecimal():
            for cut in range(len(code) - 1, 3, -1):
                if set(code[cut:]) == {"0"} and (spot := self._told.get(_key(code[:cut]))):
                    return spot
        if not name:
            return None
        if name not in self._found:
            self._found[name] = self._in_gazetteer(name)
        return self._found[name]

    def _in_gazetteer(self, name: str) -> Spot | None:
        """The one place of that name; of several only one that is far larger than the others."""
        rows = self._connection.execute(
            "SELECT ST_X(geom), ST_Y(geom), precision_m, coalesce(population, 0) FROM place WHERE folded = %s "
            "ORDER BY population DESC NULLS LAST LIMIT 2", (folded(name),),
        ).fetchall()
        if not rows or (len(rows) == 2 and rows[0][3] < 20 * max(rows[1][3], 1)):
            return None
        lon, lat, precision_m, _ = rows[0]
        return Spot(lon, lat, max(precision_m, self._precision_m or 0))


def _key(told: str) -> str:
    text = folded(told)
    return text.lstrip("0") or text if text.isdecimal() else text


def _read(path: Path, precision_m: float) -> dict[str, Spot]:
    table = tables.open_table(path, ("places",), None)
    out: dict[str, Spot] = {}
    for line, batch in table.batches():
        columns = {c.field: tables.text_column(batch, c.name).to_pylist() for c in table.mapping.columns}
        for i in range(batch.num_rows):
            try:
                lon, lat = float(columns["lon"][i]), float(columns["lat"][i])
            except (TypeError, ValueError):
                raise FileRefused(Refusal(path.name, line + i, "lat", columns["lat"][i], "degrees")) from None
            if not (-180 <= lon <= 180 and -90 <= lat <= 90):
                raise FileRefused(Refusal(path.name, line + i, "lat, lon", f"{lat}, {lon}", "latitude within ±90, longitude within ±180"))
            told = columns.get("precision", [None] * batch.num_rows)[i]
            spot = Spot(lon, lat, float(told) if told else precision_m)
            for key in ("code", "name"):
                if key in columns and columns[key][i]:
                    out.setdefault(_key(columns[key][i]), spot)
    return out
