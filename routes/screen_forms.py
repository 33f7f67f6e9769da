"""What the forms of a screen tell, read: settings, a view, and another order of views."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from data.screens import Item, ScreenRefused, settings

FIELDS = {"distance_m": "metres", "diagonal_in": "inches", "turn_s": "seconds"}


def settings_of(told: dict) -> dict:
    """The settings of the form. Raises ScreenRefused."""
    found: dict = {"place": told.get("place", "").strip() or None, "world": told.get("world") or None, "dim": told.get("dim", "").strip() or None,
                   "zones": [zone for part in told.get("zones", "").split(",") if (zone := part.strip())]}
    for key, unit in FIELDS.items():
        found[key] = _number(key, told.get(key, ""), unit)
    found = settings(found)
    return {**found, "turn_s": int(found["turn_s"])}


def item_of(told: dict) -> Item:
    """A view: a saved one by number, or the address of the map page. Raises ScreenRefused, StateRefused, FilterInvalid."""
    view, address, turn, name = (told.get(key, "").strip() for key in ("view", "state", "turn_s", "name"))
    if view and not (view.isascii() and view.isdecimal() and len(view) < 10):
        raise ScreenRefused(f"the saved view {view[:40]!r} is none: expected its number")
    return Item(int(view) if view else None, state_of(address) if address else None, name or None, _number("turn_s", turn, "seconds") if turn else None, told.get("replay") == "1")


def state_of(address: str) -> str:
    """The state in an address of the map page, the camera from behind its #; a state as it is.

    >>> state_of("https://v.example/?world=live&drug=cocaine#map=8.6/26.15/-97.9")
    'world=live&drug=cocaine&camera=8.6/26.15/-97.9'
    >>> state_of("world=live")
    'world=live'
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        raise ScreenRefused(f"{address[:60]!r} is no address of the map page") from None
    query = parts.query if "?" in address else parts.path
    camera = re.search(r"(?:^|&)map=([^&]+)", parts.fragment)
    return "&".join(part for part in (query, f"camera={'/'.join(camera[1].split('/')[:3])}" if camera else "") if part)


def moved(playlist: list[dict], told: dict, by: int | None) -> list[dict]:
    """The list with one view (`id` is its place from 0) earlier or later by one; None: without it. Raises ScreenRefused."""
    place = told.get("id", "")
    if not (place.isascii() and place.isdecimal() and len(place) < 4 and int(place) < len(playlist)):
        raise ScreenRefused("there is no such view in the list any more: look at it again")
    out, i = list(playlist), int(place)
    kept = out.pop(i)
    if by is not None:
        out.insert(max(0, i + by), kept)
    return out


def _number(key: str, told: str, unit: str) -> float:
    try:
        return float(told)
    except ValueError:
        raise ScreenRefused(f"{key} is {told[:40]!r}, expected a number of {unit}") from None
