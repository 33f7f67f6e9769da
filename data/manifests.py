"""The signature of a manifest of parts: that this installation wrote them, by the key that signs the record's heads."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidSignature

from data.audit import signing_key

WORDS = b"vigia manifest of parts 1\n"  # no head of the record, nor anything else, is signed so


def signature(words: bytes, key_file: Path) -> bytes:
    """Of a manifest's words."""
    return signing_key(key_file).sign(WORDS + words)


def ours(words: bytes, told: bytes, key_file: Path) -> bool:
    """Whether this installation signed these words. One that has no key yet has signed nothing, and gets none of asking."""
    if not key_file.is_file():
        return False
    try:
        signing_key(key_file).public_key().verify(told, WORDS + words)
    except InvalidSignature:
        return False
    return True
