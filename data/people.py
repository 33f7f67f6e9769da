"""People, screens and operations, as their keeper sees them: by the owner, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime

import psycopg
import shapely

from data import areas
from data.audit import entry_text
from data.doors import hashed, new_token
from data.records import MARKINGS
from data.scope import LEVEL
from data.sessions import owner_connection
from errors import Forbidden, InputRefused, NotFound

ROLES = ("viewer", "coordinator", "analyst", "supervisor", "legal", "auditor", "administrator")
LINK_MINUTES = 15
KEEPER = "keeper"


class PersonRefused(InputRefused):
    """An account can't be made or changed like this."""


def tell(connection: psycopg.Connection, what: str, *, who: str = "command line", **about: object) -> None:
    """An entry of the record, in the caller's transaction: what was not told did not happen, and the other way round."""
    connection.execute("SELECT audit.append(ARRAY[%s])", (entry_text(what, who, **about),))


def folded(name: str) -> str:
    """A sign-in name as it is kept: lower case, no spaces around."""
    return name.strip().casefold()


def add(connection: psycopg.Connection, name: str, roles: list[str], *, agencies: list[str] = (), ceiling: str = "TLP:AMBER",
        shown: str | None = None, keeper: bool = False) -> int:
    """A new account, without a password: a link lets it in. Raises PersonRefused, NotFound for an agency."""
    name = folded(name)
    if not 2 <= len(name) <= 100 or not name.isprintable():
        raise PersonRefused(f"the name {name!r} is refused, expected 2 to 100 printable characters")
    if wrong := [r for r in roles if r not in ROLES] or ([] if roles else ["none"]):
        raise PersonRefused(f"the role {wrong[0]!r} is none, expected {', '.join(ROLES)}")
    try:
        with connection.transaction():
            (person,) = connection.execute(
                "INSERT INTO access.person (name, shown, roles, ceiling, keeper) VALUES (%s, %s, %s, %s, %s) RETURNING id",
                (name, shown, list(roles), level(ceiling), keeper)).fetchone()
    except psycopg.errors.UniqueViolation:
        raise PersonRefused(f"there is a {name} already") from None
    for agency in agencies:
        connection.execute("INSERT INTO access.membership (person_id, agency_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                           (person, agency_id(connection, agency)))
    tell(connection, "change", of=f"person:{person}", to=f"made with {','.join(roles)}, {ceiling}", agencies=",".join(agencies))
    return person


def level(marking: str) -> int:
    """The level of a marking. Raises PersonRefused when it is none."""
    if marking not in LEVEL:
        raise PersonRefused(f"the marking {marking!r} is none, expected {', '.join(MARKINGS)}")
    return LEVEL[marking]


def agency_id(connection: psycopg.Connection, name: str) -> int:
    """The id of an agency of the live world. Raises NotFound that says which there are."""
    row = connection.execute("SELECT id FROM agency WHERE world = 0 AND name = %s", (name,)).fetchone()
    if row is None:
        there = [r[0] for r in connection.execute("SELECT name FROM agency WHERE world = 0 ORDER BY 1 LIMIT 20")]
        raise NotFound(f"no agency {name!r}: there {'is ' + ', '.join(there) if there else 'are none yet'}; `./vigia agency add` makes one")
    return row[0]


def add_agency(connection: psycopg.Connection, name: str, country: str | None) -> int:
    """An agency of the live world, or the one there is."""
    return connection.execute(
        "INSERT INTO agency (world, name, country) VALUES (0, %s, %s) ON CONFLICT (world, name) "
        "DO UPDATE SET country = coalesce(excluded.country, agency.country) RETURNING id", (name.strip(), country)).fetchone()[0]


def person_id(connection: psycopg.Connection, name: str) -> int:
    """Raises NotFound."""
    row = connection.execute("SELECT id FROM access.person WHERE name = %s", (folded(name),)).fetchone()
    if row is None:
        raise NotFound(f"no account {name!r}; `./vigia user list` names them")
    return row[0]


def with_role(connection: psycopg.Connection, name: str, *roles: str) -> int:
    """The id of somebody who has one of these roles and whose account is open. Raises NotFound, Forbidden."""
    person = person_id(connection, name)
    if not connection.execute("SELECT active AND roles && %s FROM access.person WHERE id = %s", (list(roles), person)).fetchone()[0]:
        raise Forbidden(f"{name} may not do this: it needs the role {' or '.join(roles)}, and an account that is open")
    return person


def link(connection: psycopg.Connection, name: str, minutes: int = LINK_MINUTES) -> str:
    """A token that lets a person in once. Older links of that person no longer do."""
    person, token = person_id(connection, name), new_token()
    connection.execute("DELETE FROM access.link WHERE person_id = %s", (person,))
    connection.execute("INSERT INTO access.link (hash, person_id, expires_at) VALUES (%s, %s, now() + make_interval(mins => %s))",
                       (hashed(token), person, minutes))
    tell(connection, "change", of=f"person:{person}", to="link")
    return token


def set_password(connection: psycopg.Connection, name: str, kept: str) -> None:
    """A password's hash; the account is unlocked and every session of it ends."""
    person = person_id(connection, name)
    connection.execute("UPDATE access.person SET password = %s, failures = 0, locked_until = NULL WHERE id = %s", (kept, person))
    tell(connection, "change", of=f"person:{person}", to="password")
    sign_out(connection, name)


def set_subject(connection: psycopg.Connection, name: str, issuer: str, sub: str) -> None:
    """Who a provider of OpenID Connect says this person is. Raises PersonRefused when another has that name there."""
    person = person_id(connection, name)
    if not sub.strip() or not sub.isprintable():
        raise PersonRefused(f"the subject {sub!r} is refused, expected what the provider calls this person")
    try:
        with connection.transaction():
            connection.execute("UPDATE access.person SET subject = %s WHERE id = %s", (f"{issuer.rstrip('/')}|{sub}", person))
    except psycopg.errors.UniqueViolation:
        raise PersonRefused(f"another account has the subject {sub!r} already") from None
    tell(connection, "change", of=f"person:{person}", to="subject")


def sign_out(connection: psycopg.Connection, name: str) -> int:
    """End every session of a person; how many there were."""
    return connection.execute("UPDATE access.session SET revoked_at = now() WHERE person_id = %s AND revoked_at IS NULL AND expires_at > now()",
                              (person_id(connection, name),)).rowcount


def set_active(connection: psycopg.Connection, name: str, active: bool) -> None:
    """Close an account, or open it again. A closed one is signed out within seconds."""
    person = person_id(connection, name)
    connection.execute("UPDATE access.person SET active = %s, failures = 0, locked_until = NULL WHERE id = %s", (active, person))
    tell(connection, "change", of=f"person:{person}", to="open" if active else "closed")


def listed(connection: psycopg.Connection) -> list[dict]:
    """Every account, without anything secret."""
    rows = connection.execute("""
        SELECT p.name, p.shown, p.roles, p.ceiling, p.active, p.keeper, p.password IS NOT NULL, p.locked_until > now(),
               ARRAY(SELECT a.name FROM access.membership m JOIN agency a ON a.id = m.agency_id WHERE m.person_id = p.id ORDER BY 1),
               (SELECT max(s.seen_at) FROM access.session s WHERE s.person_id = p.id)
        FROM access.person p ORDER BY p.name
    """)
    keys = ("name", "shown", "roles", "ceiling", "active", "keeper", "has_password", "locked", "agencies", "last_seen")
    told = [dict(zip(keys, row)) for row in rows]
    names = {number: marking for marking, number in LEVEL.items()}
    return [{**row, "ceiling": names[row["ceiling"]], "locked": bool(row["locked"])} for row in told]


def any_with_password(connection: psycopg.Connection) -> bool:
    """Whether somebody could sign in from another machine."""
    return connection.execute("SELECT EXISTS (SELECT FROM access.person WHERE active AND (password IS NOT NULL OR subject IS NOT NULL))").fetchone()[0]


def keeper_without_password(connection: psycopg.Connection) -> str | None:
    """The keeper's account while nobody has set it up: made here when there is none. Its name."""
    if not connection.execute("SELECT EXISTS (SELECT FROM access.person WHERE keeper)").fetchone()[0]:
        add(connection, KEEPER, list(ROLES), ceiling="TLP:AMBER+STRICT", keeper=True, shown="Keeper")
    row = connection.execute("SELECT name FROM access.person WHERE keeper AND active AND password IS NULL AND subject IS NULL").fetchone()
    return row[0] if row else None


# -- screens ----------------------------------------------------------------------------------------------------------


def add_screen(connection: psycopg.Connection, name: str, *, agency: str | None = None, ceiling: str = "TLP:AMBER") -> str:
    """A wall display; its token, to be exchanged once. A screen that is there gets a new token and its session ends."""
    if level(ceiling) > LEVEL["TLP:AMBER+STRICT"]:
        raise PersonRefused("TLP:RED never reaches a wall: expected TLP:AMBER+STRICT or less")
    if not 1 <= len(name.strip()) <= 200 or not name.isprintable():
        raise PersonRefused(f"the name {name[:40]!r} is refused, expected 1 to 200 printable characters")
    token = new_token()
    connection.execute("""
        INSERT INTO access.screen (name, agency_id, ceiling, hash) VALUES (%s, %s, %s, %s)
        ON CONFLICT (name) DO UPDATE SET agency_id = excluded.agency_id, ceiling = excluded.ceiling, hash = excluded.hash, active = true
    """, (name.strip(), agency_id(connection, agency) if agency else None, level(ceiling), hashed(token)))
    _end_screen(connection, name)
    tell(connection, "change", of=f"screen:{name.strip()}", to=f"new token, {ceiling}", agencies=agency)
    return token


def revoke_screen(connection: psycopg.Connection, name: str) -> None:
    """The screen shows nothing more. Raises NotFound."""
    if not connection.execute("UPDATE access.screen SET active = false, hash = NULL WHERE name = %s", (name.strip(),)).rowcount:
        raise NotFound(f"no screen {name!r}; `./vigia screen list` names them")
    _end_screen(connection, name)
    tell(connection, "change", of=f"screen:{name.strip()}", to="revoked")


def screens(connection: psycopg.Connection) -> list[dict]:
    rows = connection.execute("""
        SELECT w.name, a.name, w.ceiling, w.active, w.hash IS NOT NULL,
               (SELECT max(s.seen_at) FROM access.session s WHERE s.screen_id = w.id AND s.revoked_at IS NULL), '/wall/' || w.slug, w.place, w.distance_m, w.diagonal_in,
               w.zones, w.world, w.turn_s, w.dim, jsonb_array_length(w.playlist), w.beat_at
        FROM access.screen w LEFT JOIN agency a ON a.id = w.agency_id ORDER BY 1
    """)
    names = {number: marking for marking, number in LEVEL.items()}
    keys = ("name", "agency", "ceiling", "active", "waits_for_its_token", "last_seen", "address", "place", "distance_m", "diagonal_in", "zones", "world", "turn_s", "dim", "views",
            "last_beat")
    return [{**dict(zip(keys, row)), "ceiling": names[row[2]]} for row in rows]


def _end_screen(connection: psycopg.Connection, name: str) -> None:
    connection.execute("UPDATE access.session s SET revoked_at = now() FROM access.screen w "
                       "WHERE w.id = s.screen_id AND w.name = %s AND s.revoked_at IS NULL", (name.strip(),))


# -- operations -------------------------------------------------------------------------------------------------------


def add_operation(connection: psycopg.Connection, name: str, starts_at: datetime, ends_at: datetime, *, area: shapely.Geometry | None = None,
                  everywhere: bool = False) -> None:
    """A joint task force, or new dates for the one there is; its area stays unless another is told, or `everywhere`. Raises PersonRefused."""
    if ends_at <= starts_at:
        raise PersonRefused(f"the operation ends at {ends_at:%Y-%m-%d %H:%M}, before it starts")
    if told := areas.wrong(area):
        raise PersonRefused(told)
    if area is not None and (vertices := shapely.get_num_coordinates(area)) > areas.VERTICES_MAX:
        raise PersonRefused(f"the area has {vertices:,} vertices, expected {areas.VERTICES_MAX:,} at most: simplify it")
    connection.execute("""
        INSERT INTO access.operation (name, starts_at, ends_at, area) VALUES (%s, %s, %s, ST_Multi(ST_GeomFromWKB(%s, 4326)))
        ON CONFLICT (name) DO UPDATE SET starts_at = excluded.starts_at, ends_at = excluded.ends_at,
          area = CASE WHEN %s THEN NULL ELSE coalesce(excluded.area, operation.area) END
    """, (name.strip(), starts_at, ends_at, shapely.to_wkb(area) if area is not None else None, everywhere))
    where = ", in an area" if area is not None else ", everywhere" if everywhere else ""
    tell(connection, "change", of=f"operation:{name.strip()}", to=f"from {starts_at.isoformat()} to {ends_at.isoformat()}{where}")


def share(connection: psycopg.Connection, operation: str, agency: str, layers: list[str], ceiling: str) -> None:
    """What an agency shares with the others of an operation. Raises NotFound, PersonRefused."""
    if level(ceiling) > LEVEL["TLP:AMBER"]:
        raise PersonRefused(f"{ceiling} is not shared with other agencies: expected TLP:AMBER or less")
    row = connection.execute("SELECT id FROM access.operation WHERE name = %s", (operation.strip(),)).fetchone()
    if row is None:
        raise NotFound(f"no operation {operation!r}")
    connection.execute("INSERT INTO access.party (operation_id, agency_id, layers, ceiling) VALUES (%s, %s, %s, %s) "
                       "ON CONFLICT (operation_id, agency_id) DO UPDATE SET layers = excluded.layers, ceiling = excluded.ceiling",
                       (row[0], agency_id(connection, agency), layers, level(ceiling)))
    tell(connection, "change", of=f"operation:{operation.strip()}", to=f"{agency} shares {','.join(layers)} up to {ceiling}")


def end_operation(connection: psycopg.Connection, operation: str) -> None:
    """Sharing ends now. Raises NotFound."""
    if not connection.execute("UPDATE access.operation SET ends_at = greatest(now(), starts_at + interval '1 microsecond') WHERE name = %s",
                              (operation.strip(),)).rowcount:
        raise NotFound(f"no operation {operation!r}")
    tell(connection, "change", of=f"operation:{operation.strip()}", to="ended")


def operations(connection: psycopg.Connection) -> list[dict]:
    """Every operation with its parties."""
    names = {number: marking for marking, number in LEVEL.items()}
    out = []
    for id, name, starts_at, ends_at, now, with_area in connection.execute(
            "SELECT id, name, starts_at, ends_at, now() >= starts_at AND now() < ends_at, area IS NOT NULL FROM access.operation ORDER BY starts_at").fetchall():
        parties = connection.execute("SELECT a.name, p.layers, p.ceiling FROM access.party p JOIN agency a ON a.id = p.agency_id "
                                     "WHERE p.operation_id = %s ORDER BY 1", (id,)).fetchall()
        out.append({"name": name, "from": starts_at, "to": ends_at, "runs": now, "with_area": with_area,
                    "shares": [f"{agency}: {', '.join(layers)} up to {names[ceiling]}" for agency, layers, ceiling in parties]})
    return out


def open_session(connection: psycopg.Connection, name: str, seconds: int = 600, *, address: str = "command line") -> str:
    """A session of a person who has no browser here; its token."""
    person, token = person_id(connection, name), new_token()
    connection.execute("INSERT INTO access.session (hash, person_id, expires_at, idle_s, address) "
                       "VALUES (%s, %s, now() + make_interval(secs => %s), %s, %s)", (hashed(token), person, seconds, seconds, address))
    return token


def short_session(owner_url: str, name: str | None, seconds: int = 600) -> str:
    """A session for one command on this machine, of `name` or of whoever keeps the installation."""
    with owner_connection(owner_url) as connection:
        keeper_without_password(connection)  # made when there is none yet
        if name is None:
            row = connection.execute("SELECT name FROM access.person WHERE keeper AND active").fetchone()
            if row is None:
                raise NotFound("the keeper's account is closed; say whose look it is with --as")
            name = row[0]
        token = open_session(connection, name, seconds)
        connection.commit()
    return token
