"""What the filter gives: chips, kinds, agencies, amount, the layers' lines, the drawer's tab, the export menu."""

from __future__ import annotations

import time

from dash import ALL, Dash, Input, Output, State, no_update

from callbacks._database import database, filter_of
from callbacks.wiring import vigia
from data import counts, spans
from data.filters import Filter
from errors import FilterInvalid
from layouts import drawer, ids, nothing, rail, strip, topbar


def include(app: Dash) -> None:
    app.callback(
        Output(ids.DRUG, "options"), Output(ids.KIND, "options"), Output(ids.KIND_TOTAL, "children"),
        Output(ids.AGENCY, "options"), Output(ids.AMOUNT_BARS, "children"), Output(ids.DRAWER_WORDS, "children"),
        Output(ids.UNPLACED, "children"), Output(ids.UNPLACED, "hidden"), Output(ids.EXPORT, "children"),
        Output(ids.STRIP, "children"), Output(ids.SHOW, "children"), Output(ids.NOTHING, "children"), Output(ids.NOTHING, "hidden"),
        Output(ids.COUNTS, "data"), Output({"part": "line", "layer": ALL}, "children"),
        Input(ids.CHOICES, "data"), State({"part": "line", "layer": ALL}, "id"), prevent_initial_call=True,
    )(show)
    app.clientside_callback(vigia("counted"), Input(ids.COUNTS, "data"), prevent_initial_call=True)


async def show(choices: dict, lines: list[dict]) -> tuple:
    """All the numbers round the map, from one reading of the database, so that they agree."""
    if not choices:
        return (no_update,) * 14 + ([no_update] * len(lines),)
    try:
        filter = filter_of(choices)
    except FilterInvalid as error:
        return (no_update,) * 6 + (str(error), False) + (no_update,) * 6 + ([no_update] * len(lines),)
    async with database().reading() as session:
        n = await counts.counts(session, filter)
        missing = await _missing(session, filter, n)
    facets, s = n["facets"], n["seizures"]
    kinds_total = sum(facets["kind"].values())
    words = rail.layer_lines(n, choices.get("veil"))
    off = rail.off_map_words(s["unplaced"], s["aggregates"])
    total = s["total"] + n["tracks"]["total"] + n["images"]["total"]
    return (
        rail.drug_options(facets["drug"]), rail.kind_options(facets["kind"]),
        f"{n['tracks']['total']:,} of {kinds_total:,}", rail.agency_options(facets["agency"]), rail.amount_bars(n["amount"]),
        drawer.words(n), off, not off, topbar.exports(filter.query()), strip.strip(filter.world, n["marking"]),
        f"Show {total:,}", missing, not missing, _told(n, filter), [words[i["layer"]] for i in lines],
    )


def _told(n: dict, filter: Filter) -> dict:
    """What the timeline says of it: the same numbers, and when they were counted."""
    return {layer: n[layer]["total"] for layer in ("seizures", "tracks", "images")} | {"at": filter.at and filter.at.isoformat(), "counted_at": time.time()}


async def _missing(session, filter: Filter, n: dict) -> list:
    """What the map says of layers that the filter leaves empty."""
    if all(n[layer]["total"] for layer in ("seizures", "tracks", "images")):
        return []
    if await spans.empty(session, filter.world_code):
        return nothing.of(filter.world, n, None)
    return nothing.of(filter.world, n, await counts.totals(session, Filter(filter.world, filter.start, filter.end, filter.at)))
