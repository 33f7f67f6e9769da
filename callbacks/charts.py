"""The charts, made only while their tab is open: plotly's code is loaded by the first one drawn."""

from __future__ import annotations

from dash import Dash, Input, Output, no_update

from callbacks._database import database, filter_of
from data import charts as numbers
from errors import FilterInvalid
from layouts import charts, details, ids


def include(app: Dash) -> None:
    app.callback(Output(ids.CHARTS, "children"), Input(ids.CHOICES, "data"), Input(ids.DRAWER_TAB, "value"),
                 prevent_initial_call=True)(show)


async def show(choices: dict | None, tab: str) -> list:
    """Both charts under the filter, in the theme's colours (sent with the choices). They are of the whole window: the clock is a line in them."""
    if tab != "charts" or not choices:
        return []
    if choices.get("playing"):
        return no_update
    try:
        filter = filter_of(choices)
    except FilterInvalid as error:
        return details.missing(str(error))
    async with database().reading() as session:
        over_time = await numbers.drugs_over_time(session, filter.but(at=None))
        sections = await numbers.by_section(session, filter.but(at=None))
    return charts.pane(over_time, sections, choices.get("colours") or {}, filter.at)
