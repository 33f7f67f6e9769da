"""Inside the sandbox: points for an analysis, out of CSV and Parquet (a GeoParquet's shapes too)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pyproj
import shapely

from feeds.opening import Bad

ROWS_MAX = 5_000_000
COLUMNS_MAX = 1_000
HEADER_BYTES = 64 << 10
X, Y = ("x", "easting"), ("y", "northing")
DEGREES = 4326


def read(input: str, crs: str | None) -> dict:
    """Write `clean.parquet`: the columns as they are, and `lon`, `lat` in degrees made of `x` and `y` in `crs`, or of a GeoParquet's points."""
    path = Path(input)
    table = _parquet(path) if path.suffix in (".parquet", ".geoparquet") else _csv(path)
    if table.num_columns > COLUMNS_MAX or table.num_rows > ROWS_MAX:
        raise Bad(f"at most {COLUMNS_MAX:,} columns and {ROWS_MAX:,} rows", "size", f"{table.num_columns:,} columns, {table.num_rows:,} rows")
    table, made = _shapes(table)
    if not made and crs is not None and not _named(table, ("lon",)):
        table = _projected(table, crs)
    pa.parquet.write_table(table.replace_schema_metadata(None), "clean.parquet")
    return {"rows": table.num_rows}


def _csv(path: Path) -> pa.Table:
    with path.open("rb") as handle:
        head = handle.read(HEADER_BYTES).split(b"\n", 1)[0]
    if b"\x00" in head or len(head) == HEADER_BYTES:
        raise Bad(f"a first line of text with the names of columns, at most {HEADER_BYTES >> 10} kB", "header", None, 1)
    delimiter = max((",", ";", "\t", "|"), key=lambda d: head.count(d.encode()))
    try:
        names = [cell.strip().strip('"') for cell in head.decode("utf-8-sig").rstrip("\r").split(delimiter)]
        return pa.csv.read_csv(
            path, read_options=pa.csv.ReadOptions(use_threads=False, column_names=names, skip_rows=1), parse_options=pa.csv.ParseOptions(delimiter=delimiter),
            convert_options=pa.csv.ConvertOptions(column_types={name: pa.string() for name in names}, null_values=[""], strings_can_be_null=True))
    except UnicodeDecodeError as error:
        raise Bad(f"text in UTF-8 ({error.reason} at byte {error.start})", "header", None, 1) from None
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise Bad(f"a CSV file that can be read ({str(error)[:160]})") from None


def _parquet(path: Path) -> pa.Table:
    try:
        file = pa.parquet.ParquetFile(path)
        if file.metadata.num_rows > ROWS_MAX:
            raise Bad(f"at most {ROWS_MAX:,} rows", "rows", file.metadata.num_rows)
        return file.read(use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise Bad(f"a Parquet file that can be read ({str(error)[:160]})") from None


def _shapes(table: pa.Table) -> tuple[pa.Table, bool]:
    """A GeoParquet's points as lon and lat, whatever CRS it names. ref: GeoParquet 1.1: a missing `crs` is longitude and latitude."""
    try:
        about = json.loads((table.schema.metadata or {}).get(b"geo", b"null"))
        column, told = (about["primary_column"], about["columns"][about["primary_column"]]) if about else (None, None)
    except (ValueError, KeyError, TypeError):
        raise Bad("GeoParquet metadata that can be read", "geo") from None
    if column is None:
        return table, False
    if column not in table.column_names or told.get("encoding") != "WKB":
        raise Bad("a GeoParquet whose shapes are WKB", column, told.get("encoding"))
    try:
        shapes = shapely.from_wkb(table.column(column).to_numpy(zero_copy_only=False))
    except (shapely.GEOSException, TypeError) as error:
        raise Bad(f"WKB that can be read ({str(error)[:120]})", column) from None
    wrong = np.flatnonzero(shapely.get_type_id(shapes) != 0)
    if len(wrong):
        raise Bad("points", column, f"{len(wrong):,} of {len(shapes):,} are none", int(wrong[0]) + 1)
    crs = told.get("crs", DEGREES)
    if crs is None:
        raise Bad("a GeoParquet that says its CRS", column)
    lon, lat = _degrees(shapely.get_x(shapes), shapely.get_y(shapes), json.dumps(crs) if isinstance(crs, dict) else crs)
    kept = table.drop_columns([c for c in table.column_names if c == column or c in ("lon", "lat")])
    return kept.append_column("lon", pa.array(lon)).append_column("lat", pa.array(lat)), True


def _projected(table: pa.Table, crs: str) -> pa.Table:
    x, y = _named(table, X), _named(table, Y)
    if not (x and y):
        raise Bad("columns lon and lat in degrees, or x and y in the CRS told", "header", ", ".join(table.column_names)[:200], 1)
    lon, lat = _degrees(_numbers(table, x), _numbers(table, y), crs)
    return table.append_column("lon", pa.array(lon)).append_column("lat", pa.array(lat))


def _named(table: pa.Table, names: tuple[str, ...]) -> str | None:
    return next((c for c in table.column_names if c.strip().lower() in names), None)


def _numbers(table: pa.Table, column: str) -> np.ndarray:
    try:
        return table.column(column).cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid as error:
        raise Bad(f"numbers ({str(error)[:120]})", column) from None


def _degrees(x: np.ndarray, y: np.ndarray, crs: object) -> tuple[np.ndarray, np.ndarray]:
    try:
        lon, lat = pyproj.Transformer.from_crs(pyproj.CRS.from_user_input(crs), DEGREES, always_xy=True).transform(x, y)
    except pyproj.exceptions.ProjError as error:
        raise Bad(f"a CRS that is known, such as EPSG:32615 ({str(error)[:120]})", "crs", crs) from None
    return np.asarray(lon, float), np.asarray(lat, float)
