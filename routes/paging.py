"""`limit`, `offset` and `sort` of a list."""

from __future__ import annotations

from collections.abc import Container

from fastapi import Request

from errors import FilterInvalid
from routes.asking import LIST_MAX

KEYS = ("limit", "offset", "sort")


def paging(request: Request, sorts: Container[str], default: str) -> dict:
    """The three, checked. A limit past the most is held at it, as GIS clients expect. Raises FilterInvalid."""
    sort = request.query_params.get("sort", default)
    if sort.removeprefix("-") not in sorts:
        raise FilterInvalid([{"key": "sort", "value": sort[:80], "expected": f"one of {', '.join(sorts)}, with - for the other way"}])
    return {
        "limit": min(max(_whole(request, "limit", 100), 1), LIST_MAX),
        "offset": _whole(request, "offset", 0),
        "sort": sort,
    }


def _whole(request: Request, key: str, default: int) -> int:
    told = request.query_params.get(key)
    if told is None:
        return default
    if not told.isdecimal() or int(told) > 2**31:
        raise FilterInvalid([{"key": key, "value": told[:80], "expected": "a whole number, 0 or more"}])
    return int(told)
