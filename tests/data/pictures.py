"""Images with a true COG, put straight into the database and the folder that is served: no worker."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone

import numpy as np
import rasterio
import shapely
from affine import Affine
from psycopg.types.json import Jsonb
from pyproj import Transformer
from rasterio.transform import array_bounds
from rio_cogeo.cogeo import cog_translate
from rio_cogeo.profiles import cog_profiles

from data.quadkey import loose_cell
from feeds.images import around
from feeds.opening_outline import cut
from settings import store

START = datetime(2026, 11, 20, tzinfo=timezone.utc)
UTM = Affine(0.5, 0, 650_000, 0, -0.5, 2_870_000)


def sortie(connection, key: str, *, world: int = 1, started: datetime | None = None) -> int:
    source = _source(connection, world)
    return connection.execute("INSERT INTO sortie (world, key, started_at, source_id) VALUES (%s, %s, %s, %s) RETURNING id", (world, key, started, source)).fetchone()[0]


def _source(connection, world: int) -> int:
    return connection.execute("""
        INSERT INTO source (world, layer, kind, name, sha256, size_bytes, format) VALUES (%(w)s, 'imagery', 'file', 'made', 'made' || %(w)s, 1, 'geotiff')
        ON CONFLICT (world, layer, sha256, agency_id) DO UPDATE SET name = source.name RETURNING id""", {"w": world}).fetchone()[0]


def put(connection, name: str, data: np.ndarray | int, *, at_h: float = 0, world: int = 1, transform: Affine = UTM, crs: str = "EPSG:32614", valid: np.ndarray | None = None,
        product: str = "orthophoto", sortie_id: int | None = None, gsd_m: float = 0.5, rendering: dict | None = None, zooms: tuple[int, int] = (12, 19)) -> int:
    """An image of its own; `data` (bands, h, w), or one value of three bands. Its id."""
    if isinstance(data, int):
        data = np.full((3, 200, 200), data, "uint8")
    folder = store().imagery
    folder.mkdir(parents=True, exist_ok=True)
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    path, raw = folder / f"{sha256}.tif", folder / ".raw.tif"
    height, width = data.shape[1:]
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(raw, "w", driver="GTiff", height=height, width=width, count=len(data), dtype=data.dtype, crs=crs,
                                                                   transform=transform) as out:
        out.write(data)
        out.write_mask(np.ones((height, width), bool) if valid is None else valid)
    cog_translate(raw, path, {**cog_profiles.get("deflate"), "blockxsize": 128, "blockysize": 128}, add_mask=True, quiet=True, config={"GDAL_TIFF_INTERNAL_MASK": True})
    raw.unlink()
    box = shapely.segmentize(shapely.box(*array_bounds(height, width, transform)), 50)
    move = Transformer.from_crs(crs, 4326, always_xy=True)
    near = move.transform(box.centroid.x, box.centroid.y)[0]

    def degrees(xy: np.ndarray) -> np.ndarray:
        lon, lat = move.transform(*xy.T)
        return np.column_stack([near + (lon - near + 180) % 360 - 180, lat])

    shape = shapely.MultiPolygon([p for p in shapely.get_parts(cut(shapely.transform(box, degrees)))])
    return connection.execute("""
        INSERT INTO image (world, name, captured_at, footprint, cell, gsd_m, width_px, height_px, bands, dtype, crs, min_zoom, max_zoom, sha256, original, cog, source_id, product,
                           sortie_id, rendering)
        VALUES (%(world)s, %(name)s, %(at)s, ST_SetSRID(%(shape)s::geometry, 4326), %(cell)s, %(gsd)s, %(w)s, %(h)s, %(bands)s, %(dtype)s, %(crs)s, %(low)s, %(high)s, %(sha256)s,
                %(sha256)s, %(cog)s, %(source)s, %(product)s, %(sortie)s, %(rendering)s) RETURNING id
    """, {"world": world, "name": name, "at": START + timedelta(hours=at_h), "shape": shapely.to_wkb(shape, hex=True), "cell": loose_cell(*around(shape)), "gsd": gsd_m, "w": width,
          "h": height, "bands": len(data), "dtype": str(data.dtype), "crs": crs, "low": zooms[0], "high": zooms[1], "sha256": sha256, "cog": path.name,
          "source": _source(connection, world), "product": product, "sortie": sortie_id, "rendering": Jsonb(rendering or {})}).fetchone()[0]
