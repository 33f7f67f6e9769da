"""What an administrator may do from the page: accounts and screens, each by a function that asks who is calling"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

FUNCTIONS = """
CREATE FUNCTION access.admin(token text) RETURNS int LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s access.session := access.session_of(token);
BEGIN
  IF NOT EXISTS (SELECT FROM access.person p WHERE p.id = s.person_id AND 'administrator' = ANY (p.roles)) THEN
    RAISE EXCEPTION 'no administrator' USING errcode = '42501';
  END IF;
  RETURN s.person_id;
END $$;

CREATE FUNCTION access.admin_people(token text) RETURNS TABLE (id int, name text, shown text, roles text[], ceiling int, active boolean, keeper boolean,
  way_in text, locked boolean, agencies text[], last_seen timestamptz, sessions bigint) LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM access.admin(token);
  RETURN QUERY SELECT p.id, p.name, p.shown, p.roles, p.ceiling::int, p.active, p.keeper,
    concat_ws(', ', CASE WHEN p.password IS NOT NULL THEN 'password' END, CASE WHEN p.subject IS NOT NULL THEN 'OpenID Connect' END),
    coalesce(p.locked_until > clock_timestamp(), false),
    ARRAY(SELECT a.name FROM access.membership m JOIN vigia.agency a ON a.id = m.agency_id WHERE m.person_id = p.id ORDER BY 1),
    (SELECT max(s.seen_at) FROM access.session s WHERE s.person_id = p.id),
    (SELECT count(*) FROM access.session s WHERE s.person_id = p.id AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp())
  FROM access.person p ORDER BY p.name;
END $$;

CREATE FUNCTION access.admin_screens(token text) RETURNS TABLE (id int, name text, agency text, ceiling int, active boolean, waits boolean, last_seen timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM access.admin(token);
  RETURN QUERY SELECT w.id, w.name, a.name, w.ceiling::int, w.active, w.hash IS NOT NULL,
    (SELECT max(s.seen_at) FROM access.session s WHERE s.screen_id = w.id AND s.revoked_at IS NULL)
  FROM access.screen w LEFT JOIN vigia.agency a ON a.id = w.agency_id ORDER BY w.name;
END $$;

CREATE FUNCTION access.admin_operations(token text) RETURNS TABLE (name text, starts_at timestamptz, ends_at timestamptz, parties text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM access.admin(token);
  RETURN QUERY SELECT o.name, o.starts_at, o.ends_at, ARRAY(
    SELECT format('%s: %s up to level %s', a.name, array_to_string(p.layers, ', '), p.ceiling) FROM access.party p JOIN vigia.agency a ON a.id = p.agency_id
    WHERE p.operation_id = o.id ORDER BY 1)
  FROM access.operation o ORDER BY o.starts_at DESC;
END $$;

CREATE FUNCTION access.admin_agencies(token text) RETURNS TABLE (name text) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM access.admin(token);
  RETURN QUERY SELECT a.name FROM vigia.agency a WHERE a.world = 0 ORDER BY a.name;
END $$;

-- A new account. Null: the name is taken.
CREATE FUNCTION access.admin_add(token text, p_name text, p_shown text, p_roles text[], p_ceiling int, p_agencies text[]) RETURNS int LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_id int;
BEGIN
  PERFORM access.admin(token);
  INSERT INTO access.person (name, shown, roles, ceiling) VALUES (p_name, p_shown, p_roles, p_ceiling) ON CONFLICT (name) DO NOTHING RETURNING id INTO v_id;
  INSERT INTO access.membership (person_id, agency_id) SELECT v_id, a.id FROM vigia.agency a WHERE a.world = 0 AND a.name = ANY (p_agencies) AND v_id IS NOT NULL;
  RETURN v_id;
END $$;

CREATE FUNCTION access.admin_link(token text, p_person int, p_hash bytea, p_minutes int) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM access.admin(token);
  DELETE FROM access.link l WHERE l.person_id = p_person;
  INSERT INTO access.link (hash, person_id, expires_at)
  SELECT p_hash, p.id, clock_timestamp() + make_interval(mins => p_minutes) FROM access.person p WHERE p.id = p_person AND p.active;
  RETURN FOUND;
END $$;

-- Nobody closes the account they sit at.
CREATE FUNCTION access.admin_active(token text, p_person int, p_active boolean) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_me int := access.admin(token);
BEGIN
  UPDATE access.person p SET active = p_active, failures = 0, locked_until = NULL WHERE p.id = p_person AND p.id <> v_me;
  RETURN FOUND;
END $$;

CREATE FUNCTION access.admin_sign_out(token text, p_person int) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM access.admin(token);
  UPDATE access.session s SET revoked_at = clock_timestamp() WHERE s.person_id = p_person AND s.revoked_at IS NULL;
  RETURN FOUND;
END $$;

CREATE FUNCTION access.admin_screen(token text, p_name text, p_agency text, p_ceiling int, p_hash bytea) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_id int;
BEGIN
  PERFORM access.admin(token);
  INSERT INTO access.screen (name, agency_id, ceiling, hash)
  VALUES (p_name, (SELECT a.id FROM vigia.agency a WHERE a.world = 0 AND a.name = p_agency), p_ceiling, p_hash)
  ON CONFLICT (name) DO UPDATE SET agency_id = excluded.agency_id, ceiling = excluded.ceiling, hash = excluded.hash, active = true RETURNING id INTO v_id;
  UPDATE access.session s SET revoked_at = clock_timestamp() WHERE s.screen_id = v_id AND s.revoked_at IS NULL;
  RETURN v_id;
END $$;

CREATE FUNCTION access.admin_revoke(token text, p_screen int) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM access.admin(token);
  UPDATE access.session s SET revoked_at = clock_timestamp() WHERE s.screen_id = p_screen AND s.revoked_at IS NULL;
  UPDATE access.screen w SET active = false, hash = NULL WHERE w.id = p_screen;
  RETURN FOUND;
END $$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA access FROM PUBLIC;
"""
NAMES = ("admin_people(text)", "admin_screens(text)", "admin_operations(text)", "admin_agencies(text)", "admin_add(text, text, text, text[], int, text[])",
         "admin_link(text, int, bytea, int)", "admin_active(text, int, boolean)", "admin_sign_out(text, int)", "admin_screen(text, text, text, int, bytea)",
         "admin_revoke(text, int)", "admin(text)")


def upgrade() -> None:
    op.execute(FUNCTIONS)


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {', '.join(f'access.{name}' for name in NAMES)}")
