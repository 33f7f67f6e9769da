"""Upload: files on their way in from a browser, whose they are, and what became of each

The bytes lie under VIGIA_HOME/uploads; nobody but the owner reads this table, the serving role asks by functions that are handed a session's token.
"""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"

TABLES = """
CREATE TABLE access.upload (
  id text CONSTRAINT upload_pkey PRIMARY KEY,
  person_id int NOT NULL CONSTRAINT upload_person_id_fkey REFERENCES access.person ON DELETE CASCADE,
  name text NOT NULL,
  size_bytes bigint NOT NULL,
  state text NOT NULL DEFAULT 'coming',
  options jsonb NOT NULL,
  told jsonb NOT NULL DEFAULT '[]',
  begun_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT upload_state CHECK (state IN ('coming', 'waiting', 'reading', 'stored', 'already', 'refused')),
  CONSTRAINT upload_size CHECK (size_bytes > 0)
);
CREATE INDEX upload_whose ON access.upload (person_id, begun_at);
"""

FUNCTIONS = """
-- Who may bring files in; an error for everybody else.
CREATE FUNCTION access.brings(token text) RETURNS int LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s access.session := access.session_of(token);
BEGIN
  IF s.person_id IS NULL THEN
    RAISE EXCEPTION 'no session' USING errcode = '28000';
  END IF;
  IF NOT EXISTS (SELECT FROM access.person p WHERE p.id = s.person_id AND p.roles && ARRAY['coordinator', 'analyst', 'supervisor']) THEN
    RAISE EXCEPTION 'not one who brings files in' USING errcode = '42501';
  END IF;
  RETURN s.person_id;
END $$;

-- Put the task in the queue, unless it waits there. The queue's functions find their tables by the search path.
CREATE FUNCTION access.bring_soon() RETURNS void LANGUAGE plpgsql SET search_path = jobs, pg_catalog, pg_temp AS $$
BEGIN
  PERFORM jobs.procrastinate_defer_jobs_v1(ARRAY[ROW('default', 'bring', 0, 'bring', 'bring', '{}'::jsonb, NULL::timestamptz)]::jobs.procrastinate_job_to_defer_v1[]);
EXCEPTION WHEN unique_violation THEN
  NULL;  -- one that waits does what this one would
END $$;

-- Why an upload is not taken, or null when it was: 'agency', 'marking', 'files N', 'bytes N' (what waits already).
CREATE FUNCTION access.upload_begin(token text, p_id text, p_name text, p_size bigint, p_agency text, p_level int, p_options jsonb, p_files int, p_bytes bigint,
  p_entry text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_me int := access.brings(token);
  v_ceiling int;
  v_keeper boolean;
  v_files bigint;
  v_bytes bigint;
BEGIN
  -- one after the other for one person: two at once must not both be the last that fits
  SELECT p.ceiling, p.keeper INTO v_ceiling, v_keeper FROM access.person p WHERE p.id = v_me FOR UPDATE;
  IF (p_agency IS NULL AND NOT v_keeper)
     OR (p_agency IS NOT NULL AND NOT EXISTS (SELECT FROM vigia.agency a WHERE a.world = 0 AND a.name = p_agency AND a.id = ANY (access.own(v_me)))) THEN
    RETURN 'agency';
  END IF;
  IF p_level > v_ceiling THEN
    RETURN 'marking';
  END IF;
  SELECT count(*), coalesce(sum(u.size_bytes), 0) INTO v_files, v_bytes FROM access.upload u WHERE u.person_id = v_me AND u.state IN ('coming', 'waiting', 'reading');
  IF v_files >= p_files THEN
    RETURN 'files ' || v_files;
  END IF;
  IF v_bytes + p_size > p_bytes THEN
    RETURN 'bytes ' || v_bytes;
  END IF;
  INSERT INTO access.upload (id, person_id, name, size_bytes, options) VALUES (p_id, v_me, p_name, p_size, p_options);
  PERFORM audit.append(ARRAY[p_entry]);
  RETURN NULL;
END $$;

-- One's own, the newest first; with an id only that one.
CREATE FUNCTION access.uploads(token text, p_id text, p_limit int) RETURNS TABLE (id text, name text, size_bytes bigint, state text, options jsonb, told jsonb,
  begun_at timestamptz, changed_at timestamptz) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_me int := access.brings(token);
BEGIN
  RETURN QUERY SELECT u.id, u.name, u.size_bytes, u.state, u.options, u.told, u.begun_at, u.changed_at FROM access.upload u
  WHERE u.person_id = v_me AND (p_id IS NULL OR u.id = p_id) ORDER BY u.begun_at DESC, u.id LIMIT p_limit;
END $$;

-- All of its bytes are here.
CREATE FUNCTION access.upload_whole(token text, p_id text, p_entry text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_me int := access.brings(token);
BEGIN
  UPDATE access.upload u SET state = 'waiting', changed_at = now() WHERE u.id = p_id AND u.person_id = v_me AND u.state = 'coming';
  IF FOUND THEN
    PERFORM audit.append(ARRAY[p_entry]);
    PERFORM access.bring_soon();
  END IF;
END $$;

-- Given up, or taken off the list; what is being read stays. Whether it was there.
CREATE FUNCTION access.upload_end(token text, p_id text, p_entry text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_me int := access.brings(token);
BEGIN
  DELETE FROM access.upload u WHERE u.id = p_id AND u.person_id = v_me AND u.state <> 'reading';
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM audit.append(ARRAY[p_entry]);
  RETURN true;
END $$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA access FROM PUBLIC;
"""
NAMES = ("upload_end(text, text, text)", "upload_whole(text, text, text)", "uploads(text, text, int)",
         "upload_begin(text, text, text, bigint, text, int, jsonb, int, bigint, text)", "bring_soon()", "brings(text)")


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(FUNCTIONS)


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {', '.join(f'access.{name}' for name in NAMES)}")
    op.execute("DROP TABLE access.upload")
