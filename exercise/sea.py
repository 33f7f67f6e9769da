"""Vessels off the Gulf coast, the Pacific coast and in the Gulf of California: lanes, trawlers and open boats."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from exercise import ground, names
from exercise.movers import DAY_S, HOUR_S, Cadence, Clock, Fixes, Leg, Mover, along, inside, stand, tell
from exercise.streams import stream

KN_KMH = 1.852
AIS_TELLS = Cadence(270, 540, 720, 1_800, 8)

# (lon, lat) of lanes in water; each may be sailed both ways.
LANES: dict[str, list[list[tuple[float, float]]]] = {
    "gulf": [
        [(-96.70, 24.10), (-96.62, 25.20), (-96.66, 26.10), (-96.80, 27.00), (-96.86, 27.75)],
        [(-96.35, 24.10), (-96.20, 25.40), (-96.30, 26.60), (-96.55, 27.60)],
        [(-95.10, 26.02), (-96.20, 26.06), (-96.90, 26.066), (-97.10, 26.066)],
        [(-95.40, 26.75), (-96.20, 26.40), (-96.85, 26.10), (-97.10, 26.066)],
        [(-96.95, 25.30), (-96.92, 25.75), (-96.92, 26.30), (-97.05, 26.90), (-96.98, 27.50)],
    ],
    "pacific": [
        [(-117.25, 31.30), (-117.45, 32.00), (-117.40, 32.45), (-117.26, 32.62)],
        [(-117.90, 31.50), (-117.75, 32.40), (-117.65, 33.10)],
        [(-116.72, 31.83), (-117.05, 32.00), (-117.35, 32.40), (-117.26, 32.62)],
    ],
    "cortez": [
        [
            (-110.98, 27.80),
            (-111.60, 27.82),
            (-112.30, 28.28),
            (-112.70, 28.60),
            (-112.80, 29.00),
            (-112.98, 29.70),
            (-113.30, 30.60),
            (-113.52, 31.22),
        ],
        [(-111.20, 27.30), (-112.00, 28.00), (-112.70, 28.60), (-112.80, 29.00), (-112.95, 29.60)],
    ],
}
# west, south, east, north of the trawling grounds, and where the boats lie between trips
GROUNDS = {
    "gulf": ((-97.02, 25.30, -96.35, 26.95), (-97.145, 26.0665)),
    "cortez": ((-114.0, 30.4, -113.3, 31.1), (-113.56, 31.28)),
    "pacific": ((-117.6, 31.9, -117.3, 32.4), (-117.24, 32.63)),
}
BEACHES = {"gulf": (-97.125, 25.86), "pacific": (-117.10, 32.34), "cortez": (-113.60, 31.27)}

FLEET = {
    "gulf": {"cargo": 13, "trawler": 9, "panga": 6},
    "pacific": {"cargo": 4, "trawler": 2, "panga": 4},
    "cortez": {"cargo": 3, "trawler": 3, "panga": 2},
}
STATION = {"gulf": "ISABEL-EX", "pacific": "LOMA-EX", "cortez": "PENASCO-EX"}


@dataclass
class Vessel(Mover):
    """A vessel and what it says of itself on AIS."""

    mmsi: int = 0
    ais_class: str = "A"
    ship_type: int = 70
    length_m: int = 24
    callsign: str = ""
    destination: str = ""
    station: str = ""
    static_every_s: int = field(default=6 * HOUR_S)


def _line(points: list[tuple[float, float]], rng: Generator, spread_deg: float) -> np.ndarray:
    """A lane as one ship sails it: beside the others, and with vertices every 2 km or so."""
    line = np.array(points)
    # The ends are harbours and passes: there all lanes meet.
    taper = np.minimum(1, np.minimum(np.arange(len(line)), np.arange(len(line))[::-1]) + 0.15)[:, None]
    aside = np.clip(rng.normal(0, spread_deg, 2), -2 * spread_deg, 2 * spread_deg)
    line = ground.smooth(line + taper * aside + taper * rng.normal(0, spread_deg / 4, line.shape), 3)
    step = ground.distance_m(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1])
    at = np.concatenate([[0], np.cumsum(step)])
    s = np.linspace(0, at[-1], max(8, int(at[-1] / 2_000)))
    return np.column_stack([np.interp(s, at, line[:, 0]), np.interp(s, at, line[:, 1])])


def _cargo(waters: str, clock: Clock, rng: Generator) -> list[Leg]:
    legs: list[Leg] = []
    now = clock.start_s - rng.uniform(0, 30) * HOUR_S
    lane = LANES[waters][int(rng.integers(len(LANES[waters])))]
    while now < clock.end_s:
        line = _line(lane, rng, 0.015 if waters == "cortez" else 0.045)
        legs.append(along(line if rng.random() < 0.5 else line[::-1], now, rng.uniform(9, 15) * KN_KMH, rng))
        # Out of reach of the stations until it comes back.
        now = legs[-1].t[-1] + (rng.uniform(1, 7) * HOUR_S if now > clock.dense_s - 3 * DAY_S else rng.uniform(2, 6) * DAY_S)
        lane = LANES[waters][int(rng.integers(len(LANES[waters])))]
    return legs


def _trawler(waters: str, clock: Clock, rng: Generator) -> list[Leg]:
    (west, south, east, north), (port_lon, port_lat) = GROUNDS[waters]
    legs: list[Leg] = []
    now = clock.start_s + rng.uniform(0, 3) * DAY_S
    while now < clock.end_s:
        lon, lat = rng.uniform(west, east), rng.uniform(south, north)
        out = along(
            _line([(port_lon, port_lat), ((port_lon + lon) / 2, (port_lat + lat) / 2), (lon, lat)], rng, 0.01),
            now,
            8 * KN_KMH,
            rng,
        )
        legs.append(out)
        points, heading = [(lon, lat)], rng.choice([8.0, 188.0])
        for _ in range(int(rng.integers(16, 40))):
            # Long hauls up and down, then a turn: the net is hauled and shot again.
            haul, aside = rng.uniform(0.07, 0.16), heading + rng.normal(0, 3)
            for _ in range(3):
                lon = float(np.clip(lon + haul / 3 * np.sin(np.radians(aside + rng.normal(0, 4))), west, east))
                lat = float(np.clip(lat + haul / 3 * np.cos(np.radians(aside + rng.normal(0, 4))), south, north))
                points.append((lon, lat))
            lon = float(np.clip(lon + rng.uniform(0.006, 0.014), west, east))
            points.append((lon, lat))
            heading = (heading + 180) % 360
        trawl = along(ground.smooth(np.array(points), 3), out.t[-1] + 1, rng.uniform(2.4, 3.4) * KN_KMH, rng)
        home = along(
            _line([(lon, lat), ((port_lon + lon) / 2, (port_lat + lat) / 2), (port_lon, port_lat)], rng, 0.01),
            trawl.t[-1] + 1,
            8 * KN_KMH,
            rng,
        )
        rest = rng.uniform(3, 9) * HOUR_S if now > clock.dense_s - 4 * DAY_S else rng.uniform(3, 9) * DAY_S
        legs += [trawl, home]
        now = home.t[-1] + rest
    return legs


def _panga(waters: str, clock: Clock, rng: Generator) -> list[Leg]:
    """An open boat that goes out at dusk, north along the coast well off the beach, and back before noon."""
    beach_lon, beach_lat = BEACHES[waters]
    # Off the Gulf coast the sea lies east; off the other two it lies west.
    seaward = 1 if waters == "gulf" else -1
    legs: list[Leg] = []
    day = clock.start_s - clock.start_s % DAY_S
    while day < clock.end_s:
        if rng.random() < (0.75 if day >= clock.dense_s - DAY_S else 0.22):
            reach = seaward * (rng.uniform(0.46, 0.62) if waters == "pacific" else rng.uniform(0.10, 0.32))
            ahead = {"gulf": rng.uniform(0.25, 0.75), "pacific": rng.uniform(0.25, 0.45), "cortez": -rng.uniform(0.2, 0.6)}[
                waters
            ]
            start = day + rng.uniform(0.5, 13) * HOUR_S
            turn = (beach_lon + reach * rng.uniform(0.5, 1.0), beach_lat + ahead)
            out = along(
                _line([(beach_lon, beach_lat), (beach_lon + reach, beach_lat + ahead * 0.3), turn], rng, 0.012),
                start,
                rng.uniform(12, 19) * KN_KMH,
                rng,
            )
            wait = stand(*turn, out.t[-1] + 1, rng.uniform(0.3, 1.6) * HOUR_S)
            back = along(
                _line([turn, (beach_lon + reach * 1.2, beach_lat + ahead * 0.45), (beach_lon, beach_lat)], rng, 0.012),
                wait.t[-1] + 1,
                rng.uniform(10, 16) * KN_KMH,
                rng,
            )
            back_end = np.array([out.lon[-1], out.lat[-1]])
            wait.lon[:], wait.lat[:] = back_end[0], back_end[1]
            back.lon[0], back.lat[0] = back_end
            legs += [out, wait, back]
        day += DAY_S
    return legs


_MAKE = {"cargo": _cargo, "trawler": _trawler, "panga": _panga}
_SAYS = {"cargo": ("A", 70, (70, 190)), "trawler": ("A", 30, (18, 27)), "panga": ("B", 37, (7, 11))}


def vessels(clock: Clock) -> list[Vessel]:
    """The fleet of all three waters; the first is the Marisma Azul, whose course is planted."""
    roles = [(w, role) for w, fleet in FLEET.items() for role, n in fleet.items() for _ in range(clock.count(n))]
    called = names.vessels(len(roles) + 1, stream(clock.seed, "vessel names"))
    out = [_marisma(clock)]
    for i, (waters, role) in enumerate(roles, start=1):
        rng = stream(clock.seed, "vessel", str(i))
        ais_class, ship_type, (short, long) = _SAYS[role]
        vessel = Vessel(
            f"mmsi:{names.MID * 1_000_000 + 14 + 1_009 * i}",
            "vessel",
            called[i],
            "Marina EX",
            waters,
            mmsi=names.MID * 1_000_000 + 14 + 1_009 * i,
            ais_class=ais_class,
            ship_type=ship_type,
            length_m=int(rng.integers(short, long)),
            callsign=f"EX{i:04d}",
            destination="EXERCISE",
            station=STATION[waters],
        )
        vessel.legs = inside(clock, _MAKE[role](waters, clock, rng))
        vessel.fixes = tell(vessel.legs, clock, AIS_TELLS, rng)
        out.append(vessel)
    return out


def _marisma(clock: Clock) -> Vessel:
    """Comes up the coast at 11 kn, is heard last 42 minutes before the end, 20 km off Padre Island."""
    last_s, lat, lon = clock.end_s - 2_516, 26.2000, -96.9131
    rng = stream(clock.seed, "marisma azul")
    s = np.arange(0, 330_000, 2_000.0)[::-1]
    # Course 353 degrees at the end; farther back it came round from the south-east.
    course = np.radians(353 - 12 * np.minimum(1, s / 160_000))
    y, x = -s * np.cos(course), -s * np.sin(course)
    points = np.column_stack([lon + x / (111_320 * np.cos(np.radians(lat))), lat + y / 110_850])
    trip = along(points, 0.0, 11 * KN_KMH)
    trip.t += last_s - trip.t[-1]
    onward = along(np.array([(lon, lat), (lon - 0.03, lat + 0.22)]), last_s, 11 * KN_KMH)
    vessel = Vessel(
        f"mmsi:{names.MID}000014",
        "vessel",
        "Marisma Azul",
        "Marina EX",
        "gulf",
        [trip, onward],
        mmsi=names.MID * 1_000_000 + 14,
        ship_type=79,
        length_m=24,
        callsign="EX0014",
        destination="NONE",
        station="ISABEL-EX",
    )
    fixes = tell(vessel.legs, clock, AIS_TELLS, rng)
    fixes = fixes.keep(fixes.t < last_s - 60)
    vessel.fixes = Fixes(
        *(
            np.append(a, b)
            for a, b in zip(
                (fixes.t, fixes.lon, fixes.lat, fixes.speed_kmh, fixes.course_deg), (last_s, lon, lat, 11 * KN_KMH, 353.0)
            )
        )
    )
    return vessel
