"""The marking strip across the top of every page."""

from __future__ import annotations

from dash import html


def strip(world: str, marking: str = "TLP:AMBER") -> list:
    """EXERCISE where it is one, then the marking of what is shown."""
    chips: list = [html.Span(marking, className="marking")]
    if world == "exercise":
        chips = [html.Span("EXERCISE", className="exercise"), *chips, html.Span("All data invented", className="said")]
    return chips
