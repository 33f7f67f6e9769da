"""Vector layers into PMTiles, one archive a layer and range of zooms."""

from __future__ import annotations

from pathlib import Path

import geopandas
import pyogrio
import shapely

# Every tile is drawn at 512 px; past the last zoom it is drawn larger.
BUFFER = 64


def write(out: Path, name: str, shapes, zooms: tuple[int, int], *, simplify: float = 4.0) -> None:
    """Write shapes (a GeoDataFrame, or a list of geometries) as layer `name`."""
    frame = shapes if isinstance(shapes, geopandas.GeoDataFrame) else geopandas.GeoDataFrame(geometry=list(shapes), crs=4326)
    frame = frame[~shapely.is_empty(frame.geometry.values)]
    if "id" not in frame.columns and len(frame.columns) == 1:
        frame = frame.assign(v=1)  # the format wants a property
    part = out.with_name(f".{out.stem}.part.pmtiles")
    part.unlink(missing_ok=True)
    pyogrio.write_dataframe(
        frame, part, driver="PMTiles", layer=name, NAME=name, MINZOOM=zooms[0], MAXZOOM=zooms[1], BUFFER=BUFFER, MAX_SIZE=900_000,
        SIMPLIFICATION=simplify, SIMPLIFICATION_MAX_ZOOM=1.0,
    )
    part.rename(out)
