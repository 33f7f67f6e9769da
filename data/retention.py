"""How long records are kept and when somebody has to look whether they are kept on. By the owner, in the caller's transaction.

Times count from when a record was brought in, never from when what it tells of happened: who imports what is twenty years old keeps it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import psycopg

from data.people import agency_id, tell, with_role
from data.records import KINDS
from errors import InputRefused, NotFound

DEFAULTS = Path(__file__).parent / "retention.toml"
MAY = ("legal", "supervisor")
BYCATCH_KINDS = ("vessel", "person")


class RetentionRefused(InputRefused):
    """A time, a review or a hold can't be like this."""


@dataclass(frozen=True)
class Rule:
    """How long a kind of record is kept, how long before its end it has to be reviewed, and what says so."""

    name: str
    keep: str
    review: str
    source: str


@dataclass(frozen=True)
class Kind:
    """Where a kind of record is: its table, whose it is, since when it is here, its geometry."""

    table: str
    since: str = "r.recorded_at"
    agency: str = "r.agency_id"
    geometry: str | None = None
    layer: str | None = None  # whose state moves on
    only: str = "true"
    sources: str = "ARRAY[r.source_id]"
    parts: str | None = None  # rows of another table that go with it, as JSON

    @property
    def content(self) -> str:
        """A row as JSON; a shape as the hexadecimal EWKB it is kept as."""
        more = f" || jsonb_build_object('{self.geometry}', r.{self.geometry}::text)" if self.geometry else ""
        return f"(to_jsonb(r){more}{f' || {self.parts}' if self.parts else ''})::text"


# The positions of a track have a way of their own (data/purge.py).
TABLES: dict[str, Kind] = {
    "track": Kind("track", layer="tracks"),
    "seizure": Kind("seizure", geometry="geom", layer="seizures"),
    "image": Kind("image", geometry="footprint", layer="imagery"),
    "sortie": Kind("sortie", since="(SELECT s.received_at FROM source s WHERE s.id = r.source_id)", layer="imagery",
                   only="NOT EXISTS (SELECT FROM image i WHERE i.sortie_id = r.id) AND NOT EXISTS (SELECT FROM video v WHERE v.sortie_id = r.id)"),
    "video": Kind("video", geometry="extent", layer="imagery",
                  parts="jsonb_build_object('looks', (SELECT jsonb_agg(to_jsonb(l) ORDER BY l.at) FROM video_look l WHERE l.video_id = r.id))"),
    "run": Kind("run", since="r.created_at", agency="NULL::int", sources="ARRAY[]::int[]"),
    # Of a view that was deleted its newest version stands for all.
    "saved_view": Kind("saved_view", since="r.ended_at", sources="ARRAY[]::int[]", only="NOT EXISTS (SELECT FROM saved_view n WHERE n.id = r.id AND n.version > r.version)",
                       parts="jsonb_build_object('before', (SELECT jsonb_agg(to_jsonb(o) ORDER BY o.version) FROM saved_view o WHERE o.id = r.id AND o.version < r.version))"),
}
REVIEWED = ("track", "seizure", "image", "video", "sortie")


@lru_cache
def rules() -> dict[str, Rule]:
    """Kind -> what is so unless an agency has its own (data/retention.toml)."""
    return {kind: Rule(**told) for kind, told in tomllib.loads(DEFAULTS.read_text(encoding="utf-8")).items()}


def length(connection: psycopg.Connection, option: str, told: str) -> str:
    """A length of time as PostgreSQL reads it, such as `5 years` or `72h`. Raises RetentionRefused."""
    try:
        with connection.transaction():
            good = connection.execute("SELECT %(t)s::interval > '1 minute'::interval AND %(t)s::interval <= '200 years'::interval", {"t": told}).fetchone()[0]
    except psycopg.DataError:
        good = False
    if not good:
        raise RetentionRefused(f"{option} is {told[:40]!r}, expected a length of time such as '5 years', '90 days' or 72h")
    return told


