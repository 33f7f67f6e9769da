"""A sortie as a STAC folder, for the visitor at hand: written beside its place, its release on disk, and only then put there."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import tempfile
from pathlib import Path

from data import catalogue, pixels, releases, stac
from data.audit import Recorder
from data.filters import Filter
from data.records import MARKINGS
from data.sessions import Database
from data.visitor import Purpose, at_hand
from errors import FilterInvalid, NotFound
from exports.stac import write_folder
from settings import store

ITEMS_MAX = 10_000
THUMBNAIL_PX = 512


async def make(pool: Database, recorder: Recorder, filter: Filter, told: str, folder: Path, *, originals: bool, why: Purpose | None) -> int:
    """Write the folder; how many films are not in it, because they tell no place.

    Raises NotFound, ReleaseRefused when it must not go to the recipient told, RecordFailed when it can't be written down.
    """
    visitor, live = at_hand(), filter.world == "live"
    async with pool.snapshot() as session:
        sortie = await catalogue.sortie(session, filter, await _number(session, filter, told))
        rows, after = await stac.search(session, filter, limit=ITEMS_MAX, sorties=[sortie["id"]], films=True)
        if after:
            raise FilterInvalid([{"key": "sortie", "value": told[:80], "expected": f"one of at most {ITEMS_MAX:,} images and films"}])
        left_out = await stac.placeless(session, filter, sortie["id"])
        if live:
            own = set((await releases.house(session, visitor.token)).values())
            counted: dict[tuple[str, bool], int] = {}
            for row in (sortie, *rows):
                key = (row["marking"], row["agency"] is not None and row["agency"] not in own)
                counted[key] = counted.get(key, 0) + 1
            releases.allow(counted, why.recipient, own)
        records = await releases.contents(session, filter, {kind: [r["id"] for r in rows if r["kind"] == kind] for kind in ("image", "video")}) if live else {}
    marking = next(m for m in MARKINGS if m in {row["marking"] for row in (sortie, *rows)})
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        sums = await asyncio.to_thread(write_folder, part, sortie, rows, lambda row: _files(row, originals), {"marking": marking, "world": filter.world})
        release = None
        if live:
            release = await releases.write(pool, visitor.token, format="stac", filter=f"sortie={sortie['id']}", purpose=why, marking=marking, rows=len(rows),
                                           sha256=hashlib.sha256(sums).digest(), records=records)
        await recorder.record(
            "disclosure", visitor.recorded_as, of=f"export/stac/sortie:{sortie['id']}", rows=len(rows), release=release, address="command line", purpose=why and why.words,
            case=why and why.case, recipient=f"#{await recorder.hashed(why.recipient)}" if why and why.recipient else None)
        part.chmod(0o755)
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return left_out


async def _number(session, filter: Filter, told: str) -> int:
    what, _, number = told.partition(":")
    if what == "sortie" and number.isascii() and number.isdecimal():
        return int(number)
    found = (await catalogue.sorties(session, filter, catalogue.Choice(key=told), limit=3, offset=0))["rows"]
    if not found:
        raise NotFound(f"no sortie {told[:60]!r} in the {filter.world} world")
    if len(found) > 1:
        names = " or ".join(f"sortie:{s['id']}" for s in found)
        raise NotFound(f"several sorties are called {told[:60]!r}: say {names}")
    return found[0]["id"]


def _files(row: dict, originals: bool) -> dict[str, Path | bytes]:
    """What goes beside an item."""
    found: dict[str, Path | bytes] = {}
    if row["kind"] == "video":
        found["video.mp4"] = store().imagery / row["served"]
        if preview := row["provenance"].get("preview"):
            found["thumbnail.webp"] = store().imagery / preview
    else:
        if row["on_tiles"]:
            found["cog.tif"] = store().imagery / row["cog"]
        if row["on_tiles"] or row["rendering"].get("preview"):  # a frame that does not say how it lay has a point for its place, and no picture on the ground
            found["thumbnail.webp"] = pixels.thumbnail(row, THUMBNAIL_PX)
    if originals:
        found[f"original{Path(row['original']).suffix}"] = store().originals / row["original"]
    return found
