"""Two images compared: the panel beside the map, filled by the browser (assets/js/compare), and where an image's details ask for it."""

from __future__ import annotations

from dash import html

from layouts import ids


def panel() -> html.Section:
    return html.Section(id=ids.COMPARE, className="compare", hidden=True, **{"aria-label": "Compare two images"})


def partners(image: int) -> html.Div:
    """The button; the images that share ground with this one are listed below it when it is pressed."""
    return html.Div(
        html.Button("Compare with…", className="action", **{"data-command": "compare-with", "aria-expanded": "false"}),
        className="compare-with", **{"data-image": str(image)},
    )
