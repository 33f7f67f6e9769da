"""Points and ground of an analysis from plain files, opened by the one-shot worker: nothing of them touches the database."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow.parquet
import shapely

from analysis.ground import Ground
from analysis.points import COLUMNS
from errors import FileRefused, Refusal
from feeds.worker import Limits, read_vector, run, workroom

TABLES = (".csv", ".tsv", ".txt", ".parquet", ".geoparquet")
SHAPES = (".geojson", ".json", ".gpkg", ".kml", ".kmz", ".zip")
# As other programs, and our own exports, call the columns of an analysis.
ALSO = {"lon": ("longitude", "lng"), "lat": ("latitude",), "t": ("started_at", "observed_at", "time", "timestamp")}
OWN = ("agency", "level")  # numbers of our database, which a file can't know
PARTS = ("area", "land", "sections", "effort", "places", "zones", "units")
LIMITS = Limits(memory_mb=4_000, cpu_s=300, file_mb=4_000, wall_s=300)


def read(path: Path, crs: str | None = None) -> pd.DataFrame:
    """Points of a CSV, Parquet, GeoParquet, GeoJSON or GeoPackage as analysis/points.py reads them: lon, lat and what else of its columns there is.

    `crs` is that of columns x and y. Raises FileRefused: one shape that can't be read refuses the file, so that no number is of a part of it.
    """
    _there(path, (*TABLES, *SHAPES))
    if path.suffix.lower() in SHAPES:
        frame = _shapes(path)
        frame = frame.drop(columns=[c for c in ("lon", "lat") if c in frame])
        return gpd.GeoDataFrame(columns(frame), geometry=frame.geometry)
    with workroom(path) as (folder, copy):
        run("points.read", {"input": copy.name, "crs": crs}, name=path.name, folder=folder, limits=LIMITS)
        return columns(pyarrow.parquet.read_table(folder / "clean.parquet").to_pandas())


def ground(told: dict[str, Path | None]) -> Ground:
    """What may be known of the ground, each part (PARTS) a file of shapes. Raises FileRefused."""
    frames = {part: _shapes(path) for part, path in told.items() if path is not None}
    for part in ("area", "land"):
        if part in frames:
            frames[part] = shapely.make_valid(shapely.union_all(frames[part].geometry.values))
    if "effort" in frames:
        frames["effort"] = frames["effort"].assign(t=pd.to_datetime(frames["effort"].get("t"), utc=True, format="ISO8601"))
    for part, columns in (("effort", ("hours",)), ("units", ("lon", "lat", "reach_km", "shifts"))):
        for column in columns:
            if part in frames and column in frames[part]:
                frames[part][column] = pd.to_numeric(frames[part][column], errors="coerce")
    if "units" in frames and "lon" not in frames["units"]:
        at = frames["units"].geometry.representative_point()
        frames["units"] = frames["units"].assign(lon=at.x, lat=at.y)
    return Ground(**frames)


def _there(path: Path, suffixes: tuple[str, ...]) -> None:
    if path.suffix.lower() not in suffixes:
        raise FileRefused(Refusal(path.name, None, "ending", path.suffix, f"one of {', '.join(suffixes)}"))
    if not path.is_file():
        raise FileRefused(Refusal(path.name, None, None, None, "a file that exists"))


def _shapes(path: Path) -> gpd.GeoDataFrame:
    _there(path, SHAPES)
    table, refused = read_vector(path)
    if refused:
        raise FileRefused(refused[0])
    frame = table.drop_columns(["row"]).to_pandas()
    shapes = gpd.GeoSeries.from_wkb(frame.pop("geometry"), crs=4326)
    if shapes.isna().any():
        raise FileRefused(Refusal(path.name, int(shapes.isna().to_numpy().argmax()) + 1, "geometry", None, "a shape in every feature"))
    return gpd.GeoDataFrame(frame, geometry=shapes)


def columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Those an analysis reads, by its names."""
    by_lower = {str(c).strip().lower(): c for c in reversed(frame.columns)}
    found = {column: next((by_lower[name] for name in (column, *ALSO.get(column, ())) if name in by_lower), None) for column in COLUMNS if column not in OWN}
    return pd.DataFrame({column: frame[name] for column, name in found.items() if name is not None})
