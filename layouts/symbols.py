"""The map's own symbols for the page around it: one set, drawn by CSS from assets/css/symbols.css."""

from __future__ import annotations

from dash import html

from data.records import DRUG_LETTER


def kind(name: str) -> html.Span:
    """The glyph of a kind of track, drawn by CSS from the symbol sheet."""
    return html.Span(className=f"symbol kind-{name}", **{"aria-hidden": "true"})


def drug(name: str) -> html.Span:
    """The disc of a drug with its letter."""
    return html.Span(DRUG_LETTER[name], className=f"disc drug-{name}", **{"aria-hidden": "true"})


def layer(name: str) -> html.Span:
    """The swatch of a layer."""
    return html.Span(className=f"symbol layer-{name}", **{"aria-hidden": "true"})


def icon(name: str) -> html.Span:
    """A line icon of the interface."""
    return html.Span(className=f"icon icon-{name}", **{"aria-hidden": "true"})
