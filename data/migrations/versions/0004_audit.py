"""The record: who looked at what, why and when, in a tree that shows any change made afterwards

The serving role may append and nothing else. What an entry says is kept as the very bytes that were hashed.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

APPENDING = 0x61756469  # the lock under which the next number is given

TABLES = """
CREATE SCHEMA audit;
CREATE TABLE audit.entry (
  seq bigint CONSTRAINT entry_pkey PRIMARY KEY,
  at timestamptz NOT NULL,
  entry text NOT NULL,
  leaf bytea NOT NULL
);
CREATE INDEX entry_at ON audit.entry (at);
CREATE TABLE audit.node (
  level smallint NOT NULL,
  number bigint NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT node_pkey PRIMARY KEY (level, number)
);
CREATE TABLE audit.head (
  size bigint CONSTRAINT head_pkey PRIMARY KEY,
  root bytea NOT NULL,
  at timestamptz NOT NULL,
  signature bytea NOT NULL,
  key bytea NOT NULL
);
CREATE TABLE audit.salt (
  day date CONSTRAINT salt_pkey PRIMARY KEY,
  salt bytea NOT NULL
);
"""

FUNCTIONS = f"""
CREATE FUNCTION audit.append(entries text[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_first bigint;
  v_seq bigint;
  v_entry text;
  v_hash bytea;
  v_left bytea;
  v_level int;
BEGIN
  PERFORM pg_advisory_xact_lock({APPENDING});
  SELECT coalesce(max(e.seq) + 1, 0) INTO v_first FROM audit.entry e;
  v_seq := v_first;
  FOREACH v_entry IN ARRAY entries LOOP
    -- RFC 6962: a leaf is hashed behind 0x00, two nodes behind 0x01
    v_hash := sha256('\\x00'::bytea || convert_to(v_entry, 'UTF8'));
    INSERT INTO audit.entry (seq, at, entry, leaf) VALUES (v_seq, clock_timestamp(), v_entry, v_hash);
    INSERT INTO audit.node (level, number, hash) VALUES (0, v_seq, v_hash);
    v_level := 0;
    -- a leaf that closes a pair closes every pair it is the right end of
    WHILE (v_seq >> v_level) & 1 = 1 LOOP
      SELECT n.hash INTO STRICT v_left FROM audit.node n WHERE n.level = v_level AND n.number = (v_seq >> v_level) - 1;
      v_hash := sha256('\\x01'::bytea || v_left || v_hash);
      v_level := v_level + 1;
      INSERT INTO audit.node (level, number, hash) VALUES (v_level, v_seq >> v_level, v_hash);
    END LOOP;
    v_seq := v_seq + 1;
  END LOOP;
  RETURN v_first;
END $$;

-- What a head is made of: the size, and the complete subtrees from the largest on.
CREATE FUNCTION audit.peaks() RETURNS TABLE (size bigint, hashes bytea[]) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_size bigint;
BEGIN
  PERFORM pg_advisory_xact_lock({APPENDING});
  SELECT coalesce(max(e.seq) + 1, 0) INTO v_size FROM audit.entry e;
  RETURN QUERY SELECT v_size, ARRAY(
    SELECT n.hash FROM generate_series(62, 0, -1) AS l
    JOIN audit.node n ON n.level = l AND n.number = (v_size >> l) - 1 WHERE (v_size >> l) & 1 = 1 ORDER BY l DESC);
END $$;

CREATE FUNCTION audit.keep_head(p_size bigint, p_root bytea, p_at timestamptz, p_signature bytea, p_key bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO audit.head (size, root, at, signature, key) VALUES (p_size, p_root, p_at, p_signature, p_key) ON CONFLICT (size) DO NOTHING
$$;

-- The salt of a day, under which names and numbers people searched for are hashed. Deleting it makes them nobody's.
CREATE FUNCTION audit.salt_of(p_day date, p_new bytea) RETURNS bytea LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO audit.salt (day, salt) VALUES (p_day, p_new) ON CONFLICT (day) DO NOTHING;
  RETURN (SELECT s.salt FROM audit.salt s WHERE s.day = p_day);
END $$;

-- For auditors alone, newest first.
CREATE FUNCTION audit.read(token text, p_before bigint, p_from timestamptz, p_to timestamptz, p_what text, p_who text, p_limit int)
RETURNS TABLE (seq bigint, at timestamptz, entry text) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s access.session := access.session_of(token);
BEGIN
  IF NOT EXISTS (SELECT FROM access.person p WHERE p.id = s.person_id AND 'auditor' = ANY (p.roles)) THEN
    RAISE EXCEPTION 'no auditor' USING errcode = '42501';
  END IF;
  RETURN QUERY SELECT e.seq, e.at, e.entry FROM audit.entry e
  WHERE (p_before IS NULL OR e.seq < p_before) AND (p_from IS NULL OR e.at >= p_from) AND (p_to IS NULL OR e.at < p_to)
    AND (p_what IS NULL OR e.entry::jsonb ->> 'what' = p_what) AND (p_who IS NULL OR e.entry::jsonb ->> 'who' = p_who)
  ORDER BY e.seq DESC LIMIT least(p_limit, 1000);
END $$;

CREATE FUNCTION audit.heads(token text, p_limit int) RETURNS TABLE (size bigint, root bytea, at timestamptz, signature bytea, key bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (access.session_of(token)).person_id IS NULL THEN
    RAISE EXCEPTION 'no session' USING errcode = '28000';
  END IF;
  RETURN QUERY SELECT h.size, h.root, h.at, h.signature, h.key FROM audit.head h ORDER BY h.size DESC LIMIT least(p_limit, 1000);
END $$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA audit FROM PUBLIC;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(FUNCTIONS)


def downgrade() -> None:
    op.execute("DROP SCHEMA audit CASCADE")
