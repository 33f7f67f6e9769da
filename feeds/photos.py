"""Photos of notes: opened in the one-shot worker, the file as it came kept among the originals, a clean copy among what is served."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from data.notes import Photo
from errors import NoRoom
from feeds import worker
from settings import StoreSettings, store

BYTES_MAX = 10_000_000
SUFFIX = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
LIMITS = worker.Limits(memory_mb=1_500, cpu_s=40, file_mb=100, wall_s=60)
FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Cleaned:
    """A photo that was opened: the bytes as they came, those of its clean copy, and the record of both."""

    raw: bytes
    copy: bytes
    photo: Photo


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise NoRoom("there is no room on the server's disk for the photo; nothing of the note is kept") from None
        raise


def cleaned(raw: bytes) -> Cleaned:
    """Open a photo of at most BYTES_MAX bytes; takes a second, so not on the event loop. Raises FileRefused, WorkerFailed, NoRoom."""
    sha256 = hashlib.sha256(raw).hexdigest()
    with _room(), tempfile.TemporaryDirectory(prefix="vigia-") as folder:
        path = Path(folder) / "photo.bin"
        path.write_bytes(raw)
        with worker.workroom(path) as (room, input):
            told = worker.run("photos.clean", {"input": input.name}, name="photo", folder=room, limits=LIMITS)
            copy = (room / "clean.webp").read_bytes()
    named = _served(store(), sha256, copy)
    return Cleaned(raw, copy, Photo(sha256, f"{sha256}.{SUFFIX[told['format']]}", named, hashlib.sha256(copy).hexdigest(), told["width_px"], told["height_px"], len(raw)))


def _served(at: StoreSettings, sha256: str, copy: bytes) -> str:
    """The name of the copy: another build may have made another one of the same photo, and that one stays as its record says."""
    for ending in chain(("photo",), (f"photo{n}" for n in count(2))):
        path = at.imagery / f"{sha256}.{ending}"
        if not path.exists() or path.read_bytes() == copy:
            return path.name
    raise AssertionError("count ends")


def put(found: Cleaned) -> None:
    """Both files into their places, read-only: both, or none. Raises NoRoom."""
    at, made = store(), []
    try:
        with _room():
            for path, content in ((at.originals / found.photo.original, found.raw), (at.imagery / found.photo.served, found.copy)):
                if not path.exists():
                    _put(path, content)
                    made.append(path)
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise


def _put(path: Path, content: bytes) -> None:
    """There as a whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o444)
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
