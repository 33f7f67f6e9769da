"""Inside the sandbox: shapes. Every feature of the file is a row or refused: GDAL alone silently reads fewer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import shapely

from feeds import opening_geojson, opening_kml
from feeds.opening import Bad
from feeds.opening_features import VERTICES_MAX, Feature, properties_columns, whole, write_refused


def read(input: str) -> dict:
    """Write `clean.parquet` (properties as text, geometry as WKB in EPSG:4326, row number from 1) and `refused.parquet`."""
    told = list(whole(features(Path(input))))
    for feature in told:
        if not feature.refused and (bad := _off_earth(feature)):
            feature.refused = [bad]
    good = [f for f in told if not f.refused]
    shapes = [None if f.shape is None or f.shape.is_empty else shapely.to_wkb(f.shape) for f in good]
    table = pa.table({
        **properties_columns(good), "geometry": pa.array(shapes, pa.binary()), "row": pa.array([f.number for f in good], pa.int32()),
    })
    pa.parquet.write_table(table, "clean.parquet")
    return {"rows": table.num_rows, "refused": write_refused([bad for f in told for bad in f.refused])}


def features(path: Path) -> Iterator[Feature]:
    """Every feature of a file, by the reader of its suffix."""
    suffix = path.suffix
    if suffix in (".geojson", ".json"):
        return opening_geojson.features(path)
    if suffix == ".kmz":
        return opening_kml.features(opening_kml.unpacked(path))
    if suffix == ".kml":
        return opening_kml.features(path)
    from feeds import opening_gdal  # loads slowly; the sandbox loaded it already where it is needed

    return opening_gdal.features(path)


def _off_earth(feature: Feature) -> Bad | None:
    """Of shapes that GDAL gave; our own readers looked at each position."""
    if feature.geometry is not None or feature.shape is None:
        return None
    count = shapely.get_num_coordinates(feature.shape)
    if count > VERTICES_MAX:
        return Bad(f"at most {VERTICES_MAX:,} vertices in a shape", "geometry", f"{count:,} vertices", feature.number)
    west, south, east, north = shapely.bounds(feature.shape)
    if not feature.shape.is_empty and not (-180.0001 <= west and east <= 180.0001 and -90.0001 <= south and north <= 90.0001):
        return Bad("longitude within ±180, latitude within ±90", "geometry", [west, south, east, north], feature.number)
    return None
