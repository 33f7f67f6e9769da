"""Files sent by the browser, resumable by the tus protocol 1.0 (core, creation, expiration, termination, checksum). https://tus.io/protocols/resumable-upload

They are what `vigia import imagery` would be given: read by the same importer, as a background job.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from data import uploads
from data.visitor import at_hand
from errors import BodyTooLong, InputRefused, NoRoom, NotFound, UploadBusy
from feeds.uploads import CHECKSUMS, TAKEN, Uploads, facts, name_of
from routes.asking import as_json, database
from settings import uploads as settings

router = APIRouter(prefix="/api/uploads")

TUS = "1.0.0"
EXTENSIONS = "creation,expiration,termination,checksum"
IDLE_S = 60.0  # between two parts of a body
ID = re.compile(r"[\w-]{43}", re.ASCII)
BROKEN = (ClientDisconnect, TimeoutError)


@router.options("")
async def able(request: Request) -> Response:
    """What of the protocol there is here."""
    return Response(status_code=204, headers=_told())


@router.get("")
async def mine(request: Request) -> Response:
    """One's own uploads, the newest first, with what became of each; what may be sent; for which agencies."""
    found = await uploads.mine(database(request), at_hand().token)
    rows = [{**_shown(u), "offset": await _here(request, u)} for u in found]
    return as_json({"rows": rows, "limits": limits(), "agencies": await uploads.agencies(database(request), at_hand().token)})


@router.post("")
async def begun(request: Request) -> Response:
    """A new upload: `Upload-Length`, and in `Upload-Metadata` its filename and the facts of its sortie."""
    if told := _version(request):
        return told
    size = _whole_number(request, "upload-length")
    if size > settings().upload_file_mb * 1_000_000:
        raise BodyTooLong(f"the file has {size / 1e6:,.0f} MB, at most {settings().upload_file_mb:,} MB are taken")
    if size == 0:
        raise InputRefused("Upload-Length is 0, expected a file that is not empty")
    about = _metadata(request.headers.get("upload-metadata", ""))
    name = name_of(about.pop("filename", ""))
    options = facts(about)
    kept: Uploads = request.app.state.uploads
    id = await uploads.begin(database(request), at_hand(), name, size, options)
    try:
        await run_in_threadpool(kept.create, id, size)
    except NoRoom:
        await uploads.end(database(request), at_hand(), id)
        await run_in_threadpool(kept.drop, id)
        raise
    return Response(status_code=201, headers={**_told(), "Location": f"/api/uploads/{id}", "Upload-Offset": "0", **_expires()})


@router.get("/{id}")
async def standing(request: Request, id: str) -> Response:
    """How far it is; HEAD of the protocol is this without the body."""
    if (told := _version(request, needed=False)) is not None:
        return told
    upload = await _one(request, id)
    offset = await _offset(request, upload)
    if upload.state == "coming" and offset == upload.size_bytes:  # its last part came, and whoever sent it was not told
        await uploads.whole(database(request), at_hand(), id)
    answer = as_json({**_shown(upload), "offset": offset})
    answer.headers.update({**_told(), "Upload-Offset": str(offset), "Upload-Length": str(upload.size_bytes), "Cache-Control": "no-store",
                           **(_expires() if upload.state == "coming" else {})})
    return answer


@router.patch("/{id}")
async def part(request: Request, id: str) -> Response:
    """Bytes from `Upload-Offset` on; with `Upload-Checksum` all of them or none."""
    if told := _version(request):
        return told
    if request.headers.get("content-type") != "application/offset+octet-stream":
        return as_json({"error": "Content-Type is expected to be application/offset+octet-stream"}, status=415)
    offset, checksum = _whole_number(request, "upload-offset"), _checksum(request)
    upload = await _one(request, id)
    if upload.state != "coming":
        raise NotFound("this upload is whole")
    kept: Uploads = request.app.state.uploads
    try:
        now = await kept.append(id, offset, upload.size_bytes, _parts(request), checksum, BROKEN)
    except BROKEN:
        raise InputRefused(f"the connection broke off, or nothing came for {IDLE_S:g} s; what came is kept: go on from there") from None
    if now == upload.size_bytes:
        await uploads.whole(database(request), at_hand(), id)
    return Response(status_code=204, headers={**_told(), "Upload-Offset": str(now), **_expires()})


