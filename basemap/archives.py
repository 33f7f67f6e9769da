"""Vector layers into PMTiles, one archive a layer and range of zooms."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import shapely

# Every tile is drawn at 512 px; past the last zoom it is drawn larger.
BUFFER = 64


def write(out: Path, name: str, shapes, zooms: tuple[int, int], *, simplify: float = 4.0) -> None:
    """Write shapes (a GeoDataFrame, or a list of geometries) as layer `name`."""
    if not isinstance(shapes, geopandas.GeoDataFrame):
        shapes = geopandas.GeoDataFrame(geometry=together(np.array(list(shapes), object), zooms[1]), crs=4326)
    frame = shapes[~shapely.is_empty(shapes.geometry.values)]
    if "id" not in frame.columns and len(frame.columns) == 1:
        frame = frame.assign(v=1)  # the format wants a property
    part = out.with_name(f".{out.stem}.part.pmtiles")
    part.unlink(missing_ok=True)
    pyogrio.write_dataframe(
        frame, part, driver="PMTiles", layer=name, NAME=name, MINZOOM=zooms[0], MAXZOOM=zooms[1], BUFFER=BUFFER, MAX_SIZE=900_000,
        SIMPLIFICATION=simplify, SIMPLIFICATION_MAX_ZOOM=1.0,
    )
    part.rename(out)


def together(shapes: np.ndarray, zoom: int) -> np.ndarray:
    """Lines that lie in one tile of a zoom as one shape: they carry nothing to tell them apart, and cost less so."""
    if not len(shapes) or not (shapely.get_type_id(shapes) == shapely.GeometryType.LINESTRING).all():
        return shapes
    west, south, east, north = shapely.bounds(shapes).T
    column = ((west + east) / 2 + 180) / 360 * 2**zoom
    lat = np.radians(np.clip((south + north) / 2, -85, 85))
    row = (1 - np.arcsinh(np.tan(lat)) / np.pi) / 2 * 2**zoom
    tile = row.astype(int) * 2**zoom + column.astype(int)
    order = np.argsort(tile, kind="stable")
    _, number = np.unique(tile[order], return_inverse=True)
    return shapely.multilinestrings(shapes[order], indices=number)
