"""The panel of alerts and events beside the map, the banner of emergencies, and the button that opens the panel. Rows come to the browser by themselves."""

from __future__ import annotations

from dash import html

from layouts import ids
from layouts.symbols import icon


def button() -> html.Button:
    """Opens the panel; says how many alerts wait."""
    return html.Button([icon("bell"), html.Span("Alerts", className="alert-word"), html.Span(className="alert-count")], id=ids.ALERTS_TOGGLE, className="tool alerts-toggle",
                       **{"aria-expanded": "false", "aria-controls": ids.ALERTS})


def banner() -> html.Div:
    return html.Div(id=ids.EMERGENCY, className="emergency-banner", hidden=True, role="alert")


def panel() -> html.Section:
    return html.Section(
        [
            html.Header([html.H2("Alerts"), html.Button("×", className="close", title="Close", **{"aria-label": "Close alerts", "data-command": "close-alerts"})], className="alerts-head"),
            html.Ul(id=ids.ALERT_LINES, className="alert-lines", **{"aria-live": "polite"}),
            html.Header(
                [html.H2(["Events", html.Span(id=ids.EVENT_TOTAL, className="meta")]),
                 html.Button("On the map", id=ids.EVENTS_ON_MAP, className="link", **{"aria-pressed": "true"})],
                className="alerts-head",
            ),
            html.Ul(id=ids.EVENT_ROWS, className="event-rows"),
            html.P([html.A("What each rule looks at, and what it does not", href="/rules")], className="note"),
        ],
        id=ids.ALERTS, className="alerts", hidden=True, **{"aria-label": "Alerts and events"},
    )
