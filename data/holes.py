"""The self-test of a start: asked as the serving role, it names every way around the policies; then nothing is served.

ref: ../docs/law.md; each question is one trap of row-level security that is easy to step into with the next migration.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from data.grants import ASKED
from data.sessions import Database
from errors import DatabaseUnfit

QUESTIONS = text("""
SELECT 'no row-level security on', c.oid::regclass::text FROM pg_class c
WHERE c.relnamespace = 'vigia'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
UNION ALL
SELECT 'a table without a policy can be read:', c.oid::regclass::text FROM pg_class c
WHERE c.relnamespace = 'vigia'::regnamespace AND c.relkind IN ('r', 'p') AND has_table_privilege(c.oid, 'SELECT')
  AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
UNION ALL
SELECT 'too strong a role:', r.rolname FROM pg_roles r WHERE r.rolname = current_user AND (r.rolsuper OR r.rolbypassrls)
UNION ALL
SELECT 'this role owns', c.oid::regclass::text FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
WHERE r.rolname = current_user AND c.relpersistence <> 't'
UNION ALL
SELECT 'a view that does not ask as its reader:', c.oid::regclass::text FROM pg_class c
WHERE c.relnamespace = 'vigia'::regnamespace AND c.relkind = 'v' AND NOT coalesce(c.reloptions::text ~ 'security_invoker=(true|on)', false)
UNION ALL
SELECT 'a materialised view can be read:', c.oid::regclass::text FROM pg_class c
WHERE c.relkind = 'm' AND has_table_privilege(c.oid, 'SELECT')
UNION ALL
SELECT 'accounts, record or queue can be read or changed:', n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('access', 'audit', 'jobs') AND c.relkind IN ('r', 'p', 'v', 'm') AND has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
UNION ALL
SELECT 'a function that trusts the search path:', p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.prosecdef AND n.nspname IN ('vigia', 'access', 'audit') AND NOT coalesce(p.proconfig::text ~ 'search_path', false)
UNION ALL
SELECT 'a function of the owner that may be called:', p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname IN ('access', 'audit') AND has_function_privilege(p.oid, 'EXECUTE') AND p.oid <> ALL (CAST(:asked AS regprocedure[])::oid[])
UNION ALL
SELECT 'the queue can be used:', 'jobs' WHERE EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = 'jobs' AND has_schema_privilege(n.oid, 'USAGE, CREATE'))
UNION ALL
SELECT 'anybody may say whose a transaction is:', 'set_config'
WHERE has_function_privilege('pg_catalog.set_config(text, text, boolean)', 'EXECUTE')
UNION ALL
SELECT 'rows are seen by nobody in particular:', 'vigia.track' WHERE EXISTS (SELECT FROM vigia.track)
""")


async def holes(session: AsyncConnection) -> list[str]:
    """Every way around the policies that this role finds; empty when there is none. Ask as nobody."""
    return [f"{what} {which}" for what, which in (await session.execute(QUESTIONS, {"asked": list(ASKED)})).all()]


async def ensure_none(database: Database) -> None:
    """Raises DatabaseUnfit with each hole: better no picture than one that shows what it must not."""
    async with database.asking() as session:
        if found := await holes(session):
            raise DatabaseUnfit(f"not safe to serve: {'; '.join(found)}; run `./vigia doctor`")
