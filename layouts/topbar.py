"""The top bar: name, world, search, export, theme, clocks."""

from __future__ import annotations

from dash import dcc, html

from layouts import alerts, analysis, ids, views
from layouts.symbols import icon, layer

FORMATS = (
    ("geojson", "GeoJSON", "for GIS"),
    ("csv", "CSV", "for a spreadsheet"),
    ("gpkg", "GeoPackage", "every layer in one file"),
    ("kml", "KML", "for globes"),
    ("gpx", "GPX", "for a hand-held receiver: points and lines"),
    ("briefing", "Briefing", "one page that opens with no network"),
    ("hotspots", "Hexagons", "for outsiders: no record, no small number"),
)


def bar() -> html.Header:
    return html.Header(
        [
            html.Button(icon("filter"), id=ids.RAIL_TOGGLE, className="tool narrow-only", title="Layers and filters",
                        **{"aria-controls": ids.RAIL, "aria-expanded": "false", "aria-label": "Layers and filters"}),
            html.H1([html.Span(className="mark", **{"aria-hidden": "true"}), "Vigia"], className="name"),
            dcc.RadioItems(
                id=ids.WORLD, className="segments world", inline=True, persistence=False,
                options=[{"label": "Live", "value": "live"}, {"label": "Exercise", "value": "exercise"}],
            ),
            html.Div(
                [
                    icon("search"),
                    html.Label(
                        [html.Span("Search", className="unseen"),
                         dcc.Input(id=ids.SEARCH, type="search", placeholder="Place, coordinates, track or seizure", autoComplete="off")],
                    ),
                    html.Kbd("/"),
                    html.Div(id=ids.SEARCH_RESULTS, className="results", hidden=True),
                ],
                className="search", role="search",
            ),
            html.Nav(
                [
                    views.button(),
                    html.Details(
                        [html.Summary([icon("export"), "Export"], title="Export"), html.Div(id=ids.EXPORT, className="menu")],
                        className="tool-menu",
                    ),
                    html.Details(
                        [
                            html.Summary([icon("theme"), "Theme"], title="Theme"),
                            html.Div(
                                dcc.RadioItems(
                                    id=ids.THEME, persistence=False,
                                    options=[{"label": "Dark", "value": "dark"}, {"label": "Light", "value": "light"},
                                             {"label": "Sun", "value": "sun"}],
                                ),
                                className="menu",
                            ),
                        ],
                        className="tool-menu",
                    ),
                    analysis.button(),
                    html.A([layer("imagery"), "Imagery"], href="/imagery", className="tool wide-only", title="Imagery", **{"data-catalogue": ""}),
                    html.A([icon("wall"), "Wall"], href="/wall/main", className="tool", title="Wall", target="_blank"),
                    html.A([icon("person"), "Account"], href="/account", className="tool", title="Account"),
                    views.keys(),
                ],
                className="tools", **{"aria-label": "Tools"},
            ),
            alerts.button(),
            html.A([icon("warning"), html.Span(className="warning-word"), html.Span(className="warning-more"), html.Span(className="unseen")],
                   id=ids.WARNINGS, href="/authorities", className="warnings", hidden=True),
            html.A([icon("warning"), html.Span(className="warning-word"), html.Span(className="unseen")], id=ids.SCREENS_SILENT, href="/screens", className="warnings urgent", hidden=True, **{"aria-live": "polite"}),
            html.A(html.Span(className="feed-word"), id=ids.FEEDS, href="/feeds", className="feeds-state", hidden=True),
            html.Div(
                [html.Time(id=ids.CLOCK_UTC, className="utc"), html.Time(id=ids.CLOCK_LOCAL, className="local")],
                className="clocks",
            ),
        ],
        className="topbar",
    )


def exports(query: str) -> list:
    """The export menu's links for a filter's query string."""
    return [
        html.A([html.B(name), html.Span(what)], href=f"/api/export/{key}?{query}", download="", className="menu-row")
        for key, name, what in FORMATS
    ]
