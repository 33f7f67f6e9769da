"""A basemap of the user's own: a PMTiles archive or a MapLibre style, looked at before it is served.

A style may name archives that lie beside it (`pmtiles://region.pmtiles`), and nothing on another machine.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from errors import SettingsInvalid

ENDINGS = (".pmtiles", ".json")
HEADER_BYTES = 127
MAGIC = b"PMTiles\x03"
STYLE_MAX_BYTES = 20 * 2**20
# What a style says in these is shown or drawn and never fetched, as features inside it; attributions are full of links.
SAID = {"attribution", "metadata", "layers"}
HERE = {"localhost", "127.0.0.1", "::1"}
BESIDE = re.compile(r"pmtiles://([^/\\:]+\.pmtiles)")
SERVED = "/api/basemap/"


def check(path: Path) -> None:
    """Whether it can be served. Raises SettingsInvalid that says what is wrong."""
    if path.suffix.lower() not in ENDINGS or not path.is_file():
        raise SettingsInvalid(f"--basemap {path}: expected a file that exists, a .pmtiles archive or a style .json")
    if path.suffix.lower() == ".pmtiles":
        _check_archive(path)
        return
    style(path)
    for beside in archives(path):
        _check_archive(beside)


def style(path: Path) -> dict:
    """A style as the page takes it: archives beside it by their address here. Raises SettingsInvalid."""
    told = _read(path)
    for url in _fetched(told):
        if host := _elsewhere(url):
            raise SettingsInvalid(f"--basemap {path.name} asks {host[:80]}: a basemap's requests may not leave this machine")
    for source in told["sources"].values():
        if isinstance(source, dict) and (beside := BESIDE.fullmatch(str(source.get("url", "")))):
            source["url"] = f"pmtiles://{SERVED}{beside[1]}"
    return told


def archives(path: Path) -> list[Path]:
    """The archives that may be served for it: itself, or those beside a style that it names. Raises SettingsInvalid."""
    if path.suffix.lower() == ".pmtiles":
        return [path]
    sources = _read(path)["sources"].values()
    named = (BESIDE.fullmatch(str(s.get("url", ""))) for s in sources if isinstance(s, dict))
    return [path.parent / beside[1] for beside in named if beside]


def _read(path: Path) -> dict:
    try:
        if path.stat().st_size > STYLE_MAX_BYTES:
            raise SettingsInvalid(f"--basemap {path.name} has {path.stat().st_size} bytes, a style has at most {STYLE_MAX_BYTES}")
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsInvalid(f"--basemap {path.name} is no style: {str(error)[:120]}") from None
    if not isinstance(told, dict) or told.get("version") != 8:
        raise SettingsInvalid(f"--basemap {path.name} is no style: expected an object with \"version\": 8")
    if not isinstance(told.get("sources"), dict) or not isinstance(told.get("layers"), list):
        raise SettingsInvalid(f"--basemap {path.name} is no style: expected \"sources\" and \"layers\"")
    return told


def _fetched(told: object) -> Iterator[str]:
    """Every word of a style but those that are never fetched."""
    if isinstance(told, dict):
        for key, value in told.items():
            if key not in SAID and not (key == "data" and isinstance(value, dict)):
                yield from _fetched(value)
    elif isinstance(told, list):
        for value in told:
            yield from _fetched(value)
    elif isinstance(told, str):
        yield told


def _elsewhere(url: str) -> str | None:
    """The other machine that an address names, as a browser would read it; None when it stays here."""
    # A browser drops blanks and control characters, and takes a backslash for a slash.
    plain = re.sub(r"[\x00-\x20]", "", url).replace("\\", "/")
    while plain.lower().startswith("pmtiles://"):
        plain = plain[len("pmtiles://"):]
    special = re.match(r"(?i)(https?|wss?|ftp):/*(.*)", plain)
    other = re.match(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(.*)", plain)
    if not (special or other):
        return None
    named = special[2] if special else other[1]
    try:
        host = urlsplit(f"//{named}").hostname
    except ValueError:
        return named
    return None if host in HERE else host or named


def _check_archive(path: Path) -> None:
    """Raises SettingsInvalid when it is no whole PMTiles archive of version 3."""
    try:
        size = path.stat().st_size
        with open(path, "rb") as handle:
            header = handle.read(HEADER_BYTES)
            if len(header) < HEADER_BYTES or not header.startswith(MAGIC):
                raise SettingsInvalid(f"--basemap {path.name} is no PMTiles archive of version 3")
            # Offset and length of the root directory, the metadata, the leaf directories and the tiles.
            ends = [_word(header, at) + _word(header, at + 8) for at in (8, 24, 40, 56)]
            if max(ends) > size:
                raise SettingsInvalid(f"--basemap {path.name} is cut short: {size} bytes, its header tells {max(ends)}")
            handle.seek(_word(header, 24))
            told = handle.read(min(_word(header, 32), STYLE_MAX_BYTES))
            json.loads((gzip.decompress(told) if header[97] == 2 else told) or b"{}")
    except (OSError, ValueError, EOFError) as error:
        raise SettingsInvalid(f"--basemap {path.name} can't be read: {str(error)[:120]}") from None


def _word(header: bytes, at: int) -> int:
    return int.from_bytes(header[at:at + 8], "little")
