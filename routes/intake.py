"""What feeds send to us over HTTP. A feed shows its own token; it is nobody's session and sees nothing.

    POST /api/fixes   Authorization: Bearer <token>   JSON or NDJSON: docs/feeds.md
    POST /api/epcis   Authorization: Bearer <token>   EPCIS 2.0
    GET or POST /api/osmand/<token>?id=…&lat=…&lon=…  what telephones speak, which can send no header
"""

from __future__ import annotations

from dataclasses import asdict

from cachetools import TTLCache
from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from errors import BodyTooLong, InputRefused, SignedOut
from feeds.intake import BYTES_MAX, Intake
from routes.asking import as_json, database

router = APIRouter(prefix="/api")

KNOWN_S = 2.0
_known: TTLCache[tuple[int, str], tuple[int, str]] = TTLCache(1_000, KNOWN_S)


@router.post("/fixes")
async def fixes(request: Request) -> Response:
    """202 when all is on disk; 422 says what is wrong with each row, and nothing is taken then unless `?good_only=1`."""
    return await _taken(request, _bearer(request), "fixes", await _body(request))


@router.post("/epcis")
async def epcis(request: Request) -> Response:
    """ObjectEvents of EPCIS 2.0: reads of containers and tags."""
    return await _taken(request, _bearer(request), "epcis", await _body(request))


@router.get("/osmand/{token}")
async def osmand(request: Request, token: str) -> Response:
    """The form of OsmAnd and of Traccar Client: words in the address."""
    return await _taken(request, token, "osmand", request.url.query.encode())


@router.post("/osmand/{token}")
async def osmand_posted(request: Request, token: str) -> Response:
    """The same as a form, or as JSON."""
    return await _taken(request, token, "osmand", await _body(request) or request.url.query.encode())


async def _taken(request: Request, token: str, format: str, body: bytes) -> Response:
    feed = await _feed(request, token)
    intake: Intake = request.app.state.intake
    taken = await intake.take(feed, format, body, good_only=request.query_params.get("good_only") == "1")
    refused = [asdict(r) for r in taken.refused]
    if refused and not taken.rows:
        return as_json({"error": f"nothing was taken: {len(refused):,} of the rows can't be", "refused": refused}, status=422)
    return as_json({"taken": taken.rows, "refused": refused}, status=202)


async def _feed(request: Request, token: str) -> int:
    """The feed of a token. Raises SignedOut."""
    key = (id(request.app.state.database), token)
    if (found := _known.get(key)) is None:
        async with database(request).asking() as session:
            row = (await session.execute(text("SELECT id, kind FROM access.feed_of(:token)"), {"token": token})).one_or_none()
        if row is None:
            raise SignedOut("this token is no feed's, or its feed is off; ./vigia feed http makes one")
        found = _known[key] = row.id, row.kind
    return found[0]


def _bearer(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not 20 <= len(token) <= 200 or not token.isascii():
        raise SignedOut("send the feed's token: Authorization: Bearer …")
    return token


async def _body(request: Request) -> bytes:
    """At most BYTES_MAX, counted as they come."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise InputRefused("a body that is packed is not taken: send it as it is")
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BYTES_MAX:
            raise BodyTooLong(f"more than {BYTES_MAX:,} bytes; send less at a time")
        parts.append(part)
    return b"".join(parts)
