"""The map on paper, as a query string asks for it beside its filter: paper, orientation, layers, the ground on it, and a zone for its times."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, available_timezones

from data.filters import Filter
from data.page_state import LAYER
from data.page_state import LAYERS as OF_PAGE
from data.query import PARSERS
from data.records import BBox
from errors import FilterInvalid
from exports.printed.asked import Asked
from exports.printed.paper import LAT_MAX, ORIENTATIONS, PAPERS_MM, Sheet
from routes import filter_words

KEYS = ("paper", "orientation", "layers", "frame", "zone")
OFF = ("sections", "coverage")  # what the page does not show unless it is asked to
DRAWN = {"seizures": "seizures", "movements": "tracks", "hotspots": "hotspots", "sections": "sections", "imagery": "images"}


def read(items: Iterable[tuple[str, str]], filter: Filter) -> Asked:
    """The sheet of a query string's pairs, of those of KEYS. Raises FilterInvalid with every bad one at once."""
    told, problems = {}, []
    for key, value in items:
        if key not in KEYS:
            continue
        if key in told:
            problems.append({"key": key, "value": value[:200], "expected": "one value, not several"})
        told[key] = value
    found: dict = {"layers": frozenset(OF_PAGE) - frozenset(OFF), "zone": ZoneInfo("UTC")}
    readers = {"paper": _one_of(tuple(PAPERS_MM)), "orientation": _one_of(ORIENTATIONS), "layers": _layers, "frame": _frame, "zone": _zone}
    for key, value in told.items():
        try:
            found[key] = readers[key](value)
        except ValueError as error:
            problems.append({"key": key, "value": value[:200], "expected": str(error)})
    if problems:
        raise FilterInvalid(problems)
    return Asked(
        Sheet(found.get("paper", "a4"), found.get("orientation", "portrait")), found.get("frame") or _asked_ground(filter), frozenset(DRAWN[layer] for layer in found["layers"] if layer in DRAWN),
        tuple(sorted(found["layers"] - DRAWN.keys())), found["zone"], filter_words.window(filter, found["zone"]), tuple(filter_words.words(filter, found["zone"])))


def text(pairs: Iterable[tuple[str, str]]) -> str:
    """Pairs as a query string that says the same."""
    return urlencode(list(pairs))


def _asked_ground(filter: Filter) -> BBox | None:
    if filter.area:
        lons, lats = zip(*filter.area)
        return min(lons), min(lats), max(lons), max(lats)
    return filter.bbox


def _one_of(allowed: tuple[str, ...]):
    def read(told: str) -> str:
        if told not in allowed:
            raise ValueError(" or ".join(allowed))
        return told

    return read


def _layers(told: str) -> frozenset[str]:
    """As the page's address has them (assets/js/choices.mjs): what is not named is off, but events, which came later."""
    found = [LAYER.fullmatch(part) for part in told.split(",")]
    names = [match[1] for match in found if match]
    if len(names) != len(found) or len(set(names)) != len(names) or not set(names) <= set(OF_PAGE):
        raise ValueError(f"each layer once, as -name (off) or name:opacity, of {', '.join(OF_PAGE)}")
    on = {match[1] for match in found if not match[0].startswith("-")}
    return frozenset(on | ({"events"} - set(names)))


def _frame(told: str) -> BBox:
    west, south, east, north = PARSERS["bbox"][1]([told])
    if west == east or south >= LAT_MAX or north <= -LAT_MAX:
        raise ValueError(f"west,south,east,north in degrees, some of it within {LAT_MAX:g} degrees of latitude, as a map of Web Mercator ends there")
    return west, south, east, north


def _zone(told: str) -> ZoneInfo:
    if told not in available_timezones():
        raise ValueError("a time zone such as America/Matamoros, or UTC")
    return ZoneInfo(told)
