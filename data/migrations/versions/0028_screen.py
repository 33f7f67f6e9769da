"""A screen has a place, sizes, clocks and a list of views; it tells how it fares, and who keeps it may tell it what to show

A supervisor keeps the screens of their agencies (and those of none) up to their own marking, an administrator all of them. A screen reads its own row alone.
"""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"

TABLES = """
ALTER TABLE access.screen
  ADD COLUMN slug text,
  ADD COLUMN place text,
  ADD COLUMN distance_m real NOT NULL DEFAULT 5,
  ADD COLUMN diagonal_in real NOT NULL DEFAULT 55,
  ADD COLUMN zones text[] NOT NULL DEFAULT '{}',
  ADD COLUMN world text,
  ADD COLUMN turn_s int NOT NULL DEFAULT 20,
  ADD COLUMN dim text,
  ADD COLUMN playlist jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN follow jsonb,
  ADD COLUMN reload int NOT NULL DEFAULT 0,
  ADD COLUMN version int NOT NULL DEFAULT 1,
  ADD COLUMN beat_at timestamptz,
  ADD COLUMN beat jsonb,
  ADD CONSTRAINT screen_distance CHECK (distance_m BETWEEN 0.5 AND 50),
  ADD CONSTRAINT screen_diagonal CHECK (diagonal_in BETWEEN 5 AND 500),
  ADD CONSTRAINT screen_zones CHECK (cardinality(zones) <= 4),
  ADD CONSTRAINT screen_world CHECK (world IN ('live', 'exercise')),
  ADD CONSTRAINT screen_turn CHECK (turn_s BETWEEN 5 AND 3600);

-- The last part of a screen's address: its name, letters of any script, what stands between them as a dash.
CREATE FUNCTION access.screen_named() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  base text := btrim(left(regexp_replace(lower(NEW.name), '[-[:space:]!-/:-@\\[-`{-~]+', '-', 'g'), 60), '-');
BEGIN
  IF NEW.slug IS NULL THEN
    IF base IN ('', 'main') THEN
      base := 'screen';
    END IF;
    NEW.slug := CASE WHEN base = 'screen' OR EXISTS (SELECT FROM access.screen w WHERE w.slug = base) THEN base || '-' || NEW.id ELSE base END;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER named BEFORE INSERT OR UPDATE OF slug ON access.screen FOR EACH ROW EXECUTE FUNCTION access.screen_named();
DO $$
DECLARE
  w int;
BEGIN
  FOR w IN SELECT id FROM access.screen ORDER BY id LOOP
    UPDATE access.screen SET slug = NULL WHERE id = w;
  END LOOP;
END $$;
ALTER TABLE access.screen ALTER COLUMN slug SET NOT NULL, ADD CONSTRAINT screen_slug_key UNIQUE (slug);
"""

