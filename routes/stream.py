"""The stream: server-sent events of what changes, as data/stream.py tells them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from fastapi import APIRouter, Request, Response
from sse_starlette import EventSourceResponse
from starlette.types import Receive, Scope, Send

from data.stream import Stream
from data.stream_parts import Message
from data.visitor import at_hand, search_purpose
from errors import FilterInvalid, SignedOut, StreamsFull
from routes.asking import asked

router = APIRouter(prefix="/api")

SEND_S = 60.0  # a listener that takes nothing for so long is gone
NEVER_S = 86_400  # the stream has a beat of its own
RETRY_S = 15


class Places:
    """How many streams each session has open in this process, and may."""

    def __init__(self, most: int):
        self.most = most
        self.taken: Counter[str] = Counter()

    @contextmanager
    def held(self, token: str) -> Iterator[None]:
        """A place for as long as the block runs. Raises StreamsFull."""
        if self.taken[token] >= self.most:
            raise StreamsFull(self.most, RETRY_S)
        self.taken[token] += 1
        try:
            yield
        finally:
            self.taken[token] -= 1
            if not self.taken[token]:
                del self.taken[token]


class Told(EventSourceResponse):
    """A stream that holds its place while it is sent, however it ends: taken here, not in the route, since nobody may ever send what that answers."""

    def __init__(self, places: Places, token: str, events: AsyncIterator[bytes]):
        super().__init__(events, ping=NEVER_S, send_timeout=SEND_S, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._places, self._token = places, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._places.held(self._token):
            await super().__call__(scope, receive, send)


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

    return Told(request.app.state.places, visitor.token, events())
