"""How imagery is asked for beside its filter: which bands, between which values, in which colours, and which image lies on top."""

from __future__ import annotations

from fastapi import Request

from data import imagery, looks
from data.filters import Filter
from data.looks import Look
from errors import FilterInvalid
from routes.asking import asked

KEYS = ("order", *looks.KEYS)


def seen(request: Request) -> tuple[Filter, Look, str]:
    """The filter, how images are looked at, and which lies on top. Raises FilterInvalid."""
    filter, told = asked(request, *KEYS), request.query_params
    if twice := [key for key in KEYS if len(told.getlist(key)) > 1]:
        raise FilterInvalid([{"key": key, "value": ",".join(told.getlist(key))[:200], "expected": "one"} for key in twice])
    order = told.get("order", "newest")
    if order not in imagery.ORDERS:
        raise FilterInvalid([{"key": "order", "value": order[:200], "expected": f"one of {', '.join(imagery.ORDERS)}"}])
    return filter, Look.from_query({key: told[key] for key in looks.KEYS if key in told}), order
