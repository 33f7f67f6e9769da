"""The spool: every frame of a feed is on disk, with its hash, before anything is made of it.

A folder a feed, a file at a time for each process that writes; the one who stores reads all of them in the order of their names.
How far a file is stored stands in the database (`spool_mark`), moved on in the transaction that stores. So whatever is killed, and
for however long the database is away, nothing is lost and nothing stored twice.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from errors import SpoolFull
from feeds import receipt
from feeds.wire import Frame

MAGIC = b"VIGIASP1"
HEAD = struct.Struct("<QIH32s")  # received_us, size of data, size of topic, SHA-256 of topic and data
DATA_MAX = 64 * 1024 * 1024
FILE_BYTES = 16 * 1024 * 1024
FILE_S = 3600.0
SYNC_S = 1.0  # what a power cut may take; a process that is killed loses nothing it was given
READ_BYTES = 4_000_000  # of one look, and the frame that goes beyond: bodies of requests are large, and each becomes many times its size in memory
RESERVE = 1.25  # of the limit: what feeds that follow something under an authority may still use


@dataclass(frozen=True, slots=True)
class Spooled:
    """A frame, and where it ends in its file."""

    frame: Frame
    file: str
    end: int


class SpoolWriter:
    """Appends frames of one feed. Its file is locked while it is open: whoever reads knows by that whether more may come."""

    def __init__(self, folder: Path, *, limit_bytes: int, protected: bool = False):
        """`protected`: a feed that follows something under an authority; by-catch gives way to it (`limit_bytes` is for all feeds)."""
        self.folder, self.limit_bytes = folder, int(limit_bytes * (RESERVE if protected else 1))
        self.dropped = 0
        self._file: int | None = None
        self._size, self._opened, self._synced, self._weighed = 0, 0.0, 0.0, 0.0
        self._held = 0
        folder.mkdir(parents=True, exist_ok=True)

    def append(self, frames: list[Frame]) -> int:
        """Put frames on disk; how many. What there is no room for is dropped, the newest first, and counted. Raises OSError of a broken disk."""
        kept = frames[:self._room(frames)]
        self.dropped += len(frames) - len(kept)
        if not kept:
            return 0
        body = b"".join(record(frame) for frame in kept)
        try:
            file = self._open(len(body))
            _write(file, body, self._size)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self.dropped += len(kept)
            return 0
        self._size += len(body)
        self._held += len(body)
        if (now := time.monotonic()) - self._synced >= SYNC_S:
            os.fsync(file)
            self._synced = now
        return len(kept)

    def sync(self) -> None:
        """What was appended outlasts a power cut."""
        if self._file is not None:
            os.fsync(self._file)

    def close(self) -> None:
        if self._file is not None:
            self.sync()
            os.close(self._file)
            self._file = None

    def _room(self, frames: list[Frame]) -> int:
        """How many of these frames there is room for."""
        if (now := time.monotonic()) - self._weighed >= SYNC_S or not self._weighed:
            self._held, self._weighed = size_bytes(self.folder.parent), now
        left = self.limit_bytes - self._held
        for number, frame in enumerate(frames):
            left -= HEAD.size + len(frame.data) + len(frame.topic)
            if left < 0:
                return number
        return len(frames)

    def _open(self, more: int) -> int:
        now = time.monotonic()
        if self._file is not None and (self._size + more > FILE_BYTES or now - self._opened > FILE_S):
            self.close()
        if self._file is None:
            name = f"{receipt.CLOCK.now_us():016d}-{os.getpid()}-{secrets.token_hex(3)}.spool"
            self._file = os.open(self.folder / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            os.write(self._file, MAGIC)
            self._size, self._opened = len(MAGIC), now
        return self._file


def record(frame: Frame) -> bytes:
    """A frame as it stands in a file, with its hash. Raises SpoolFull."""
    topic = frame.topic.encode("utf-8", "surrogatepass")[:0xFFFF]
    if len(frame.data) > DATA_MAX:
        raise SpoolFull(f"a message of {len(frame.data):,} bytes; at most {DATA_MAX:,} are taken")
    return HEAD.pack(frame.received_us, len(frame.data), len(topic), hashlib.sha256(topic + frame.data).digest()) + topic + frame.data


def _write(file: int, body: bytes, at: int) -> None:
    """All of it or nothing: half a record would hide those behind it."""
    done = 0
    try:
        while done < len(body):
            done += os.write(file, body[done:])
    except OSError:
        os.ftruncate(file, at)
        os.lseek(file, at, os.SEEK_SET)
        raise


def hold(folder: Path) -> int | None:
    """A lock on a feed for as long as it is open (os.close gives it back, as does an end of the process); None: another one listens to it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(folder.with_name(f"{folder.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return file


# -- reading -----------------------------------------------------------------------------------------------------------


@dataclass
class Reading:
    """What a look into a spool gave."""

    frames: list[Spooled]
    damaged: int = 0  # records whose hash no longer fits: passed over
    finished: tuple[str, ...] = ()  # files that are read to their end and that nobody writes to any more
    size_bytes: int = 0
    reached: dict[str, int] = field(default_factory=dict)  # file -> where what was looked at ends, what is damaged too: it is counted once


def read(folder: Path, marks: dict[str, int], most: int, most_bytes: int = READ_BYTES) -> Reading:
    """The next frames after `marks` (file -> bytes read), at most so many, the oldest first; none after `most_bytes` are reached."""
    out = Reading([])
    finished = []
    for path in files(folder):
        if len(out.frames) >= most or out.size_bytes >= most_bytes:
            break
        closed = _is_closed(path)  # asked before reading: what is written after it is read by the next look
        ended = _read_file(path, max(marks.get(path.name, 0), len(MAGIC)), most, most_bytes, out)
        if closed and ended:
            finished.append(path.name)
    out.finished = tuple(finished)
    return out


def before(folder: Path, marks: dict[str, int], most: int) -> list[Frame]:
    """The last frames up to the marks, those whose files are still there."""
    found: list[Frame] = []
    for path in files(folder):
        if path.name in marks:
            found += [one.frame for one in all_of(path) if one.end <= marks[path.name]]
    return found[-most:]


def all_of(path: Path) -> list[Spooled]:
    """Every frame of a file, of those put aside too."""
    told = Reading([])
    _read_file(path, len(MAGIC), 1 << 40, 1 << 40, told)
    return told.frames


def _read_file(path: Path, at: int, most: int, most_bytes: int, out: Reading) -> bool:
    """Take frames from a file; whether there are no more. Half a record is one whose writer was killed at it, and was never taken for kept."""
    name = path.name
    with open(path, "rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return True
        file.seek(at)
        while len(out.frames) < most and out.size_bytes < most_bytes:
            head = file.read(HEAD.size)
            if len(head) < HEAD.size:
                return True
            received_us, size, topic_size, told = HEAD.unpack(head)
            if size > DATA_MAX:  # no writer of ours wrote that, and what follows it can't be found
                out.damaged += 1
                return True
            body = file.read(topic_size + size)
            if len(body) < topic_size + size:
                return True
            at += HEAD.size + len(body)
            out.reached[name] = at
            if hashlib.sha256(body).digest() != told:
                out.damaged += 1
                continue
            topic = body[:topic_size].decode("utf-8", "replace")
            out.size_bytes += size
            out.frames.append(Spooled(Frame(body[topic_size:], received_us, topic), name, at))
    return False


def files(folder: Path) -> list[Path]:
    """A feed's files, in the order they were begun."""
    return sorted(folder.glob("*.spool")) if folder.is_dir() else []


def waiting_bytes(folder: Path, marks: dict[str, int]) -> int:
    """How much of a spool is not stored yet."""
    return sum(max(0, path.stat().st_size - max(marks.get(path.name, 0), len(MAGIC))) for path in files(folder))


def size_bytes(root: Path) -> int:
    """How much all feeds hold on disk."""
    return sum(path.stat().st_size for path in _existing(root))


def _existing(root: Path) -> Iterator[Path]:
    for path in root.glob("*/*.spool"):
        if path.exists():
            yield path


def remove(folder: Path, names: tuple[str, ...]) -> None:
    """Files that are stored wholly."""
    for name in names:
        (folder / name).unlink(missing_ok=True)


def forget(folder: Path) -> int:
    """Remove the spool of a feed that is gone; how many bytes it held."""
    held = sum(path.stat().st_size for path in files(folder))
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_name(f"{folder.name}.lock").unlink(missing_ok=True)
    return held


def _is_closed(path: Path) -> bool:
    """Whether nobody writes to it (any more): a writer that is killed gives its lock back."""
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
    return True
