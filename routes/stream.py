"""The stream: server-sent events of what changes, as data/stream.py tells them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from sse_starlette import EventSourceResponse

from data.stream import Stream
from data.stream_parts import Message
from data.visitor import at_hand, search_purpose
from errors import FilterInvalid, SignedOut
from routes.asking import asked

router = APIRouter(prefix="/api")

SEND_S = 60.0  # a listener that takes nothing for so long is gone
NEVER_S = 86_400  # the stream has a beat of its own


@router.get("/stream")
async def stream(request: Request) -> Response:
    """Snapshot, then changes; `Last-Event-ID`, or `after` where a header can't be sent, goes on where a stream ended."""
    filter = asked(request, "after")
    if past := [key for key, told in (("at", filter.at), ("known_at", filter.known_at)) if told]:
        raise FilterInvalid([{"key": key, "value": request.query_params[key], "expected": "nothing: a stream tells of now"} for key in past])
    last = request.headers.get("last-event-id") or request.query_params.get("after")
    visitor, why = at_hand(), search_purpose(filter.q) if filter.q else None
    told: Stream = request.app.state.stream

    async def events() -> AsyncIterator[bytes]:
        try:
            async for message in told.listen(visitor, filter, last, why):
                yield message.wire
        except SignedOut:
            yield Message("revoked", b"{}").wire

    return EventSourceResponse(events(), ping=NEVER_S, send_timeout=SEND_S, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
