"""Alerts on their way out: to whom, which, in what words. Nothing is sent to anybody until the keeper names a destination. By the owner."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from urllib.parse import urlsplit

import orjson
import psycopg

from data.people import agency_id, level, tell
from data.scope import LEVELS, marking_of
from data.watching import moment
from data.worlds import CODES, NAMES
from errors import InputRefused, NotFound

GIVE_UP_AFTER = timedelta(hours=24)
AT_ONCE = 200
SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,39}")


class DestinationRefused(InputRefused):
    """A destination can't be like this."""


def add(connection: psycopg.Connection, world: str, name: str, kind: str, address: str, *, secret_variable: str | None, agency: str | None, ceiling: str) -> None:
    """A destination for alerts that are raised from now on. Raises DestinationRefused, PersonRefused, NotFound."""
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise DestinationRefused(f"the name {name[:40]!r} is refused, expected 1 to 100 printable characters")
    if kind == "webhook":
        parts = urlsplit(address)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.password:
            raise DestinationRefused(f"the address {address[:80]!r} is refused, expected https://…, with no name or password in it")
        if parts.scheme == "http" and not is_here(parts.hostname):
            raise DestinationRefused("a webhook on another machine is sent over https alone")
        if not secret_variable or not os.environ.get(secret_variable):
            raise DestinationRefused("a webhook is signed: --secret-variable names an environment variable that holds its secret")
    elif kind == "apprise":
        if not SCHEME.fullmatch(address):
            raise DestinationRefused("what is told of an Apprise destination is the kind of address alone, such as slack; the address itself is a secret: --secret-variable names the variable that holds it")
        if not secret_variable or not os.environ.get(secret_variable):
            raise DestinationRefused("an address of Apprise is a secret: --secret-variable names an environment variable that holds it")
    elif not (address.count("@") == 1 and address.isascii() and address.isprintable() and " " not in address and len(address) <= 254 and "," not in address):
        raise DestinationRefused(f"the address {address[:80]!r} is refused, expected one mailbox, such as desk@agency.example")
    code = CODES[world]
    whose = agency_id(connection, agency) if agency is not None else None
    try:
        with connection.transaction():
            (number,) = connection.execute("INSERT INTO destination (world, name, kind, address, secret_variable, agency_id, ceiling) VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
                                           (code, name, kind, address, secret_variable, whose, level(ceiling))).fetchone()
    except psycopg.errors.UniqueViolation:
        raise DestinationRefused(f"there is a destination {name!r} already; `alert end` ends it") from None
    tell(connection, "change", of=f"destination:{number}", to=f"{kind} up to {ceiling}")


def is_here(host: str) -> bool:
    """Whether a host is this machine."""
    return host in ("127.0.0.1", "localhost", "::1")


def end(connection: psycopg.Connection, world: str, name: str) -> None:
    """Nothing more is sent there. Raises NotFound."""
    row = connection.execute("UPDATE destination SET ended_at = now() WHERE world = %s AND name = %s AND ended_at IS NULL RETURNING id", (CODES[world], name)).fetchone()
    if row is None:
        raise NotFound(f"no destination {name!r} in the {world} world")
    tell(connection, "change", of=f"destination:{row[0]}", to="ended")


def listed(connection: psycopg.Connection) -> list[dict]:
    """Destinations, and how their deliveries stand."""
    rows = connection.execute("""
        SELECT d.name, d.world, d.kind, d.address, d.secret_variable, a.name, d.ceiling, count(v) FILTER (WHERE v.state = 'sent'), count(v) FILTER (WHERE v.state = 'waiting'),
          count(v) FILTER (WHERE v.state = 'failed'), count(v) FILTER (WHERE v.state = 'withheld'), (array_agg(v.trouble ORDER BY v.told_at DESC) FILTER (WHERE v.trouble IS NOT NULL))[1]
        FROM destination d LEFT JOIN agency a ON a.id = d.agency_id LEFT JOIN delivery v ON v.destination_id = d.id WHERE d.ended_at IS NULL GROUP BY d.id, a.name ORDER BY d.id
    """).fetchall()
    keys = ("name", "world", "kind", "address", "secret_variable", "agency", "ceiling", "sent", "waiting", "failed", "withheld", "trouble")
    return [{**dict(zip(keys, row)), "world": NAMES[row[1]], "ceiling": marking_of(row[6])} for row in rows]


