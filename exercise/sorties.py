"""Drone flights: which strip of ground, when, by which platform; their paths, and the pictures or frames they bring back."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from exercise import ground
from exercise.movers import HOUR_S, Cadence, Clock, Fixes, Leg, along, tell
from exercise.streams import stream

DRONE_TELLS = Cadence(10, 60, 10, 60, 3)


@dataclass(frozen=True)
class Strip:
    """A rectangle of ground that is flown again and again: centre in degrees, `bearing_deg` of its long side."""

    name: str
    lon: float
    lat: float
    bearing_deg: float
    length_m: float
    width_m: float
    gsd_m: float
    scene: str  # river, shore, desert, town: what exercise/ortho.py paints


STRIPS: dict[str, Strip] = {
    s.name: s
    for s in (
        Strip("camargo", -98.688, 26.286, 113.0, 31_000, 7_000, 5.0, "river"),
        Strip("padre", -97.180, 26.062, 166.0, 18_000, 8_400, 5.0, "shore"),
        Strip("indios", -97.700, 26.030, 118.0, 16_000, 4_400, 4.0, "river"),
        Strip("ebanos", -98.56462, 26.23970, 159.0, 300, 200, 0.15, "landing"),
        Strip("garceno", -98.95199, 26.37447, 132.0, 300, 200, 0.2, "landing"),
        Strip("hidalgo", -98.320, 26.125, 140.0, 7_000, 3_200, 3.0, "river"),
        Strip("laredo", -99.640, 27.640, 128.0, 7_000, 2_800, 3.0, "river"),
        Strip("juarez", -106.262, 31.554, 133.0, 7_000, 2_600, 3.0, "river"),
        Strip("nogales", -110.880, 31.3325, 90.0, 6_000, 2_400, 3.0, "desert"),
        Strip("tecate", -116.700, 32.5700, 84.0, 6_000, 2_400, 3.0, "desert"),
    )
}


@dataclass(frozen=True)
class Plan:
    """One flight of the table below. `before_h` is its take-off in hours before the end."""

    number: int
    strip: str
    before_h: float
    platform: str
    agency: str
    part: tuple[float, float] = (0.0, 1.0)  # the share of the strip's length it covers
    picture: bool = True
    frames: bool = False  # single ones, of which no mosaic was made


# The two in the air at the end bring no picture yet.
PLANS: tuple[Plan, ...] = (
    Plan(1, "camargo", 38 * 24 - 2.1, "Falcata EX-1", "Patrol EX", (0.25, 0.70)),
    Plan(2, "laredo", 31 * 24 - 4.6, "Falcata EX-2", "Patrol EX"),
    Plan(3, "tecate", 26 * 24 - 5.2, "Falcata EX-4", "Guardia EX"),
    Plan(4, "padre", 20 * 24 - 1.4, "Falcata EX-3", "Marina EX", (0.30, 0.75)),
    Plan(6, "juarez", 17 * 24 - 6.0, "Falcata EX-2", "Guardia EX"),
    Plan(7, "ebanos", 13 * 24 - 3.3, "Colibri EX-7", "Patrol EX"),
    Plan(8, "camargo", 11 * 24 - 5.5, "Falcata EX-1", "Patrol EX", (0.10, 0.55)),
    Plan(9, "indios", 9 * 24 - 0.8, "Falcata EX-3", "Customs EX", (0.20, 0.85)),
    Plan(10, "nogales", 8 * 24 - 2.5, "Falcata EX-4", "Patrol EX"),
    Plan(11, "hidalgo", 5 * 24 - 4.2, "Falcata EX-2", "Customs EX"),
    Plan(12, "padre", 4 * 24 - 2.4, "Falcata EX-3", "Marina EX", (0.40, 0.90)),
    Plan(13, "ebanos", 3 * 24 - 1.2, "Colibri EX-7", "Patrol EX"),
    Plan(14, "indios", 48.6, "Falcata EX-1", "Patrol EX"),
    Plan(18, "garceno", 26.8, "Colibri EX-7", "Patrol EX", picture=False, frames=True),
    Plan(5, "padre", 2.36, "Falcata EX-3", "Marina EX"),
    Plan(15, "camargo", 1.80, "Falcata EX-1", "Patrol EX"),
    Plan(16, "camargo", 0.55, "Falcata EX-2", "Patrol EX", picture=False),
    Plan(17, "padre", 0.62, "Falcata EX-4", "Marina EX", picture=False),
)


@dataclass
class Sortie:
    """One flight: take-off and landing in epoch s, its path, and the moment its picture is stamped with."""

    plan: Plan
    strip: Strip
    start_s: int
    end_s: int
    fixes: Fixes

    @property
    def id(self) -> str:
        return f"SORTIE{self.plan.number}"

    @property
    def sensor(self) -> str:
        """What took the picture."""
        return "wide-area frame camera" if self.strip.length_m > 1_000 else "20 MP frame camera"

    @property
    def captured_s(self) -> int:
        """The middle of the flight, on the minute."""
        return (self.start_s + self.end_s) // 2 // 60 * 60

    @property
    def picture(self) -> str:
        """The file name of its orthomosaic; the time is in it."""
        stamp = datetime.fromtimestamp(self.captured_s, UTC).strftime("%Y%m%dT%H%M%SZ")
        return f"{self.id}_{stamp}_ortho.tif"


def path(strip: Strip, part: tuple[float, float]) -> np.ndarray:
    """(n, 2) lon, lat: up and down the strip, with round turns."""
    lines = 4
    along_m = (np.array(part) - 0.5) * strip.length_m
    across = np.linspace(-0.375, 0.375, lines) * strip.width_m
    turn = np.linspace(-90, 90, 9)[1:-1]
    u, v = [], []
    for i, c in enumerate(across):
        ends = along_m if i % 2 == 0 else along_m[::-1]
        steps = np.linspace(ends[0], ends[1], 40)
        u += steps.tolist()
        v += [c] * 40
        if i < lines - 1:
            radius, sign = (across[i + 1] - c) / 2, 1 if i % 2 == 0 else -1
            u += (ends[1] + sign * radius * np.cos(np.radians(turn))).tolist()
            v += (c + radius + radius * np.sin(np.radians(turn))).tolist()
    bearing = np.radians(strip.bearing_deg)
    x = np.array(u) * np.sin(bearing) + np.array(v) * np.cos(bearing)
    y = np.array(u) * np.cos(bearing) - np.array(v) * np.sin(bearing)
    lon, lat = ground.degrees(x, y, strip.lat)
    return np.column_stack([strip.lon + lon, strip.lat + lat])


def legs(plan: Plan, strip: Strip, start_s: float, until_s: float | None = None) -> list[Leg]:
    """Its way: once up and down the strip, or round and round until a time."""
    speed = 18 if strip.length_m < 1_000 else 150
    turns = [along(path(strip, plan.part), start_s, speed)]
    while until_s is not None and turns[-1].t[-1] < until_s:
        turns.append(along(path(strip, plan.part)[:: -1 if len(turns) % 2 else 1], turns[-1].t[-1] + 1, speed))
    return turns


def sorties(clock: Clock) -> list[Sortie]:
    """The flights that fall in the exercise, oldest first."""
    out: list[Sortie] = []
    for plan in sorted(PLANS, key=lambda p: -p.before_h):
        start = int(clock.end_s - plan.before_h * HOUR_S)
        if start < clock.start_s:
            continue
        # A smaller exercise has coarser pictures in the same measure: as many pixels fewer as there are fewer tracks.
        strip = replace(STRIPS[plan.strip], gsd_m=round(STRIPS[plan.strip].gsd_m / math.sqrt(min(1.0, clock.scale)), 3))
        # What brings nothing is still in the air at the end.
        flown = legs(plan, strip, start, None if plan.picture or plan.frames else clock.end_s)
        fixes = tell(flown, clock, DRONE_TELLS, stream(clock.seed, "sortie", str(plan.number)))
        out.append(Sortie(plan, strip, start, int(min(flown[-1].t[-1], clock.end_s)), fixes))
    return out
