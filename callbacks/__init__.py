"""Where choice meets data. Every callback is async and short: read the choice, await the query, return a layout.

Dash carries choices and numbers; marks, tiles and streams go straight from the routes to the map.
"""

from __future__ import annotations

from dash import Dash
from fastapi import FastAPI

from callbacks import _database, charts, counts, details, drawer, wiring


def include(app: Dash, server: FastAPI) -> None:
    """Hang every callback on the app; the pool is read from the server when one runs."""
    _database.use(server)
    for module in (wiring, counts, details, drawer, charts):
        module.include(app)
