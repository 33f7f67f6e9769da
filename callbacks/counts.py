"""What the filter gives: chips, kinds, agencies, amount, the layers' lines, the drawer's tab, the export menu."""

from __future__ import annotations

import time

from dash import ALL, Dash, Input, Output, State, no_update

from callbacks._database import database, filter_of, selected_of
from callbacks.wiring import vigia
from data import counts, spans
from data.filters import Filter
from errors import FilterInvalid
from layouts import drawer, exporting, ids, nothing, rail, strip

# What stands beside the choices and on the button that shows them.
BESIDE = ((ids.DRUG, "options"), (ids.KIND, "options"), (ids.KIND_TOTAL, "children"), (ids.AGENCY, "options"), (ids.CONVEYANCE, "options"),
          (ids.AMOUNT_BARS, "children"), (ids.SHEET_WORDS, "children"), (ids.SHOW, "children"))


def include(app: Dash) -> None:
    app.callback(
        Output(ids.DRUG, "options"), Output(ids.KIND, "options"), Output(ids.KIND_TOTAL, "children"),
        Output(ids.AGENCY, "options"), Output(ids.AMOUNT_BARS, "children"), Output(ids.DRAWER_WORDS, "children"),
        Output(ids.UNPLACED, "children"), Output(ids.UNPLACED, "hidden"), Output(ids.EXPORT, "children"),
        Output(ids.STRIP, "children"), Output(ids.SHOW, "children"), Output(ids.NOTHING, "children"), Output(ids.NOTHING, "hidden"),
        Output(ids.COUNTS, "data"), Output(ids.CONVEYANCE, "options"), Output(ids.SHEET_WORDS, "children"),
        Output({"part": "line", "layer": ALL}, "children"),
        Input(ids.CHOICES, "data"), State({"part": "line", "layer": ALL}, "id"), prevent_initial_call=True,
    )(show)
    app.callback(*(Output(id, what, allow_duplicate=True) for id, what in BESIDE), Input(ids.DRAFT, "data"), prevent_initial_call=True)(collected)
    app.clientside_callback(vigia("counted"), Input(ids.COUNTS, "data"), prevent_initial_call=True)


async def show(choices: dict, lines: list[dict]) -> tuple:
    """All the numbers round the map, from one reading of the database, so that they agree."""
    if not choices:
        return (no_update,) * 16 + ([no_update] * len(lines),)
    try:
        filter, selected = filter_of(choices), selected_of(choices)
    except FilterInvalid as error:
        return (no_update,) * 6 + (str(error), False) + (no_update,) * 8 + ([no_update] * len(lines),)
    async with database().reading() as session:
        n = await counts.counts(session, filter)
        missing = await _missing(session, filter, n)
        picked = await counts.totals(session, selected) if selected.pick else None
    s = n["seizures"]
    words = rail.layer_lines(n, choices.get("veil"))
    off = rail.off_map_words(s["unplaced"], s["aggregates"])
    drugs, kinds, of_kinds, agencies, conveyances, bars, total, button = beside(n, filter)
    return (
        drugs, kinds, of_kinds, agencies, bars, drawer.words(n, picked), off, not off, exporting.files(filter.query()), strip.strip(filter.world, n["marking"]),
        button, missing, not missing, _told(n, filter) | {"picked": picked}, conveyances, total, [words[i["layer"]] for i in lines],
    )


async def collected(draft: dict | None) -> tuple:
    """What the changes that are collected would give, alone: nothing else is asked for until they are shown."""
    if not draft:
        return (no_update,) * len(BESIDE)
    try:
        filter = filter_of(draft)
    except FilterInvalid:
        return (no_update,) * len(BESIDE)
    async with database().reading() as session:
        return beside(await counts.counts(session, filter), filter)


def beside(n: dict, filter: Filter) -> tuple:
    """`BESIDE` of these counts."""
    facets, tracks = n["facets"], n["tracks"]["total"]
    total = n["seizures"]["total"] + tracks + n["images"]["total"]
    return (
        rail.drug_options(facets["drug"]), rail.kind_options(facets["kind"]), f"{tracks:,} of {sum(facets['kind'].values()):,}",
        rail.agency_options(facets["agency"], filter.agency), rail.conveyance_options(facets["conveyance"]), rail.amount_bars(n["amount"]),
        rail.total_words(n), f"Show {total:,}",
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
