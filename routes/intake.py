"""What feeds send to us over HTTP. A feed shows its own token; it is nobody's session and sees nothing.

    POST /api/fixes   Authorization: Bearer <token>   JSON or NDJSON: docs/feeds.md
    POST /api/epcis   Authorization: Bearer <token>   EPCIS 2.0
    GET or POST /api/osmand/<token>?id=…&lat=…&lon=…  what telephones speak, which can send no header
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict

from cachetools import TTLCache
from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from errors import BodyTooLong, InputRefused, SignedOut
from feeds.intake import BYTES_MAX, Intake
from routes.asking import as_json, database

router = APIRouter(prefix="/api")

KNOWN_S = 2.0
BODY_S = 60.0
TOKEN = re.compile(r"[\w-]{20,200}", re.ASCII)
_known: TTLCache[tuple[int, str], tuple[int, str]] = TTLCache(1_000, KNOWN_S)


@router.post("/fixes")
async def fixes(request: Request) -> Response:
    """202 when all is on disk; 422 says what is wrong with each row, and nothing is taken then unless `?good_only=1`."""
    return await _posted(request, _bearer(request), "fixes")


@router.post("/epcis")
async def epcis(request: Request) -> Response:
    """ObjectEvents of EPCIS 2.0: reads of containers and tags."""
    return await _posted(request, _bearer(request), "epcis")


@router.get("/osmand/{token}")
async def osmand(request: Request, token: str) -> Response:
    """The form of OsmAnd and of Traccar Client: words in the address."""
    return await _taken(request, await _feed(request, token), "osmand", request.url.query.encode())


@router.post("/osmand/{token}")
async def osmand_posted(request: Request, token: str) -> Response:
    """The same as a form, or as JSON."""
    return await _posted(request, token, "osmand")


async def _posted(request: Request, token: str, format: str) -> Response:
    feed = await _feed(request, token)  # before a byte of the body is kept: nobody without a token has us hold any
    body = await _body(request)
    return await _taken(request, feed, format, body or (request.url.query.encode() if format == "osmand" else b""))


async def _taken(request: Request, feed: int, format: str, body: bytes) -> Response:
    intake: Intake = request.app.state.intake
    taken = await intake.take(feed, format, body, good_only=request.query_params.get("good_only") == "1")
    refused = [asdict(r) for r in taken.refused]
    if refused and not taken.rows:
        return as_json({"error": f"nothing was taken: {len(refused):,} of the rows can't be", "refused": refused}, status=422)
    return as_json({"taken": taken.rows, "refused": refused}, status=202)


async def _feed(request: Request, token: str) -> int:
    """The feed of a token. Raises SignedOut."""
    if not TOKEN.fullmatch(token):
        raise SignedOut("this is no feed's token; ./vigia feed http makes one")
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
    if kind.lower() != "bearer" or not token:
        raise SignedOut("send the feed's token: Authorization: Bearer …")
    return token


async def _body(request: Request) -> bytes:
    """At most BYTES_MAX, counted as they come, within BODY_S."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise InputRefused("a body that is packed is not taken: send it as it is")
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_S):
            async for part in request.stream():
                size += len(part)
                if size > BYTES_MAX:
                    raise BodyTooLong(f"more than {BYTES_MAX:,} bytes; send less at a time")
                parts.append(part)
    except TimeoutError:
        raise InputRefused(f"{size:,} bytes came within {BODY_S:g} s and no end; send less at a time") from None
    return b"".join(parts)
