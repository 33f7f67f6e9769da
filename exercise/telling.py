"""Seizures as told: what an agency writes down of a true event, with the time and place it knew; and what it only adds up."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.random import Generator

from exercise.ground import side_of
from exercise.movers import HOUR_S, Clock, iso
from exercise.seizing import DRUGS, Event, hidden
from exercise.streams import stream

LOCAL = ZoneInfo("America/Matamoros")  # whose days the rows without a time tell
_ROUTE = {
    "MX": ("San Fernando", "Monterrey", "Chihuahua", "Hermosillo", "Culiacan"),
    "US": ("San Antonio", "Houston", "Phoenix", "Los Angeles", "Dallas"),
}
_AT_SEA = ("South Padre Island", "Imperial Beach", "Puerto Penasco")


def _amount(drug: int, kg: float, rng: Generator) -> tuple[str, str]:
    """Quantity and unit as an agency would write them."""
    told = DRUGS[drug][0]
    if told == "fentanyl tablets":
        return str(int(kg * 9_000)), "tablets"
    if kg < 0.5:
        return f"{kg * 1_000:.0f}", "g"
    if rng.random() < 0.3:
        return f"{kg / 0.45359237:.1f}", "lb"
    return f"{kg:.2f}", "kg"


def _agency(event: Event, side: str, rng: Generator) -> str:
    if event.centre in _AT_SEA:
        return str(rng.choice(["Marina EX", "Isthmus Coast Guard EX"], p=[0.8, 0.2]))
    return str(
        rng.choice(["Patrol EX", "Customs EX"], p=[0.6, 0.4])
        if side == "US"
        else rng.choice(["Guardia EX", "Customs EX"], p=[0.85, 0.15])
    )


def seizure_rows(events: list[Event], clock: Clock) -> list[tuple]:
    """The events as told, some to the day only; then rows nobody can place, and month totals."""
    rng = stream(clock.seed, "seizures as told")
    sides = side_of(np.array([e.lon for e in events]), np.array([e.lat for e in events])) if events else []
    rows: list[tuple] = []
    for i, (e, side) in enumerate(zip(events, sides), start=1):
        precision = int(rng.choice([20, 50, 100, 500, 2_000, 8_000], p=[0.2, 0.3, 0.25, 0.15, 0.07, 0.03]))
        digits = 5 if precision <= 100 else 4 if precision <= 500 else 3 if precision <= 2_000 else 2
        quantity, unit = _amount(e.drug, e.kg, rng)
        if rng.random() < 0.02:
            quantity, unit = "", ""
        when = iso(e.t // 60 * 60) if rng.random() > 0.12 else datetime.fromtimestamp(e.t, LOCAL).date().isoformat()
        north = side == "US" or e.centre in _AT_SEA
        origin = str(rng.choice(_ROUTE["MX"])) if rng.random() < 0.3 else ""
        transit = (
            str(rng.choice(["Reynosa", "Matamoros", "Nuevo Laredo", "Ciudad Juarez", "Tijuana"]))
            if rng.random() < 0.25
            else ""
        )
        destination = str(rng.choice(_ROUTE["US"])) if north and rng.random() < 0.3 else ""
        note = {"surge": "vehicle stop", "emerging": "told by a landowner"}.get(e.cluster, "")
        rows.append(
            (
                f"EX-{i:05d}",
                when,
                "",
                f"{e.lat:.{digits}f}",
                f"{e.lon:.{digits}f}",
                precision,
                DRUGS[e.drug][0],
                quantity,
                unit,
                1,
                e.conveyance,
                hidden(e.conveyance, rng),
                origin,
                transit,
                destination,
                e.found,
                _agency(e, str(side), rng),
                note,
            )
        )
    return rows + _unplaced(clock, len(rows), rng) + _months(events, clock, len(rows) + 1_000)


def _unplaced(clock: Clock, after: int, rng: Generator) -> list[tuple]:
    """Rows that name a place no gazetteer has."""
    out = []
    for k in range(clock.count(12)):
        drug = int(rng.integers(6))
        t = rng.uniform(clock.start_s, clock.end_s - HOUR_S)
        out.append(
            (
                f"EX-{after + 1 + k:05d}",
                iso(t)[:10],
                str(rng.choice(["Rancho La Quimera EX", "Kilometro 0 EX", "Brecha Sin Nombre EX"])),
                "",
                "",
                "",
                DRUGS[drug][0],
                f"{rng.lognormal(1.2, 1):.2f}",
                "kg",
                1,
                "vehicle",
                "",
                "",
                "",
                "",
                "report",
                "Guardia EX",
                "place as told on the phone",
            )
        )
    return out


def _months(events: list[Event], clock: Clock, after: int) -> list[tuple]:
    """Month totals of an agency that publishes nothing finer; they tell of other seizures than the rows above."""
    out = []
    months = sorted({iso(t)[:7] for t in range(clock.start_s, clock.end_s, 24 * HOUR_S)})
    # A month that is not over has no total yet.
    for month in [m for m in months if m < iso(clock.end_s)[:7]]:
        inside = [e for e in events if iso(e.t)[:7] == month]
        for drug in (0, 2, 6):
            n = max(3, sum(e.drug == drug for e in inside) // 6)
            kg = max(1.0, sum(e.kg for e in inside if e.drug == drug) / 5)
            after += 1
            out.append(
                (
                    f"EX-{after:05d}",
                    month,
                    "",
                    f"{8.98:.2f}",
                    f"{-79.52:.2f}",
                    50_000,
                    DRUGS[drug][0],
                    f"{kg:.1f}",
                    "kg",
                    n,
                    "vessel",
                    "",
                    "",
                    "",
                    "",
                    "patrol",
                    "Isthmus Coast Guard EX",
                    "month total",
                )
            )
    return out
