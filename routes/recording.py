"""What the record is told of an answer: who, what, which, why, from where, how many rows.

It holds numbers and hashes, no names: what was searched for, and an address a filter was given, are hashed under the day's salt.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl, unquote

from cachetools import TTLCache
from starlette.datastructures import Headers
from starlette.types import Message, Scope

from data.audit import Recorder
from data.doors import hashed
from data.visitor import Purpose, Searching, Visitor
from routes.rules import Rule

OFTEN_S = 60.0
SEARCH_S = 900.0
PARTS = "/_dash-update-component"  # the page's own words and numbers, of the filter the map has too
PURPOSE_MAX, CASE_MAX, RECIPIENT_MAX = 200, 100, 100
PLACE = ("bbox", "zoom", "move_from", "move_to", "span_from", "span_to", "limit", "offset", "sort")  # another each time the map is moved


class Recording:
    """Tells the record what was given out; the same look of the same session once a minute."""

    def __init__(self) -> None:
        self._told: TTLCache[tuple, asyncio.Future] = TTLCache(50_000, OFTEN_S)

    async def answered(self, scope: Scope, rule: Rule, visitor: Visitor, purpose: Purpose | None, start: Message) -> None:
        """Raises RecordFailed: then nothing of the answer may leave."""
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        kept = [] if rule.template == PARTS else [(k, v) for k, v in query if not (rule.often and k in PLACE)]
        of = _of(rule, scope["path"])
        if not rule.often:
            return await self._tell(scope, rule, visitor, purpose, start, of, kept)
        key = (visitor.token, rule.template, of, tuple(sorted(kept)), purpose)
        if (telling := self._told.get(key)) is None:
            # A map asks for dozens of tiles at once: they wait for one entry.
            telling = self._told[key] = asyncio.ensure_future(self._tell(scope, rule, visitor, purpose, start, of, kept))
            # What failed, however, is not kept: the next one tries again.
            telling.add_done_callback(lambda done: self._told.pop(key, None) if done.cancelled() or done.exception() else None)
        await asyncio.shield(telling)

    async def _tell(self, scope: Scope, rule: Rule, visitor: Visitor, purpose: Purpose | None, start: Message, of: str, kept: list[tuple[str, str]]) -> None:
        recorder: Recorder = scope["app"].state.recorder
        rows, release = (next((int(v) for k, v in start["headers"] if k == name), None) for name in (b"x-rows", b"x-release"))
        await recorder.record(
            rule.record, visitor.recorded_as, of=of, filter=await recorder.filter_text(kept), rows=rows, session=session_of(visitor), address=address_of(scope),
            purpose=purpose and purpose.words, case=purpose and purpose.case, release=release,
            recipient=f"#{await recorder.hashed(purpose.recipient)}" if purpose and purpose.recipient else None)

    async def refused(self, scope: Scope, rule: Rule, visitor: Visitor) -> None:
        """Somebody asked for what their role may not. Raises RecordFailed."""
        await scope["app"].state.recorder.record(
            "refused", visitor.recorded_as, of=_of(rule, scope["path"]), session=session_of(visitor), address=address_of(scope))


def session_of(visitor: Visitor) -> str:
    """A session as the record names it: not what would let anybody in."""
    return hashed(hashed(visitor.token).hex()).hex()[:12]


def address_of(scope: Scope) -> str | None:
    return scope["client"][0] if scope.get("client") else None


def told_purpose(headers: Headers) -> Purpose | str | None:
    """The purpose of `X-Purpose`, `X-Case` and `X-Recipient` (percent-encoded UTF-8); a text says what is wrong with it."""
    words, case, recipient = (unquote(headers.get(name, "")).strip() for name in ("x-purpose", "x-case", "x-recipient"))
    if not words and not case and not recipient:
        return None
    if not words or not case:
        return "X-Purpose and X-Case go together: what for, and in which case"
    if len(words) > PURPOSE_MAX or len(case) > CASE_MAX or len(recipient) > RECIPIENT_MAX or not (words + case + recipient).isprintable():
        return f"X-Purpose is expected to have at most {PURPOSE_MAX} printable characters, X-Case {CASE_MAX}, X-Recipient {RECIPIENT_MAX}"
    return Purpose(words, case, recipient or None)


class Searches:
    """What searches by name were made for: told once, it holds for the same text and session for a while, since a map asks many times."""

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._told: TTLCache[tuple[str, str], Purpose] = TTLCache(10_000, SEARCH_S, timer)

    def of(self, scope: Scope, rule: Rule, visitor: Visitor | None, purpose: Purpose | None) -> Searching | None:
        """How the request at hand learns what its search is for. Its own text is looked up now, so that nothing changes while it is answered."""
        if visitor is None:
            return None
        if rule.template == PARTS:  # whose texts are in its body
            return lambda q: self._told.get((visitor.token, _folded(q)))
        texts = [v for k, v in parse_qsl(scope["query_string"].decode("latin-1")) if k == "q"]
        if len(texts) != 1:
            return None
        key = (visitor.token, _folded(texts[0]))
        if purpose is not None:
            self._told[key] = replace(purpose, recipient=None)
        found = self._told.get(key)
        return lambda _: found


def _folded(q: str) -> str:
    return q.strip().casefold()


def _of(rule: Rule, path: str) -> str:
    """What was looked at: the address, of tiles the layer alone."""
    if rule.template == PARTS:
        return "page"
    if rule.template == "/api/tiles/{*}":
        return "/".join(path.split("/")[2:4])
    return path.removeprefix("/api").removeprefix("/")
