"""Changing a record's marking: anybody of the installation may close it further, only its originator may open it. By the owner, in the
caller's transaction.

What is derived follows at once: a track's hours, covers, newest place and flows carry its scope.
"""

from __future__ import annotations

import numpy as np
import psycopg
import shapely

from data import flows, news
from data.people import level, person_id, tell
from data.scope import LEVEL
from data.segments import KIND_CODE
from errors import Forbidden, NotFound

TABLES = {"track": "tracks", "seizure": "seizures", "image": "imagery", "sortie": "imagery", "video": "imagery"}
"""Kind of record -> the layer whose state moves on."""


def change(connection: psycopg.Connection, record: str, marking: str, who: str) -> None:
    """Give `record` (`track:12`, `seizure:7`, `image:3`, `sortie:5`, `video:2`) another marking, for the person `who`.

    Raises NotFound, PersonRefused for a marking that is none, Forbidden when somebody else than the originator would open it.
    """
    to, person = level(marking), person_id(connection, who)
    kind, _, number = record.partition(":")
    row = None
    if kind in TABLES and number.isdecimal() and int(number) < 2**63:
        row = connection.execute(f"SELECT world, marking, agency_id FROM {kind} WHERE id = %s FOR UPDATE", (int(number),)).fetchone()  # a name of ours
    if row is None:
        raise NotFound(f"no record {record[:60]!r}: expected one of {', '.join(f'{k}:NUMBER' for k in TABLES)}")
    world, before, agency = row
    if to == LEVEL[before]:
        return
    if to < LEVEL[before] and not _is_originator(connection, person, agency):
        raise Forbidden(f"{who} does not belong to the agency this record came from, and only that one may open it from {before} to {marking}")
    tell(connection, "change", who=f"person:{person}", of=record, to=f"{before} -> {marking}")
    if kind == "track":
        _carried(connection, world, int(number), marking)
    else:
        connection.execute(f"UPDATE {kind} SET marking = %s WHERE id = %s", (marking, int(number)))  # a name of ours
    connection.execute("INSERT INTO data_state (world, layer, version) VALUES (%s, %s, 1) "
                       "ON CONFLICT (world, layer) DO UPDATE SET version = data_state.version + 1, changed_at = now()", (world, TABLES[kind]))


def _is_originator(connection: psycopg.Connection, person: int, agency: int | None) -> bool:
    """Whether somebody belongs to an agency; what no agency owns is in the keeper's care, and so is what nobody belongs to."""
    return connection.execute("""
        SELECT EXISTS (SELECT FROM access.membership WHERE person_id = %(person)s AND agency_id = %(agency)s)
            OR (EXISTS (SELECT FROM access.person WHERE id = %(person)s AND keeper)
                AND NOT EXISTS (SELECT FROM access.membership WHERE agency_id = %(agency)s))
    """, {"person": person, "agency": agency}).fetchone()[0]


def _carried(connection: psycopg.Connection, world: int, track: int, marking: str) -> None:
    """A track's marking, and with it the scope of all that is derived of it."""
    lines = connection.execute("""
        SELECT extract(epoch FROM hour)::bigint / 86400, kind, scope, ST_AsBinary(ST_Force2D(line)) FROM segment
        WHERE world = %s AND track_id = %s AND NOT gap
    """, (world, track)).fetchall()
    (scope,) = connection.execute("UPDATE track SET marking = %s WHERE id = %s RETURNING scope", (marking, track)).fetchone()
    for table in ("segment", "cover", "latest_fix"):
        connection.execute(f"UPDATE {table} SET scope = %s WHERE world = %s AND track_id = %s", (scope, world, track))  # names of ours
    batch = news.next_batch(connection)
    connection.execute("UPDATE latest_fix SET batch = %s WHERE world = %s AND track_id = %s", (batch, world, track))
    news.tell(connection, batch)  # to those who may see it only now
    news.tell_gone(connection)
    if not lines:
        return
    coordinates, owner = shapely.get_coordinates(shapely.from_wkb([bytes(r[3]) for r in lines]), return_index=True)
    about = {"segment": owner, "lon": coordinates[:, 0], "lat": coordinates[:, 1], "day": np.array([int(r[0]) for r in lines])[owner],
             "kind": np.array([KIND_CODE[r[1]] for r in lines])[owner]}
    with flows.Changes() as changes:
        changes.add(flows.Lines(**about, scope=np.array([r[2] for r in lines])[owner]), -1)
        changes.add(flows.Lines(**about, scope=np.full(len(owner), scope)))
        flows.settle(connection, world, changes)