def queue(connection: psycopg.Connection) -> int:
    """Put alerts raised since into the line of each destination, or withhold them; how many wait."""
    connection.execute(f"""
        INSERT INTO delivery (destination_id, alert_id, state)
        SELECT d.id, a.id, CASE WHEN e.retracted OR EXISTS (SELECT FROM track t WHERE t.id IN (e.track_id, e.other_id) AND t.sealed_at <= now())
            OR EXISTS (SELECT FROM unnest(e.scopes) s WHERE s %% {LEVELS} > d.ceiling OR (s / {LEVELS} <> 0 AND s / {LEVELS} IS DISTINCT FROM d.agency_id)) THEN 'withheld' ELSE 'waiting' END
        FROM destination d JOIN alert a ON a.world = d.world AND a.raised_at >= d.made_at JOIN event e ON e.id = a.event_id
        WHERE d.ended_at IS NULL AND a.state = 'new' AND a.raised_at > now() - %s ON CONFLICT DO NOTHING
    """, (GIVE_UP_AFTER,))
    return connection.execute("SELECT count(*) FROM delivery v JOIN destination d ON d.id = v.destination_id WHERE v.state = 'waiting' AND d.ended_at IS NULL").fetchone()[0]


def waiting(connection: psycopg.Connection) -> list[tuple[int, int]]:
    """(destination, alert) of what waits, the oldest first."""
    return connection.execute("SELECT v.destination_id, v.alert_id FROM delivery v JOIN destination d ON d.id = v.destination_id "
                              "WHERE v.state = 'waiting' AND d.ended_at IS NULL ORDER BY v.alert_id LIMIT %s", (AT_ONCE,)).fetchall()


def taken(connection: psycopg.Connection, destination: int, alert: int) -> dict | None:
    """One delivery, held until the transaction ends; None: somebody else has it, or it is no more."""
    row = connection.execute("""
        SELECT d.kind, d.address, d.secret_variable, d.name, e.id, e.world, e.type, e.severity, e.started_at, e.ended_at, coalesce(t.name, t.key), coalesce(o.name, o.key), w.id, w.version,
          w.name, r.id, r.version, r.name, ST_X(e.place), ST_Y(e.place), e.first_fix, e.last_fix, e.facts, e.revision, e.retracted, a.raised_at, e.scopes
        FROM delivery v JOIN destination d ON d.id = v.destination_id JOIN alert a ON a.id = v.alert_id JOIN event e ON e.id = a.event_id LEFT JOIN track t ON t.id = e.track_id
        LEFT JOIN track o ON o.id = e.other_id LEFT JOIN rule r ON r.id = e.rule_id AND r.version = e.rule_version LEFT JOIN watch_area w ON w.id = e.area_id AND w.version = e.area_version
        WHERE v.destination_id = %s AND v.alert_id = %s AND v.state = 'waiting' FOR UPDATE OF v SKIP LOCKED
    """, (destination, alert)).fetchone()
    if row is None:
        return None
    kind, address, variable, name, event, world, type_, severity, started, ended, track, other, area, area_version, area_name, rule, rule_version, rule_name, lon, lat, first, last, facts, revision, \
        retracted, raised, scopes = row
    body = {
        "alert": alert, "raised_at": raised, "event": event, "world": NAMES[world], "type": type_, "severity": severity, "started_at": started, "ended_at": ended, "track": track, "other": other,
        "rule": {"id": rule, "version": rule_version, "name": rule_name}, "area": None if area is None else {"id": area, "version": area_version, "name": area_name},
        "place": {"lon": lon, "lat": lat}, "first_fix": _fix(first), "last_fix": _fix(last), "facts": facts, "revision": revision, "retracted": retracted,
        "marking": marking_of(max(s % LEVELS for s in scopes)),
    }
    return {"kind": kind, "address": address, "secret_variable": variable, "destination": name, "body": orjson.dumps(body, option=orjson.OPT_UTC_Z), "told": body}


def _fix(told: dict) -> dict:
    return {"at": moment(told["us"]), "lon": told["lon"], "lat": told["lat"]}


def came(connection: psycopg.Connection, destination: int, alert: int, trouble: str | None) -> None:
    """What became of a delivery; one that did not arrive is tried again for a day. That it left is told to the record."""
    connection.execute("""
        UPDATE delivery v SET tries = tries + 1, told_at = now(), trouble = %(trouble)s,
          state = CASE WHEN %(trouble)s::text IS NULL THEN 'sent' WHEN a.raised_at < now() - %(after)s THEN 'failed' ELSE 'waiting' END
        FROM alert a WHERE a.id = v.alert_id AND v.destination_id = %(destination)s AND v.alert_id = %(alert)s
    """, {"trouble": trouble, "after": GIVE_UP_AFTER, "destination": destination, "alert": alert})
    if trouble is None:
        tell(connection, "disclosure", who="outgoing", of=f"alert:{alert}", to=f"destination:{destination}")
