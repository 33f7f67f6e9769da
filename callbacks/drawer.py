"""The endless tables: a page of rows at a time, under the same filter as the map."""

from __future__ import annotations

from dash import Dash, Input, Output, State, ctx, no_update

from callbacks._database import database, filter_of
from callbacks.wiring import vigia
from data import imagery, seizures, tracks
from errors import FilterInvalid
from layouts import drawer, ids

# the table's column -> the query's sort
SORTS = {
    "seizures": {"when": "when", "drug": "drug", "kg": "kg", "place": "place", "conveyance": "conveyance", "agency": "agency"},
    "tracks": {"name": "name", "kind": "kind", "key": "key", "last": "last", "fixes": "fixes", "length_km": "length", "agency": "agency"},
    "images": {},
}
DEFAULT = {"seizures": "-when", "tracks": "-last", "images": "-captured"}


def include(app: Dash) -> None:
    app.callback(Output(ids.TABLE_PANE, "children"), Output(ids.TABLE_PANE, "hidden"), Output(ids.CHARTS, "hidden"),
                 Input(ids.DRAWER_TAB, "value"), Input(ids.DRAWER_TOGGLE, "n_clicks"), prevent_initial_call=True)(turn)
    app.callback(Output(ids.TABLE, "getRowsResponse"), Input(ids.TABLE, "getRowsRequest"),
                 State(ids.CHOICES, "data"), State(ids.DRAWER_TAB, "value"), prevent_initial_call=True)(rows)
    # Other choices, other rows. Which row somebody chooses is heard from the table itself (assets/js/main.mjs).
    app.clientside_callback(vigia("refresh_table"), Input(ids.CHOICES, "data"), prevent_initial_call=True)
    app.clientside_callback(vigia("dress_table"), Input(ids.TABLE_PANE, "children"))


async def turn(tab: str, opened: int | None) -> tuple:
    """Opened for the first time, or another tab: a table, or the charts."""
    if ctx.triggered_id == ids.DRAWER_TOGGLE and opened != 1:
        return no_update, no_update, no_update
    if tab == "charts":
        return no_update, True, False
    return drawer.table(tab), False, True


async def rows(request: dict | None, choices: dict | None, tab: str) -> dict:
    """One page of the open table."""
    if not request or not choices or tab not in SORTS:
        return no_update
    try:
        filter = filter_of(choices)
    except FilterInvalid:
        return {"rowData": [], "rowCount": 0}
    offset, end = request["startRow"], request["endRow"]
    model = request.get("sortModel") or []
    sort = DEFAULT[tab]
    if model and model[0]["colId"] in SORTS[tab]:
        sort = ("-" if model[0]["sort"] == "desc" else "") + SORTS[tab][model[0]["colId"]]
    limit = min(end - offset, drawer.PAGE)
    async with database().reading() as session:
        if tab == "seizures":
            found = await seizures.page(session, filter, limit=limit, offset=offset, sort=sort)
            data = [seizure_row(r) for r in found["rows"]]
        elif tab == "tracks":
            found = await tracks.page(session, filter, limit=limit, offset=offset, sort=sort)
            data = [track_row(r) for r in found["rows"]]
        else:
            found = await imagery.page(session, filter, limit=limit, offset=offset)
            data = [image_row(r) for r in found["rows"]]
    return {"rowData": data, "rowCount": found["total"]}


def seizure_row(r: dict) -> dict:
    return {
        "id": f"seizure:{r['id']}", "symbol": f"drug-{r['drug']}", "when": r["started_at"].isoformat(), "drug": r["drug_told"],
        "kg": r["kg"], "place": r["place"], "section": r["section"], "conveyance": r["conveyance"], "events": r["event_count"],
        "agency": r["agency"], "marking": r["marking"],
    }


def track_row(r: dict) -> dict:
    return {
        "id": f"track:{r['id']}", "symbol": f"kind-{r['kind']}", "name": r["name"], "kind": r["kind"], "key": r["key"],
        "last": r["last_at"].isoformat() if r["last_at"] else None, "fixes": r["fixes"], "length_km": r["length_m"] / 1000,
        "agency": r["agency"], "source": r["source"], "marking": r["marking"],
    }


def image_row(r: dict) -> dict:
    return {
        "id": f"image:{r['id']}", "symbol": "layer-imagery", "name": r["name"], "captured": r["captured_at"].isoformat(),
        "gsd_cm": None if r["gsd_m"] is None else r["gsd_m"] * 100, "sortie": r["sortie"], "agency": r["agency"], "marking": r["marking"],
    }
