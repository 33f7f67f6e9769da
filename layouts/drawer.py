"""The drawer at the bottom of the map: its tab tells the counts, open it holds tables and charts."""

from __future__ import annotations

import dash_ag_grid as dag
from dash import dcc, html

from layouts import ids
from layouts.symbols import icon

TABS = (("seizures", "Seizures"), ("tracks", "Movements"), ("images", "Images"), ("charts", "Charts"))

WHEN = {"function": "vigiaTime(params.value)"}
NUMBER = {"function": "vigiaNumber(params.value, 2)"}

COLUMNS = {
    "seizures": [
        {"field": "symbol", "headerName": "", "width": 44, "sortable": False, "cellClass": "symbol-cell",
         "cellRenderer": "VigiaSymbol"},
        {"field": "when", "headerName": "When (UTC)", "width": 150, "valueFormatter": WHEN, "sort": "desc"},
        {"field": "drug", "headerName": "Drug", "width": 160},
        {"field": "kg", "headerName": "kg", "width": 100, "type": "rightAligned", "valueFormatter": NUMBER},
        {"field": "place", "headerName": "Place", "minWidth": 170, "flex": 1},
        {"field": "section", "headerName": "Border section", "minWidth": 200, "flex": 2, "sortable": False},
        {"field": "conveyance", "headerName": "Conveyance", "width": 120},
        {"field": "events", "headerName": "Events", "width": 90, "type": "rightAligned", "sortable": False},
        {"field": "agency", "headerName": "Agency", "width": 140},
        {"field": "marking", "headerName": "Marking", "width": 120, "sortable": False},
    ],
    "tracks": [
        {"field": "symbol", "headerName": "", "width": 44, "sortable": False, "cellClass": "symbol-cell",
         "cellRenderer": "VigiaSymbol"},
        {"field": "name", "headerName": "Name", "minWidth": 180, "flex": 1},
        {"field": "kind", "headerName": "Kind", "width": 110},
        {"field": "key", "headerName": "Identity, as told", "width": 180},
        {"field": "last", "headerName": "Last seen (UTC)", "width": 150, "valueFormatter": WHEN, "sort": "desc"},
        {"field": "fixes", "headerName": "Fixes", "width": 90, "type": "rightAligned"},
        {"field": "length_km", "headerName": "km", "width": 90, "type": "rightAligned", "valueFormatter": NUMBER},
        {"field": "agency", "headerName": "Agency", "width": 140},
        {"field": "source", "headerName": "Source", "minWidth": 180, "flex": 2, "sortable": False},
        {"field": "marking", "headerName": "Marking", "width": 120, "sortable": False},
    ],
    "images": [
        {"field": "symbol", "headerName": "", "width": 44, "sortable": False, "cellClass": "symbol-cell",
         "cellRenderer": "VigiaSymbol"},
        {"field": "name", "headerName": "Name", "minWidth": 260, "flex": 1, "sortable": False},
        {"field": "captured", "headerName": "Captured (UTC)", "width": 150, "valueFormatter": WHEN, "sortable": False},
        {"field": "gsd_cm", "headerName": "Ground sample, cm", "width": 140, "type": "rightAligned", "sortable": False,
         "valueFormatter": NUMBER},
        {"field": "sortie", "headerName": "Sortie", "width": 140, "sortable": False},
        {"field": "agency", "headerName": "Agency", "width": 140, "sortable": False},
        {"field": "marking", "headerName": "Marking", "width": 120, "sortable": False},
    ],
}
PAGE = 100


def drawer() -> html.Section:
    return html.Section(
        [
            html.Button(
                [icon("table"), html.Span(id=ids.DRAWER_WORDS, children="Table"), icon("chevron")],
                id=ids.DRAWER_TOGGLE, className="drawer-tab", **{"aria-expanded": "false", "aria-controls": ids.DRAWER},
            ),
            html.Div(
                [
                    dcc.RadioItems(
                        id=ids.DRAWER_TAB, className="segments tabs", inline=True, value="seizures",
                        options=[{"label": word, "value": value} for value, word in TABS],
                    ),
                    # Filled when somebody opens it: the grid's program is a third of the page's weight.
                    html.Div(id=ids.TABLE_PANE, className="table-pane"),
                    html.Div(id=ids.CHARTS, className="charts", hidden=True),
                ],
                id=ids.DRAWER, className="drawer", hidden=True,
            ),
        ],
        className="drawer-box", **{"aria-label": "Tables and charts"},
    )


def words(n: dict) -> list:
    """What the tab says: the counts of the filter."""
    pairs = ((n["seizures"]["total"], "seizures"), (n["tracks"]["total"], "tracks"), (n["images"]["total"], "images"))
    return ["Table ", *(part for number, word in pairs for part in (html.B(f"{number:,}"), f" {word} "))]


def table(kind: str) -> dag.AgGrid:
    """An endless table: it asks for a page of rows as somebody scrolls to it."""
    return dag.AgGrid(
        id=ids.TABLE,
        className="vigia-grid",
        columnDefs=COLUMNS[kind],
        defaultColDef={"resizable": True, "sortable": True, "suppressMovable": False},
        rowModelType="infinite",
        getRowId="params.data.id",
        dashGridOptions={
            "rowHeight": 30, "headerHeight": 28, "cacheBlockSize": PAGE, "maxBlocksInCache": 20, "rowSelection": {
                "mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
            "animateRows": False, "suppressCellFocus": False,
            "localeText": {"noRowsToShow": "Nothing matches this filter."},
        },
        style={"height": "100%", "width": "100%"},
    )
