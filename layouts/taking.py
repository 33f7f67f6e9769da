"""An area taken along to where there is no link: the panel beside the map, and the buttons that open it (assets/js/field)."""

from __future__ import annotations

from dash import html

from layouts import ids
from layouts.symbols import icon


def button(narrow: bool = False) -> html.Button:
    """Opens the panel: in the top bar, and where that has no room in the rail."""
    return html.Button([icon("taking"), "Take along"], className="account narrow-only" if narrow else "tool wide-only", title="Take along",
                       **{"data-command": "taking", "aria-expanded": "false", "aria-controls": ids.TAKING})


def panel() -> html.Section:
    return html.Section(id=ids.TAKING, className="views taking", hidden=True, **{"aria-label": "Take along"})
