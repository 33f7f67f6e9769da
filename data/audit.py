"""Appending to the record, and signing its heads.

Everybody's entries go to the database together, a few milliseconds apart, in one transaction: whoever waits is answered when theirs is
on disk. When it can't be, RecordFailed is raised, and what was asked for is not given out.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from urllib.parse import urlencode

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from data import merkle
from data.sessions import Database
from errors import DatabaseUnreachable, RecordFailed

log = logging.getLogger("vigia.audit")

PERSONAL = ("q", "track")  # keys of a filter that may name somebody
AT_ONCE = 500
WAIT_S = 20.0  # a busy machine is no record that can't be written; what is broken or locked says so by itself, and sooner
HEAD_EVERY_S = 60.0
FAILED = "the record can't be written, so nothing is shown; the keeper of this installation must look at its database"
UNWRITTEN = (SQLAlchemyError, DatabaseUnreachable, OSError)
HEAD_WORDS = b"vigia audit head 1\n"


def entry_text(what: str, who: str, **about: object) -> str:
    """An entry as it is hashed: JSON with its keys in order, without what is not known. Times are UTC."""
    told = {"what": what, "who": who, "at": datetime.now(timezone.utc), **{k: v for k, v in about.items() if v not in (None, "")}}
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z).decode()


@dataclass
class _Waiting:
    entry: str
    done: asyncio.Future


class Recorder:
    """One of each server process. `start` and `stop` go with its lifespan."""

    def __init__(self, database: Database, key_file: Path):
        self._database = database
        self._key = signing_key(key_file)
        self._waiting: list[_Waiting] = []
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task] = []
        self._salts: dict[date, bytes] = {}

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._sign())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        with suppress(*UNWRITTEN):  # told by whoever checks: the last minute has no head
            await self.head()

    async def record(self, what: str, who: str, **about: object) -> None:
        """Append one entry; returns when it is on disk. Raises RecordFailed."""
        mine = _Waiting(entry_text(what, who, **about), asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        self._wake.set()
        try:
            await asyncio.wait_for(mine.done, WAIT_S)
        except TimeoutError:
            raise RecordFailed(FAILED) from None

    async def hashed(self, told: str) -> str:
        """A name or number somebody asked for, as the record may hold it: to be recognised by who knows it, while the day's salt is kept.

        Raises RecordFailed.
        """
        day = datetime.now(timezone.utc).date()
        if day not in self._salts:
            try:
                async with self._database.asking(write=True) as session:
                    self._salts = {day: await session.scalar(text("SELECT audit.salt_of(:day, :new)"), {"day": day, "new": secrets.token_bytes(32)})}
            except UNWRITTEN as error:
                log.error("the record's salt can't be had: %s", type(error).__name__)
                raise RecordFailed(FAILED) from None
        return hmac.new(bytes(self._salts[day]), told.strip().casefold().encode(), hashlib.sha256).hexdigest()[:32]

    async def filter_text(self, pairs: Iterable[tuple[str, str]]) -> str:
        """A filter as the record may hold it: what may name somebody is hashed."""
        return urlencode([(k, f"#{await self.hashed(v)}" if k in PERSONAL else v) for k, v in pairs], safe=":,/")

    async def head(self) -> dict | None:
        """Sign the tree as it stands; None while it is empty."""
        async with self._database.asking(write=True) as session:
            size, hashes = (await session.execute(text("SELECT size, hashes FROM audit.peaks()"))).one()
            if not size:
                return None
            root, at = merkle.folded([bytes(h) for h in hashes]), datetime.now(timezone.utc).replace(microsecond=0)
            signature, key = self._key.sign(signed_words(size, root, at)), public_key(self._key)
            await session.execute(text("SELECT audit.keep_head(:size, :root, :at, :signature, :key)"),
                                  {"size": size, "root": root, "at": at, "signature": signature, "key": key})
        return {"size": size, "root": root.hex(), "at": at, "signature": signature.hex(), "key": key.hex()}

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                batch = [w for w in batch if not w.done.done()]
                try:
                    async with self._database.asking(write=True) as session:
                        await session.execute(text("SELECT audit.append(:entries)"), {"entries": [w.entry for w in batch]})
                except UNWRITTEN as error:
                    log.error("the record can't be written: %s", type(error).__name__)
                    failed = RecordFailed(FAILED)
                    for waiting in batch:
                        if not waiting.done.done():
                            waiting.done.set_exception(failed)
                else:
                    for waiting in batch:
                        if not waiting.done.done():
                            waiting.done.set_result(None)

    async def _sign(self) -> None:
        while True:
            await asyncio.sleep(HEAD_EVERY_S)
            try:
                await self.head()
            except UNWRITTEN as error:
                log.error("the record's head can't be signed: %s", type(error).__name__)


async def read(database: Database, token: str, *, before: int | None, start: datetime | None, end: datetime | None, what: str | None, who: str | None,
               limit: int) -> list[tuple[int, str]]:
    """Entries with their numbers, the newest first, for the auditor who has this token."""
    async with database.asking() as session:
        rows = await session.execute(
            text("SELECT seq, entry FROM audit.read(:token, :before, :start, :end, :what, :who, :limit)"),
            {"token": token, "before": before, "start": start, "end": end, "what": what, "who": who, "limit": limit})
        return [tuple(row) for row in rows]


def signed_words(size: int, root: bytes, at: datetime) -> bytes:
    """What a head's signature is over."""
    return HEAD_WORDS + f"{size}\n{root.hex()}\n{at.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}\n".encode()


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The installation's key, made once, readable by us alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(made)
        try:
            os.link(part, path)  # whoever comes second takes the first one's
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def public_key(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
