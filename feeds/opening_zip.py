"""Zips, inside the sandbox: every entry is looked at before any is unpacked, and bytes are counted as they are inflated."""

from __future__ import annotations

import stat
import zipfile
import zlib

from feeds.opening import Bad

ENTRIES_MAX = 20_000
NAME_MAX = 200
BYTES_MAX = 20_000_000_000
RATIO_MAX, RATIO_FROM = 200, 100_000_000  # what flights bring packs to a tenth at best; small texts may do better
AT_ONCE = 1 << 20
LEFT = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")  # what the system that packed it left


def unpack(input: str) -> dict:
    """Write each entry as `out-<number>`; their names. Raises Bad for a zip that could do harm: no part of it is taken then."""
    try:
        with zipfile.ZipFile(input) as packed:
            entries = [entry for entry in packed.infolist() if not (entry.is_dir() or _left(entry.filename))]
            if len(packed.infolist()) > ENTRIES_MAX:
                raise Bad(f"a zip of at most {ENTRIES_MAX:,} entries", "entries", len(packed.infolist()))
            if not entries:
                raise Bad("a zip with a file in it")
            seen: set[str] = set()
            for entry in packed.infolist():
                _check(entry)
            for entry in entries:
                if entry.filename in seen:
                    raise Bad("each name once", "name", entry.filename)
                seen.add(entry.filename)
            _inflate(packed, entries)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError, ValueError) as error:
        raise Bad(f"a zip that opens ({error})"[:200]) from None
    return {"names": [entry.filename for entry in entries]}


def _left(name: str) -> bool:
    return name.startswith(LEFT[0]) or name.rsplit("/", 1)[-1] in LEFT[1:]


def _check(entry: zipfile.ZipInfo) -> None:
    name, told = entry.filename, entry.orig_filename
    parts = name.rstrip("/").split("/")
    if "\0" in told or "\\" in told or name.startswith("/") or ":" in name or any(part in ("", ".", "..") for part in parts):
        raise Bad("names that stay within the zip", "name", told)
    if not name.isprintable() or any(len(part.encode("utf-8", "replace")) > NAME_MAX for part in parts):
        raise Bad(f"names of at most {NAME_MAX} printable bytes", "name", told)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Bad("files and folders alone, no links", "name", name)
    if entry.flag_bits & 0x1:
        raise Bad("files that are not encrypted", "name", name)
    if name.lower().endswith(".zip"):
        raise Bad("no zip within a zip", "name", name)


def _inflate(packed: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    packed_bytes = max(1, sum(entry.compress_size for entry in entries))
    most = min(BYTES_MAX, max(RATIO_FROM, RATIO_MAX * packed_bytes))
    written = 0
    for number, entry in enumerate(entries):
        with packed.open(entry) as inflated, open(f"out-{number}", "xb") as out:
            while data := inflated.read(AT_ONCE):
                written += len(data)
                if written > most:
                    raise Bad(f"files that unpack to at most {most / 1e6:,.0f} MB ({RATIO_MAX} times what they are packed to, and {BYTES_MAX / 1e6:,.0f} MB)", "name", entry.filename)
                out.write(data)
