"""A sheet of paper and the ground on it: Web Mercator at a round scale, lengths of paper in millimetres, of ground in metres, places in degrees."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import mgrs
import numpy as np
import pyproj

GEOD = pyproj.Geod(ellps="WGS84")
RADIUS_M = 6_378_137.0
LAT_MAX = 85.0
PAPERS_MM = {"a4": (210, 297), "a3": (297, 420)}
ORIENTATIONS = ("portrait", "landscape")
SIDE_MM, TOP_MM, BOTTOM_MM = 12, 15, 15  # of each sheet, free for its marking and its number
HEAD_MM, LABELS_MM = 20, 5  # the title over the map; the grid's labels round it
FOOT_MM, PANEL_MM = 58, {"a4": 64, "a3": 78}  # the legend under a map of an upright sheet, or beside it on a lying one
GROUND_MIN_M = 200  # a map shows at least so much: of one place, too
ROUND = (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
STEPS_DEG = tuple(lead * 10.0**exponent for exponent in range(1, -6, -1) for lead in (5, 2, 1) if lead * 10.0**exponent < 50)
LINE_EVERY_MM, BAR_MM = 26, 52


@dataclass(frozen=True)
class Sheet:
    """A paper of PAPERS_MM, upright or lying."""

    paper: str
    orientation: str

    @property
    def lying(self) -> bool:
        return self.orientation == "landscape"

    @property
    def size_mm(self) -> tuple[int, int]:
        """Width and height."""
        short, long = PAPERS_MM[self.paper]
        return (long, short) if self.lying else (short, long)

    @property
    def inner_mm(self) -> tuple[int, int]:
        """Width and height within the margins."""
        wide, high = self.size_mm
        return wide - 2 * SIDE_MM, high - TOP_MM - BOTTOM_MM

    @property
    def map_mm(self) -> tuple[int, int]:
        """Width and height of the map, without the grid's labels."""
        wide, high = self.inner_mm
        beside, under = (PANEL_MM[self.paper] + 5, 0) if self.lying else (0, FOOT_MM + 4)
        return wide - beside - 2 * LABELS_MM, high - HEAD_MM - under - 2 * LABELS_MM


@dataclass(frozen=True)
class Ground:
    """What lies under a map of `wide_mm` by `high_mm`: `west` and `north` in Web Mercator metres, `per_mm` of them a millimetre. Its east may be past 180 degrees."""

    wide_mm: float
    high_mm: float
    west: float
    north: float
    per_mm: float

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees; east is above 180 where the map goes over that line."""
        return (_lon(self.west), _lat(self.north - self.high_mm * self.per_mm), _lon(self.west + self.wide_mm * self.per_mm), _lat(self.north))

    @property
    def middle(self) -> tuple[float, float]:
        """Longitude and latitude of the middle of the paper."""
        return _lon(self.west + self.wide_mm * self.per_mm / 2), _lat(self.north - self.high_mm * self.per_mm / 2)

    @cached_property
    def metres_per_mm(self) -> float:
        """Of ground, along the parallel through the middle: a map of Web Mercator has another scale at each latitude."""
        lon, lat = self.middle
        return _metres(self.per_mm, lon, lat)

    @property
    def scale(self) -> int:
        """The denominator at the middle: so many millimetres of ground are one of paper."""
        return round(self.metres_per_mm * 1000)

    @property
    def zoom(self) -> int:
        """The zoom of the map (tiles of 512 pixels) at which a screen shows the ground as large as the paper does."""
        return max(0, round(math.log2(2 * math.pi * RADIUS_M / (512 * self.per_mm * 25.4 / 96))))

    def placed(self, lonlat: np.ndarray) -> np.ndarray:
        """Millimetres from the upper left corner, of an array (n, 2) of degrees; what lies west of the map's left edge by more than half the world goes on past 180."""
        lon, lat = np.asarray(lonlat, float).T[:2]
        west, _, east, _ = self.bounds
        lon = np.where(lon < (west + east) / 2 - 180, lon + 360, lon)
        lon = np.where(lon > (west + east) / 2 + 180, lon - 360, lon)
        lat = np.radians(np.clip(lat, -LAT_MAX, LAT_MAX))
        return np.column_stack([(np.radians(lon) * RADIUS_M - self.west) / self.per_mm, (self.north - np.log(np.tan(np.pi / 4 + lat / 2)) * RADIUS_M) / self.per_mm])

    def boxes(self) -> list[tuple[float, float, float, float]]:
        """Its bounds within 180 degrees: two where it goes over that line."""
        west, south, east, north = self.bounds
        return [(west, south, 180.0, north), (-180.0, south, east - 360, north)] if east > 180 else [(west, south, east, north)]

    def corners(self) -> dict[str, str]:
        """MGRS of its corners, to 10 m: NW, NE, SW, SE."""
        west, south, east, north = self.bounds
        return {name: grid_reference(lon, lat) for name, lon, lat in (("NW", west, north), ("NE", east, north), ("SW", west, south), ("SE", east, south))}

    def grid(self) -> tuple[float, list[float], list[float]]:
        """The step in degrees, and the meridians and parallels on the map."""
        west, south, east, north = self.bounds
        step = next((s for s in reversed(STEPS_DEG) if s / (east - west) * self.wide_mm >= LINE_EVERY_MM), STEPS_DEG[0])
        return step, _multiples(west, east, step), _multiples(south, north, step)

    def bar(self) -> tuple[float, float]:
        """The scale bar: its length of ground in metres, a round one, and of paper in millimetres."""
        most = BAR_MM * self.metres_per_mm
        lead = 10.0 ** math.floor(math.log10(most))
        length = next(f * lead for f in (5, 2, 1) if f * lead <= most)
        return length, length / self.metres_per_mm


