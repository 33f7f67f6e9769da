"""Notes and sightings: made, listed as GeoJSON, looked at with their photos, withdrawn."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse

from data import notes
from data.notes import NoteRefused, NoteTold
from data.query import parse_time
from data.records import NOTE_KINDS
from data.visitor import at_hand
from errors import BodyTooLong, InputRefused, NotFound, SignedOut
from feeds import photos
from routes.asking import CACHE, LIST_MAX, RowId, as_json, asked, database, etag, fresh, not_changed
from settings import store

router = APIRouter(prefix="/api/notes")

KEYS = ("uuid", "person", "kind", "lon", "lat", "precision_m", "observed_at", "text", "agency", "marking")
LINE_MAX = 100_000  # bytes of the note itself: 4,000 characters, escaped, and the rest
OPENING = asyncio.Semaphore(2)  # photos that are opened at once: each takes a process


@router.get("")
async def listed(request: Request) -> Response:
    """Those that stand, the newest first; beside the filter `note` (sighting, annotation) and `limit`."""
    filter = asked(request, "note", "limit")
    kinds, limit = _kinds(request), _limit(request)
    async with database(request).reading() as session:
        found = await notes.listed(session, filter, at_hand(), kinds=kinds, limit=limit)
    tag = etag("notes", at_hand().recorded_as, hashlib.sha256(orjson.dumps(found)).hexdigest())
    return not_changed(tag) if fresh(request, tag) else as_json(found, tag, rows=len(found["features"]))


@router.post("")
async def add(request: Request) -> Response:
    """Keep one: its JSON, or the JSON on one line and behind it the bytes of its photo. What was stored already is told as that, and stored no second time."""
    line, photo = await _body(request)
    told = note_of(line, asked(request).world, hashlib.sha256(photo).hexdigest() if photo else None)
    visitor = at_hand()
    if (number := await notes.known(database(request), visitor.token, told)) is not None:
        return as_json({"id": number, "uuid": str(told.uuid), "already": True})
    await request.app.state.recorder.record("change", visitor.recorded_as, of="note", to=f"{told.kind}{', with a photo' if photo else ''}, {told.marking}", agencies=told.agency)
    if photo is None:
        async with notes.keeping(database(request), visitor.token, told) as kept:
            pass
    else:
        async with OPENING:
            found = await run_in_threadpool(photos.cleaned, photo)
        kept = await _keep(request, visitor.token, told, found)
    return as_json({"id": kept.id, "uuid": str(told.uuid), "already": kept.already}, status=200 if kept.already else 201)


@router.get("/{note_id}")
async def one(request: Request, note_id: RowId) -> Response:
    """One, also after it was withdrawn."""
    filter = asked(request)
    async with database(request).reading() as session:
        return as_json(await notes.one(session, filter, note_id, at_hand()), rows=1)


@router.get("/{note_id}/photo")
async def photo(request: Request, note_id: RowId) -> Response:
    """Its photo: the clean copy, without what the file said of itself."""
    filter = asked(request)
    async with database(request).reading() as session:
        name, sha256 = await notes.photo(session, filter, note_id)
    path = store().imagery / name
    if not path.is_file():
        raise NotFound(f"the photo of note {note_id} is not there")
    return FileResponse(path, media_type="image/webp", headers={"Cache-Control": CACHE, "ETag": f'"{sha256[:32]}"'})


@router.delete("/{note_id}")
async def withdraw(request: Request, note_id: RowId) -> Response:
    """It stands no more; it stays on record."""
    await request.app.state.recorder.record("change", at_hand().recorded_as, of=f"note:{note_id}", to="withdrawn")
    await notes.withdraw(database(request), at_hand().token, note_id)
    return as_json({"id": note_id, "withdrawn": True})


async def _keep(request: Request, token: str, told: NoteTold, found: photos.Cleaned) -> notes.Kept:
    """The row and the files: these are there before it is. What ends in between leaves files that no record names, which `imagery verify` tells."""
    async with notes.keeping(database(request), token, told, found.photo) as kept:
        if not kept.already:
            await run_in_threadpool(photos.put, found)
    return kept


async def _body(request: Request) -> tuple[bytes, bytes | None]:
    """The note's JSON, and its photo. Raises BodyTooLong."""
    parts, size, most = [], 0, LINE_MAX + 1 + photos.BYTES_MAX
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise BodyTooLong(f"more than {most:,} bytes: a photo has {photos.BYTES_MAX:,} at most")
        parts.append(part)
    line, newline, photo = b"".join(parts).partition(b"\n")
    if len(line) > LINE_MAX:
        raise BodyTooLong(f"the note itself has {len(line):,} bytes, expected {LINE_MAX:,} at most, on one line")
    if len(photo) > photos.BYTES_MAX:
        raise BodyTooLong(f"the photo has {len(photo):,} bytes, expected {photos.BYTES_MAX:,} at most")
    return line, photo if newline and photo else None


def note_of(line: bytes, world: str, photo_sha256: str | None) -> NoteTold:
    """The note that a line of JSON tells of; for the first of one's own agencies unless it says otherwise. Raises NoteRefused, SignedOut, InputRefused."""
    try:
        body = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InputRefused(f"the first line is no JSON: {error}"[:200]) from None
    if not isinstance(body, dict):
        raise InputRefused("the first line is expected to be an object")
    if wrong := [k for k in body if k not in KEYS]:
        raise InputRefused(f"the note has {wrong[0][:40]!r}, expected {', '.join(KEYS)}")
    visitor = at_hand()
    # A note waits in a browser that several people use: it is sent as nobody but who wrote it.
    if body.get("person", visitor.id) != visitor.id:
        raise SignedOut("this note is another person's, who is not signed in here: it waits for them")
    try:
        uuid = UUID(_text(body, "uuid"))
        observed_at: datetime = parse_time(_text(body, "observed_at"))
    except ValueError as error:
        raise NoteRefused(f"uuid and observed_at: expected a UUID and {error if 'time' in str(error) else 'a time such as 2026-11-24T14:32:00Z'}") from None
    own = visitor.agencies[0] if world == "live" and visitor.agencies else None
    body = {"agency": own, "text": "", "precision_m": None, "marking": "TLP:AMBER", **body}
    return NoteTold(uuid, world, _text(body, "kind"), _number(body, "lon"), _number(body, "lat"), observed_at, _text(body, "text").replace("\r\n", "\n").strip(),
                    None if body["precision_m"] is None else _number(body, "precision_m"), None if body["agency"] is None else _text(body, "agency"), _text(body, "marking"), photo_sha256)


def _text(body: dict, key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or "\0" in value:
        raise NoteRefused(f"{key}: expected a text")
    return value


def _number(body: dict, key: str) -> float:
    value = body.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise NoteRefused(f"{key}: expected a number")
    return float(value)


def _kinds(request: Request) -> tuple[str, ...]:
    told = [part for value in request.query_params.getlist("note") for part in value.split(",") if part]
    if wrong := [kind for kind in told if kind not in NOTE_KINDS]:
        raise NoteRefused(f"note={wrong[0][:40]}: expected some of {', '.join(NOTE_KINDS)}")
    return tuple(told)


def _limit(request: Request) -> int:
    told = request.query_params.get("limit", str(LIST_MAX))
    if not (told.isascii() and told.isdecimal() and 1 <= int(told[:9]) <= LIST_MAX):
        raise NoteRefused(f"limit={told[:40]}: expected 1 to {LIST_MAX}")
    return int(told)
