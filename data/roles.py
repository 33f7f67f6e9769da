"""The serving role of an own server: made when we may, with the statement to run when we may not; and whether it is right."""

from __future__ import annotations

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from data import addresses
from data.cluster import APP
from data.postmaster import SET_CONFIG
from data.models import SCHEMA
from data.sessions import owner_connection
from errors import DatabaseUnfit, DatabaseUnreachable

LEAST_SERVER = 150000
ATTRIBUTES = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION"


def prepare(owner_url: str) -> None:
    """Make the serving role on an own server, or check the one there is. Raises DatabaseUnreachable, DatabaseUnfit."""
    with owner_connection(owner_url) as connection:
        if connection.info.server_version < LEAST_SERVER:
            major = connection.info.server_version // 10000
            raise DatabaseUnfit(f"DATABASE_URL is a PostgreSQL {major}; 15 or newer is needed")
        if not connection.execute("SELECT FROM pg_available_extensions WHERE name = 'postgis'").rowcount:
            raise DatabaseUnfit(
                "DATABASE_URL's server has no PostGIS; on Debian and Ubuntu install postgresql-15-postgis-3 there"
            )
        _close(connection)
        there = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (APP,)).rowcount > 0
        if there and _may_connect(owner_url):
            return
        change = sql.SQL("ALTER" if there else "CREATE")
        statement = sql.SQL("{} ROLE {} {} PASSWORD {}").format(
            change, sql.Identifier(APP), sql.SQL(ATTRIBUTES), sql.Literal(addresses.app_password()))
        try:
            connection.execute(statement)
            connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                sql.Identifier(connection.info.dbname), sql.Identifier(APP)))
            connection.commit()
        except psycopg.errors.InsufficientPrivilege:
            raise DatabaseUnfit(
                f"this user may not make the serving role; as a superuser run: {change.as_string()} ROLE {APP} {ATTRIBUTES} "
                f"PASSWORD '…'; GRANT CONNECT ON DATABASE {connection.info.dbname} TO {APP}; "
                f"the password is in {addresses.app_password_file()}"
            ) from None


def _close(connection: psycopg.Connection) -> None:
    """What only a superuser can do for row-level security: done when we are one, else the statements to run."""
    me = connection.execute("SELECT current_user").fetchone()[0]
    passes, open_to_all, ours = connection.execute(
        """
        SELECT r.rolbypassrls OR r.rolsuper, EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0),
               has_function_privilege(p.oid, 'EXECUTE')
        FROM pg_roles r, pg_proc p WHERE r.rolname = current_user AND p.oid = 'pg_catalog.set_config(text, text, boolean)'::regprocedure
        """
    ).fetchone()
    wanted = [] if passes else [sql.SQL("ALTER ROLE {} BYPASSRLS").format(sql.Identifier(me))]
    if open_to_all or not ours:
        wanted += [sql.SQL("REVOKE EXECUTE ON FUNCTION {} FROM PUBLIC").format(sql.SQL(SET_CONFIG)),
                   sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(sql.SQL(SET_CONFIG), sql.Identifier(me))]
    try:
        for statement in wanted:
            connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        told = "; ".join(s.as_string() for s in wanted)
        raise DatabaseUnfit(f"this user may not close the database for row-level security; as a superuser run in {connection.info.dbname}: {told}") from None
    # Who may not take it away gets a warning and no error.
    if wanted and connection.execute(
        "SELECT EXISTS (SELECT FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a "
        "WHERE p.oid = 'pg_catalog.set_config(text, text, boolean)'::regprocedure AND a.grantee = 0)").fetchone()[0]:
        told = "; ".join(s.as_string() for s in wanted)
        raise DatabaseUnfit(f"this user may not close the database for row-level security; as a superuser run in {connection.info.dbname}: {told}")


def ensure_safe(owner_url: str) -> None:
    """Raises DatabaseUnfit with all that is wrong with the serving role."""
    if wrong := problems(owner_url):
        raise DatabaseUnfit(f"the serving role is not safe to serve with: {'; '.join(wrong)}")


def problems(owner_url: str) -> list[str]:
    """What is wrong with the serving role: it must exist, be no superuser, pass no row-level security and own nothing."""
    with owner_connection(owner_url) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = %s", (APP,)
        ).fetchone()
        if row is None:
            return [f"there is no role {APP}"]
        rights = ("superuser", "bypassing row-level security", "making roles", "making databases")
        found = [f"{APP} has a right it must not have: {right}" for has, right in zip(row, rights) if has]
        owned = connection.execute(
            """
            SELECT count(*) FROM pg_shdepend
            WHERE refclassid = 'pg_authid'::regclass AND refobjid = %s::regrole AND deptype = 'o'
            """, (APP,),
        ).fetchone()[0]
        if owned:
            found.append(f"{APP} owns {owned} objects, it must own none")
        member = connection.execute(
            "SELECT string_agg(roleid::regrole::text, ', ') FROM pg_auth_members WHERE member = %s::regrole", (APP,)
        ).fetchone()[0]
        if member:
            found.append(f"{APP} is a member of {member}, it must be of none")
        if not connection.execute("SELECT has_schema_privilege(%s, %s, 'USAGE')", (APP, SCHEMA)).fetchone()[0]:
            found.append(f"{APP} may not use the schema {SCHEMA}")
        return found


def _may_connect(owner_url: str) -> bool:
    url = addresses.text(addresses.serving(make_url(owner_url)))
    try:
        with owner_connection(url):
            return True
    except DatabaseUnreachable:
        return False
