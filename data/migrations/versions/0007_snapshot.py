"""What a session may see, told at once: for streams, which decide event by event without asking the database each time"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

FUNCTIONS = """
CREATE FUNCTION access.seen(token text) RETURNS TABLE (movements bytea, seizures bytea, imagery bytea, sealed bigint[]) LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s access.session := access.session_of(token);
  lists text[];
BEGIN
  IF s.hash IS NULL THEN
    RETURN;
  END IF;
  lists := access.lists(s.person_id, s.screen_id);
  RETURN QUERY SELECT decode(lists[1], 'hex'), decode(lists[2], 'hex'), decode(lists[3], 'hex'),
                      ARRAY(SELECT t.id FROM vigia.track t WHERE t.sealed_at <= clock_timestamp());
END $$;
REVOKE EXECUTE ON FUNCTION access.seen(text) FROM PUBLIC;
"""


def upgrade() -> None:
    op.execute(FUNCTIONS)


def downgrade() -> None:
    op.execute("DROP FUNCTION access.seen(text)")
