"""Trucks, containers, tagged goods and patrols: what moves on the roads."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from exercise import ground, names
from exercise.movers import DAY_S, HOUR_S, Cadence, Clock, Leg, Mover, along, drive, inside, stand, tell
from exercise.streams import stream

TRUCKS = {"valley": 30, "laredo": 26, "paso": 22, "nogales": 16, "tijuana": 24}
CONTAINERS = {"valley": 10, "laredo": 6, "paso": 4, "nogales": 3, "tijuana": 5}
TAGS = {"valley": 14, "laredo": 6, "paso": 5, "nogales": 4, "tijuana": 6}
PATROLS = {"valley": 7, "laredo": 2, "paso": 1, "nogales": 1, "tijuana": 1}

TRUCK_TELLS = Cadence(220, 840, 480, 1_500, 6)
CONTAINER_TELLS = Cadence(420, 7_200, 900, 10_800, 12)
TAG_TELLS = Cadence(480, 1_500, 1_200, 6_000, 15)
PATROL_TELLS = Cadence(60, 180, 120, 600, 4)

# The first view of the page: what happens there is seen first, so most of the valley's journeys stay in it.
VIEW = (-99.15, 25.6, -97.1, 26.75)


def _weights(towns: list[ground.Place], home: ground.Place) -> np.ndarray:
    far = np.array([ground.distance_m(home.lon, home.lat, p.lon, p.lat) for p in towns])
    seen = np.array([VIEW[0] < p.lon < VIEW[2] and VIEW[1] < p.lat < VIEW[3] for p in towns])
    weight = np.where(seen, 4.0, 1.0) * np.exp(-far / 130_000) * (far > 12_000)
    return weight / weight.sum()


def _agency(side: str, rng: Generator) -> str:
    return str(rng.choice(["Patrol EX", "Customs EX"] if side == "US" else ["Guardia EX", "Customs EX"]))


def _week(
    home: ground.Place, clock: Clock, rng: Generator, speed_kmh: float, rest_s: tuple[float, float], old_share: float
) -> Mover:
    """A working life: out and back on some days, and in the dense days nearly without a rest."""
    towns = ground.of_kind("town", home.region)
    mover = Mover("", "vehicle", "", "", home.region)
    here, now = home, clock.start_s + rng.uniform(0, 12 * HOUR_S)
    yard: tuple[float, float] | None = None
    while now < clock.end_s:
        if now < clock.dense_s - DAY_S and rng.random() > old_share:
            now += rng.uniform(0.6, 1.4) * DAY_S
            continue
        hour = (now / HOUR_S - 6) % 24
        if not 4.5 < hour < 21.5 and rng.random() < 0.8:
            # Most sleep at night, local time being UTC-6; the tracker goes on telling where.
            wait = (5.0 - hour) % 24 * HOUR_S + rng.uniform(0, 2) * HOUR_S
            if now > clock.dense_s - DAY_S:
                mover.legs += inside(clock, [stand(*(yard or (here.lon, here.lat)), now, wait)])
            now += wait + 1
        weight = _weights(towns, here)
        there = towns[rng.choice(len(towns), p=weight)]
        route = ground.way(here.name, there.name)
        if not route:
            now += HOUR_S
            continue
        out = [] if yard is None else [along(np.array([yard, (here.lon, here.lat)]), now, 25)]
        legs, crossings = drive(route, out[-1].t[-1] + 1 if out else now, speed_kmh * rng.uniform(0.9, 1.1), rng)
        rest = rng.uniform(*rest_s) if now > clock.dense_s - DAY_S else rng.uniform(1, 4) * HOUR_S
        yard = (there.lon + rng.normal(0, 0.004), there.lat + rng.normal(0, 0.003))
        legs = [*out, *legs, along(np.array([(there.lon, there.lat), yard]), legs[-1].t[-1] + 1, 25)]
        legs.append(stand(*yard, legs[-1].t[-1] + 1, rest))
        mover.legs += inside(clock, legs)
        mover.crossings += [c for c in crossings if clock.start_s < c[1] < clock.end_s]
        here, now = there, legs[-1].t[-1] + 1
    return mover


def _homes(region: str, n: int, rng: Generator) -> list[ground.Place]:
    towns = [
        p
        for p in ground.of_kind("town", region)
        if region != "valley" or VIEW[0] < p.lon < VIEW[2] and VIEW[1] < p.lat < VIEW[3]
    ]
    return [towns[i] for i in rng.choice(len(towns), n)]


def trucks(clock: Clock) -> list[Mover]:
    """Trucks on the roads of each region."""
    out: list[Mover] = []
    for region, n in TRUCKS.items():
        pick = stream(clock.seed, "trucks", region)
        for home in _homes(region, clock.count(n), pick):
            number = len(out) + 1
            rng = stream(clock.seed, "truck", str(number))
            mover = _week(home, clock, rng, rng.uniform(62, 84), (600, 2_700), 0.28)
            mover.id, mover.name = f"V-{4_100 + number}", f"{names.firm(rng)} truck {number}"
            mover.agency = _agency(home.side, rng)
            mover.fixes = tell(mover.legs, clock, TRUCK_TELLS, rng)
            out.append(mover)
    return out


def containers(clock: Clock, carriers: list[Mover]) -> list[Mover]:
    """Containers ride on trucks of their region; their seal speaks seldom while the truck stands."""
    out: list[Mover] = []
    for region, n in CONTAINERS.items():
        here = [m for m in carriers if m.region == region]
        for _ in range(clock.count(n)):
            number = len(out) + 1
            rng = stream(clock.seed, "container", str(number))
            carrier = here[int(rng.integers(len(here)))]
            mover = Mover(
                f"C-{7_300 + number}",
                "container",
                f"Container EXCU {310_000 + 37 * number} {number % 10}",
                carrier.agency,
                region,
                carrier.legs,
            )
            mover.fixes = tell(mover.legs, clock, CONTAINER_TELLS, rng)
            out.append(mover)
    return out


def tags(clock: Clock) -> list[Mover]:
    """Tagged goods: long in a store, then on a van to the next."""
    out: list[Mover] = []
    for region, n in TAGS.items():
        pick = stream(clock.seed, "tags", region)
        for home in _homes(region, clock.count(n), pick):
            number = len(out) + 1
            rng = stream(clock.seed, "tag", str(number))
            mover = _week(home, clock, rng, rng.uniform(45, 65), (1.5 * HOUR_S, 9 * HOUR_S), 0.3)
            mover.id, mover.kind, mover.name = f"T-{900 + number}", "tag", f"{names.goods(rng)} {number}"
            mover.agency = _agency(home.side, rng)
            mover.fixes = tell(mover.legs, clock, TAG_TELLS, rng)
            out.append(mover)
    return out


def patrols(clock: Clock, surge: tuple[float, float, float, float]) -> list[Mover]:
    """Patrol vehicles on eight-hour shifts of the last ten days.

    In the `surge` (start and end in epoch s, lon, lat) those of the valley go round that place: what they
    find there tells of where they looked.
    """
    out: list[Mover] = []
    for region, n in PATROLS.items():
        pick = stream(clock.seed, "patrols", region)
        for home in _homes(region, clock.count(n), pick):
            number = len(out) + 1
            rng = stream(clock.seed, "patrol", str(number))
            agency = "Patrol EX" if home.side == "US" else "Guardia EX"
            mover = Mover(f"patrol-{number}", "vehicle", f"{agency} {20 + number}", agency, region)
            for day in range(int(max(clock.start_s, clock.end_s - 10 * DAY_S)), clock.end_s, DAY_S):
                on = day + DAY_S - rng.uniform(0, 15) * HOUR_S
                surging = region == "valley" and home.side == "US" and surge[0] <= on <= surge[1]
                mover.legs += _rounds(surge[2:], on, rng) if surging else _shift(home, on, rng)
            mover.legs = inside(clock, mover.legs)
            mover.fixes = tell(mover.legs, clock, PATROL_TELLS, rng)
            out.append(mover)
    return out


def _shift(home: ground.Place, on: float, rng: Generator) -> list[Leg]:
    legs: list[Leg] = []
    here, last, now = home.name, "", on
    while now < on + 8 * HOUR_S:
        # A patrol stays on its own side: it never crosses at a port of entry.
        ways = [
            n
            for n, (length, _) in ground.roads()[here].items()
            if ground.places()[n].kind == "town"
            and ground.places()[n].side == home.side
            and length < (60_000 if home.region == "valley" else 260_000)
        ]
        ways = [n for n in ways if n != last] or ways
        if not ways:
            break
        there = ways[int(rng.integers(len(ways)))]
        legs.append(along(ground.roads()[here][there][1], now, rng.uniform(40, 60), rng))
        now = legs[-1].t[-1] + 1
        if rng.random() < 0.4:
            legs.append(stand(legs[-1].lon[-1], legs[-1].lat[-1], now, rng.uniform(300, 1_500)))
            now = legs[-1].t[-1] + 1
        here, last = there, here
    return legs


def _rounds(centre: tuple[float, float], on: float, rng: Generator) -> list[Leg]:
    points = np.column_stack([centre[0] + rng.normal(0, 0.030, 26), centre[1] + rng.normal(0, 0.022, 26)])
    return [along(ground.smooth(points, 3), on, rng.uniform(22, 32), rng)]
