"""The ground the exercise stands on: towns, ports of entry, roads, border and shore, from the small files beside this one."""

from __future__ import annotations

import csv
import heapq
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import shapely

HERE = Path(__file__).parent
REGIONS = ("valley", "laredo", "paso", "nogales", "tijuana")
_M_PER_DEG_LAT = 110_850.0
_M_PER_DEG_LON = 111_320.0  # at the equator


@dataclass(frozen=True)
class Place:
    """A named point, degrees EPSG:4326."""

    name: str
    kind: str
    side: str
    region: str
    lat: float
    lon: float


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one of the files beside this one, without its comment lines."""
    with open(HERE / name, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(line for line in handle if not line.startswith("#")))


@cache
def places() -> dict[str, Place]:
    """Every place by name, in the file's order."""
    return {
        r["name"]: Place(r["name"], r["kind"], r["side"], r["region"], float(r["lat"]), float(r["lon"]))
        for r in rows("places.csv")
    }


def of_kind(kind: str, region: str | None = None) -> list[Place]:
    """Places of one kind, of one region or of all."""
    return [p for p in places().values() if p.kind == kind and region in (None, p.region)]


@cache
def border() -> np.ndarray:
    """(n, 2) lon, lat of the land border, from the Pacific to the Gulf."""
    return np.array([(float(r["lon"]), float(r["lat"])) for r in rows("border.csv")])


@cache
def shore() -> tuple[tuple[bool, np.ndarray], ...]:
    """Rings of land about South Padre Island: is it a hole, and its (n, 2) lon, lat."""
    rings: dict[str, tuple[bool, list]] = {}
    for r in rows("shore.csv"):
        rings.setdefault(r["ring"], (r["hole"] == "1", []))[1].append((float(r["lon"]), float(r["lat"])))
    return tuple((hole, np.array(points)) for hole, points in rings.values())


def metres(lon: np.ndarray, lat: np.ndarray, lat0: float) -> tuple[np.ndarray, np.ndarray]:
    """Degrees to metres on a plane that is true at `lat0`; good to 0.5 % over a few hundred km."""
    return np.asarray(lon) * _M_PER_DEG_LON * np.cos(np.radians(lat0)), np.asarray(lat) * _M_PER_DEG_LAT


def degrees(x_m: np.ndarray, y_m: np.ndarray, lat0: float) -> tuple[np.ndarray, np.ndarray]:
    """The way back of `metres`."""
    return np.asarray(x_m) / (_M_PER_DEG_LON * np.cos(np.radians(lat0))), np.asarray(y_m) / _M_PER_DEG_LAT


def distance_m(lon_a, lat_a, lon_b, lat_b) -> np.ndarray:
    """Plane distance, true at the mean latitude."""
    middle = np.radians((np.asarray(lat_a) + lat_b) / 2)
    return np.hypot(
        (np.asarray(lon_b) - lon_a) * _M_PER_DEG_LON * np.cos(middle), (np.asarray(lat_b) - lat_a) * _M_PER_DEG_LAT
    )


def smooth(points: np.ndarray, passes: int = 2) -> np.ndarray:
    """Chaikin's corner cutting; the ends stay."""
    for _ in range(passes):
        a, b = points[:-1], points[1:]
        cut = np.empty((2 * len(a), 2))
        cut[0::2], cut[1::2] = 0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b
        points = np.vstack([points[:1], cut[1:-1], points[-1:]])
    return points


@cache
def _north() -> shapely.Polygon:
    """The ground and sea north of the border, closed far off."""
    line = border()
    ends = [(-130.0, line[0, 1]), (-130.0, 55.0), (-80.0, 55.0), (-80.0, line[-1, 1])]
    polygon = shapely.Polygon([*line[::-1], *ends])
    shapely.prepare(polygon)
    return polygon


def side_of(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """'US' or 'MX' for each point; at sea the border goes on along its last parallel."""
    return np.where(shapely.contains_xy(_north(), np.atleast_1d(lon), np.atleast_1d(lat)), "US", "MX")


def _leg(a: Place, b: Place, bend: float) -> np.ndarray:
    """(n, 2) lon, lat: a curve with a slow wander, a vertex every 400 m or so."""
    lat0 = (a.lat + b.lat) / 2
    x, y = metres(np.array([a.lon, b.lon]), np.array([a.lat, b.lat]), lat0)
    dx, dy = x[1] - x[0], y[1] - y[0]
    length = float(np.hypot(dx, dy))
    u = np.linspace(0, 1, max(3, int(length / 400) + 1))
    # The wander is a road's own: it hangs on its ends' names alone, so every truck of every seed drives the same road.
    phase = sum(map(ord, a.name + b.name)) % 97 / 97 * 2 * np.pi
    off = bend * length * np.sin(np.pi * u)
    off += min(0.012 * length, 700) * np.sin(np.pi * u) * np.sin(2 * np.pi * u * max(2, round(length / 17_000)) + phase)
    lon, lat = degrees(x[0] + u * dx - off * dy / length, y[0] + u * dy + off * dx / length, lat0)
    return np.column_stack([lon, lat])


@cache
def roads() -> dict[str, dict[str, tuple[float, np.ndarray]]]:
    """Place → neighbour → (metres, line from place to neighbour)."""
    graph: dict[str, dict[str, tuple[float, np.ndarray]]] = {}
    for r in rows("roads.csv"):
        a, b = places()[r["from"]], places()[r["to"]]
        line = _leg(a, b, float(r["bend"]))
        length = float(distance_m(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1]).sum())
        graph.setdefault(a.name, {})[b.name] = (length, line)
        graph.setdefault(b.name, {})[a.name] = (length, line[::-1])
    return graph


def way(start: str, end: str, shut: frozenset[str] = frozenset()) -> list[str]:
    """The shortest way from place to place, as names, keeping out of the `shut` ones. Empty when there is none."""
    best, queue, came = {start: 0.0}, [(0.0, start)], {}
    while queue:
        far, here = heapq.heappop(queue)
        if here == end:
            out = [end]
            while out[-1] != start:
                out.append(came[out[-1]])
            return out[::-1]
        if far > best[here]:
            continue
        for there, (length, _) in roads()[here].items():
            # A queue at a port of entry costs as much as 15 km of road.
            far_there = far + length + (15_000 if places()[there].kind == "port" else 0)
            if there not in shut and far_there < best.get(there, np.inf):
                best[there], came[there] = far_there, here
                heapq.heappush(queue, (far_there, there))
    return []
