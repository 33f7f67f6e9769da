"""The marking strip across the top of every page."""

from __future__ import annotations

from dash import html


def marking(told: str) -> html.Span:
    """A marking in the colour TLP 2.0 gives it."""
    return html.Span(told, className=f"marking {told.split('+')[0].replace(':', '-').lower()}")


def strip(world: str, strictest: str) -> list:
    """EXERCISE where it is one, then the strictest marking of what is shown."""
    chips: list = [marking(strictest)]
    if world == "exercise":
        chips = [html.Span("EXERCISE", className="exercise"), *chips, html.Span("All data invented", className="said")]
    return chips
