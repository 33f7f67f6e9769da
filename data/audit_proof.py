"""Proving the record, as its keeper: checking all of it, and a file that shows one entry to whoever does not trust us. By the owner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timezone

import psycopg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from data import merkle
from data.audit import signed_words
from errors import NotFound

ROWS = 5_000


@dataclass
class Checked:
    """What a check of the whole record found."""

    entries: int = 0
    heads: int = 0
    root: str = ""
    wrong: list[str] = field(default_factory=list)


def verify(connection: psycopg.Connection, key: bytes | None, progress: Callable[[str, float, float | None], None]) -> Checked:
    """Hash every entry again, build the tree anew, and hold it against each node and each signed head. `key` is the one we sign with.

    A changed entry is named by its number; one that is missing or too many by where the numbers break; a tree that was made anew
    behind a changed entry by the first head that it does not fit.
    """
    out, tree = Checked(), merkle.Tree()
    (total,) = connection.execute("SELECT count(*) FROM audit.entry").fetchone()
    heads = iter(connection.execute("SELECT size, root, at, signature, key FROM audit.head ORDER BY size").fetchall())
    head = next(heads, None)
    with connection.cursor(name="entries") as cursor:
        cursor.itersize = ROWS
        cursor.execute("SELECT seq, entry, leaf FROM audit.entry ORDER BY seq")
        for seq, entry, leaf in cursor:
            if seq != tree.size:
                out.wrong.append(f"entry {tree.size} is missing: after {tree.size - 1} comes {seq}")
                return out
            hashed = merkle.leaf_hash(entry.encode())
            if hashed != bytes(leaf):
                out.wrong.append(f"entry {seq} was changed: it does not hash to its leaf")
            tree.add(hashed)
            if head is not None and head[0] == tree.size:
                out.wrong += _head(tree.root(), head, key)
                out.heads += 1
                head = next(heads, None)
            if tree.size % ROWS == 0:
                progress("Record", tree.size, total)
    if head is not None:
        out.wrong.append(f"the record ends with entry {tree.size - 1}, and a head of {head[0]} entries was signed at {head[2]:%Y-%m-%d %H:%M} UTC")
    peaks = [bytes(h) for h in connection.execute("SELECT hashes FROM audit.peaks()").fetchone()[0]]
    if merkle.folded(peaks) != tree.root():
        out.wrong.append("the kept hashes are not those of the entries")
    out.entries, out.root = tree.size, tree.root().hex()
    return out


def _head(root: bytes, head: tuple, key: bytes | None) -> list[str]:
    size, told, at, signature, signer = head
    wrong = []
    if bytes(told) != root:
        wrong.append(f"the head of {size} entries, signed {at:%Y-%m-%d %H:%M} UTC, does not fit: an entry before it was changed and the tree made anew")
    if key is not None and bytes(signer) != key:
        wrong.append(f"the head of {size} entries was signed with another key, {bytes(signer).hex()[:16]}…")
    try:
        Ed25519PublicKey.from_public_bytes(bytes(signer)).verify(bytes(signature), signed_words(size, bytes(told), at))
    except InvalidSignature:
        wrong.append(f"the signature of the head of {size} entries is wrong")
    return wrong


def proof(connection: psycopg.Connection, seq: int, since: int | None = None) -> dict:
    """What shows an outsider that entry `seq` is in the record under its newest head, and that an older head is its beginning.

    exports/verify_audit.py checks it with nothing but Python. Raises NotFound.
    """
    head = connection.execute("SELECT size, root, at, signature, key FROM audit.head WHERE size > %s ORDER BY size DESC LIMIT 1", (seq,)).fetchone()
    row = connection.execute("SELECT entry FROM audit.entry WHERE seq = %s", (seq,)).fetchone()
    if row is None:
        raise NotFound(f"no entry {seq} in the record")
    if head is None:
        raise NotFound(f"entry {seq} is under no head yet; `./vigia audit head` signs one")
    subtree = merkle.over(lambda level, number: _node(connection, level, number))
    out = {
        "entry": row[0], "index": seq, "inclusion": [h.hex() for h in merkle.inclusion(seq, head[0], subtree)], "head": _told(head),
    }
    if since is not None:
        old = connection.execute("SELECT size, root, at, signature, key FROM audit.head WHERE size = %s", (since,)).fetchone()
        if old is None:
            raise NotFound(f"no head of {since} entries; `./vigia audit heads` lists them")
        out |= {"since": _told(old), "consistency": [h.hex() for h in merkle.consistency(old[0], head[0], subtree)]}
    return out


def _node(connection: psycopg.Connection, level: int, number: int) -> bytes:
    return bytes(connection.execute("SELECT hash FROM audit.node WHERE level = %s AND number = %s", (level, number)).fetchone()[0])


def _told(head: tuple) -> dict:
    size, root, at, signature, key = head
    return {"size": size, "root": bytes(root).hex(), "at": f"{at.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
            "signature": bytes(signature).hex(), "key": bytes(key).hex()}
