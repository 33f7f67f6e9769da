"""Reference data into the database: the gazetteer and the border sections that the basemap was made with."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import geopandas
import numpy as np
import shapely

from data.border import assign
from data.quadkey import qk
from data.runs import enclosing
from data.sessions import owner_connection

PLACES, SECTIONS = "places.parquet", "border_sections.parquet"


def load(owner_url: str, folder: Path, progress) -> None:
    """Load both when they are newer than what is in the database; a part that was not built is left as it is."""
    with owner_connection(owner_url) as connection:
        for name, put in ((SECTIONS, _sections), (PLACES, _places)):
            path = folder / name
            if not path.exists():
                continue
            stamp = f"{path.stat().st_size}:{int(path.stat().st_mtime)}"
            table = "border_section" if put is _sections else "place"
            held = connection.execute(
                "SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'p'",
                (f"vigia.{table}",),
            ).fetchone()[0]
            if held == stamp:
                continue
            progress("Reference data", 0, 1)
            put(connection, geopandas.read_parquet(path))
            # A comment at the table says what it holds: no state beside it that could disagree. On its key, as a table's
            # own comment is a difference to the models.
            connection.execute(f"COMMENT ON CONSTRAINT {table}_pkey ON vigia.{table} IS '{stamp}'")
            connection.commit()
            progress("Reference data", 1, 1)


def folded(name: str) -> str:
    """A name as it is searched: lower case, no accents, single spaces.

    >>> folded("  São  Luís")
    'sao luis'
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())


def _sections(connection, frame) -> None:
    connection.execute("DELETE FROM border_section")
    cells = enclosing(list(frame.geometry))
    with connection.cursor() as cursor, cursor.copy(
        "COPY border_section (id, name, country_a, country_b, ordinal, length_m, cell, line) FROM STDIN"
    ) as copy:
        for row, cell, line in zip(frame.itertuples(), cells, _hex(frame.geometry)):
            copy.write_row((row.id, row.name, row.country_a, row.country_b, row.ordinal, row.length_m, cell, line))
    # What was held against the old sections is held against the new ones.
    connection.execute("UPDATE seizure SET border_section_id = NULL, border_m = NULL")
    connection.execute("ANALYZE border_section")
    assign(connection)


def _places(connection, frame) -> None:
    connection.execute("DELETE FROM place")
    keys = qk(frame.geometry.x.to_numpy(), frame.geometry.y.to_numpy())
    with connection.cursor() as cursor, cursor.copy(
        "COPY place (id, name, folded, country, admin, population, precision_m, geom, qk) FROM STDIN"
    ) as copy:
        for row, key, point in zip(frame.itertuples(), keys, _hex(frame.geometry)):
            copy.write_row((row.id, row.name, folded(row.name), row.country, row.admin or None, int(row.population),
                            row.precision_m, point, int(key)))
    connection.execute("ANALYZE place")


def _hex(shapes) -> np.ndarray:
    return shapely.to_wkb(shapely.set_srid(np.asarray(shapes, object), 4326), hex=True, include_srid=True)
