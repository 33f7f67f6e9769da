"""Who a provider of OpenID Connect says somebody is"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

FUNCTIONS = """
CREATE FUNCTION access.by_subject(p_subject text) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM access.nobody();
  RETURN (SELECT p.id FROM access.person p WHERE p.subject = p_subject AND p.active);
END $$;
REVOKE EXECUTE ON FUNCTION access.by_subject(text) FROM PUBLIC;
"""


def upgrade() -> None:
    op.execute(FUNCTIONS)


def downgrade() -> None:
    op.execute("DROP FUNCTION access.by_subject(text)")
