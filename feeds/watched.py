"""A folder that is watched: what was copied there is imported, then put into `done/` or `refused/` within it.

It is looked at again and again: of a folder on another machine nobody is told that something changed. What is imported once is there already the next
time, so that a watcher killed anywhere doubles nothing. Links are never followed, and a file is copied here before anything of it is read.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from data.records import ImportReport
from errors import ImportFull, SettingsInvalid, plain
from feeds.imagery import KINDS, turn
from feeds.imports import ImportOptions, Progress, import_files, summary
from settings import store

DONE, REFUSED = "done", "refused"
# File systems that know whether a file is open to be written. Shares of other machines say so of every file.
LEASED = ("ext2", "ext3", "ext4", "xfs", "f2fs", "tmpfs", "overlay")


@dataclass(frozen=True)
class Seen:
    """A file as it was last seen, and since when it has stood still."""

    size_bytes: int
    changed_ns: int
    since: float


class Watcher:
    """One folder. `look` does what there is to do and says what it did."""

    def __init__(self, folder: Path, options: ImportOptions, *, owner_url: str, still_s: float, sortie_from_folder: bool = False, clock: Callable[[], float] = time.monotonic):
        if not folder.is_dir() or folder.is_symlink():
            raise SettingsInvalid(f"{folder}: expected a folder, and no link to one")
        self._folder, self._options, self._owner_url, self._still_s, self._by_folder, self._clock = folder, options, owner_url, still_s, sortie_from_folder, clock
        self._seen: dict[Path, Seen] = {}

    def look(self, progress: Progress) -> list[ImportReport]:
        """Import what has stood still for long enough. A file that goes on changing is waited for."""
        now, reports = self._clock(), []
        there = {path: told for path, told in self._files()}
        self._seen = {path: seen for path, seen in self._seen.items() if path in there}
        for path, told in sorted(there.items(), key=lambda told: turn(told[0])):
            seen = self._seen.get(path)
            if seen is None or (seen.size_bytes, seen.changed_ns) != (told.st_size, told.st_mtime_ns):
                self._seen[path] = Seen(told.st_size, told.st_mtime_ns, now)
            elif now - seen.since >= self._still_s and not self._comes_first(path):
                reports += self._taken(path, told, progress)
        return reports

    def _comes_first(self, path: Path) -> bool:
        """Whether something that is still on its way in must be taken before this: what an orthophoto does not tell, its flight's other files may."""
        return turn(path) > 0 and any(other.parent == path.parent and other.suffix.lower() in KINDS and turn(other) < turn(path) for other in self._seen)

    @property
    def waits(self) -> bool:
        """Whether something is there that is not taken yet."""
        return bool(self._seen)

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Plain files that may be imported, in order; those of folders within only when these name sorties."""
        for entry in sorted(os.scandir(self._folder), key=lambda e: e.name):
            if entry.is_dir(follow_symlinks=False) and self._by_folder and entry.name not in (DONE, REFUSED) and not entry.name.startswith("."):
                yield from self._plain(sorted(os.scandir(entry.path), key=lambda e: e.name))
            else:
                yield from self._plain([entry])

    @staticmethod
    def _plain(entries: list[os.DirEntry]) -> Iterator[tuple[Path, os.stat_result]]:
        for entry in entries:
            try:
                told = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # taken away between two looks
            if stat.S_ISREG(told.st_mode) and not entry.name.startswith(".") and told.st_size:
                yield Path(entry.path), told

    def _taken(self, path: Path, told: os.stat_result, progress: Progress) -> list[ImportReport]:
        options = replace(self._options, by="watched folder")
        if path.parent != self._folder:
            options = replace(options, sortie=path.parent.name)
        try:
            with _copied(path, told) as copy:
                reports = import_files("imagery", [copy], options, progress, owner_url=self._owner_url)
        except _Changed:
            return []  # looked at again, from its new size on
        del self._seen[path]
        told_as = [replace(r, file=r.file.replace(str(copy), str(path))) for r in reports]
        refused = any(r.error or r.refused for r in told_as)
        kept = _put_away(path, self._folder / (REFUSED if refused else DONE) / path.relative_to(self._folder))
        if refused:
            kept.with_name(f"{kept.name}.txt").write_text(f"{summary(told_as)}\n", encoding="utf-8")
        return told_as


class _Changed(Exception):
    """The file is no longer the one that was looked at, or somebody is about to change it."""


def written_to(handle: int) -> bool:
    """Whether a program of this machine has a file open to write, however still it stands. False where nobody can say: on a share, or of another user's file."""
    if system_of(os.fstat(handle).st_dev) not in LEASED:
        return False
    try:
        # Whoever opens it to write in just this moment waits until we let go. We are told of it by a signal, and SIGIO, the usual one, would end us.
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    return False


def system_of(device: int) -> str | None:
    """The kind of file system that is mounted of a device."""
    of = f"{os.major(device)}:{os.minor(device)}"
    lines = (line.split() for line in Path("/proc/self/mountinfo").read_text(errors="replace").splitlines())
    return next((words[words.index("-") + 1] for words in lines if words[2] == of), None)


@contextmanager
def _copied(path: Path, told: os.stat_result) -> Iterator[Path]:
    """A copy of our own under the file's name, of exactly the file that was seen. Raises _Changed."""
    store().home.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="watched-", dir=store().home))
    try:
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            raise _Changed from None
        with open(handle, "rb") as source, open(folder / path.name, "wb") as copy:
            now = os.fstat(source.fileno())
            if (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns) != (told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns):
                raise _Changed
            if written_to(source.fileno()):
                raise _Changed
            shutil.copyfileobj(source, copy, 1 << 20)
            if os.fstat(source.fileno()).st_mtime_ns != told.st_mtime_ns or copy.tell() != told.st_size:
                raise _Changed
        yield folder / path.name
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put_away(path: Path, target: Path) -> Path:
    """Move it, beside what has its name there already."""
    number, free = 1, target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        while free.exists() or free.is_symlink():
            number += 1
            free = target.with_name(f"{target.stem}-{number}{target.suffix}")
        path.rename(free)
    except OSError as error:
        raise SettingsInvalid(f"{path} can't be moved to {target.parent} ({error.strerror}): whoever watches must be able to write there") from None
    return free


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else on this machine watches it. Raises SettingsInvalid."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsInvalid(f"{folder} is watched by another process already") from None
        yield
    finally:
        os.close(handle)


def watch(folder: Path, options: ImportOptions, progress: Progress, say: Callable[[str], None], *, owner_url: str, still_s: float, every_s: float,
          sortie_from_folder: bool = False, once: bool = False) -> bool:
    """Watch until stopped; with `once` until what is there has been taken. Whether all was taken."""
    watcher, good, trouble = Watcher(folder, options, owner_url=owner_url, still_s=still_s, sortie_from_folder=sortie_from_folder), True, None
    with alone(folder):
        while True:
            reports = []
            try:
                reports, trouble = watcher.look(progress), None
            except (OSError, ImportFull) as error:  # a share that is gone for a while, a disk that is full: told once, and tried again
                if trouble != (trouble := str(error) if isinstance(error, ImportFull) else f"{error.strerror}: {error.filename2 or error.filename or folder}"):
                    say(plain(f"waiting: {trouble}"))
            if reports:
                say("\n".join(plain(line) for line in summary(reports).splitlines()))
                good = good and not any(r.error or r.refused for r in reports)
            if once and not watcher.waits:
                return good
            time.sleep(every_s)