def fitted(bounds: tuple[float, float, float, float], wide_mm: float, high_mm: float) -> Ground:
    """The ground that has `bounds` (degrees; west may be greater than east) on it, at the next smaller round scale."""
    west, south, east, north = bounds
    south, north = max(south, -LAT_MAX), min(north, LAT_MAX)
    east += 360 if east < west else 0
    x0, x1, y0, y1 = np.radians(west) * RADIUS_M, np.radians(east) * RADIUS_M, _y(south), _y(north)
    lon, lat = (west + east) / 2, _lat((y0 + y1) / 2)
    world = 2 * math.pi * RADIUS_M / wide_mm  # no more than once round it
    unit = _metres(1.0, lon, lat)
    needed = max((x1 - x0) / wide_mm, (y1 - y0) / high_mm, GROUND_MIN_M / unit / wide_mm) * unit * 1000
    lead = 10.0 ** math.floor(math.log10(needed))
    rounded = next(f for f in ROUND if f * lead >= needed * (1 - 1e-9)) * lead
    per_mm = min(rounded / 1000 / unit, world)
    tall = min(high_mm * per_mm, 2 * _y(LAT_MAX))
    north_m = min(max((y0 + y1) / 2 + tall / 2, tall - _y(LAT_MAX)), _y(LAT_MAX))
    return Ground(wide_mm, high_mm, _wrapped((x0 + x1) / 2 - wide_mm * per_mm / 2), float(north_m), float(per_mm))


def grid_reference(lon: float, lat: float) -> str:
    """MGRS to 10 m.

    >>> grid_reference(-97.5, 25.9)
    '14R PP 5025 6546'
    """
    told = mgrs.MGRS().toMGRS(lat, (lon + 180) % 360 - 180, MGRSPrecision=4)
    zone, digits = told[:-10], told[-8:]
    return f"{zone} {told[-10:-8]} {digits[:4]} {digits[4:]}".strip()


def degrees(value: float, step: float, letters: str) -> str:
    """A line of the grid by its degrees, as finely as its step.

    >>> degrees(-97.5, 0.5, "EW"), degrees(190.0, 10, "EW"), degrees(0.0, 5, "NS")
    ('97.5° W', '170° W', '0°')
    """
    value = (value + 180) % 360 - 180 if letters == "EW" else value
    told = f"{abs(value):.{max(0, -math.floor(math.log10(step) + 1e-9))}f}°"
    return f"{told} {letters[value < 0]}" if round(value, 9) and abs(value) != 180 else told


def _metres(mercator_m: float, lon: float, lat: float) -> float:
    """How many metres of ground `mercator_m` of Web Mercator are along a parallel, by a short piece of it on the ellipsoid."""
    short = 1e-4
    return mercator_m * GEOD.inv(lon - short, lat, lon + short, lat)[2] / (math.radians(2 * short) * RADIUS_M)


def _multiples(low: float, high: float, step: float) -> list[float]:
    return [n * step for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _wrapped(west: float) -> float:
    """The left edge within 180 degrees."""
    hair = 1e-9  # so that the whole world begins at -180, however its width was rounded
    return float(math.radians((math.degrees(west / RADIUS_M) + 180 + hair) % 360 - 180 - hair) * RADIUS_M)


def _y(lat: float) -> float:
    return math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)) * RADIUS_M


def _lat(y: float) -> float:
    return math.degrees(2 * math.atan(math.exp(y / RADIUS_M)) - math.pi / 2)


def _lon(x: float) -> float:
    return math.degrees(x / RADIUS_M)
