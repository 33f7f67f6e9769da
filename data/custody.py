"""Custody of imagery: every original and every served file is hashed again and held against what stands on record. By the owner."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from data.people import tell
from data.purge import ERASING
from errors import NotFound
from settings import store

CHUNK_BYTES = 1 << 20
# The records that have files, those that are past their time and held among them: kind, number, sha256 and name of the original, what is served of it.
RECORDS = """
    WITH told AS (
      SELECT 'image' AS kind, i.id, false AS held, to_jsonb(i) - 'footprint' AS c FROM image i
      UNION ALL SELECT 'video', v.id, false, to_jsonb(v) FROM video v
      UNION ALL SELECT h.kind, h.record_id, true, h.content::jsonb FROM held h WHERE h.kind IN ('image', 'video')
    )
    SELECT t.kind, t.id, t.held, c ->> 'sha256', c ->> 'original', ARRAY[c ->> 'cog', c ->> 'served', coalesce(c #>> '{rendering,preview}', c #>> '{provenance,preview}')],
           ARRAY[c #>> '{provenance,served_sha256}', c #>> '{provenance,served_sha256}', c #>> '{provenance,preview_sha256}']
    FROM told t LEFT JOIN sortie s ON s.id = (c ->> 'sortie_id')::bigint WHERE %(sortie)s::text IS NULL OR s.key = %(sortie)s ORDER BY 1, 2
"""
SERVED = ("served_sha256", "served_sha256", "preview_sha256")
OURS = re.compile(r"[0-9a-f]{64}(\.\w{1,20})?")


@dataclass(frozen=True)
class Finding:
    """One file that is not what stands on record."""

    file: str
    """`originals/NAME` or `imagery/NAME`."""
    what: str
    """changed, missing, stray or unreadable."""
    record: str | None
    """`image:7` or `video:3`."""
    expected: str | None
    found: str | None

    def __str__(self) -> str:
        of = "" if self.record is None else f" of {self.record.replace(':', ' ')}"
        told = {"changed": f"sha256 is {self.found}, on record {self.expected}", "missing": f"not there, on record {self.expected}",
                "stray": "no record names it", "unreadable": f"can't be read ({self.found})"}
        return f"{self.what}: {self.file}{of}: {told[self.what]}"


@dataclass
class Verified:
    """What was looked at, and what was found."""

    images: int = 0
    files: int = 0
    bytes: int = 0
    sealed: int = 0
    """Served files of images imported before their sha256 was kept: it is, from now on."""
    findings: list[Finding] = field(default_factory=list)

    def as_dict(self) -> dict:
        return asdict(self)


def sha256_of(path: Path, count: Callable[[int], None] | None = None) -> str:
    """A file's sha256, read piece by piece."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(CHUNK_BYTES):
            digest.update(piece)
            if count:
                count(len(piece))
    return digest.hexdigest()


def verify(connection: psycopg.Connection, progress: Callable[[str, float, float | None], None], sortie: str | None = None) -> Verified:
    """Hash the files of every image and film, or of one sortie's, and, of all, look for files that no record names. It is an entry of the record. Raises NotFound."""
    done = Verified()
    if sortie is not None and not connection.execute("SELECT EXISTS (SELECT FROM sortie WHERE key = %s)", (sortie,)).fetchone()[0]:
        raise NotFound(f"no sortie {sortie[:60]!r}")
    rows = connection.execute(RECORDS, {"sortie": sortie}).fetchall()
    connection.commit()
    looked: dict[str, str | None] = {}  # two worlds or two agencies may share a file
    for kind, number, held, sha256, original, served, expected in rows:
        record = f"{kind}:{number}"
        _file(connection, done, looked, f"originals/{original}", record, sha256)
        for name, known, key in zip(served, expected, SERVED):
            if name is None:
                continue
            found = _file(connection, done, looked, f"imagery/{name}", record, known)
            if known is None and found is not None and not held:
                connection.execute(f"UPDATE {kind} SET provenance = provenance || %s WHERE id = %s",  # a name of ours
                                   (Jsonb({key: found, f"{key}_from": "verify"}), number))
                connection.commit()
                done.sealed += 1
        done.images += 1
        progress("Files of imagery", done.images, len(rows))
    if sortie is None:
        _others(connection, done, looked)
    wrong = {what: sum(f.what == what for f in done.findings) for what in ("changed", "missing", "stray", "unreadable")}
    tell(connection, "check", of="imagery" if sortie is None else f"sortie:{sortie}", rows=done.images, files=done.files, sealed=done.sealed,
         found=[f"{f.what} {f.file}" for f in done.findings[:100]], **{k: v for k, v in wrong.items() if v})
    connection.commit()
    return done


def _file(connection: psycopg.Connection, done: Verified, looked: dict[str, str | None], name: str, record: str | None, expected: str | None) -> str | None:
    """A file against its fingerprint; what it is now."""
    if name not in looked:
        try:
            looked[name] = sha256_of(store().home / name, lambda size: setattr(done, "bytes", done.bytes + size))
            done.files += 1
        except FileNotFoundError:
            looked[name] = None
        except OSError as error:
            done.findings.append(Finding(name, "unreadable", record, expected, error.strerror))
            return None
    found = looked[name]
    if found is None and _on_record(connection, name.partition("/")[2]):  # else it was erased with its record meanwhile
        done.findings.append(Finding(name, "missing", record, expected, None))
    elif found is not None and expected is not None and found != expected:
        done.findings.append(Finding(name, "changed", record, expected, found))
    return found


def _others(connection: psycopg.Connection, done: Verified, looked: dict[str, str | None]) -> None:
    """Originals that are no image's, each named by what it must be, and files that stand among ours and that no record names."""
    strays = []
    for folder in (store().originals, store().imagery):
        for path in sorted(folder.iterdir()) if folder.exists() else ():
            if f"{folder.name}/{path.name}" in looked:
                continue
            if not (OURS.fullmatch(path.name) and _on_record(connection, path.name)):
                strays.append(path)
            elif folder == store().originals:
                _file(connection, done, looked, f"{folder.name}/{path.name}", None, path.name[:64])
    connection.commit()
    if strays:  # or an import's that is on its way: those are let finish
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (ERASING,))
        for path in strays:
            if path.exists() and not (OURS.fullmatch(path.name) and _on_record(connection, path.name)):
                done.findings.append(Finding(f"{path.parent.name}/{path.name}", "stray", None, None, None))
        connection.commit()


def _on_record(connection: psycopg.Connection, name: str) -> bool:
    return connection.execute("""
        SELECT EXISTS (SELECT FROM image WHERE sha256 = %(s)s OR cog = %(n)s) OR EXISTS (SELECT FROM video WHERE sha256 = %(s)s)
          OR EXISTS (SELECT FROM source WHERE sha256 = %(s)s)
          OR EXISTS (SELECT FROM held WHERE kind IN ('image', 'video') AND (content::jsonb ->> 'sha256' = %(s)s OR content::jsonb ->> 'cog' = %(n)s))
          OR EXISTS (SELECT FROM file_to_erase f WHERE left(f.name, 64) = %(s)s)
    """, {"s": name[:64], "n": name}).fetchone()[0]