def listed(connection: psycopg.Connection) -> list[dict]:
    """Every time there is: those of data/retention.toml, then those of agencies."""
    out = [{"name": kind, "keeps": r.name, "for": r.keep, "review_before": r.review, "source": r.source} for kind, r in rules().items()]
    out += [{"name": kind, "agency": agency, "for": keep, "source": source} for kind, agency, keep, source in connection.execute(
        "SELECT p.kind, a.name, p.keep::text, p.source FROM retention_policy p JOIN agency a ON a.id = p.agency_id ORDER BY 2, 1")]
    return out + [{"name": "by-catch", "agency": agency, "for": after, "kinds": kinds} for agency, after, kinds in connection.execute(
        "SELECT a.name, b.after::text, b.kinds FROM bycatch b JOIN agency a ON a.id = b.agency_id ORDER BY 1")]


def set_policy(connection: psycopg.Connection, agency: str, kind: str, keep: str | None, source: str | None, who: str) -> None:
    """An agency's own time for a kind; `keep` None: that of data/retention.toml again. Raises RetentionRefused, NotFound, Forbidden."""
    person, whose = with_role(connection, who, *MAY), agency_id(connection, agency)
    if kind not in rules():
        raise RetentionRefused(f"the kind {kind!r} is none, expected {', '.join(rules())}")
    if keep is None:
        connection.execute("DELETE FROM retention_policy WHERE agency_id = %s AND kind = %s", (whose, kind))
    else:
        keep = length(connection, "--keep", keep)
        if not (source or "").strip() or not source.isprintable():
            raise RetentionRefused(f"--source is {source!r}, expected the law or rule that says so")
        connection.execute("INSERT INTO retention_policy (agency_id, kind, keep, source) VALUES (%s, %s, %s::interval, %s) ON CONFLICT (agency_id, kind) "
                           "DO UPDATE SET keep = excluded.keep, source = excluded.source, set_at = now()", (whose, kind, keep, source.strip()))
    tell(connection, "change", who=f"person:{person}", of=f"agency:{whose}", to=f"{kind} kept for {keep or 'the time of all'}")


def set_bycatch(connection: psycopg.Connection, agency: str, after: str | None, kinds: list[str], who: str) -> None:
    """Have what an agency follows without an authority reduced; `after` None: no more. Raises RetentionRefused, NotFound, Forbidden."""
    person, whose = with_role(connection, who, *MAY), agency_id(connection, agency)
    if wrong := [k for k in kinds if k not in KINDS]:
        raise RetentionRefused(f"the kind {wrong[0]!r} is none, expected {', '.join(KINDS)}")
    if after is None:
        connection.execute("DELETE FROM bycatch WHERE agency_id = %s", (whose,))
    else:
        connection.execute("INSERT INTO bycatch (agency_id, after, kinds) VALUES (%s, %s::interval, %s) ON CONFLICT (agency_id) "
                           "DO UPDATE SET after = excluded.after, kinds = excluded.kinds, set_at = now()",
                           (whose, length(connection, "--after", after), kinds))
    tell(connection, "change", who=f"person:{person}", of=f"agency:{whose}", to=f"by-catch of {','.join(kinds)} reduced after {after}" if after else "by-catch kept")


# -- reviews ----------------------------------------------------------------------------------------------------------


def record(told: str, kinds: tuple[str, ...]) -> tuple[str, int]:
    """`track:12` as its two parts. Raises NotFound."""
    kind, _, number = told.partition(":")
    if kind not in kinds or not number.isdecimal() or int(number) >= 2**63:
        raise NotFound(f"no record {told[:60]!r}: expected one of {', '.join(f'{k}:NUMBER' for k in kinds)}")
    return kind, int(number)


