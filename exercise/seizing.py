"""Seizures as a self-exciting process: a background near crossings, and each seizure drawing others near it in the days after.

A branching (Hawkes) simulation: `BRANCHING` children on average, after an exponential delay, at a power-law distance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from exercise import ground
from exercise.movers import DAY_S, HOUR_S, Clock
from exercise.streams import stream

EVENTS = 1_500  # at scale 1, over 60 days
BRANCHING = 0.45
DELAY_DAYS = 2.2
NEAR_M = 900.0

# Where the background lies: (name, lat, lon, weight, spread in m). Crossings, checkpoints inland, landings on the coast.
CENTRES: tuple[tuple[str, float, float, float, float], ...] = (
    ("Brownsville", 25.900, -97.492, 14, 3_000),
    ("Hidalgo", 26.100, -98.265, 10, 2_600),
    ("Pharr", 26.085, -98.200, 7, 2_600),
    ("Progreso", 26.070, -97.952, 6, 2_400),
    ("Roma", 26.405, -99.010, 6, 2_600),
    ("Rio Grande City", 26.372, -98.815, 6, 2_800),
    ("Los Indios", 26.052, -97.742, 3, 2_400),
    ("Donna", 26.080, -98.070, 3, 2_400),
    ("Reynosa", 26.080, -98.290, 3, 3_000),
    ("Matamoros", 25.870, -97.505, 3, 3_000),
    ("Falfurrias", 27.035, -98.141, 4, 1_500),
    ("Sarita", 27.130, -97.795, 4, 1_500),
    ("Raymondville", 26.560, -97.790, 1.5, 4_000),
    ("South Padre Island", 26.080, -97.120, 2.5, 6_000),
    ("Linn", 26.520, -98.120, 1.5, 4_000),
    ("Laredo", 27.520, -99.515, 7, 4_000),
    ("World Trade Laredo", 27.597, -99.537, 4, 2_000),
    ("Zapata", 26.900, -99.280, 1.5, 4_000),
    ("Eagle Pass", 28.706, -100.508, 3.5, 3_000),
    ("Del Rio", 29.328, -100.926, 2, 3_500),
    ("Presidio", 29.562, -104.393, 1.2, 3_000),
    ("El Paso", 31.764, -106.452, 6, 3_500),
    ("Ysleta", 31.673, -106.336, 3, 2_500),
    ("Santa Teresa", 31.784, -106.679, 1.5, 2_500),
    ("Columbus", 31.785, -107.628, 0.8, 3_000),
    ("Douglas", 31.334, -109.558, 1.5, 3_000),
    ("Nogales", 31.333, -110.950, 5, 3_000),
    ("Lukeville", 31.881, -112.817, 1.2, 3_500),
    ("San Luis", 32.486, -114.781, 2.5, 3_000),
    ("Calexico", 32.674, -115.450, 4, 3_500),
    ("Tecate", 32.576, -116.627, 1.2, 2_500),
    ("Otay Mesa", 32.550, -116.938, 5, 2_500),
    ("San Ysidro", 32.543, -117.030, 8, 2_500),
    ("Imperial Beach", 32.600, -117.240, 1.5, 5_000),
    ("Puerto Penasco", 31.280, -113.560, 0.8, 6_000),
)
EMERGING = ("La Joya", 26.242, -98.520, 2_600.0)  # grows over the last three weeks
SURGE = ("San Benito north", 26.235, -97.560)  # found because looked for: a patrol surge, not more traffic

# word told, drug class, share, median and deviation (log) of the weight in kg
DRUGS: tuple[tuple[str, str, float, float, float], ...] = (
    ("methamphetamine", "ats", 0.20, 9.0, 1.4),
    ("crystal methamphetamine", "ats", 0.06, 6.0, 1.3),
    ("cocaine", "cocaine", 0.22, 8.0, 1.5),
    ("crack cocaine", "cocaine", 0.02, 0.3, 1.0),
    ("fentanyl", "opioid", 0.15, 1.6, 1.3),
    ("fentanyl tablets", "opioid", 0.08, 0.9, 1.2),
    ("marijuana", "cannabis", 0.15, 22.0, 1.6),
    ("cannabis resin", "cannabis", 0.02, 4.0, 1.1),
    ("heroin", "heroin", 0.045, 1.5, 1.2),
    ("opium", "heroin", 0.005, 2.0, 1.0),
    ("ketamine", "other", 0.02, 1.2, 1.0),
    ("unidentified powder", "other", 0.025, 0.8, 1.1),
)
_HIDDEN = {
    "vehicle": (
        "door panel",
        "spare tyre",
        "fuel tank",
        "dashboard",
        "false floor",
        "roof lining",
        "seat back",
        "rear bumper",
    ),
    "container": ("false wall", "in produce", "in pallets", "reefer unit", "in machine parts"),
    "person": ("body-worn", "backpack", "in shoes", "luggage"),
    "vessel": ("fish hold", "under deck", "towed drum", "life raft case"),
    "aircraft": ("cabin", "luggage", "dropped bundle"),
    "drone": ("slung load",),
    "premises": ("stash house", "store room", "buried"),
    "mail": ("parcel", "in toys"),
    "none": ("abandoned bundles", "cached in scrub"),
}


@dataclass
class Event:
    """One seizure as it truly was."""

    t: float
    lat: float
    lon: float
    centre: str
    parent: int  # index into the list, -1 for background
    drug: int  # index into DRUGS
    kg: float
    conveyance: str
    found: str
    cluster: str = ""  # planted cluster it belongs to


def _spread(rng: Generator) -> tuple[float, float]:
    """Metres east and north of a parent: power law, cut at 8 km."""
    r = min(8_000.0, NEAR_M * np.sqrt(rng.random() ** (-1 / 1.6) - 1))
    a = rng.uniform(0, 2 * np.pi)
    return r * np.cos(a), r * np.sin(a)


def _marks(rng: Generator, centre: str) -> tuple[int, float, str, str]:
    share = np.array([d[2] for d in DRUGS])
    if centre in ("South Padre Island", "Imperial Beach", "Puerto Penasco"):
        share = share * np.array([1, 1, 2.5, 1, 0.3, 0.3, 3, 1, 1, 1, 1, 1])
    drug = int(rng.choice(len(DRUGS), p=share / share.sum()))
    kg = float(DRUGS[drug][3] * np.exp(rng.normal(0, DRUGS[drug][4])))
    if centre in ("South Padre Island", "Imperial Beach", "Puerto Penasco"):
        conveyance, kg = ("vessel" if rng.random() < 0.8 else "none"), kg * 6
    else:
        conveyance = str(
            rng.choice(
                ["vehicle", "container", "person", "none", "premises", "drone", "aircraft", "mail"],
                p=[0.52, 0.10, 0.16, 0.09, 0.06, 0.03, 0.01, 0.03],
            )
        )
        kg *= 5 if conveyance == "container" else 0.25 if conveyance in ("person", "mail", "drone") else 1
    return drug, min(kg, 4_000.0), conveyance, str(rng.choice(["patrol", "report"], p=[0.72, 0.28]))


def simulate(clock: Clock) -> list[Event]:
    """The true events in order of time."""
    rng = stream(clock.seed, "seizures")
    days = (clock.end_s - clock.start_s) / DAY_S
    total = EVENTS * clock.scale * days / 60
    weight = np.array([c[3] for c in CENTRES])
    weight = weight / weight.sum()
    events: list[Event] = []
    # Children come over and above the background, and those after the end are lost: about a twelfth of them at 60 days.
    for _ in range(max(8, int(rng.poisson(total * (1 - BRANCHING) * 0.93)))):
        name, lat, lon, _, spread_m = CENTRES[int(rng.choice(len(CENTRES), p=weight))]
        if rng.random() < 0.10:
            lat, lon = _anywhere(rng)
            spread_m = 4_000.0
        x, y = rng.normal(0, spread_m, 2)
        events.append(
            Event(
                _daytime(clock, rng),
                lat + y / 110_850,
                lon + x / (111_320 * np.cos(np.radians(lat))),
                name,
                -1,
                *_marks(rng, name),
            )
        )
    i = 0
    while i < len(events):
        parent = events[i]
        for _ in range(int(rng.poisson(BRANCHING))):
            t = parent.t + rng.exponential(DELAY_DAYS) * DAY_S
            if t >= clock.end_s - 1_800:
                continue
            x, y = _spread(rng)
            drug, kg, conveyance, found = _marks(rng, parent.centre)
            if rng.random() < 0.6:
                drug, conveyance = parent.drug, parent.conveyance
                kg = float(min(4_000, DRUGS[drug][3] * np.exp(rng.normal(0, DRUGS[drug][4]))))
            events.append(
                Event(
                    t,
                    parent.lat + y / 110_850,
                    parent.lon + x / (111_320 * np.cos(np.radians(parent.lat))),
                    parent.centre,
                    i,
                    drug,
                    kg,
                    conveyance,
                    found,
                )
            )
        i += 1
    events += _emerging(clock, rng) + _surge(clock, rng)
    order = sorted(range(len(events)), key=lambda k: (events[k].t, k))
    place = {old: new for new, old in enumerate(order)}
    for event in events:
        event.parent = place[event.parent] if event.parent >= 0 else -1
    return [events[k] for k in order]


def _anywhere(rng: Generator) -> tuple[float, float]:
    line = ground.border()
    step = ground.distance_m(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1])
    s = rng.uniform(0, step.sum())
    at = np.concatenate([[0], np.cumsum(step)])
    return float(np.interp(s, at, line[:, 1])), float(np.interp(s, at, line[:, 0]))


def _daytime(clock: Clock, rng: Generator) -> float:
    """More by day than by night, local time being UTC-6."""
    while True:
        t = rng.uniform(clock.start_s, clock.end_s - 1_800)
        if rng.random() < 0.65 + 0.35 * np.cos(2 * np.pi * ((t / HOUR_S - 6) % 24 - 13) / 24):
            return float(t)


def _emerging(clock: Clock, rng: Generator) -> list[Event]:
    name, lat, lon, spread_m = EMERGING
    span = min(21 * DAY_S, clock.end_s - clock.start_s)
    out = []
    for _ in range(clock.count(46)):
        x, y = rng.normal(0, spread_m, 2)
        # Density grows with the time: the square root of a uniform number has a rising one.
        t = clock.end_s - span + span * np.sqrt(rng.random()) - 1_800
        drug = int(rng.choice([0, 4, 5]))
        kg = float(DRUGS[drug][3] * np.exp(rng.normal(0, 1)))
        out.append(
            Event(
                float(t),
                lat + abs(y) / 220_000,
                lon + x / 100_000,
                name,
                -1,
                drug,
                kg,
                str(rng.choice(["none", "person", "vehicle"])),
                "report",
                "emerging",
            )
        )
    return out


def surge_span(clock: Clock) -> tuple[float, float, float, float]:
    """Start and end in epoch s, lon, lat of the patrol surge."""
    return (
        max(clock.start_s, clock.end_s - 9 * DAY_S),
        max(clock.start_s + DAY_S, clock.end_s - 4 * DAY_S),
        SURGE[2],
        SURGE[1],
    )


def _surge(clock: Clock, rng: Generator) -> list[Event]:
    start, end, lon, lat = surge_span(clock)
    out = []
    for _ in range(clock.count(34)):
        out.append(
            Event(
                float(rng.uniform(start, end)),
                float(lat + rng.normal(0, 0.022)),
                float(lon + rng.normal(0, 0.030)),
                SURGE[0],
                -1,
                6,
                float(0.4 * np.exp(rng.normal(0, 0.8))),
                "vehicle",
                "patrol",
                "surge",
            )
        )
    return out


def hidden(conveyance: str, rng: Generator) -> str:
    """A place of concealment that fits the conveyance."""
    choices = _HIDDEN.get(conveyance, ("",))
    return choices[int(rng.integers(len(choices)))]
