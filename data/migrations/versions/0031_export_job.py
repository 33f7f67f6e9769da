"""Export jobs: files that are large are made by the queue, and fetched by whoever asked"""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"

TABLES = """
CREATE TABLE access.export_job (
  id text CONSTRAINT export_job_pkey PRIMARY KEY,
  person_id int NOT NULL CONSTRAINT export_job_person_id_fkey REFERENCES access.person ON DELETE CASCADE,
  format text NOT NULL,
  query text NOT NULL,
  purpose text, case_told text, recipient text,
  state text NOT NULL DEFAULT 'waiting',
  tries int NOT NULL DEFAULT 0,
  failure text,
  name text, media_type text, row_count int, size_bytes bigint, sha256 bytea, release_id bigint, seen_as text,
  asked_at timestamptz NOT NULL DEFAULT now(),
  done_at timestamptz,
  expires_at timestamptz,
  CONSTRAINT export_job_state CHECK (state IN ('waiting', 'reading', 'writing', 'done', 'failed')),
  CONSTRAINT export_job_done CHECK ((state = 'done') = (sha256 IS NOT NULL))
);
CREATE INDEX export_job_whose ON access.export_job (person_id, asked_at);
"""

FUNCTIONS = """
-- Who may take something out; an error for everybody else.
CREATE FUNCTION access.takes_out(token text) RETURNS int LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s access.session := access.session_of(token);
BEGIN
  IF s.person_id IS NULL OR NOT EXISTS (SELECT FROM access.person p WHERE p.id = s.person_id AND p.roles && ARRAY['coordinator', 'analyst', 'supervisor', 'legal']) THEN
    RAISE EXCEPTION 'nobody who takes out' USING errcode = '42501';
  END IF;
  RETURN s.person_id;
END $$;

-- Put the task in the queue, unless it waits there. The queue's functions find their tables by the search path.
CREATE FUNCTION access.make_soon() RETURNS void LANGUAGE plpgsql SET search_path = jobs, pg_catalog, pg_temp AS $$
BEGIN
  PERFORM jobs.procrastinate_defer_jobs_v1(ARRAY[ROW('default', 'export', 0, 'export', 'export', '{}'::jsonb, NULL::timestamptz)]::jobs.procrastinate_job_to_defer_v1[]);
EXCEPTION WHEN unique_violation THEN
  NULL;  -- one that waits does what this one would
END $$;

-- Ask for a file; null, or how many of one's own wait when these are the most there may be.
CREATE FUNCTION access.export_ask(token text, p_id text, p_format text, p_query text, p_purpose text, p_case text, p_recipient text, p_most int)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_me int := access.takes_out(token);
  v_waiting bigint;
BEGIN
  -- one after the other for one person: two at once must not both be the last that may wait
  PERFORM FROM access.person p WHERE p.id = v_me FOR UPDATE;
  SELECT count(*) INTO v_waiting FROM access.export_job e WHERE e.person_id = v_me AND e.state IN ('waiting', 'reading', 'writing');
  IF v_waiting >= p_most THEN
    RETURN v_waiting;
  END IF;
  INSERT INTO access.export_job (id, person_id, format, query, purpose, case_told, recipient) VALUES (p_id, v_me, p_format, p_query, p_purpose, p_case, p_recipient);
  PERFORM access.make_soon();
  RETURN NULL;
END $$;

-- One's own, the newest first; with an id only that one. What has expired is not there any more.
CREATE FUNCTION access.exports(token text, p_id text, p_limit int) RETURNS TABLE (id text, format text, state text, failure text, name text, media_type text, row_count int, size_bytes bigint,
  sha256 bytea, release_id bigint, seen_as text, asked_at timestamptz, done_at timestamptz, expires_at timestamptz) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_me int := access.takes_out(token);
BEGIN
  RETURN QUERY SELECT e.id, e.format, e.state, e.failure, e.name, e.media_type, e.row_count, e.size_bytes, e.sha256, e.release_id, e.seen_as, e.asked_at, e.done_at, e.expires_at FROM access.export_job e
  WHERE e.person_id = v_me AND (p_id IS NULL OR e.id = p_id) AND (e.expires_at IS NULL OR e.expires_at > now()) ORDER BY e.asked_at DESC, e.id LIMIT p_limit;
END $$;
"""
NAMES = ("exports(text, text, int)", "export_ask(text, text, text, text, text, text, text, int)", "make_soon()", "takes_out(text)")


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(FUNCTIONS)
    op.execute("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA access FROM PUBLIC")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {', '.join(f'access.{name}' for name in NAMES)}")
    op.execute("DROP TABLE access.export_job")
    op.execute("DELETE FROM jobs.procrastinate_jobs WHERE task_name = 'export'")
