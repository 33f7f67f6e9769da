"""Mappings: what each column of a table means. A TOML file a layout; ours are in data/mappings, anyone may write one.

A layout is known by its header: the mapping whose `recognise` columns are all there, and the most of them, is taken.
docs/formats.md describes every key.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pyproj import CRS
from pyproj.exceptions import CRSError

from errors import FileRefused, Refusal
from settings import ROOT

FOLDER = ROOT / "data" / "mappings"

FIELDS: dict[str, tuple[str, ...]] = {
    "tracks": ("key", "kind", "name", "agency", "time", "lat", "lon", "x", "y", "speed", "course", "heading", "altitude",
               "accuracy", "reader", "identifier"),
    "readers": ("key", "name", "lat", "lon"),
    "sorties": ("key", "platform", "sensor", "agency", "started", "ended", "track"),
    "seizures": ("id", "when", "until", "year", "month", "fiscal_year", "lat", "lon", "x", "y", "precision", "place", "place_code",
                 "drug", "quantity", "unit", "events", "conveyance", "concealment", "origin", "transit", "destination",
                 "found", "agency", "marking"),
    "places": ("code", "name", "lat", "lon", "precision"),
}
# What a row can't do without.
NEEDED: dict[str, tuple[str, ...]] = {
    "tracks": ("key", "time"), "readers": ("key", "lat", "lon"), "sorties": ("key",), "seizures": ("drug",),
    "places": ("lat", "lon"),
}
TOP = ("name", "layer", "about", "recognise", "csv", "footer", "columns", "constants", "zone", "crs", "key_prefix", "values",
       "aggregate", "precision_m", "source")
COLUMN = ("field", "unit", "format", "none", "thousands", "decimal", "strip")
CSV = ("delimiter", "encoding")
# unit -> factor to metres a second, metres, or kilograms' own table (feeds/quantities.py)
SPEED = {"mps": 1.0, "kmh": 1 / 3.6, "kn": 1852 / 3600, "mph": 0.44704}
LENGTH = {"m": 1.0, "km": 1000.0, "ft": 0.3048}


@dataclass(frozen=True)
class Column:
    """What one column of the file means."""

    name: str
    field: str
    unit: str | None = None
    format: str | None = None  # of times: iso, epoch_s, epoch_ms, or a strptime pattern; of a month: see feeds/times.py
    none: tuple[str, ...] = ()  # cells that mean unknown
    thousands: str | None = None
    decimal: str = "."
    strip: str | None = None  # characters taken off both ends


@dataclass(frozen=True)
class Mapping:
    """One layout."""

    name: str
    layer: str
    columns: tuple[Column, ...]
    recognise: frozenset[str] = frozenset()
    delimiter: str = ","
    encoding: str = "utf-8-sig"
    footer: tuple[tuple[str, tuple[str, ...]], ...] = ()  # a row is no data when this column holds one of these
    constants: dict[str, str] = field(default_factory=dict, hash=False)
    values: dict[str, dict[str, str]] = field(default_factory=dict, hash=False)  # field -> cell -> our word
    zone: str | None = None
    crs: str | None = None
    key_prefix: str = ""
    aggregate: bool = False  # every row adds several events up
    precision_m: float | None = None

    def of(self, field_name: str) -> tuple[Column, ...]:
        """The columns of a field, in the order of the file of the mapping."""
        return tuple(c for c in self.columns if c.field == field_name)

    def has(self, field_name: str) -> bool:
        return field_name in self.constants or bool(self.of(field_name))


def recognise(layers: tuple[str, ...], header: list[str]) -> Mapping | None:
    """The known mapping of a header; the one that names the most of its columns wins."""
    there = {h.strip().casefold() for h in header}
    fitting = [m for m in known() if m.layer in layers and m.recognise and m.recognise <= there]
    return max(fitting, key=lambda m: len(m.recognise), default=None)


@lru_cache
def known() -> tuple[Mapping, ...]:
    """Our own mappings."""
    return tuple(load(path) for path in sorted(FOLDER.glob("*.toml")))


def load(path: Path, *, placed: bool = False) -> Mapping:
    """Read and check a mapping. `placed`: the file itself says where and maybe when (shapes). Raises FileRefused that names the key."""
    def refuse(key: str | None, value: object, expected: str):
        raise FileRefused(Refusal(path.name, None, key, None if value is None else str(value), expected))

    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        refuse(None, None, f"a TOML file ({error})")
    for key in told:
        if key not in TOP:
            refuse(key, told[key], f"one of {', '.join(TOP)}")
    layer = told.get("layer")
    if layer not in FIELDS:
        refuse("layer", layer, f"one of {', '.join(FIELDS)}")
    columns = tuple(_column(layer, name, c, refuse) for name, c in told.get("columns", {}).items())
    constants = {k: str(v) for k, v in told.get("constants", {}).items()}
    for key in constants:
        if key not in FIELDS[layer]:
            refuse(f"constants.{key}", constants[key], f"one of {', '.join(FIELDS[layer])}")
    mapped = {c.field for c in columns} | set(constants)
    for needed in NEEDED[layer]:
        if needed not in mapped and not (placed and layer == "tracks"):
            refuse("columns", None, f"a column for {needed}")
    _check_place(layer, mapped, told, refuse, placed)
    csv = told.get("csv", {})
    for key in csv:
        if key not in CSV:
            refuse(f"csv.{key}", csv[key], f"one of {', '.join(CSV)}")
    zone, crs = told.get("zone"), told.get("crs")
    if zone is not None:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            refuse("zone", zone, "an IANA zone such as America/Bogota")
    if crs is not None:
        try:
            CRS.from_user_input(crs)
        except CRSError:
            refuse("crs", crs, "a CRS such as EPSG:32614")
    return Mapping(
        name=told.get("name", path.stem), layer=layer, columns=columns,
        recognise=frozenset(h.casefold() for h in told.get("recognise", [])),
        delimiter=csv.get("delimiter", ","), encoding=csv.get("encoding", "utf-8-sig"),
        footer=tuple((c, tuple(v)) for c, v in told.get("footer", {}).items()), constants=constants,
        values={f: {str(k).casefold(): v for k, v in table.items()} for f, table in told.get("values", {}).items()},
        zone=zone, crs=crs, key_prefix=told.get("key_prefix", ""), aggregate=bool(told.get("aggregate", False)),
        precision_m=told.get("precision_m"),
    )


def _column(layer: str, name: str, told: object, refuse) -> Column:
    if isinstance(told, str):
        told = {"field": told}
    for key in told:
        if key not in COLUMN:
            refuse(f"columns.{name}.{key}", told[key], f"one of {', '.join(COLUMN)}")
    if told.get("field") not in FIELDS[layer]:
        refuse(f"columns.{name}.field", told.get("field"), f"one of {', '.join(FIELDS[layer])}")
    units = SPEED if told["field"] == "speed" else LENGTH if told["field"] in ("altitude", "accuracy", "precision") else None
    if units is not None and told.get("unit") not in units:
        refuse(f"columns.{name}.unit", told.get("unit"), f"one of {', '.join(units)}")
    return Column(
        name=name, field=told["field"], unit=told.get("unit"), format=told.get("format"),
        none=tuple(str(v) for v in told.get("none", [])), thousands=told.get("thousands"), decimal=told.get("decimal", "."),
        strip=told.get("strip"),
    )


def _check_place(layer: str, mapped: set[str], told: dict, refuse, placed: bool) -> None:
    if layer == "tracks" and not placed and not ({"lat", "lon"} <= mapped or {"x", "y"} <= mapped or "reader" in mapped):
        refuse("columns", None, "columns for lat and lon, for x and y, or for a reader")
    if {"x", "y"} & mapped and "crs" not in told:
        refuse("crs", None, "the CRS of x and y, such as EPSG:32614")
