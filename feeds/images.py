"""One image on its way in, of whatever product: whether it is there, when it was taken, its served copy, its row."""

from __future__ import annotations

import filecmp
import re
from collections.abc import Callable
from datetime import datetime, timezone
from functools import cache
from importlib.metadata import version
from itertools import chain, count
from pathlib import Path

import shapely
from psycopg.types.json import Jsonb

from data.custody import sha256_of
from data.quadkey import loose_cell
from feeds import sorties
from feeds.imports import Job, put_whole
from feeds.times import TimeRefused, moment
from settings import BUILD
from settings import store as stores

NAMED = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})[T_ -]?(\d{2})[:-]?(\d{2})[:-]?(\d{2})(Z)?", re.ASCII)


def already(job: Job) -> bool:
    """Whether this file's image is there."""
    return job.connection.execute(
        "SELECT 1 FROM image WHERE world = %(world)s AND sha256 = %(sha256)s AND (%(agency)s::int IS NULL OR agency_id = %(agency)s)",
        {"world": job.world, "sha256": job.sha256, "agency": job.agency_id}).fetchone() is not None


def captured(job: Job, tags: dict[str, str], otherwise: Callable[[], tuple[datetime, str] | None] | None = None) -> tuple[datetime, str]:
    """When it was taken and what says so: the person, else the file's name, else a tag, and `otherwise` what is known of its flight. Raises FileRefused."""
    zone = job.options.zone
    try:
        if job.options.captured_at:
            return moment(job.options.captured_at, zone), "--captured-at"
        if found := NAMED.search(job.path.stem):
            y, mo, d, h, mi, s, utc = found.groups()
            return moment(f"{y}-{mo}-{d}T{h}:{mi}:{s}" + ("Z" if utc else ""), zone), "file name"
        for name, value in tags.items():
            if found := NAMED.search(value.replace(":", "-", 2)):
                y, mo, d, h, mi, s, utc = found.groups()
                return moment(f"{y}-{mo}-{d}T{h}:{mi}:{s}" + ("Z" if utc or value.endswith("+00:00") else ""), zone), name
    except TimeRefused as bad:
        job.refuse_file(f"when it was taken: {bad}", "captured_at", job.options.captured_at or job.path.name)
    if otherwise and (found := otherwise()) is not None:
        return found
    also = "; or first the frames or the path of its flight, with --sortie" if otherwise else ""
    job.refuse_file(f"when it was taken: --captured-at, a time in the file's name, or a tag{also}", "captured_at")
    raise AssertionError("refuse_file always raises")


def keep_cog(job: Job, made: Path) -> str:
    """The COG into the folder that is served; its name."""
    return keep_served(job, made, "tif")


def keep_served(job: Job, made: Path, suffix: str | None = None) -> str:
    """What a worker made into the folder that is served, read-only, under the original's fingerprint; taken away again if the import fails. Its name.

    Another world or agency may have brought the same original: what was made of it then is shared, but only when it is the same to the byte.
    """
    folder = stores().imagery
    folder.mkdir(parents=True, exist_ok=True)
    suffix = suffix or made.suffix.lstrip(".")
    for ending in chain((suffix,), (f"{suffix}{n}" for n in count(2))):
        name = f"{job.sha256}.{ending}"
        target = folder / name
        if not target.exists():
            break
        if filecmp.cmp(target, made, shallow=False):
            return name
    put_whole(job, made, target)
    return name


def _whole(job: Job, told: dict, cog: str | None) -> dict:
    """How what is served came to be: from which bytes, with which programs and parameters, and what its own bytes are."""
    return {"inputs": [{"name": job.path.name, "sha256": job.sha256}], "tools": tools(), "made_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "served_sha256": digest(cog) if cog else None, **told}


@cache
def tools() -> dict[str, str]:
    """The programs that make what is served, with their versions."""
    import rasterio

    return {"vigia": BUILD, "GDAL": rasterio.__gdal_version__, **{name: version(name) for name in ("rasterio", "rio-cogeo", "pyproj", "numpy", "pillow")}}


def digest(name: str) -> str:
    """The sha256 of a served file, for its provenance."""
    return sha256_of(stores().imagery / name)


def store(job: Job, *, captured_at: datetime, footprint: shapely.Geometry, rendering: dict, provenance: dict, pose: dict | None = None, **columns) -> int:
    """Its row; the id. `footprint` in degrees, a MultiPolygon or a Point; `columns` as data.models.Image has them.

    `provenance` says what was done; from which bytes, with which programs, and the served bytes' sha256 are put to it here.
    """
    sortie = sorties.of(job)
    told = {
        **columns, "world": job.world, "name": job.path.stem, "captured_at": captured_at.astimezone(timezone.utc), "cell": loose_cell(*around(footprint)),
        "sha256": job.sha256, "rendering": Jsonb(rendering),
        "provenance": Jsonb(_whole(job, provenance, columns.get("cog"))), "pose": None if pose is None else Jsonb(pose),
        "sortie_id": sortie and sortie.id, "agency_id": job.agency_id if job.agency_id is not None else sortie and sortie.agency_id,
        "marking": job.options.marking or "TLP:AMBER", "source_id": job.source_id,
    }
    names = ", ".join(told)  # of ours
    return job.connection.execute(
        f"INSERT INTO image ({names}, footprint) VALUES ({', '.join(f'%({name})s' for name in told)}, ST_SetSRID(%(footprint)s::geometry, 4326)) RETURNING id",
        {**told, "footprint": shapely.to_wkb(footprint, hex=True)}).fetchone()[0]


def around(shape: shapely.Geometry) -> tuple[float, float, float, float]:
    """The box of a footprint; of one that lies over 180°, with its east beyond 180."""
    west, south, east, north = shape.bounds
    if east - west <= 180:
        return west, south, east, north
    parts = [p.bounds for p in shapely.get_parts(shape)]
    return min(b[0] for b in parts if b[0] > 0), south, 360 + max(b[2] for b in parts if b[0] <= 0), north
