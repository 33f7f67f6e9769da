"""Quantities to kilograms, only by a stated rule."""

from __future__ import annotations

import math
import tomllib
from functools import lru_cache

from settings import ROOT


def kilograms(quantity: float | None, unit: str | None, drug: str) -> tuple[float | None, str | None]:
    """The kilogram equivalent and the rule it follows; (None, None) where no rule is stated.

    >>> kilograms(2.0, "lb", "cocaine")
    (0.90718474, 'weight')
    >>> kilograms(12.0, "plants", "cannabis")
    (None, None)
    """
    if quantity is None or unit is None:
        return None, None
    weights, rules = _tables()
    name = unit.strip().casefold().rstrip(".")
    if name in weights:
        return quantity * weights[name], "weight"
    for rule in rules:
        if rule["drug"] == drug and name in rule["units"]:
            return quantity * rule["kg_each"], f"{rule['name']} ({rule['source']})"
    return None, None


def number(told: str | None, thousands: str | None = None, decimal: str = ".") -> float | None:
    """A number as told; None for nothing. Raises ValueError for anything that is not a finite number of 0 or more.

    >>> number("16,780", thousands=",")
    16780.0
    """
    if told is None or not told.strip():
        return None
    text = told.strip()
    if thousands:
        text = text.replace(thousands, "")
    if decimal != ".":
        text = text.replace(decimal, ".")
    value = float(text)
    if not math.isfinite(value) or value < 0:
        raise ValueError(told)
    return value


@lru_cache
def _tables() -> tuple[dict[str, float], list[dict]]:
    told = tomllib.loads((ROOT / "data" / "quantities.toml").read_text(encoding="utf-8"))
    return told["weight_kg"], told["rule"]
