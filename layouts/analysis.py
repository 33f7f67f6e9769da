"""The panel of analyses beside the map, its legend on the map, and the buttons that open it. Form, runs and places come to the browser by themselves (assets/js/analysis)."""

from __future__ import annotations

from dash import html

from layouts import ids
from layouts.symbols import icon


def button(narrow: bool = False) -> html.Button:
    """Opens the panel: in the top bar, and where that has no room in the rail."""
    return html.Button([icon("analysis"), "Analysis"], className="account narrow-only" if narrow else "tool wide-only",
                       **{"data-command": "analysis", "aria-expanded": "false", "aria-controls": ids.ANALYSIS})


def panel() -> html.Section:
    return html.Section(id=ids.ANALYSIS, className="analysis", hidden=True, **{"aria-label": "Analysis"})


def legend() -> html.Div:
    return html.Div(id=ids.ANALYSIS_LEGEND, className="analysis-on-map", hidden=True, role="note", **{"aria-label": "What the analysis on the map shows"})
