"""PostgreSQL's own programs on this machine: where they are, which version, and whether PostGIS is with them."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from errors import ProgramMissing

LEAST_POSTGRES = 15
LEAST_POSTGIS = (3, 3)
NAMES = ("initdb", "pg_ctl", "postgres")

# Where distributions keep them; none of these is on an ordinary PATH.
PLACES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu, apt.postgresql.org
    "/usr/pgsql-*/bin",  # yum.postgresql.org
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
)


@dataclass(frozen=True)
class Programs:
    """One PostgreSQL: the folder with initdb, pg_ctl and postgres."""

    folder: Path

    @cached_property
    def version(self) -> tuple[int, ...]:
        """Such as (15, 18); () when it does not run."""
        try:
            told = subprocess.run([self.folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
        except OSError:
            return ()
        found = re.search(r"(\d+)(?:\.(\d+))?", told)
        return tuple(int(n) for n in found.groups() if n) if found else ()

    @property
    def major(self) -> int:
        return self.version[0] if self.version else 0

    @cached_property
    def postgis(self) -> tuple[int, ...]:
        """The version of the PostGIS this server can load, () when there is none."""
        for share in self._shares():
            control = share / "extension" / "postgis.control"
            if control.is_file() and (found := re.search(r"default_version\s*=\s*'(\d+)\.(\d+)", control.read_text())):
                return tuple(int(n) for n in found.groups())
        return ()

    @property
    def fit(self) -> bool:
        return self.major >= LEAST_POSTGRES and self.postgis >= LEAST_POSTGIS

    def _shares(self) -> list[Path]:
        try:
            told = subprocess.run([self.folder / "pg_config", "--sharedir"], capture_output=True, text=True, check=False)
        except OSError:  # pg_config is in another package in some distributions
            return [Path("/usr/share/postgresql") / str(self.major), self.folder.parent / "share", Path("/usr/share/pgsql")]
        return [Path(told.stdout.strip())]


def installed() -> list[Programs]:
    """Every PostgreSQL of this machine, newest first."""
    folders = [folder for place in PLACES for folder in Path("/").glob(place.lstrip("/"))]
    if found := shutil.which("initdb"):
        folders.append(Path(found).resolve().parent)
    unique = dict.fromkeys(f.resolve() for f in folders if all((f / name).exists() for name in NAMES))
    return sorted((Programs(f) for f in unique), key=lambda p: p.version, reverse=True)


def find(major: int | None = None) -> Programs:
    """The newest PostgreSQL that fits, of one major version if told. Raises ProgramMissing that says what is wrong."""
    here = installed()
    for programs in here:
        if programs.fit and major in (None, programs.major):
            return programs
    least = f"PostgreSQL {LEAST_POSTGRES} with PostGIS {'.'.join(map(str, LEAST_POSTGIS))}, or newer"
    if major is not None:
        raise ProgramMissing(
            f"the database was made by PostgreSQL {major}, and only {_told(here)} is installed; "
            f"install it (on Debian and Ubuntu: apt-get install postgresql-{major} postgresql-{major}-postgis-3)"
        )
    raise ProgramMissing(f"{least}, is needed, and {_told(here)} is installed; `./vigia up` installs it")


def _told(here: list[Programs]) -> str:
    def one(p: Programs) -> str:
        postgis = f"with PostGIS {'.'.join(map(str, p.postgis))}" if p.postgis else "without PostGIS"
        return f"PostgreSQL {'.'.join(map(str, p.version))} {postgis}"

    return " and ".join(map(one, here)) or "none"
