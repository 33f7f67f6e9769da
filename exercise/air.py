"""Light aircraft between real airfields and dirt strips."""

from __future__ import annotations

import numpy as np

from exercise import ground
from exercise.movers import DAY_S, HOUR_S, Cadence, Clock, Mover, along, inside, tell
from exercise.streams import stream

AIRCRAFT = {"valley": 5, "laredo": 1, "paso": 2, "nogales": 1, "tijuana": 2}
AIRCRAFT_TELLS = Cadence(30, 600, 60, 3_600, 10)

# In the air over the first view at the end: from, to, minutes since take-off.
ALOFT = (("Edinburg Field", "Hebbronville Strip", 14), ("Port Mansfield Strip", "San Fernando Strip", 11))


def aircraft(clock: Clock) -> list[Mover]:
    """Flights of half an hour to two hours; nothing is told on the ground."""
    out: list[Mover] = []
    for region, n in AIRCRAFT.items():
        fields = ground.of_kind("field", region)
        for _ in range(clock.count(n)):
            number = len(out) + 1
            rng = stream(clock.seed, "aircraft", str(number))
            mover = Mover(
                f"A-{60 + number}", "aircraft", f"EX-{500 + 7 * number}", "Patrol EX" if number % 3 else "Guardia EX", region
            )
            here = fields[int(rng.integers(len(fields)))]
            now = clock.start_s + rng.uniform(0, 2) * DAY_S
            while now < clock.end_s:
                others = [f for f in fields if f is not here] or ground.of_kind("field")
                there = others[int(rng.integers(len(others)))]
                middle = np.array([(here.lon + there.lon) / 2, (here.lat + there.lat) / 2]) + rng.normal(0, 0.16, 2)
                line = ground.smooth(np.array([(here.lon, here.lat), middle, (there.lon, there.lat)]), 4)
                flight = along(line, now, rng.uniform(170, 250), rng)
                mover.legs.append(flight)
                busy = now > clock.dense_s
                now = flight.t[-1] + (rng.uniform(4, 16) * HOUR_S if busy else rng.uniform(1.5, 5) * DAY_S)
                here = there
            if number <= len(ALOFT):
                start, stop, minutes = ALOFT[number - 1]
                a, b = ground.places()[start], ground.places()[stop]
                line = ground.smooth(
                    np.array([(a.lon, a.lat), ((a.lon + b.lon) / 2 + 0.06, (a.lat + b.lat) / 2), (b.lon, b.lat)]), 4
                )
                mover.legs = [leg for leg in mover.legs if leg.t[-1] < clock.end_s - 2 * HOUR_S]
                mover.legs.append(along(line, clock.end_s - minutes * 60, 200, rng))
            mover.legs = inside(clock, mover.legs)
            mover.fixes = tell(mover.legs, clock, AIRCRAFT_TELLS, rng)
            out.append(mover)
    return out
