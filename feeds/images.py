"""One image on its way in, of whatever product: whether it is there, when it was taken, its served copy, its row."""

from __future__ import annotations

import hashlib
import re
import shutil
from datetime import datetime, timezone

import shapely
from psycopg.types.json import Jsonb

from data.runs import enclosing
from feeds import sorties
from feeds.imports import Job
from feeds.times import TimeRefused, moment
from settings import store as stores

NAMED = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})[T_ -]?(\d{2})[:-]?(\d{2})[:-]?(\d{2})(Z)?", re.ASCII)


def already(job: Job) -> bool:
    """Whether this file's image is there."""
    return job.connection.execute(
        "SELECT 1 FROM image WHERE world = %(world)s AND sha256 = %(sha256)s AND (%(agency)s::int IS NULL OR agency_id = %(agency)s)",
        {"world": job.world, "sha256": job.sha256, "agency": job.agency_id}).fetchone() is not None


def captured(job: Job, tags: dict[str, str]) -> tuple[datetime, str]:
    """When it was taken and what says so: the person, else the file's name, else a tag. Raises FileRefused."""
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
    job.refuse_file("when it was taken: --captured-at, a time in the file's name, or a tag", "captured_at")
    raise AssertionError("refuse_file always raises")


def keep_cog(job: Job, made) -> str:
    """The COG into the folder that is served, under the original's fingerprint; taken away again if the import fails. Its name."""
    return keep_served(job, made)


def keep_served(job: Job, made) -> str:
    """The same for any file that a worker made, by its suffix: a preview, a film."""
    folder = stores().imagery
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{job.sha256}{made.suffix}"
    target = folder / name
    if not target.exists():
        part = folder / f".{name}.part"
        shutil.copyfile(made, part)
        part.chmod(0o444)
        part.rename(target)
        job.on_abort.append(lambda: target.unlink(missing_ok=True))
    return name


def digest(name: str) -> str:
    """The sha256 of a served file, for its provenance."""
    with open(stores().imagery / name, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def store(job: Job, *, captured_at: datetime, footprint: shapely.Geometry, rendering: dict, provenance: dict, pose: dict | None = None, **columns) -> int:
    """Its row; the id. `footprint` in degrees, a MultiPolygon or a Point; `columns` as data.models.Image has them."""
    sortie = sorties.of(job)
    told = {
        **columns, "world": job.world, "name": job.path.stem, "captured_at": captured_at.astimezone(timezone.utc), "cell": int(enclosing([footprint])[0]),
        "sha256": job.sha256, "rendering": Jsonb(rendering), "provenance": Jsonb(provenance), "pose": None if pose is None else Jsonb(pose),
        "sortie_id": sortie and sortie.id, "agency_id": job.agency_id if job.agency_id is not None else sortie and sortie.agency_id,
        "marking": job.options.marking or "TLP:AMBER", "source_id": job.source_id,
    }
    names = ", ".join(told)  # of ours
    return job.connection.execute(
        f"INSERT INTO image ({names}, footprint) VALUES ({', '.join(f'%({name})s' for name in told)}, ST_SetSRID(%(footprint)s::geometry, 4326)) RETURNING id",
        {**told, "footprint": shapely.to_wkb(footprint, hex=True)}).fetchone()[0]