@router.delete("/{id}")
async def ended(request: Request, id: str) -> Response:
    """Give it up, or take what became of it off the list."""
    if told := _version(request):
        return told
    upload = await _one(request, id)
    if not await uploads.end(database(request), at_hand(), id):
        raise UploadBusy(f"{upload.name} is being read; wait until it is done")
    await run_in_threadpool(request.app.state.uploads.drop, id)
    return Response(status_code=204, headers=_told())


def limits() -> dict:
    """What is taken, said before anything is sent."""
    told = settings()
    return {"file_mb": told.upload_file_mb, "waiting_mb": told.upload_waiting_mb, "waiting_files": told.upload_waiting_files, "hours": told.upload_hours, "endings": list(TAKEN)}


async def _one(request: Request, id: str) -> uploads.Upload:
    if not ID.fullmatch(id):
        raise NotFound(f"no upload {id[:60]} of yours")
    return await uploads.one(database(request), at_hand().token, id)


async def _here(request: Request, upload: uploads.Upload) -> int:
    """How much of one is here, for the list. Of what came before a database was restored the bytes may be gone."""
    try:
        return await _offset(request, upload)
    except NotFound:
        return 0


async def _offset(request: Request, upload: uploads.Upload) -> int:
    """Where one ends. Raises NotFound: then it can't be gone on with."""
    if upload.state != "coming":
        return upload.size_bytes
    return await run_in_threadpool(request.app.state.uploads.offset, upload.id)


def _shown(upload: uploads.Upload) -> dict:
    return {"id": upload.id, "name": upload.name, "size_bytes": upload.size_bytes, "state": upload.state, "told": upload.told, "begun_at": upload.begun_at,
            "sortie": upload.options.get("sortie"), "agency": upload.options.get("agency")}


def _told() -> dict[str, str]:
    return {"Tus-Resumable": TUS, "Tus-Version": TUS, "Tus-Extension": EXTENSIONS, "Tus-Max-Size": str(settings().upload_file_mb * 1_000_000),
            "Tus-Checksum-Algorithm": ",".join(CHECKSUMS), "Cache-Control": "no-store"}


def _expires() -> dict[str, str]:
    return {"Upload-Expires": format_datetime(datetime.now(timezone.utc) + timedelta(hours=settings().upload_hours), usegmt=True)}


def _version(request: Request, *, needed: bool = True) -> Response | None:
    """412 for whoever speaks another version; a page that only looks need not speak it."""
    told = request.headers.get("tus-resumable")
    if told == TUS or (told is None and not needed):
        return None
    answer = as_json({"error": f"Tus-Resumable is expected to be {TUS}"}, status=412)
    answer.headers.update(_told())
    return answer


def _whole_number(request: Request, header: str) -> int:
    told = request.headers.get(header, "")
    if not (told.isascii() and told.isdecimal()) or int(told[:20]) >= 2**63:
        raise InputRefused(f"{header.title()} is {told[:40]!r}, expected a whole number")
    return int(told)


def _metadata(told: str) -> dict[str, str]:
    """`key base64,key base64` as texts. Raises InputRefused."""
    found: dict[str, str] = {}
    for pair in filter(None, (p.strip() for p in told.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise InputRefused(f"Upload-Metadata: {key[:40]} is expected to be UTF-8 in base64") from None
    return found


def _checksum(request: Request) -> tuple[str, bytes] | None:
    if (told := request.headers.get("upload-checksum")) is None:
        return None
    name, _, value = told.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error:
        digest = b""
    if name not in CHECKSUMS or not digest:
        raise InputRefused(f"Upload-Checksum is expected to be {' or '.join(CHECKSUMS)} and base64")
    return name, digest


async def _parts(request: Request) -> AsyncIterator[bytes]:
    stream = aiter(request.stream())
    while True:
        async with asyncio.timeout(IDLE_S):
            try:
                yielded = await anext(stream)
            except StopAsyncIteration:
                return
        yield yielded
