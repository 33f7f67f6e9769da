"""The details panel follows the selection."""

from __future__ import annotations

from dash import Dash, Input, Output, no_update

from callbacks._database import database, filter_of, record
from data import catalogue, events, seizures, tracks, videos
from data.filters import Filter
from errors import FilterInvalid, NotFound
from layouts import details, ids

# selection's first word -> (query, layout)
PARTS = {
    "seizure": (seizures.one, details.seizure),
    "track": (tracks.one, details.track),
    "image": (catalogue.image, details.image),
    "sortie": (catalogue.sortie, details.sortie),
    "event": (events.one, details.event),
    "video": (videos.one, details.video),
}


def include(app: Dash) -> None:
    app.callback(
        Output(ids.DETAILS, "children"), Output(ids.DETAILS, "hidden"), Input(ids.CHOICES, "data"), prevent_initial_call=True,
    )(show)


async def show(choices: dict) -> tuple[list, bool]:
    """What `sel` names, as it was when the clock stood where it does, or nothing. While the clock runs it stays as it was."""
    if (choices or {}).get("playing"):
        return no_update, no_update
    part, _, key = ((choices or {}).get("sel") or "").partition(":")
    if part not in PARTS or not key.isdecimal():
        return details.nothing(), True
    query, layout = PARTS[part]
    try:
        filter = filter_of(choices)
        async with database().reading() as session:
            found = await query(session, filter, int(key))
            if part == "track":
                found = {**found, "events": await events.of_track(session, filter, int(key), filter.start)}
        await record(f"{part}s/{key}")
        shown = layout({**found, "world": filter.world, "query": Filter(filter.world, at=filter.at, known_at=filter.known_at).query()})
        return [*shown[:1], *details.as_of(filter.at), *shown[1:]], False
    except (NotFound, FilterInvalid) as error:
        return details.missing(f"{error}: there is none, it was erased, or you may not see it" if part == "track" and isinstance(error, NotFound) else str(error)), False
