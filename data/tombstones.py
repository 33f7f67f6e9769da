"""What is left of an erased record: a hash that shows whether something is what was erased, to whoever has both that and the salt.

The salt of a batch is made of a key that lies beside the installation and not in the database. When the key is destroyed, no tombstone can be
held against anything any more, and the record of what was erased when still stands.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psycopg

from data.people import tell
from settings import store


@dataclass(frozen=True)
class Erased:
    """One record on its way out. `content` is its rows as JSON, a line each."""

    kind: str
    record_id: int
    agency_id: int | None
    content: str
    rule: str
    held: bool = False
    number: int = 1
    sources: list[int] = field(default_factory=list)


def key(path: Path | None = None) -> bytes:
    """The key salts are made of, made once, readable by us alone."""
    path = path or store().tombstone_key
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.urandom(32))
        try:
            os.link(part, path)  # whoever comes second takes the first one's
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path.read_bytes()


def salt(batch: uuid.UUID) -> bytes:
    return hmac.new(key(), batch.bytes, hashlib.sha256).digest()


def hashed(salt: bytes, kind: str, record_id: int, content: str) -> bytes:
    return hashlib.sha256(salt + f"{kind}:{record_id}\n{content}".encode()).digest()


def put(connection: psycopg.Connection, records: list[Erased], now: datetime, who: str) -> None:
    """Tombstones for these, and one entry of the record that names them and can be held against them. Call it last in a transaction."""
    if not records:
        return
    batch = uuid.uuid4()
    of_batch = salt(batch)
    hashes = [hashed(of_batch, r.kind, r.record_id, r.content) for r in records]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO tombstone (kind, record_id, number, hash, batch, purged_at, rule) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [(r.kind, r.record_id, r.number, h, batch, now, r.rule) for r, h in zip(records, hashes)])
    kinds = sorted({r.kind for r in records})
    tell(connection, "erasure", who=who, of=",".join(kinds), rows=sum(r.number for r in records), batch=str(batch),
         rule="; ".join(sorted({r.rule for r in records})), digest=hashlib.sha256(b"".join(sorted(hashes))).hexdigest())


def hold_back(connection: psycopg.Connection, records: list[Erased], now: datetime, who: str) -> None:
    """These are past their time and held: out of everything that is shown, and kept."""
    if not records:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO held (kind, record_id, agency_id, number, rule, sources, held_at, content) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [(r.kind, r.record_id, r.agency_id, r.number, r.rule, r.sources, now, r.content) for r in records])
    tell(connection, "change", who=who, of=",".join(sorted({r.kind for r in records})), rows=sum(r.number for r in records), to="held past its time")