def _due(kind: str) -> str:
    of = TABLES[kind]
    return f"""
        SELECT r.id, {of.agency} AS agency_id, greatest(v.until, {of.since} + coalesce(p.keep, %(keep)s::interval)) AS ends
        FROM {of.table} r LEFT JOIN retention_policy p ON p.agency_id = {of.agency} AND p.kind = %(kind)s
        LEFT JOIN LATERAL (SELECT max(until) AS until FROM review v WHERE v.kind = %(kind)s AND v.record_id = r.id) v ON true
        WHERE r.world = 0 AND greatest(v.until, {of.since} + coalesce(p.keep, %(keep)s::interval)) - %(review)s::interval <= %(now)s
    """


def _asked(kind: str, now: datetime) -> dict:
    return {"kind": kind, "keep": rules()[kind].keep, "review": rules()[kind].review, "now": now}


def due(connection: psycopg.Connection, now: datetime, limit: int) -> tuple[int, list[dict]]:
    """How many records have to be reviewed by now, and the first of them that end."""
    total, rows = 0, []
    for kind in REVIEWED:
        total += connection.execute(f"SELECT count(*) FROM ({_due(kind)}) d", _asked(kind, now)).fetchone()[0]
        rows += [{"name": f"{kind}:{number}", "agency": agency, "ends": ends} for number, agency, ends in connection.execute(
            f"SELECT d.id, a.name, d.ends FROM ({_due(kind)}) d LEFT JOIN agency a ON a.id = d.agency_id ORDER BY d.ends, d.id LIMIT %(limit)s",
            {**_asked(kind, now), "limit": limit})]
    return total, sorted(rows, key=lambda r: r["ends"])[:limit]


def count(connection: psycopg.Connection, now: datetime) -> None:
    """Keep how much is due and held, by agency and kind, for the page of whoever has to know."""
    connection.execute("DELETE FROM retention_count")
    for kind in rules():
        found = f"SELECT agency_id, count(*) AS due, 0 AS held FROM ({_due(kind)}) d GROUP BY 1 UNION ALL " if kind in REVIEWED else ""
        connection.execute(f"""
            INSERT INTO retention_count (agency_id, kind, due, held, counted_at)
            SELECT agency_id, %(kind)s, sum(due), sum(held), %(now)s FROM (
              {found} SELECT agency_id, 0 AS due, count(DISTINCT record_id) AS held FROM held WHERE CASE kind WHEN 'fix' THEN 'track' ELSE kind END = %(kind)s GROUP BY agency_id) n
            GROUP BY 1
        """, _asked(kind, now))


def review(connection: psycopg.Connection, told: str, reason: str, until: datetime, who: str, now: datetime) -> None:
    """Somebody looked, and keeps a record until a date, at most as long again as its kind is kept. Raises RetentionRefused, NotFound, Forbidden."""
    person = with_role(connection, who, *MAY)
    kind, number = record(told, REVIEWED)
    row = connection.execute(f"""
        SELECT %(now)s::timestamptz + coalesce(p.keep, %(keep)s::interval) FROM {TABLES[kind].table} r
        LEFT JOIN retention_policy p ON p.agency_id = r.agency_id AND p.kind = %(kind)s WHERE r.world = 0 AND r.id = %(id)s
    """, {**_asked(kind, now), "id": number}).fetchone()
    if row is None:
        raise NotFound(f"no record {told!r} in the live world")
    if not reason.strip() or not reason.isprintable():
        raise RetentionRefused(f"the reason is {reason!r}, expected why this record is still needed")
    if not now < until <= row[0]:
        raise RetentionRefused(f"the next date is {until:%Y-%m-%d %H:%M}, expected one after now and until {row[0]:%Y-%m-%d %H:%M}")
    connection.execute("INSERT INTO review (kind, record_id, person_id, reason, reviewed_at, until) VALUES (%s, %s, %s, %s, %s, %s)",
                       (kind, number, person, reason.strip(), now, until))
    tell(connection, "change", who=f"person:{person}", of=told, to=f"reviewed, kept until {until.isoformat()}")
