"""Who is in the exercise: agencies and names. All invented; every agency carries the mark EX."""

from __future__ import annotations

from numpy.random import Generator

# name -> country of the invented agency
AGENCIES: dict[str, str] = {
    "Patrol EX": "US",
    "Customs EX": "US",
    "Marina EX": "MX",
    "Guardia EX": "MX",
    "Isthmus Coast Guard EX": "PA",
}

MID = 799
"""Maritime identification digits of every MMSI here. ITU has given out 201 to 775: no ship bears a number with 799."""

_HULL = (
    "Marisma",
    "Estrella",
    "Garza",
    "Tortuga",
    "Brisa",
    "Perla",
    "Gaviota",
    "Duna",
    "Coral",
    "Aurora",
    "Pelicano",
    "Salina",
)
_HUE = ("Azul", "del Sur", "Dorada", "Norte", "Gris", "Chica", "Blanca", "Mayor")
_FIRM = ("Ocotillo", "Mesquite", "Huizache", "Anacua", "Retama", "Sabal", "Nopal", "Chaparral", "Ebano", "Palo Verde")
_GOODS = ("Citrus pallet", "Parcel", "Drum", "Machine crate", "Tyre pallet", "Onion pallet", "Tool case", "Fabric roll")


def vessels(n: int, rng: Generator) -> list[str]:
    """`n` different ship names; the first is always the one the exercise plants an alarm on."""
    pairs = [f"{a} {b}" for a in _HULL for b in _HUE if (a, b) != ("Marisma", "Azul")]
    order = rng.permutation(len(pairs))
    made = [pairs[order[i % len(pairs)]] + (f" {i // len(pairs) + 1}" if i >= len(pairs) else "") for i in range(n - 1)]
    return ["Marisma Azul", *made][:n]


def firm(rng: Generator) -> str:
    """A haulier."""
    return f"{_FIRM[rng.integers(len(_FIRM))]} EX"


def goods(rng: Generator) -> str:
    """What a tag hangs on."""
    return _GOODS[rng.integers(len(_GOODS))]
