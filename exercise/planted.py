"""What is planted on purpose, so that a rule or an operator can be scored: gaps, a meeting, decoys, detours, silences."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from exercise import ground, names
from exercise.land import TRUCK_TELLS, VIEW
from exercise.movers import DAY_S, HOUR_S, Clock, Leg, Mover, along, drive, stand, tell
from exercise.sea import AIS_TELLS, KN_KMH, Vessel
from exercise.streams import stream


@dataclass
class Plant:
    """One planted thing: what, who, when (epoch s), where, and a sentence for the review."""

    kind: str
    subjects: list[str]
    start_s: float
    end_s: float
    lat: float
    lon: float
    note: str
    extra: dict = field(default_factory=dict)


def _in_view(mover: Mover) -> bool:
    f = mover.fixes
    return bool(len(f)) and VIEW[0] < f.lon[-1] < VIEW[2] and VIEW[1] < f.lat[-1] < VIEW[3]


def _silence(mover: Mover, start_s: float, end_s: float, kind: str, note: str) -> Plant:
    before = mover.fixes.t <= start_s
    i = int(before.sum()) - 1
    lat, lon = float(mover.fixes.lat[max(0, i)]), float(mover.fixes.lon[max(0, i)])
    mover.fixes = mover.fixes.without(start_s, end_s)
    return Plant(kind, [mover.id], start_s, end_s, lat, lon, note)


def gaps(clock: Clock, vessels: list[Vessel], trucks: list[Mover]) -> list[Plant]:
    """Silences in the midst of a way, of some of the vessels and trucks, in the last week."""
    out: list[Plant] = []
    marisma = vessels[0]
    out.append(
        _silence(
            marisma, clock.end_s - 10_680, clock.end_s - 9_000, "gap", "Silent for 28 minutes, heard again on its course."
        )
    )
    out.append(
        Plant(
            "dark",
            [marisma.id],
            float(marisma.fixes.t[-1]),
            float(clock.end_s),
            26.2000,
            -96.9131,
            "Marisma Azul goes silent at 11 knots; it is still silent at the end.",
        )
    )
    for pool, label, least_h, most_h, every in ((vessels[1:], "vessel", 1.5, 4.0, 6), (trucks, "truck", 0.9, 2.0, 16)):
        for i, mover in enumerate(pool):
            if i % every != every // 2:
                continue
            rng = stream(clock.seed, "gap", mover.id)
            span = rng.uniform(least_h, most_h) * HOUR_S
            legs = [
                g
                for g in mover.legs
                if g.moving and g.t[-1] - g.t[0] > span * 0.7 and clock.end_s - 7 * DAY_S < g.t[0] < clock.end_s - 7 * HOUR_S
            ]
            if not legs:
                continue
            leg = legs[int(rng.integers(len(legs)))]
            start = leg.t[0] + rng.uniform(0.2, 0.45) * (leg.t[-1] - leg.t[0])
            if ((mover.fixes.t > start) & (mover.fixes.t < start + span)).any():
                out.append(
                    _silence(
                        mover, start, start + span, "gap", f"A {label} is silent on its way for {span / HOUR_S:.1f} hours."
                    )
                )
    return out


def silences(clock: Clock, tags: list[Mover], trucks: list[Mover], containers: list[Mover]) -> list[Plant]:
    """Trackers of the first view that are silent at the end, so that ages show."""
    out: list[Plant] = []
    for pool, minutes in ((tags, (34, 52, 96, 190)), (trucks, (23, 52, 71)), (containers, (430, 800))):
        seen = [m for m in pool if _in_view(m)]
        for mover, age in zip(seen[1:], minutes):
            out.append(
                _silence(
                    mover,
                    clock.end_s - age * 60,
                    clock.end_s,
                    "stale",
                    f"The tracker has told nothing for {age} minutes at the end.",
                )
            )
    return out


def frozen(clock: Clock, tags: list[Mover]) -> list[Plant]:
    """A tag that tells the same place again and again while its goods are elsewhere."""
    if len(tags) < 2:
        return []
    mover = [m for m in tags if len(m.fixes)][-1]
    start = clock.end_s - 20 * HOUR_S
    f = mover.fixes
    i = int((f.t <= start).sum()) - 1
    if i < 0:
        return []
    late = f.t > start
    for values in (f.lon, f.lat, f.course_deg):
        values[late] = values[i]
    f.speed_kmh[late] = 0
    return [
        Plant(
            "frozen",
            [mover.id],
            start,
            float(clock.end_s),
            float(f.lat[i]),
            float(f.lon[i]),
            "The same position is told for 20 hours.",
        )
    ]


def meeting(clock: Clock) -> tuple[list[Vessel], list[Plant]]:
    """An open boat from the beach meets a trawler 40 km off Padre Island for two hours; both are slow and within 200 m."""
    start, spot = clock.end_s - 31 * HOUR_S, (-96.72, 26.32)
    rng = stream(clock.seed, "meeting")
    beach = np.array([(-97.125, 25.86), (-96.98, 26.02), (-96.84, 26.22), spot])
    out = along(ground.smooth(beach, 3), start - 4.2 * HOUR_S, 15 * KN_KMH)
    drift = np.linspace(0, 1, 16)

    def drifting(off: float, begin: float) -> Leg:
        return Leg(
            begin + drift * (start + 2.2 * HOUR_S - begin), spot[0] + 0.012 * drift + off, spot[1] + 0.006 * drift + off / 2
        )

    boat_legs = [out, drifting(0.0, out.t[-1] + 1)]
    end = np.array([(boat_legs[1].lon[-1], boat_legs[1].lat[-1]), (-96.90, 26.10), (-97.125, 25.86)])
    boat_legs.append(along(ground.smooth(end, 3), boat_legs[1].t[-1] + 1, 14 * KN_KMH))
    trawl = along(
        ground.smooth(np.array([(-97.14, 26.066), (-96.95, 26.10), (-96.70, 26.60), (-96.68, 26.45), spot]), 3),
        start - 22 * HOUR_S,
        5.2 * KN_KMH,
    )
    trawl.t += start - 0.3 * HOUR_S - trawl.t[-1]
    ship_legs = [trawl, drifting(0.0012, trawl.t[-1] + 1)]
    away = np.array([(ship_legs[1].lon[-1], ship_legs[1].lat[-1]), (-96.60, 26.70), (-96.75, 27.05)])
    ship_legs.append(along(ground.smooth(away, 3), ship_legs[1].t[-1] + 1, 3.1 * KN_KMH))
    mmsi = names.MID * 1_000_000 + 900_001
    boat = Vessel(
        f"mmsi:{mmsi}",
        "vessel",
        "Lucero Chico",
        "Marina EX",
        "gulf",
        boat_legs,
        mmsi=mmsi,
        ais_class="B",
        ship_type=37,
        length_m=9,
        callsign="EX9001",
        destination="EXERCISE",
        station="ISABEL-EX",
    )
    ship = Vessel(
        f"mmsi:{mmsi + 1}",
        "vessel",
        "Garza Mayor",
        "Marina EX",
        "gulf",
        ship_legs,
        mmsi=mmsi + 1,
        ship_type=30,
        length_m=23,
        callsign="EX9002",
        destination="EXERCISE",
        station="ISABEL-EX",
    )
    for vessel in (boat, ship):
        vessel.fixes = tell(vessel.legs, clock, AIS_TELLS, rng)
    begin = max(boat_legs[1].t[0], ship_legs[1].t[0])
    return [boat, ship], [
        Plant(
            "meeting",
            [boat.id, ship.id],
            float(begin),
            float(start + 2.2 * HOUR_S),
            spot[1] + 0.003,
            spot[0] + 0.006,
            "Two vessels lie within 200 m of each other, 40 km off Padre Island.",
        )
    ]


def double_identity(clock: Clock) -> tuple[list[Vessel], list[Plant]]:
    """Two hulls, one MMSI: for two hours, 60 km apart, nine days before the end."""
    start = clock.end_s - 9 * DAY_S
    if start < clock.start_s:
        return [], []
    mmsi = names.MID * 1_000_000 + 900_010
    out = []
    for i, (name, line) in enumerate(
        (("Duna Gris", [(-96.90, 25.70), (-96.86, 25.98)]), ("Duna Gris", [(-96.55, 26.25), (-96.66, 26.52)]))
    ):
        leg = along(ground.smooth(np.array(line), 2), start, 8.5 * KN_KMH)
        vessel = Vessel(
            f"mmsi:{mmsi}",
            "vessel",
            name,
            "Marina EX",
            "gulf",
            [leg],
            mmsi=mmsi,
            ship_type=30,
            length_m=21 + 30 * i,
            callsign="EX9010",
            destination="EXERCISE",
            station="ISABEL-EX",
        )
        vessel.fixes = tell([leg], clock, AIS_TELLS, stream(clock.seed, "double", str(i)))
        vessel.fixes = vessel.fixes.keep(vessel.fixes.t < start + 2 * HOUR_S)
        out.append(vessel)
    return out, [
        Plant(
            "double_identity",
            [f"mmsi:{mmsi}"],
            start,
            start + 2 * HOUR_S,
            26.1,
            -96.75,
            "One MMSI, two hulls of 21 and 51 m, 60 km apart at the same time.",
        )
    ]


# Off the road, near the river: where a truck that leaves its way goes.
_DETOURS = (
    (
        "Diaz Ordaz",
        (26.2405, -98.5745),
        8.2 * HOUR_S,
        "Leaves the road at Diaz Ordaz for the river bank opposite Los Ebanos, 38 minutes there.",
    ),
    ("Rio Bravo", (26.0560, -98.0300), 30.0 * HOUR_S, "Leaves the road at Rio Bravo for the river bank, 38 minutes there."),
    (
        "Boca Chica",
        (25.9680, -97.2100),
        55.0 * HOUR_S,
        "Goes past the end of the road to the river mouth at night, 38 minutes there.",
    ),
)


def detours(clock: Clock) -> tuple[list[Mover], list[Plant]]:
    """Trucks that leave their way for the river bank and come back to it."""
    movers: list[Mover] = []
    plants: list[Plant] = []
    for i, (town, (lat, lon), before_s, note) in enumerate(_DETOURS, start=1):
        rng = stream(clock.seed, "detour", str(i))
        place = ground.places()[town]
        at = clock.end_s - before_s
        home = "Monterrey" if place.side == "MX" else "Corpus Christi"
        route = ground.way(home, town)
        legs, crossings = drive(route, at, 72, rng)
        shift = at - legs[-1].t[-1]
        for leg in legs:
            leg.t += shift
        off = along(
            ground.smooth(
                np.array(
                    [(place.lon, place.lat), ((place.lon + lon) / 2 + 0.004, (place.lat + lat) / 2 - 0.003), (lon, lat)]
                ),
                3,
            ),
            at + 1,
            24,
            rng,
        )
        wait = stand(lon, lat, off.t[-1] + 1, 38 * 60)
        back = Leg(wait.t[-1] + 1 + (off.t[-1] - off.t[::-1]), off.lon[::-1], off.lat[::-1])
        onward, more = drive(route[::-1], back.t[-1] + 1, 72, rng)
        mover = Mover(
            f"V-{4_900 + i}",
            "vehicle",
            f"{names.firm(rng)} truck {900 + i}",
            "Customs EX" if place.side == "US" else "Guardia EX",
            "valley",
            [*legs, off, wait, back, *onward],
            [(p, t + shift, s) for p, t, s in crossings] + more,
        )
        mover.fixes = tell(mover.legs, clock, TRUCK_TELLS, rng)
        movers.append(mover)
        plants.append(Plant("detour", [mover.id], float(off.t[0]), float(back.t[-1]), lat, lon, note))
    return movers, plants
