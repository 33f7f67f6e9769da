"""PostgreSQL with PostGIS: the system's own, installed when missing."""

from __future__ import annotations

import re
import shutil
import subprocess

from data import programs
from errors import ProgramMissing
from install import system


def ensure() -> None:
    """Make sure that a fitting PostGIS is there. Raises ProgramMissing, SetupFailed."""
    if any(p.fit for p in programs.installed()):
        return
    system.install("PostGIS", _packages)
    programs.find()


def _packages() -> list[str]:
    """Debian names PostGIS by PostgreSQL's version: that of the one installed if it is new enough, else the newest offered."""
    here = [p.major for p in programs.installed() if p.major >= programs.LEAST_POSTGRES]
    offered = subprocess.run(
        ["apt-cache", "search", "--names-only", r"^postgresql-[0-9]+-postgis-3$"], capture_output=True, text=True, check=False,
    ).stdout
    majors = sorted((int(n) for n in re.findall(r"^postgresql-(\d+)-postgis-3 ", offered, re.M)), reverse=True)
    fitting = [n for n in majors if n in here] or [n for n in majors if n >= programs.LEAST_POSTGRES]
    if not fitting:
        raise ProgramMissing(
            f"this system's apt offers PostGIS for PostgreSQL {', '.join(map(str, majors)) or 'of no version'}, and "
            f"{programs.LEAST_POSTGRES} or newer is needed; add the packages of apt.postgresql.org and run the same command again"
        )
    return [f"postgresql-{fitting[0]}", f"postgresql-{fitting[0]}-postgis-3"]


def psql() -> str | None:
    """The terminal for SQL, if it is there."""
    return next((str(p.folder / "psql") for p in programs.installed() if (p.folder / "psql").exists()), shutil.which("psql"))
