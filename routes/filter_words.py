"""A Filter in words, for paper: nobody reads a query string there."""

from __future__ import annotations

from datetime import timezone, tzinfo

from data.filters import Filter
from data.records import DRUG_WORD
from exports.printed.times import moment

LISTED = 12  # names of a list that are told; of a longer one its number is


def words(filter: Filter, zone: tzinfo = timezone.utc) -> list[tuple[str, str]]:
    """What is asked for, as pairs of a heading and its words. The world and the window are always told, of the rest what is set."""
    out = [("World", "Exercise: all data invented" if filter.world == "exercise" else "Live"), ("Window", window(filter, zone))]
    if filter.at:
        out.append(("Clock", f"at {moment(filter.at, zone)}: what happened later is not shown"))
    if filter.known_at:
        out.append(("As known at", moment(filter.known_at, zone)))
    if filter.bbox:
        west, south, east, north = filter.bbox
        out.append(("Box", f"{_degrees(south, 'NS')} to {_degrees(north, 'NS')}, {_degrees(west, 'EW')} to {_degrees(east, 'EW')}"))
    if filter.area:
        lons, lats = [p[0] for p in filter.area], [p[1] for p in filter.area]
        out.append(("Area", f"drawn, of {len(filter.area)} corners, within {_degrees(min(lats), 'NS')} to {_degrees(max(lats), 'NS')}, {_degrees(min(lons), 'EW')} to {_degrees(max(lons), 'EW')}"))
    for heading, values in (("Kinds of track", filter.kind), ("Drugs", tuple(DRUG_WORD[d] for d in filter.drug)), ("Conveyances", filter.conveyance), ("Agencies", filter.agency)):
        if values:
            out.append((heading, _list(values)))
    for heading, numbers in (("Tracks", filter.track), ("Sources", filter.source)):
        if numbers:
            out.append((heading, f"number {_list(numbers)}"))
    if filter.min_kg is not None or filter.max_kg is not None:
        low, high = (None if kg is None else f"{kg:,g} kg" for kg in (filter.min_kg, filter.max_kg))
        out.append(("Weight", f"{low} to {high}" if low and high else f"{low} or more" if low else f"{high} or less"))
    if filter.q:
        out.append(("Text", filter.q))
    return out


def window(filter: Filter, zone: tzinfo) -> str:
    """From when to when."""
    if filter.start and filter.end:
        return f"{moment(filter.start, zone)} to {moment(filter.end, zone)}"
    return f"from {moment(filter.start, zone)}" if filter.start else f"before {moment(filter.end, zone)}" if filter.end else "all times"


def _degrees(value: float, letters: str) -> str:
    return f"{abs(value):.4f}".rstrip("0").rstrip(".") + f"° {letters[value < 0]}"


def _list(values: tuple) -> str:
    told = ", ".join(str(v) for v in values[:LISTED])
    return told if len(values) <= LISTED else f"{told} and {len(values) - LISTED:,} more"
