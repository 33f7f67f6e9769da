"""The export menu: a file of each format, and the map on paper. In the top bar; where that has no room, a sheet that the rail opens."""

from __future__ import annotations

from dash import html

from layouts import ids
from layouts.symbols import icon

FORMATS = (
    ("geojson", "GeoJSON", "for GIS"),
    ("csv", "CSV", "for a spreadsheet"),
    ("gpkg", "GeoPackage", "every layer in one file"),
    ("kml", "KML", "for globes"),
    ("gpx", "GPX", "for a hand-held receiver: points and lines"),
    ("briefing", "Briefing", "one page that opens with no network"),
    ("hotspots", "Hexagons", "for outsiders: no record, no small number"),
)
SHEETS = (("a4 portrait", "A4, upright"), ("a4 landscape", "A4, lying"), ("a3 portrait", "A3, upright"), ("a3 landscape", "A3, lying"))
GROUNDS = (("screen", "As on screen"), ("found", "All that is found"))


def menu() -> html.Details:
    return html.Details(
        [
            html.Summary([icon("export"), "Export"], title="Export"),
            html.Div([
                html.Div([html.H2("Export"), html.Button("Close", className="link", **{"data-command": "export"})], className="menu-head narrow-only"),
                html.Div(id=ids.EXPORT), paper(), html.Div(id=ids.EXPORT_MADE, className="made", hidden=True),
            ], className="menu"),
        ],
        id=ids.EXPORT_MENU, className="tool-menu exporting",
    )


def button() -> html.Button:
    """Opens the menu from the rail, where the top bar has no room for it."""
    return html.Button([icon("export"), "Export"], className="account narrow-only", **{"data-command": "export", "aria-controls": ids.EXPORT_MENU})


def files(query: str) -> list:
    """The menu's links for a filter's query string."""
    return [
        html.A([html.B(name), html.Span(what)], href=f"/api/export/{key}?{query}", download="", className="menu-row")
        for key, name, what in FORMATS
    ]


def paper() -> html.Div:
    """The map as a PDF: assets/js/sheets.mjs writes the link's address as it is pressed, of the choices that stand then."""
    return html.Div(
        [
            html.B("Printed map"),
            *(html.Label([word, html.Select([html.Option(told, value=value) for value, told in values], id=id)])
              for id, word, values in ((ids.SHEET, "Paper", SHEETS), (ids.SHEET_GROUND, "Ground", GROUNDS))),
            html.A("PDF", id=ids.SHEET_GO, href="/api/export/pdf", download="", className="filled"),
        ],
        className="sheet", role="group", **{"aria-label": "Printed map"},
    )
