"""Recall: which released records are no longer what was given out, and who has to be told. By the owner, in the caller's transaction.

Nothing is noted when a record changes: what stands today is held against what was released, when somebody asks. So imports pay nothing,
and no way of changing a record can be forgotten.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timezone

import numpy as np
import psycopg
from psycopg.types.json import Jsonb

from data.marking import TABLES
from data.people import person_id, tell
from data.releases import HOUR, RECORD
from data.scope import marking_of
from errors import Forbidden, NotFound

MAY_CLOSE = {"legal", "supervisor"}
# What was told anew is another record here, with the same number or name as its agency gave it.
ANEW = {
    "seizure": "SELECT o.id, max(n.id) FROM seizure o JOIN seizure n ON n.world = o.world AND n.agency_id IS NOT DISTINCT FROM o.agency_id "
               "AND n.extra ->> 'id' = o.extra ->> 'id' AND n.content <> o.content AND n.recorded_at > %(at)s WHERE o.id = ANY(%(ids)s) GROUP BY 1",
    "image": "SELECT o.id, max(n.id) FROM image o JOIN image n ON n.world = o.world AND n.agency_id IS NOT DISTINCT FROM o.agency_id "
             "AND n.name = o.name AND n.sha256 <> o.sha256 AND n.recorded_at > %(at)s WHERE o.id = ANY(%(ids)s) GROUP BY 1",
    "video": "SELECT o.id, max(n.id) FROM video o JOIN video n ON n.world = o.world AND n.agency_id IS NOT DISTINCT FROM o.agency_id "
             "AND n.name = o.name AND n.sha256 <> o.sha256 AND n.recorded_at > %(at)s WHERE o.id = ANY(%(ids)s) GROUP BY 1",
}
Only = dict[str, set[int]]  # the records that are asked for, by kind


def recall(connection: psycopg.Connection, record: str | None = None, since: datetime | None = None) -> list[dict]:
    """Look through the releases (of one record, or taken since a time); one open notice for each recipient. Raises NotFound for a record that is none."""
    only = _record(connection, record) if record else None
    releases = connection.execute("SELECT id, world, at, person_id, agencies, recipient FROM release WHERE at >= coalesce(%s, '-infinity'::timestamptz) ORDER BY id",
                                  (since,)).fetchall()
    found, taken = defaultdict(list), {}
    for id, world, at, person, agencies, recipient in releases:
        changes = _changes(connection, id, world, at, only)
        if changes:
            whom = (tuple(agencies), None if recipient else person, recipient and recipient.lower())
            found[whom].extend(changes)
            taken[whom] = person, recipient  # the last who gave it on
    for whom, changes in found.items():
        _note(connection, *taken[whom], list(whom[0]), changes)
    tell(connection, "consultation", of="releases", rows=len(releases))
    return open_notices(connection, only)


def notified(connection: psycopg.Connection, notice: int, who: str) -> None:
    """The recipient of a notice was told, says the person `who`. Raises NotFound, Forbidden."""
    person = person_id(connection, who)
    (roles,) = connection.execute("SELECT roles FROM access.person WHERE id = %s", (person,)).fetchone()
    if not MAY_CLOSE & set(roles):
        raise Forbidden(f"{who} is neither legal officer nor supervisor, who answer for what was released")
    if not connection.execute("UPDATE release_notice SET told_at = now(), told_by = %s WHERE id = %s AND told_at IS NULL", (person, notice)).rowcount:
        raise NotFound(f"no open notice {notice}; `./vigia release recall --since TIME` names them")
    tell(connection, "change", who=f"person:{person}", of=f"notice:{notice}", to="told")


def open_notices(connection: psycopg.Connection, only: Only | None = None) -> list[dict]:
    """What is still to be told, one row a recipient; of some records alone when told which."""
    rows = connection.execute("""
        SELECT n.id, coalesce(n.recipient, p.name), n.recipient IS NULL, p.name, n.changes FROM release_notice n JOIN access.person p ON p.id = n.person_id
        WHERE n.told_at IS NULL ORDER BY n.id
    """).fetchall()
    wanted = None if only is None else {f"{kind}:{i}" for kind, ids in only.items() for i in ids}
    return [{"notice": id, "recipient": whom, "inside": inside, "taken_by": by, "changes": changes} for id, whom, inside, by, changes in rows
            if wanted is None or wanted & {c["record"] for c in changes}]


def _record(connection: psycopg.Connection, told: str) -> Only:
    """The kinds and numbers a record's name stands for: a sortie is its images and films."""
    kind, _, number = told.partition(":")
    if kind not in TABLES or not number.isdecimal() or int(number) >= 2**63:
        raise NotFound(f"no record {told[:60]!r}: expected one of {', '.join(f'{k}:NUMBER' for k in TABLES)}")
    if kind == "sortie":
        return {of: {i for (i,) in connection.execute(f"SELECT id FROM {of} WHERE sortie_id = %s", (int(number),))} for of in ("image", "video")}  # names of ours
    return {kind: {int(number)}}


