"""Where an object is at each moment, as legs; and what its tracker tells of that, as fixes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.random import Generator

from exercise import ground

DAY_S = 86_400
HOUR_S = 3_600
DENSE_S = 8 * DAY_S
"""The days before the end that are told densely; before them trackers are on now and then, and speak less often."""


@dataclass(frozen=True)
class Clock:
    """The span of the exercise in epoch seconds, and what chance hangs on."""

    seed: int
    start_s: int
    end_s: int
    scale: float = 1.0

    @property
    def dense_s(self) -> int:
        """From here on everything is told densely."""
        return max(self.start_s, self.end_s - DENSE_S)

    def count(self, n: int) -> int:
        """`n` objects at scale 1; never none."""
        return max(1, round(n * self.scale))


def iso(t: float) -> str:
    """Epoch seconds as RFC 3339 in UTC."""
    return datetime.fromtimestamp(int(t), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Leg:
    """A piece of a path: times (epoch s, rising) with lon, lat; `moving` is false while it stands."""

    t: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    moving: bool = True


@dataclass
class Fixes:
    """What a tracker told: parallel arrays, rising in time. Speed km/h, course degrees from north."""

    t: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    speed_kmh: np.ndarray
    course_deg: np.ndarray

    def __len__(self) -> int:
        return len(self.t)

    def keep(self, mask: np.ndarray) -> Fixes:
        """Only these."""
        return Fixes(*(getattr(self, name)[mask] for name in ("t", "lon", "lat", "speed_kmh", "course_deg")))

    def without(self, start_s: float, end_s: float) -> Fixes:
        """Silent between the two times."""
        return self.keep((self.t < start_s) | (self.t > end_s))


@dataclass
class Mover:
    """One followed object with its truth (`legs`) and what is known of it (`fixes`)."""

    id: str
    kind: str
    name: str
    agency: str
    region: str
    legs: list[Leg] = field(default_factory=list)
    crossings: list[tuple[str, float, str]] = field(default_factory=list)  # port of entry, when, towards which side
    fixes: Fixes | None = None


@dataclass(frozen=True)
class Cadence:
    """How often a tracker speaks, in seconds: moving and standing, in the dense days and before them."""

    moving_s: float
    standing_s: float
    old_moving_s: float
    old_standing_s: float
    noise_m: float


def along(points: np.ndarray, start_s: float, speed_kmh: float, rng: Generator | None = None) -> Leg:
    """Travel a line of (n, 2) lon, lat; with chance, the pace wanders by some tenths."""
    step = ground.distance_m(points[:-1, 0], points[:-1, 1], points[1:, 0], points[1:, 1])
    pace = np.full(len(step), speed_kmh / 3.6)
    if rng is not None:
        pace = pace * np.clip(
            1 + 0.12 * np.cumsum(rng.normal(0, 0.35, len(step))) / np.sqrt(1 + np.arange(len(step)) / 8), 0.55, 1.25
        )
    t = start_s + np.concatenate([[0.0], np.cumsum(step / pace)])
    return Leg(t, points[:, 0], points[:, 1])


def stand(lon: float, lat: float, start_s: float, seconds: float) -> Leg:
    """Stay at a place."""
    return Leg(np.array([start_s, start_s + seconds]), np.array([lon, lon]), np.array([lat, lat]), moving=False)


def drive(
    names: Sequence[str], start_s: float, speed_kmh: float, rng: Generator
) -> tuple[list[Leg], list[tuple[str, float, str]]]:
    """Drive from place to place by road, with a queue at each port of entry. Gives legs and crossings."""
    legs: list[Leg] = []
    crossings: list[tuple[str, float, str]] = []
    now = start_s
    places = ground.places()
    for a, b in zip(names[:-1], names[1:]):
        length, line = ground.roads()[a][b]
        # Short pieces are streets and bridge ramps.
        leg = along(line, now, speed_kmh if length > 9_000 else speed_kmh * 0.5, rng)
        legs.append(leg)
        now = leg.t[-1]
        if places[b].kind == "port":
            wait = float(rng.gamma(2.5, 420))
            legs.append(stand(places[b].lon, places[b].lat, now, wait))
            now += wait
            crossings.append((b, now, "US" if places[a].side == "MX" else "MX"))
    return legs, crossings


def where(legs: list[Leg], t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lon and lat at the times `t`; before the first and after the last leg it stands at the ends."""
    times = np.concatenate([leg.t for leg in legs])
    return (
        np.interp(t, times, np.concatenate([leg.lon for leg in legs])),
        np.interp(t, times, np.concatenate([leg.lat for leg in legs])),
    )


def tell(legs: list[Leg], clock: Clock, cadence: Cadence, rng: Generator, offset_s: float | None = None) -> Fixes:
    """Sample the legs as a tracker does: each leg at its pace, whole seconds, with the receiver's noise."""
    kept = [leg for leg in legs if leg.t[0] < clock.end_s and leg.t[-1] > clock.start_s]
    moments: list[np.ndarray] = []
    still: list[np.ndarray] = []
    for leg in kept:
        lo, hi = max(leg.t[0], clock.start_s), min(leg.t[-1], clock.end_s)
        for a, b, moving_s, standing_s in (
            (lo, min(hi, clock.dense_s), cadence.old_moving_s, cadence.old_standing_s),
            (max(lo, clock.dense_s), hi, cadence.moving_s, cadence.standing_s),
        ):
            if b <= a:
                continue
            every = moving_s if leg.moving else standing_s
            moments.append(np.arange(a + every * rng.uniform(0.05, 0.95), b, every))
            still.append(np.full(len(moments[-1]), not leg.moving))
    if not moments:
        nothing = np.zeros(0)
        return Fixes(nothing.astype("i8"), nothing, nothing, nothing, nothing)
    t = np.round(np.concatenate(moments) + rng.uniform(-0.4, 0.4, sum(map(len, moments)))).astype("i8")
    standing = np.concatenate(still)
    t, first = np.unique(t, return_index=True)
    standing = standing[first]
    lon, lat = where(kept, t)
    lon_a, lat_a = where(kept, t - 15)
    lon_b, lat_b = where(kept, t + 15)
    squash = np.cos(np.radians(lat))
    course = np.degrees(np.arctan2((lon_b - lon_a) * squash, lat_b - lat_a)) % 360
    speed = ground.distance_m(lon_a, lat_a, lon_b, lat_b) / 30 * 3.6
    speed = np.where(standing, 0, np.maximum(0, speed + rng.normal(0, 1.0, len(t))))
    x, y = rng.normal(0, cadence.noise_m * np.where(standing, 0.4, 1), (2, len(t)))
    return Fixes(t, lon + x / (111_320 * squash), lat + y / 110_850, speed, course)


def inside(clock: Clock, legs: list[Leg]) -> list[Leg]:
    """The legs that fall in the exercise at all."""
    return [leg for leg in legs if leg.t[0] < clock.end_s and leg.t[-1] > clock.start_s]
