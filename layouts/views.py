"""Saved views: the panel beside the map, what stands over it while one is shown, the buttons; and undo, redo and the list of keys (assets/js/views)."""

from __future__ import annotations

from dash import html

from layouts import ids
from layouts.symbols import icon


def button(narrow: bool = False) -> html.Button:
    """Opens the panel: in the top bar, and where that has no room in the rail."""
    return html.Button([icon("views"), "Views"], className="account narrow-only" if narrow else "tool wide-only", title="Views",
                       **{"data-command": "views", "aria-expanded": "false", "aria-controls": ids.VIEWS})


def panel() -> html.Section:
    return html.Section(id=ids.VIEWS, className="views", hidden=True, **{"aria-label": "Saved views"})


def bar() -> html.Div:
    return html.Div(id=ids.VIEW_BAR, className="view-bar", hidden=True, role="status")


def steps() -> list[html.Button]:
    """Undo and redo of what was chosen."""
    return [
        html.Button(icon(name), className="step", disabled=True, title=f"{word} ({keys})", **{"aria-label": word, "aria-keyshortcuts": told, "data-command": name})
        for name, word, keys, told in (("undo", "Undo", "Ctrl+Z", "Control+Z"), ("redo", "Redo", "Ctrl+Shift+Z", "Control+Shift+Z"))
    ]


def keys() -> html.Button:
    """Opens the list of keys."""
    return html.Button("?", className="tool wide-only", title="Keys (?)", **{"aria-label": "Keys", "data-command": "keys"})