def _changes(connection: psycopg.Connection, release: int, world: int, at: datetime, only: Only | None) -> list[dict]:
    """What of a release is otherwise today: {release, record, what, now}."""
    out: dict[str, dict] = {}
    for kind, packed in connection.execute("SELECT kind, records FROM release_record WHERE release_id = %s ORDER BY kind DESC", (release,)).fetchall():
        named = "track" if kind == "hour" else kind
        if only is not None and named not in only:
            continue
        told = np.frombuffer(packed, HOUR if kind == "hour" else RECORD)
        if only is not None:
            told = told[np.isin(told["id"], list(only[named]))]
        if not len(told):
            continue
        for id, what, now in _lost(connection, world, told) if kind == "hour" else _otherwise(connection, kind, at, told):
            before = out.get(f"{named}:{id}")
            if before is None:
                out[f"{named}:{id}"] = {"release": release, "record": f"{named}:{id}", "what": what, "now": now}
            elif before["now"]:  # of what is erased no part needs telling
                before.update(what=f"{before['what']}, {what}", now=f"{before['now']} {now}")
    return list(out.values())


def _otherwise(connection: psycopg.Connection, kind: str, at: datetime, told: np.ndarray):
    ids = told["id"].tolist()
    today = {i: bytes(v) for i, v in connection.execute("SELECT id, version FROM vigia.versions(%s, %s)", (kind, ids))}
    anew = dict(connection.execute(ANEW[kind], {"ids": ids, "at": at}).fetchall()) if kind in ANEW else {}
    for id, then in zip(ids, (v.tobytes() for v in told["version"])):
        now = today.get(id)
        if now is None:
            yield id, "erased", ""
        elif now != then:
            closed = f"marking {marking_of(then[0])} -> {marking_of(now[0])}" if now[0] != then[0] else None
            yield id, ", ".join(filter(None, (closed, "corrected" if now[1:] != then[1:] else None))), now.hex()
        elif id in anew:
            yield id, f"told anew as {kind}:{anew[id]}", f"{kind}:{anew[id]}"


def _lost(connection: psycopg.Connection, world: int, told: np.ndarray):
    """Tracks of whose released hours fixes are gone."""
    first, last = (datetime.fromtimestamp(int(t), timezone.utc) for t in (told["hour"].min(), told["hour"].max()))
    today = {(i, h): n for i, h, n in connection.execute("""
        SELECT track_id, extract(epoch FROM hour)::bigint, sum(fix_count)::bigint FROM segment
        WHERE world = %s AND track_id = ANY(%s) AND hour BETWEEN %s AND %s AND NOT gap GROUP BY 1, 2
    """, (world, np.unique(told["id"]).tolist(), first, last))}
    gone: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    fewer = [(id, hour, fixes) for id, hour, fixes in told.tolist() if fixes > today.get((id, hour), 0)]
    # Lines may be behind, or have lost a fix that is no longer trusted: it is still there.
    left = connection.execute("""
        SELECT (SELECT count(*) FROM fix f WHERE f.world = %s AND f.track_id = t.id AND f.observed_at >= to_timestamp(t.hour) AND f.observed_at < to_timestamp(t.hour + 3600))
        FROM unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY AS t (id, hour, number) ORDER BY number
    """, (world, [id for id, _, _ in fewer], [hour for _, hour, _ in fewer])).fetchall()
    for (id, _, fixes), (held,) in zip(fewer, left):
        if (missing := fixes - held) > 0:
            gone[id][0] += missing
            gone[id][1] += 1
    for id, (fixes, hours) in gone.items():
        yield id, f"{fixes:,} fixes of {hours:,} hours erased", f"-{fixes}"


def _note(connection: psycopg.Connection, person: int, recipient: str | None, agencies: list[int], changes: list[dict]) -> None:
    """Into the recipient's open notice, or a new one; what they were told before is not told again."""
    told_before, still_open = set(), None
    for id, told_at, held in connection.execute(
            "SELECT id, told_at, changes FROM release_notice WHERE agencies = %s::int[] AND CASE WHEN recipient IS NULL THEN person_id = %s AND %s::text IS NULL "
            "ELSE lower(recipient) = lower(%s::text) END", (agencies, person, recipient, recipient)).fetchall():
        if told_at is None:
            still_open = id, held
        else:
            told_before |= {(c["release"], c["record"], c["now"]) for c in held}
    new = {(c["release"], c["record"]): c for c in changes if (c["release"], c["record"], c["now"]) not in told_before}
    if not new:
        return
    if still_open is None:
        connection.execute("INSERT INTO release_notice (person_id, agencies, recipient, changes) VALUES (%s, %s, %s, %s)",
                           (person, agencies, recipient, Jsonb(list(new.values()))))
        return
    merged = {(c["release"], c["record"]): c for c in still_open[1]} | new
    connection.execute("UPDATE release_notice SET changes = %s WHERE id = %s", (Jsonb(list(merged.values())), still_open[0]))
