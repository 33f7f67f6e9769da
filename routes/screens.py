"""Screens, for programs and for the screens themselves: what each shows, how it fares, and that it lives."""

from __future__ import annotations

import math
from datetime import datetime, timezone

from fastapi import APIRouter, Request, Response

from data import screens
from data.visitor import at_hand
from errors import InputRefused
from routes import wall
from routes.asking import as_json, database
from routes.told import told
from settings import BUILD

router = APIRouter(prefix="/api/screens")

TEXTS = {"build": 40, "view": 250, "error": 500, "sound": 20}
NUMBERS = {"lines": 20_000, "width": 40_000, "memory_mb": 1_000_000}
FLAGS = ("stale", "alarm")


@router.get("")
async def listed(request: Request) -> Response:
    """The screens one keeps, and which of them have fallen silent."""
    async with database(request).reading() as session:
        rows = await screens.listed(session, at_hand().token)
    return as_json({"rows": rows, "silent": [{"id": r["id"], "name": r["name"], "silent_s": r["silent_s"]} for r in rows if r["state"] == "silent"]})


@router.post("/beat")
async def beat(request: Request) -> Response:
    """A screen tells how it fares; it hears whether what it is told has changed (`version`) and whether it is to begin anew (`reload`)."""
    what = beat_of(await told(request, *TEXTS, *NUMBERS, *FLAGS))
    found = await screens.beat(database(request), at_hand().token, what)
    return as_json({**found, "build": BUILD, "now": datetime.now(timezone.utc)})


@router.get("/{slug}")
async def shown(request: Request, slug: str) -> Response:
    """What the screen of an address is to show, as whoever asks sees it; a screen is told of itself alone."""
    return as_json(await wall.of(request, slug), rows=1)


def beat_of(found: dict) -> dict:
    """What a screen tells of itself, and nothing else. Raises InputRefused.

    >>> beat_of({"build": "1", "lines": 1080, "stale": False})
    {'build': '1', 'lines': 1080, 'stale': False}
    """
    for key, value in found.items():
        if key in TEXTS and not (isinstance(value, str) and len(value) <= TEXTS[key] and "\0" not in value):
            raise InputRefused(f"{key}: expected a text of at most {TEXTS[key]} characters")
        if key in NUMBERS and (isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= NUMBERS[key]):
            raise InputRefused(f"{key}: expected a number from 0 to {NUMBERS[key]:,}")
        if key in FLAGS and not isinstance(value, bool):
            raise InputRefused(f"{key}: expected true or false")
    return found
