"""The guard: pure ASGI, over `http` and `websocket`, in front of everything else.

`@app.middleware("http")` never sees a websocket, and Dash mounts one: so this is no middleware of that kind. It asks, in this order:
is this our own name (else a stranger's page could speak to us through a name of its own), is there such an address, who is asking,
may they, and does a request that changes something come from our own page.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable
from datetime import datetime, timezone
from http.cookies import CookieError, SimpleCookie
from typing import TypeVar
from urllib.parse import quote, urlsplit

import orjson
from cachetools import TTLCache
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data import doors
from data.sessions import Database
from data.visitor import Visitor, visiting
from errors import DatabaseUnreachable, RecordFailed
from routes.headers import security
from routes.recording import Recording, Searches, told_purpose
from routes.rules import Rule, rule_of
from settings import access

log = logging.getLogger("vigia.guard")
T = TypeVar("T")

KNOWN_S = 2.0  # for how long an answer of the database stands: revoking a session works within it
TOUCH_S = 60.0
SAFE = ("GET", "HEAD", "OPTIONS")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def cookie_name(tls: bool) -> str:
    """`__Host-` makes a browser refuse the cookie from any other place; it works behind TLS alone."""
    return "__Host-vigia" if tls else "vigia"


class Guard:
    """Wraps the whole server."""

    def __init__(self, app: ASGIApp, script_hashes: list[str]):
        self.app = app
        self.tls = access().tls
        self._headers = security(script_hashes, tls=self.tls)
        self._record = Recording()
        self._searches = Searches()
        self._known: TTLCache[bytes, tuple[Visitor, datetime]] = TTLCache(10_000, KNOWN_S)
        self._asking: dict[bytes, asyncio.Future] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    # -- the two kinds ------------------------------------------------------------------------------------------------

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, path, withheld = Headers(scope=scope), scope["path"], False

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._headers]}
            await send(message)

        async def recorded(message: Message) -> None:
            """Nothing of the answer leaves before the record has it."""
            nonlocal withheld
            if withheld:
                return
            if message["type"] == "http.response.start" and message["status"] < 400:
                try:
                    await self._record.answered(scope, rule, visitor, purpose or (searching and searching("")), message)
                except RecordFailed as error:
                    withheld = True
                    return await refuse(503, str(error))
            await guarded(message)

        async def refuse(status: int, told: str, *more: tuple[bytes, bytes]) -> None:
            body = orjson.dumps({"error": told})
            sent = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), (b"content-length", str(len(body)).encode()), *more]
            await guarded({"type": "http.response.start", "status": status, "headers": sent})
            await guarded({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

        if not _our_host(headers):
            return await refuse(421, "this name is not ours; set VIGIA_PUBLIC_ORIGIN to the address people use")
        rule = None if "\0" in path else rule_of(path)  # no name of anything has one
        if rule is None:
            return await refuse(404, f"no {path[:200]} here")
        try:
            visitor = await self._visitor(scope, headers)
        except DatabaseUnreachable as error:
            if rule.roles:
                return await refuse(503, str(error))
            visitor = None  # the way in and the health of the server are told without it
        if rule.roles and visitor is None:
            if _wants_page(headers, path):
                where = quote(path + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""), safe="")
                return await refuse(303, "sign in first", (b"location", f"/sign-in?next={where}".encode()))
            return await refuse(401, "sign in first, at /sign-in")
        if rule.roles and not _may(rule, visitor):
            try:
                await self._record.refused(scope, rule, visitor)
            except RecordFailed as error:
                return await refuse(503, str(error))
            return await refuse(403, "your role may not do this")
        if scope["method"] not in SAFE and not _from_here(headers):
            return await refuse(403, "this request does not come from Vigia's own page")
        purpose = told_purpose(headers)
        if isinstance(purpose, str):
            return await refuse(422, purpose)
        searching = self._searches.of(scope, rule, visitor, purpose)
        with visiting(visitor, purpose, searching):
            await self.app(scope, receive, recorded if rule.record else guarded)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, rule = Headers(scope=scope), rule_of(scope["path"])
        try:
            visitor = await self._visitor(scope, headers) if rule and _our_host(headers) and _from_here(headers, strict=True) else None
        except DatabaseUnreachable:
            visitor = None
        if visitor is None or not _may(rule, visitor):
            await receive()
            return await send({"type": "websocket.close", "code": 1008})  # before it is accepted: a 403
        with visiting(visitor):
            await self.app(scope, receive, send)

    # -- who ----------------------------------------------------------------------------------------------------------

    async def _visitor(self, scope: Scope, headers: Headers) -> Visitor | None:
        token = _token(headers, self.tls)
        if token is None:
            return None
        database: Database = scope["app"].state.database
        key = hashlib.sha256(token.encode()).digest()
        found = self._known.get(key) or await self._ask(database, key, token)
        if found is None:
            return None
        visitor, seen_at = found
        if visitor.kind == "person" and _is_active(headers) and doors.rests(seen_at, TOUCH_S):
            self._known[key] = visitor, datetime.now(timezone.utc)  # first, so that of dozens of requests at once one tells
            await self._told(doors.seen(database, token))
        return visitor

    async def _ask(self, database: Database, key: bytes, token: str) -> tuple[Visitor, datetime] | None:
        """Ask the database, once for all requests that wait for the same answer: a page begins with dozens."""
        if (running := self._asking.get(key)) is not None:
            return await asyncio.shield(running)
        self._asking[key] = asyncio.ensure_future(self._told(doors.visitor(database, token)))
        try:
            found = await asyncio.shield(self._asking[key])
        finally:
            self._asking.pop(key, None)
        if found is not None:
            self._known[key] = found
        return found

    @staticmethod
    async def _told(question: Awaitable[T]) -> T:
        """What the database says of a session. Raises DatabaseUnreachable, for each who waits."""
        try:
            return await question
        except SQLAlchemyError as error:
            log.error("who is asking can't be told: %s", type(error).__name__)
            raise DatabaseUnreachable("the database could not say who you are; try again in a moment") from None


def _token(headers: Headers, tls: bool) -> str | None:
    try:
        held = SimpleCookie(headers.get("cookie", "")).get(cookie_name(tls))
    except CookieError:
        return None
    return held.value if held is not None and held.value.isascii() and 20 <= len(held.value) <= 200 else None


def _may(rule: Rule, visitor: Visitor) -> bool:
    return bool(rule.roles & visitor.roles)


def _is_active(headers: Headers) -> bool:
    """Whether somebody is there: a page that only keeps itself up to date must not keep a session open."""
    return headers.get("x-active") == "1" or headers.get("sec-fetch-mode") in (None, "navigate")


def _wants_page(headers: Headers, path: str) -> bool:
    return not path.startswith(("/api", "/_dash", "/_reload")) and "text/html" in headers.get("accept", "")


def _our_host(headers: Headers) -> bool:
    """Only names that are ours are answered, never whatever a request calls us."""
    name = (urlsplit(f"//{headers.get('host', '')}").hostname or "").lower()
    public = access().public_origin
    return name in LOOPBACK or (public is not None and name == urlsplit(public).hostname)


def _from_here(headers: Headers, *, strict: bool = False) -> bool:
    """Whether a request that may change something comes from our own page. A program that is no browser tells no origin."""
    if not strict and (site := headers.get("sec-fetch-site")) is not None:
        return site == "same-origin"  # the browser's own word; a form of ours, which tells no referrer, has an origin of "null"
    if (origin := headers.get("origin")) is None:
        return not strict
    told, host = urlsplit(origin), headers.get("host", "")
    if (public := access().public_origin) is not None and origin == public:
        return True
    return told.scheme in ("http", "https") and told.netloc == host and (told.hostname or "") in LOOPBACK
