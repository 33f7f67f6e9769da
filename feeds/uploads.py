"""The bytes of what browsers send: a folder for each upload, written to from where it ends.

What is on disk is what came: the file's own length is the offset, so that whatever breaks, somebody goes on from there.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

from errors import BodyTooLong, InputRefused, NoRoom, NotFound, SettingsInvalid, UploadBusy, UploadElsewhere, UploadMarred
from feeds.imagery import KINDS
from feeds.imports import ImportOptions, check
from feeds.zipped import SUFFIX as ZIP

PART = ".part"
AT_ONCE = 1 << 20
CHECKSUMS = ("sha1", "sha256")
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NAME_BYTES_MAX = 200
TAKEN = (*KINDS, ZIP)
FACTS = ("agency", "marking", "sortie", "platform", "sensor", "authority", "captured_at", "zone", "grade", "handling")
FACT_MAX = 100


def name_of(told: str) -> str:
    """A file's name as its sender told it, when it may be one here. Raises InputRefused."""
    if not told.isprintable() or not told.strip() or told != told.strip() or told.startswith(".") or any(c in told for c in "/\\:") or len(told.encode()) > NAME_BYTES_MAX:
        raise InputRefused(f"filename is {told[:80]!r}, expected a name of at most {NAME_BYTES_MAX} bytes without / \\ : or a dot at its beginning")
    if not told.lower().endswith(TAKEN):
        raise InputRefused(f"filename is {told[:80]!r}, expected one that ends with {', '.join(TAKEN)}")
    return told


def facts(told: dict[str, str]) -> dict[str, str]:
    """What a sender says of a file, as the importer's options; what is empty is not told. Raises InputRefused."""
    if wrong := [key for key in told if key not in FACTS]:
        raise InputRefused(f"{wrong[0][:40]!r} is told of the file, expected some of {', '.join(FACTS)}")
    found = {key: value.strip() for key, value in told.items() if value.strip()}
    for key, value in found.items():
        if len(value) > FACT_MAX or not value.isprintable():
            raise InputRefused(f"{key} is {value[:80]!r}, expected at most {FACT_MAX} printable characters")
    try:
        check(ImportOptions(**found))
    except SettingsInvalid as wrong:
        raise InputRefused(str(wrong).removeprefix("--")) from None
    return found


class Uploads:
    """The folder of all uploads."""

    def __init__(self, folder: Path, *, spare_bytes: int):
        self._folder, self._spare_bytes = folder, spare_bytes

    def create(self, id: str, size_bytes: int) -> None:
        """An empty upload. Raises NoRoom when it would not fit."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self._folder).free - self._spare_bytes
            if size_bytes > free:
                raise NoRoom(f"the file has {size_bytes / 1e6:,.0f} MB and there is room for {max(free, 0) / 1e6:,.0f} MB; whoever keeps this installation must make room")
            (self._folder / id).mkdir(mode=0o700)
            (self._folder / id / PART).touch(mode=0o600)
        except OSError as error:
            raise _full(error) from None

    def offset(self, id: str) -> int:
        """How many of its bytes are here. Raises NotFound."""
        try:
            return (self._folder / id / PART).stat().st_size
        except OSError:
            raise NotFound(f"no upload {id[:60]}") from None

    def drop(self, id: str) -> None:
        """Erase it."""
        shutil.rmtree(self._folder / id, ignore_errors=True)

    async def append(self, id: str, offset: int, size_bytes: int, parts: AsyncIterator[bytes], checksum: tuple[str, bytes] | None, broken: tuple[type[Exception], ...]) -> int:
        """Write what comes after `offset`; the new offset. What is `broken` off stays as far as it came, unless a checksum tells of the whole.

        Raises UploadBusy, UploadElsewhere, UploadMarred, BodyTooLong, NoRoom (then nothing of this request is kept) and what was broken.
        """
        path = self._folder / id / PART
        lock = await asyncio.to_thread(_locked, path)
        try:
            if (held := os.fstat(lock).st_size) != offset:
                raise UploadElsewhere(f"this upload ends at {held:,}, not at {offset:,}: go on from there")
            try:
                return await self._written(path, held, size_bytes, parts, checksum, broken)
            except (UploadMarred, BodyTooLong):
                os.ftruncate(lock, held)
                raise
            except OSError as error:
                os.ftruncate(lock, held)
                raise _full(error) from None
        finally:
            os.close(lock)

    async def _written(self, path: Path, at: int, size_bytes: int, parts, checksum, broken) -> int:
        waiting, hashed, failed = bytearray(), hashlib.new(checksum[0]) if checksum else None, None
        try:
            async for part in parts:
                if at + len(waiting) + len(part) > size_bytes:
                    raise BodyTooLong(f"more came than the {size_bytes:,} bytes this upload has")
                waiting += part
                if hashed:
                    hashed.update(part)
                if len(waiting) >= AT_ONCE:
                    at += await asyncio.to_thread(_put, path, at, bytes(waiting))
                    waiting = bytearray()
        except broken as error:
            failed = error
        at += await asyncio.to_thread(_put, path, at, bytes(waiting), last=True)
        if hashed and (failed or hashed.digest() != checksum[1]):
            raise UploadMarred(f"the {checksum[0]} of what came is another; send this part again")
        if failed:
            raise failed
        return at

    # -- by who imports -----------------------------------------------------------------------------------------------

    def file(self, id: str, name: str) -> Path:
        """The whole file under its name."""
        named = self._folder / id / name
        if not named.exists():
            (self._folder / id / PART).rename(named)
        return named

    def resting(self, begun_h: dict[str, float], hours: float) -> list[str]:
        """Which of the unfinished ones (since when, in hours) nobody went on with for so long; of one without bytes its beginning counts."""
        def rests_h(id: str) -> float:
            try:
                return (time.time() - (self._folder / id / PART).stat().st_mtime) / 3600
            except OSError:
                return begun_h[id]

        return [id for id in begun_h if rests_h(id) > hours]

    def keep_only(self, ids: list[str]) -> int:
        """Erase the folders of no upload that is known; those of the last hour may be about to be. How many."""
        gone = [path for path in self._folder.glob("*") if path.name not in set(ids) and time.time() - path.stat().st_mtime > 3600]
        for path in gone:
            shutil.rmtree(path, ignore_errors=True)
        return len(gone)


def _locked(path: Path) -> int:
    """The file open, and nobody else's while it is. Raises NotFound, UploadBusy."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        raise NotFound("no such upload, or it is whole") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise UploadBusy("another request writes to this upload; try again in a moment") from None
    return handle


def _put(path: Path, at: int, data: bytes, *, last: bool = False) -> int:
    """Open anew each time: a request that is cut off closes its own handle while this may still write."""
    handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    try:
        done = 0
        while done < len(data):
            done += os.pwrite(handle, data[done:], at + done)
        if last:
            os.fsync(handle)
        return len(data)
    finally:
        os.close(handle)


def _full(error: OSError) -> Exception:
    return NoRoom("no room left on the server's disk; nothing of this part is kept; whoever keeps this installation must make room") if error.errno in FULL else error
