"""PostgreSQL with PostGIS: the system's own, installed when missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from sqlalchemy import URL, make_url

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


def psql(url: str, words: list[str]) -> int:
    """Run psql on a database and give its exit code. Raises ProgramMissing."""
    program = next((p.folder / "psql" for p in programs.installed() if (p.folder / "psql").exists()), shutil.which("psql"))
    if program is None:
        raise ProgramMissing("psql is not installed; on Debian and Ubuntu: apt-get install postgresql-client")
    address = make_url(url)
    environment = {**os.environ, "PGOPTIONS": "-c search_path=vigia,public -c timezone=UTC"}
    if address.password:  # not on the command line, where every user of the machine reads it
        environment["PGPASSWORD"] = address.password
    # Not `address.set(password=None)`: that leaves the password, and it would be rendered as three asterisks.
    bare = URL.create("postgresql", address.username, None, address.host, address.port, address.database, address.query).render_as_string()
    return subprocess.run([str(program), *words, "-d", bare], env=environment, check=False).returncode
