"""XML from outside: what declares a document type or entities is refused before anything reads it."""

from __future__ import annotations

import re

DECLARED = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


def declared(raw: bytes) -> str | None:
    """`<!DOCTYPE` or `<!ENTITY` as it stands there, also when the text is UTF-16; None when there is none."""
    for view in (raw, raw.replace(b"\x00", b"")):
        if found := DECLARED.search(view):
            return found.group(0).decode()
    return None
