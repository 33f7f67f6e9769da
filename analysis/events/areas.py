"""Watch areas: polygons with a critical and a warning line, tested in metres round their own middle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import shapely
from pyproj import CRS, Transformer
from shapely.geometry.base import BaseGeometry

from analysis.events.geo import haversine_m, lonlat, unit
from analysis.events.schedule import ALWAYS, Schedule

EDGE_DEG = 0.25  # an edge is straight in longitude and latitude: pieces this long are straight in metres too
SEAM_M = 0.05


@dataclass(frozen=True, eq=False)
class WatchArea:
    """One version of a watch area: Polygon or MultiPolygon in EPSG:4326, less than a hemisphere.

    It may cross the antimeridian (two parts, longitudes over 180, or a jump from 179 to -179) and hold a pole (a ring round it, or a box up
    to latitude 90). `warning_m`: how far outside of the polygon the warning line lies, 0 for none (EarthRanger's example: 2 km); the polygon
    itself is the critical line. Metres are those of an azimuthal equidistant projection round its middle: 0.1 % long or short 500 km from it.

    >>> fiji = WatchArea(1, 1, shapely.box(179, -18, 181, -16))
    >>> (fiji.distance_m(np.array([179.9, -179.9, 178.0]), np.full(3, -17.0)) <= 0).tolist()
    [True, True, False]
    """

    id: int
    version: int
    polygon: BaseGeometry
    name: str = ""
    warning_m: float = 0.0
    schedule: Schedule = ALWAYS
    agency: int = 0
    operation: int | None = None

    def __post_init__(self):
        if self.polygon.is_empty or self.polygon.geom_type not in ("Polygon", "MultiPolygon"):
            raise ValueError(f"area {self.id}: {self.polygon.geom_type}{' (empty)' * self.polygon.is_empty}, expected a Polygon or MultiPolygon")
        if not 0 <= self.warning_m < 1e6:
            raise ValueError(f"area {self.id}: warning line at {self.warning_m} m, expected 0 to 1,000,000")

    @cached_property
    def _rings(self) -> list[list[np.ndarray]]:
        return [[dense(np.asarray(ring.coords)[:, :2]) for ring in (part.exterior, *part.interiors)] for part in shapely.get_parts(self.polygon)]

    @cached_property
    def centre(self) -> tuple[float, float]:
        """Its middle, in degrees."""
        vectors = np.concatenate([unit(rings[0][:, 0], rings[0][:, 1]) for rings in self._rings])
        lon, lat = lonlat(vectors.mean(axis=0, keepdims=True))
        return float(lon[0]), float(lat[0])

    @cached_property
    def to_metres(self) -> Transformer:
        """Longitude, latitude to metres round its middle."""
        return metres_round(*self.centre)

    @cached_property
    def shape_m(self) -> BaseGeometry:
        """The polygon in metres round its middle, prepared."""
        parts = [shapely.make_valid(shapely.Polygon(*self._projected(rings))) for rings in self._rings]
        whole = parts[0]
        if len(parts) > 1:  # parts cut at the antimeridian must not leave a seam
            whole = shapely.union_all([p.buffer(SEAM_M) for p in parts]).buffer(-SEAM_M)
        shapely.prepare(whole)
        return whole

    def _projected(self, rings: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        outer, *holes = (np.column_stack(self.to_metres.transform(r[:, 0], r[:, 1])) for r in rings)
        return outer, holes

    @cached_property
    def radius_m(self) -> float:
        """No point of it is further from its middle."""
        return float(np.hypot(*shapely.get_coordinates(self.shape_m).T).max()) * 1.01 + 1

    @cached_property
    def _lines(self) -> dict[float, BaseGeometry]:
        return {0.0: self.shape_m}

    def line(self, metres: float) -> BaseGeometry:
        """The polygon wider by so many metres (or narrower), prepared."""
        if metres not in self._lines:
            self._lines[metres] = self.shape_m.buffer(metres)
            shapely.prepare(self._lines[metres])
        return self._lines[metres]

    def within(self, lon: np.ndarray, lat: np.ndarray, metres: float = 0.0) -> np.ndarray:
        """Whether each place of shape (n,) lies in it or at most so many metres outside (less than 0: so deep inside)."""
        inside = np.zeros(len(lon), bool)
        near = np.flatnonzero(haversine_m(*self.centre, lon, lat) <= (self.radius_m + max(metres, 0)) * 1.02)
        if len(near):
            x, y = self.to_metres.transform(lon[near], lat[near])
            inside[near] = shapely.contains_xy(self.line(metres), x, y)
        return inside

    def distance_m(self, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        """Metres to its edge, less than 0 inside."""
        points = shapely.points(*self.to_metres.transform(lon, lat))
        edge = shapely.distance(self.shape_m.boundary, points)
        return np.where(shapely.contains(self.shape_m, points), -edge, edge)


@lru_cache(maxsize=512)
def metres_round(lon: float, lat: float) -> Transformer:
    """Degrees to metres in the azimuthal equidistant projection round a place."""
    return Transformer.from_crs(4326, CRS.from_proj4(f"+proj=aeqd +lon_0={lon!r} +lat_0={lat!r} +ellps=WGS84 +units=m"), always_xy=True)


def dense(ring: np.ndarray) -> np.ndarray:
    """A ring whose longitudes run on over the antimeridian, with no edge longer than EDGE_DEG."""
    step = np.diff(ring[:, 0])
    # The edge of a box round a pole goes the whole way; every other takes the shorter one.
    step = np.where(np.abs(np.abs(step) - 360) < 1e-9, step, step - 360 * np.round(step / 360))
    lon = ring[0, 0] + np.r_[0, np.cumsum(step)]
    pieces = np.maximum(1, np.ceil(np.maximum(np.abs(step), np.abs(np.diff(ring[:, 1]))) / EDGE_DEG)).astype(int)
    edge = np.repeat(np.arange(len(step)), pieces)
    along = (np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[edge]
    points = np.column_stack([lon[edge] + along * step[edge], ring[edge, 1] + along * np.diff(ring[:, 1])[edge]])
    return np.vstack([points, [lon[-1], ring[-1, 1]]])
