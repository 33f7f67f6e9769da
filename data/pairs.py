"""Two images of one place, read onto one grid: what a comparison starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from pyproj import Transformer
from rasterio.transform import Affine, from_bounds

from data import pixels
from data.quadkey import metres_zone
from errors import InputRefused

MOST_PX = 1_600  # of a side: what two cores compare within seconds
LEAST_M = 4.0


class PairRefused(InputRefused):
    """These two images can't be compared."""


@dataclass(frozen=True)
class Grid:
    """Square pixels in a projected CRS, north up: `bounds` west, south, east, north in metres."""

    crs: str
    bounds: tuple[float, float, float, float]
    pixel_m: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        west, south, east, north = self.bounds
        return max(1, round((north - south) / self.pixel_m)), max(1, round((east - west) / self.pixel_m))

    @property
    def transform(self) -> Affine:
        rows, columns = self.shape
        return from_bounds(*self.bounds, columns, rows)


def grid(before: dict, after: dict, most_px: int = MOST_PX) -> Grid:
    """The grid of what both images show, in the UTM zone of its middle, as fine as the coarser of them. Raises PairRefused."""
    shared = shapely.from_geojson(before["outline"]).intersection(shapely.from_geojson(after["outline"]))
    if shared.is_empty or not shared.area:
        raise PairRefused(f"images {before['id']} and {after['id']} share no ground")
    crs = metres_zone(shared.centroid.x, shared.centroid.y)
    move = Transformer.from_crs(4326, crs, always_xy=True)
    corners = shapely.get_coordinates(shared)
    xs, ys = move.transform(corners[:, 0], corners[:, 1])
    west, south, east, north = float(min(xs)), float(min(ys)), float(max(xs)), float(max(ys))
    if min(east - west, north - south) < LEAST_M:
        raise PairRefused(f"images {before['id']} and {after['id']} share {east - west:.1f} × {north - south:.1f} m; at least {LEAST_M:g} m are needed")
    pixel = max(before["gsd_m"], after["gsd_m"], (east - west) / most_px, (north - south) / most_px)
    return Grid(crs, (west, south, east, north), pixel)


def read(image: dict, on: Grid, *, offset: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """The image as it is shown, on the grid: bands (3, rows, columns) of 8 bits, and where it was seen (rows, columns)."""
    east, north = image["offset"] or (0.0, 0.0) if offset else (0.0, 0.0)
    west, south, right, top = on.bounds
    rows, columns = on.shape
    # Moved by its offset: what lies here now was taken from there.
    return pixels.part(image, (west - east, south - north, right - east, top - north), on.crs, columns, rows)
