"""What the last start made ready, told in the database itself: a start that finds the same has nothing to load or ask."""

from __future__ import annotations

import hashlib
from pathlib import Path

from psycopg import sql

from data.models import SCHEMA
from data.sessions import owner_connection
from settings import BUILD, ROOT

# Whatever may change what a start has to do: tables, basemap, reference data, the exercise, and the packages these come from.
DEPENDS_ON = ("data/**/*.py", "basemap/*.py", "exercise/*.py", "feeds/exercise.py", "install/prepare.py", "requirements.txt", "package-lock.json")


def stamp(basemap: Path, *, exercise: bool) -> str:
    """One line that is another as soon as the code, the packages or the built basemap are others."""
    digest = hashlib.sha256()
    for pattern in DEPENDS_ON:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    for path in sorted(basemap.glob("*")):
        told = path.stat()
        digest.update(f"{path.name}:{told.st_size}:{told.st_mtime_ns}\0".encode())
    return f"Vigia {BUILD}, made ready: {digest.hexdigest()[:32]}{' with exercise' if exercise else ''}"


def held(owner_url: str) -> str | None:
    """The stamp in the database, None when it never was made ready. Raises DatabaseUnreachable."""
    with owner_connection(owner_url) as connection:
        row = connection.execute(
            "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s", (SCHEMA,)).fetchone()
    return row[0] if row else None


def keep(owner_url: str, told: str) -> None:
    """Put the stamp at the schema, where a copy of the database carries it along."""
    with owner_connection(owner_url) as connection:
        connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(SCHEMA), sql.Literal(told)))
        connection.commit()