FUNCTIONS = """
-- Whoever keeps screens: the person of a session. Raises for anybody else.
CREATE FUNCTION access.screens_keeper(token text) RETURNS int LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s access.session := access.session_of(token);
BEGIN
  IF NOT EXISTS (SELECT FROM access.person p WHERE p.id = s.person_id AND p.roles && ARRAY['administrator', 'supervisor']) THEN
    RAISE EXCEPTION 'keeps no screens' USING errcode = '42501';
  END IF;
  RETURN s.person_id;
END $$;

CREATE FUNCTION access.keeps_screen(of_person int, of_agency int, of_ceiling int) RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM access.person p WHERE p.id = of_person AND ('administrator' = ANY (p.roles) OR ('supervisor' = ANY (p.roles) AND of_ceiling <= p.ceiling
    AND (of_agency IS NULL OR EXISTS (SELECT FROM access.mine(p.id, NULL) m WHERE m.agency = of_agency)))));
END $$;

-- The screens somebody keeps, without anything secret.
CREATE FUNCTION access.screens(token text) RETURNS TABLE (id int, name text, slug text, agency text, ceiling int, active boolean, waits boolean, place text, distance_m real,
  diagonal_in real, zones text[], world text, turn_s int, dim text, playlist jsonb, follow jsonb, version int, signed_in boolean, beat_at timestamptz, silent_s real, beat jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  me int := access.screens_keeper(token);
BEGIN
  RETURN QUERY SELECT w.id, w.name, w.slug, a.name, w.ceiling::int, w.active, w.hash IS NOT NULL, w.place, w.distance_m, w.diagonal_in, w.zones, w.world, w.turn_s, w.dim,
    w.playlist, w.follow, w.version,
    EXISTS (SELECT FROM access.session s WHERE s.screen_id = w.id AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp()),
    w.beat_at, extract(epoch FROM clock_timestamp() - w.beat_at)::real, w.beat
  FROM access.screen w LEFT JOIN vigia.agency a ON a.id = w.agency_id WHERE access.keeps_screen(me, w.agency_id, w.ceiling) ORDER BY lower(w.name), w.id;
END $$;

-- A screen, or a new token for the one there is: its number; null when that one is another's to keep.
CREATE FUNCTION access.screen_make(token text, called text, of_agency text, up_to int, token_hash bytea) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  me int := access.screens_keeper(token);
  v_agency int := (SELECT a.id FROM vigia.agency a WHERE a.world = 0 AND a.name = of_agency);
  v_id int;
BEGIN
  IF (of_agency IS NOT NULL AND v_agency IS NULL) OR NOT access.keeps_screen(me, v_agency, up_to)
     OR EXISTS (SELECT FROM access.screen w WHERE w.name = called AND NOT access.keeps_screen(me, w.agency_id, w.ceiling)) THEN
    RETURN NULL;
  END IF;
  INSERT INTO access.screen (name, agency_id, ceiling, hash) VALUES (called, v_agency, up_to, token_hash)
  ON CONFLICT (name) DO UPDATE SET agency_id = excluded.agency_id, ceiling = excluded.ceiling, hash = excluded.hash, active = true, beat_at = NULL, beat = NULL RETURNING id INTO v_id;
  UPDATE access.session s SET revoked_at = clock_timestamp() WHERE s.screen_id = v_id AND s.revoked_at IS NULL;
  RETURN v_id;
END $$;

-- Change some of what a screen is told: only the keys there are in `what`. Whether there is such a screen of one's own.
CREATE FUNCTION access.screen_set(token text, of_screen int, what jsonb) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  me int := access.screens_keeper(token);
BEGIN
  UPDATE access.screen w SET
    place = CASE WHEN what ? 'place' THEN what->>'place' ELSE w.place END,
    distance_m = coalesce((what->>'distance_m')::real, w.distance_m), diagonal_in = coalesce((what->>'diagonal_in')::real, w.diagonal_in),
    zones = CASE WHEN what ? 'zones' THEN ARRAY(SELECT jsonb_array_elements_text(what->'zones')) ELSE w.zones END,
    world = CASE WHEN what ? 'world' THEN what->>'world' ELSE w.world END, turn_s = coalesce((what->>'turn_s')::int, w.turn_s),
    dim = CASE WHEN what ? 'dim' THEN what->>'dim' ELSE w.dim END, playlist = coalesce(what->'playlist', w.playlist),
    follow = CASE WHEN what ? 'follow' THEN nullif(what->'follow', 'null'::jsonb) ELSE w.follow END,
    reload = w.reload + CASE WHEN what ? 'reload' THEN 1 ELSE 0 END, version = w.version + 1
  WHERE w.id = of_screen AND access.keeps_screen(me, w.agency_id, w.ceiling);
  RETURN FOUND;
END $$;

-- The screen shows nothing more.
CREATE FUNCTION access.screen_end(token text, of_screen int) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  me int := access.screens_keeper(token);
BEGIN
  UPDATE access.screen w SET active = false, hash = NULL WHERE w.id = of_screen AND access.keeps_screen(me, w.agency_id, w.ceiling);
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE access.session s SET revoked_at = clock_timestamp() WHERE s.screen_id = of_screen AND s.revoked_at IS NULL;
  RETURN true;
END $$;

-- What a screen is to show: a screen is told of itself alone, a person of the screen of that address when it is theirs to keep or of an agency of theirs.
CREATE FUNCTION access.screen_told(token text, of_slug text) RETURNS TABLE (id int, name text, slug text, place text, distance_m real, diagonal_in real, zones text[], world text,
  turn_s int, dim text, playlist jsonb, follow jsonb, reload int, version int) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  s access.session := access.session_of(token);
BEGIN
  RETURN QUERY SELECT w.id, w.name, w.slug, w.place, w.distance_m, w.diagonal_in, w.zones, w.world, w.turn_s, w.dim, w.playlist, w.follow, w.reload, w.version
  FROM access.screen w WHERE w.active AND CASE WHEN s.screen_id IS NOT NULL THEN w.id = s.screen_id
    ELSE w.slug = of_slug AND s.person_id IS NOT NULL AND (access.keeps_screen(s.person_id, w.agency_id, w.ceiling)
      OR EXISTS (SELECT FROM access.mine(s.person_id, NULL) m WHERE m.agency = w.agency_id)) END;
END $$;

-- A screen lives. It is written down twice a minute at most, and at once where it has something new to tell; the answer says whether it is to look again.
CREATE FUNCTION access.screen_beat(token text, what jsonb, least_s real) RETURNS TABLE (version int, reload int) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  s access.session := access.session_of(token);
BEGIN
  IF s.screen_id IS NULL THEN
    RAISE EXCEPTION 'no screen' USING errcode = '42501';
  END IF;
  UPDATE access.screen w SET beat_at = clock_timestamp(), beat = what
  WHERE w.id = s.screen_id AND (w.beat_at IS NULL OR w.beat_at < clock_timestamp() - make_interval(secs => least_s));
  IF FOUND THEN
    UPDATE access.session o SET seen_at = clock_timestamp() WHERE o.hash = s.hash;
  END IF;
  RETURN QUERY SELECT w.version, w.reload FROM access.screen w WHERE w.id = s.screen_id;
END $$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA access FROM PUBLIC;
"""
ADDED = ("screen_beat(text, jsonb, real)", "screen_told(text, text)", "screen_end(text, int)", "screen_set(text, int, jsonb)", "screen_make(text, text, text, int, bytea)",
         "screens(text)", "keeps_screen(int, int, int)", "screens_keeper(text)")
COLUMNS = ("beat", "beat_at", "version", "reload", "follow", "playlist", "dim", "turn_s", "world", "zones", "diagonal_in", "distance_m", "place", "slug")


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(FUNCTIONS)


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {', '.join(f'access.{name}' for name in ADDED)}")
    op.execute("DROP TRIGGER named ON access.screen")
    op.execute("DROP FUNCTION access.screen_named()")
    op.execute(f"ALTER TABLE access.screen {', '.join(f'DROP COLUMN {name}' for name in COLUMNS)}")
