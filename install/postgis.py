"""PostgreSQL with PostGIS: the system's own, installed when missing."""

from __future__ import annotations

import subprocess

from data import cluster
from errors import ProgramMissing
from install import system


def ensure() -> None:
    """Make sure that a PostGIS of at least version 3 for PostgreSQL 15 or newer is there."""
    try:
        programs = cluster.binaries()
    except ProgramMissing:
        system.apt(["postgresql", "postgresql-contrib", *_postgis(None)], "PostGIS")
        programs = cluster.binaries()
    if not cluster.has_postgis(programs):
        system.apt(_postgis(cluster.version(programs)), "PostGIS")
    if not cluster.has_postgis(programs):
        raise ProgramMissing(f"PostGIS is still missing for the PostgreSQL in {programs}")


def _postgis(major: int | None) -> list[str]:
    """The package's name: Debian names it by PostgreSQL's version."""
    if major is not None:
        return [f"postgresql-{major}-postgis-3"]
    found = subprocess.run(["apt-cache", "depends", "postgresql"], capture_output=True, text=True, check=False).stdout
    for word in found.split():
        if word.startswith("postgresql-") and word[11:].isdecimal():
            return [f"{word}-postgis-3"]
    return ["postgresql-postgis"]
