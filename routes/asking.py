"""What every route needs of a request: its Filter, its database, and an answer that knows when nothing changed."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated

import orjson
from fastapi import Path, Request, Response

from data.filters import Filter
from data.sessions import Database
from data.visitor import purpose, search_purpose
from errors import PurposeMissing
from settings import BUILD

LIST_MAX = 1000
RowId = Annotated[int, Path(ge=0, lt=2**63)]  # a number the database could hold: any other is no row, and a 404


def database(request: Request) -> Database:
    """The pool opened in the lifespan."""
    return request.app.state.database


async def kept(request: Request, tag: str, make: Callable[[], Awaitable[bytes]]) -> bytes:
    """The tile of this ETag: from memory when it was made lately (see routes.kept)."""
    return await request.app.state.tiles.of(tag, make)


def asked(request: Request, *also: str) -> Filter:
    """The Filter of the query string; `also` are keys the route reads by itself. Raises FilterInvalid."""
    return Filter.from_query(request.query_params.multi_items(), frozenset(also))


def etag(*parts: object) -> str:
    """A weak ETag of everything the answer depends on: the build that made it, and whether a search has a purpose, included."""
    return f'W/"{hashlib.sha256("|".join(str(p) for p in (BUILD, search_purpose("") is not None, *parts)).encode()).hexdigest()[:32]}"'


def need_purpose(what: str) -> None:
    """Raises PurposeMissing unless the request says what for and in which case."""
    if purpose() is None:
        raise PurposeMissing(f"{what} needs a purpose: send X-Purpose (what for) and X-Case (in which case)")


def fresh(request: Request, tag: str) -> bool:
    """True when the browser already holds this answer."""
    return tag in (t.strip() for t in request.headers.get("if-none-match", "").split(","))


# The page asks again on every change and gets a 304; no proxy may keep what one agency was shown.
CACHE = "private, no-cache"


def not_changed(tag: str) -> Response:
    return Response(status_code=304, headers={"ETag": tag, "Cache-Control": CACHE})


def as_json(content: object, tag: str | None = None, status: int = 200, *, rows: int | None = None) -> Response:
    """JSON with times in RFC 3339 (Z); `rows` are how many records are in it, for the record."""
    headers = {"ETag": tag, "Cache-Control": CACHE} if tag else {"Cache-Control": "no-store"}
    if rows is not None:
        headers["X-Rows"] = str(rows)
    body = orjson.dumps(content, option=orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, status, headers, "application/json")


def as_tile(content: bytes, tag: str) -> Response:
    """A vector tile, or 204 when there is nothing in it."""
    headers = {"ETag": tag, "Cache-Control": CACHE}
    if not content:
        return Response(status_code=204, headers=headers)
    return Response(content, headers=headers, media_type="application/vnd.mapbox-vector-tile")
