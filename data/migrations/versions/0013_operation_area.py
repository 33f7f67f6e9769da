"""An operation's area limits what is shared in it, and operations are kept from the page

What an operation without an area grants are bits, as before. What one with an area grants is asked second, of rows that have no bit: an array
says for each scope which area it is shared in, and the row's own geometry has to lie within. Nobody who is in no such operation has any of it:
the array is null, and a row without a bit costs one more look at it. What has no place of its own is as visible as what it belongs to (a track
by its hours and newest fix, a cover by its hour); flows, sorties and sources have none and are not shared in an operation with an area.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

revision = "0013"
down_revision = "0012"

FUNCTIONS = """
-- The agencies somebody belongs to.
CREATE FUNCTION access.mine(of_person int, of_screen int) RETURNS TABLE (agency int) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT m.agency_id FROM access.membership m WHERE m.person_id = of_person
    UNION SELECT w.agency_id FROM access.screen w WHERE w.id = of_screen AND w.agency_id IS NOT NULL
    -- an agency that nobody belongs to yet is in the care of whoever keeps this installation
    UNION SELECT a.id FROM vigia.agency a, access.person p
      WHERE p.id = of_person AND p.keeper AND a.world = 0 AND NOT EXISTS (SELECT FROM access.membership m WHERE m.agency_id = a.id);
END $$;

-- What the other agencies of an operation share while it lasts; what is STRICT or RED never is.
CREATE FUNCTION access.shared(of_person int, of_screen int) RETURNS TABLE (layer text, agency int, ceiling int, operation int, with_area boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY WITH me AS (
    SELECT p.ceiling::int AS ceiling FROM access.person p WHERE p.id = of_person UNION ALL SELECT w.ceiling::int FROM access.screen w WHERE w.id = of_screen
  ), mine AS (SELECT m.agency FROM access.mine(of_person, of_screen) m)
  SELECT l.layer, theirs.agency_id, least(theirs.ceiling::int, me.ceiling, 2), o.id, o.area IS NOT NULL
  FROM me, access.operation o
  JOIN access.party theirs ON theirs.operation_id = o.id
  CROSS JOIN LATERAL unnest(theirs.layers) AS l (layer)
  WHERE o.starts_at <= clock_timestamp() AND o.ends_at > clock_timestamp()
    AND theirs.agency_id NOT IN (SELECT agency FROM mine)
    AND EXISTS (SELECT FROM access.party ours WHERE ours.operation_id = o.id AND ours.agency_id IN (SELECT agency FROM mine));
END $$;

-- What a person or a screen may see wherever it lies: per layer, of which agency, up to which level.
CREATE OR REPLACE FUNCTION access.granted(of_person int, of_screen int) RETURNS TABLE (layer text, agency int, ceiling int) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY WITH me AS (
    SELECT p.ceiling::int AS ceiling FROM access.person p WHERE p.id = of_person UNION ALL SELECT w.ceiling::int FROM access.screen w WHERE w.id = of_screen
  ), whole AS (
    SELECT m.agency FROM access.mine(of_person, of_screen) m
    UNION SELECT 0  -- rows that no agency owns
    UNION SELECT a.id FROM vigia.agency a WHERE a.world = 1  -- the exercise is for everybody
  )
  SELECT l.layer, w.agency, me.ceiling FROM me, whole w, unnest(ARRAY['movements', 'seizures', 'imagery']) AS l (layer)
  UNION ALL SELECT s.layer, s.agency, s.ceiling FROM access.shared(of_person, of_screen) s WHERE NOT s.with_area;
END $$;

-- What is seen within areas alone: for movements, seizures and imagery the number of an area (or 0) for each scope, then the areas, then whose
-- names are known by it. Five empty texts for who is in no such operation. Operations that share a scope in several areas share it in all.
CREATE FUNCTION access.within(of_person int, of_screen int) RETURNS text[] LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_ text[];
BEGIN
  WITH limited AS MATERIALIZED (
    SELECT s.layer, s.agency, s.ceiling, s.operation FROM access.shared(of_person, of_screen) s WHERE s.with_area
  ), scopes AS (
    SELECT l.layer, l.agency * 8 + level AS scope, array_agg(DISTINCT l.operation) AS operations
    FROM limited l CROSS JOIN generate_series(0, 4) AS level WHERE level <= l.ceiling GROUP BY 1, 2
  ), areas AS (
    SELECT d.operations, row_number() OVER (ORDER BY d.operations) AS number,
      (SELECT public.ST_Multi(public.ST_Union(o.area))::text FROM access.operation o WHERE o.id = ANY (d.operations)) AS area
    FROM (SELECT DISTINCT s.operations FROM scopes s) d
  ), numbers AS (
    SELECT l.layer, string_agg(coalesce(a.number, 0)::text, ',' ORDER BY n.scope) AS told
    FROM unnest(ARRAY['movements', 'seizures', 'imagery']) AS l (layer) CROSS JOIN generate_series(0, (SELECT max(s.scope) FROM scopes s)) AS n (scope)
    LEFT JOIN scopes s ON s.layer = l.layer AND s.scope = n.scope LEFT JOIN areas a ON a.operations = s.operations GROUP BY 1
  )
  SELECT ARRAY[
    coalesce((SELECT n.told FROM numbers n WHERE n.layer = 'movements'), ''), coalesce((SELECT n.told FROM numbers n WHERE n.layer = 'seizures'), ''),
    coalesce((SELECT n.told FROM numbers n WHERE n.layer = 'imagery'), ''), coalesce((SELECT string_agg(a.area, '|' ORDER BY a.number) FROM areas a), ''),
    coalesce((SELECT string_agg(DISTINCT l.agency::text, ',') FROM limited l), '')] INTO found_;
  RETURN found_;
END $$;

CREATE OR REPLACE FUNCTION access.renew(token text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s access.session := access.session_of(token);
BEGIN
  UPDATE access.session o SET lists_of = p.version, lists_until = access.lists_end(),
    lists = access.lists(o.person_id, o.screen_id) || access.within(o.person_id, o.screen_id)
  FROM access.policy p WHERE o.hash = s.hash;
END $$;

CREATE OR REPLACE FUNCTION access.begin(token text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s access.session := access.session_of(token);
  lists text[];
  sealed text;
  key text;
BEGIN
  IF s.hash IS NULL THEN
    RAISE EXCEPTION 'no session' USING errcode = '28000';
  END IF;
  IF s.lists_until > clock_timestamp() AND s.lists_of = (SELECT p.version FROM access.policy p) THEN
    lists := s.lists;
  ELSE
    lists := access.lists(s.person_id, s.screen_id) || access.within(s.person_id, s.screen_id);
  END IF;
  -- what has been sealed by now
  SELECT coalesce(string_agg(t.id::text, ',' ORDER BY t.id), '') INTO sealed FROM vigia.track t WHERE t.sealed_at <= clock_timestamp();
  key := left(encode(sha256(convert_to(array_to_string(lists, '/') || '/' || sealed, 'UTF8')), 'hex'), 32);
  PERFORM set_config('vigia.movements', lists[1], true), set_config('vigia.seizures', lists[2], true),
          set_config('vigia.imagery', lists[3], true), set_config('vigia.sources', lists[4], true),
          set_config('vigia.movements_within', lists[5], true), set_config('vigia.seizures_within', lists[6], true),
          set_config('vigia.imagery_within', lists[7], true), set_config('vigia.areas', lists[8], true), set_config('vigia.agencies_within', lists[9], true),
          set_config('vigia.sealed', sealed, true), set_config('vigia.scope', key, true);
  RETURN key;
END $$;

DROP FUNCTION access.seen(text);
CREATE FUNCTION access.seen(token text) RETURNS TABLE (movements bytea, seizures bytea, imagery bytea, sealed bigint[], movements_within int[], seizures_within int[],
  imagery_within int[], areas text[]) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s access.session := access.session_of(token);
  lists text[];
  within_ text[];
BEGIN
  IF s.hash IS NULL THEN
    RETURN;
  END IF;
  lists := access.lists(s.person_id, s.screen_id);
  within_ := access.within(s.person_id, s.screen_id);
  RETURN QUERY SELECT decode(lists[1], 'hex'), decode(lists[2], 'hex'), decode(lists[3], 'hex'),
                      ARRAY(SELECT t.id FROM vigia.track t WHERE t.sealed_at <= clock_timestamp()),
                      string_to_array(within_[1], ',')::int[], string_to_array(within_[2], ',')::int[], string_to_array(within_[3], ',')::int[],
                      string_to_array(within_[4], '|');
END $$;

-- Whether a row lies within the area of that number. (No sql function: one that is made part of the query would cost as PostGIS says it does,
-- in the plans of those too who have no such area.)
CREATE FUNCTION vigia.lies(areas public.geometry[], number int, place public.geometry) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1 AS $$
BEGIN
  RETURN coalesce(number > 0 AND public.ST_Covers(areas[number], place), false);
END $$;

-- These ask as whoever asks them: what they find was let through by the policies of the tables they look into.
CREATE FUNCTION vigia.track_lies(of_world int, of_track bigint) RETURNS boolean LANGUAGE plpgsql STABLE COST 1 AS $$
BEGIN
  RETURN EXISTS (SELECT FROM vigia.latest_fix l WHERE l.track_id = of_track) OR EXISTS (SELECT FROM vigia.segment s WHERE s.world = of_world AND s.track_id = of_track);
END $$;
CREATE FUNCTION vigia.hour_lies(of_world int, of_track bigint, of_hour timestamptz, of_part int) RETURNS boolean LANGUAGE plpgsql STABLE COST 1 AS $$
BEGIN
  RETURN EXISTS (SELECT FROM vigia.segment s WHERE s.world = of_world AND s.track_id = of_track AND s.hour = of_hour AND s.part = of_part);
END $$;
CREATE FUNCTION vigia.fix_lies(bits bytea, numbers int[], areas public.geometry[], of_track bigint, place public.geometry) RETURNS boolean LANGUAGE plpgsql STABLE COST 1 AS $$
DECLARE
  s int;
BEGIN
  SELECT t.scope INTO s FROM vigia.track t WHERE t.id = of_track;
  RETURN coalesce(get_bit(bits, s) <> 0 OR vigia.lies(areas, numbers[s + 1], place), false);
END $$;

DROP FUNCTION access.admin_operations(text);
CREATE FUNCTION access.admin_operations(token text) RETURNS TABLE (id int, name text, starts_at timestamptz, ends_at timestamptz, runs boolean, with_area boolean, parties text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM access.admin(token);
  RETURN QUERY SELECT o.id, o.name, o.starts_at, o.ends_at, o.starts_at <= clock_timestamp() AND o.ends_at > clock_timestamp(), o.area IS NOT NULL, ARRAY(
    SELECT format('%s: %s up to %s', a.name, array_to_string(p.layers, ', '), (ARRAY['TLP:CLEAR', 'TLP:GREEN', 'TLP:AMBER', 'TLP:AMBER+STRICT'])[p.ceiling + 1])
    FROM access.party p JOIN vigia.agency a ON a.id = p.agency_id WHERE p.operation_id = o.id ORDER BY 1)
  FROM access.operation o ORDER BY o.starts_at DESC;
END $$;

-- An operation, or new dates for one; its area stays.
CREATE FUNCTION access.admin_operation(token text, p_name text, p_from timestamptz, p_to timestamptz) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_id int;
BEGIN
  PERFORM access.admin(token);
  INSERT INTO access.operation (name, starts_at, ends_at) VALUES (p_name, p_from, p_to)
  ON CONFLICT (name) DO UPDATE SET starts_at = excluded.starts_at, ends_at = excluded.ends_at RETURNING id INTO v_id;
  RETURN v_id;
END $$;

CREATE FUNCTION access.admin_share(token text, p_operation int, p_agency text, p_layers text[], p_ceiling int) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM access.admin(token);
  IF p_ceiling > 2 THEN
    RAISE EXCEPTION 'no more than TLP:AMBER is shared' USING errcode = '22023';
  END IF;
  INSERT INTO access.party (operation_id, agency_id, layers, ceiling)
  SELECT o.id, a.id, p_layers, p_ceiling FROM access.operation o, vigia.agency a WHERE o.id = p_operation AND a.world = 0 AND a.name = p_agency
  ON CONFLICT (operation_id, agency_id) DO UPDATE SET layers = excluded.layers, ceiling = excluded.ceiling;
  RETURN FOUND;
END $$;

CREATE FUNCTION access.admin_end(token text, p_operation int) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM access.admin(token);
  UPDATE access.operation o SET ends_at = greatest(clock_timestamp(), o.starts_at + interval '1 microsecond') WHERE o.id = p_operation AND o.ends_at > clock_timestamp();
  RETURN FOUND;
END $$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA access FROM PUBLIC;
-- what sessions keep is of before
UPDATE access.policy SET version = version + 1;
"""
ACCESS = ("admin_end(text, int)", "admin_share(text, int, text, text[], int)", "admin_operation(text, text, timestamptz, timestamptz)", "admin_operations(text)", "seen(text)",
          "within(int, int)")
VIGIA = ("fix_lies(bytea, int[], geometry[], bigint, geometry)", "hour_lies(int, bigint, timestamptz, int)", "track_lies(int, bigint)", "lies(geometry[], int, geometry)")

BITS = "(SELECT decode(nullif(current_setting('vigia.{layer}', true), ''), 'hex'))"
SEEN = f"get_bit({BITS}, scope) <> 0"
NUMBERS = "(SELECT string_to_array(nullif(current_setting('vigia.{layer}_within', true), ''), ',')::int[])"
AREAS = "(SELECT string_to_array(nullif(current_setting('vigia.areas', true), ''), '|')::public.geometry[])"
LIES = f"vigia.lies({AREAS}, {NUMBERS}[scope + 1], {{place}})"
WITHIN = f"({SEEN} OR (coalesce({NUMBERS}[scope + 1], 0) > 0 AND {{lies}}))"
PLACED = {"track": ("movements", "vigia.track_lies(world, id)"), "segment": ("movements", LIES.format(layer="movements", place="line")),
          "cover": ("movements", "vigia.hour_lies(world, track_id, hour, part)"), "latest_fix": ("movements", LIES.format(layer="movements", place="geom")),
          "reader": ("movements", LIES.format(layer="movements", place="geom")), "seizure": ("seizures", LIES.format(layer="seizures", place="geom")),
          "image": ("imagery", LIES.format(layer="imagery", place="footprint"))}
OF_TRACK = "EXISTS (SELECT FROM vigia.track t WHERE t.id = track_id)"
FIX = (f"{OF_TRACK} AND ({NUMBERS} IS NULL OR vigia.fix_lies({BITS}, {NUMBERS}, {AREAS}, track_id, geom))").format(layer="movements")
AGENCY = "get_bit((SELECT decode(nullif(current_setting('vigia.sources', true), ''), 'hex')), id * 8) <> 0"
KNOWN = f"({AGENCY} OR id = ANY ((SELECT string_to_array(nullif(current_setting('vigia.agencies_within', true), ''), ',')::int[])::int[]))"


def _unsealed() -> dict[str, str]:
    before = import_module("data.migrations.versions.0005_authority")
    return {table: f" AND {before.UNSEALED.format(column=column)}" for table, column in before.COLUMN.items()}


def upgrade() -> None:
    op.execute(FUNCTIONS)
    unsealed = _unsealed()
    for table, (layer, lies) in PLACED.items():
        op.execute(f"ALTER POLICY seen ON vigia.{table} USING ({WITHIN.format(layer=layer, lies=lies)}{unsealed.get(table, '')})")
    op.execute(f"ALTER POLICY seen ON vigia.fix USING ({FIX})")
    op.execute(f"ALTER POLICY seen ON vigia.agency USING ({KNOWN})")


def downgrade() -> None:
    unsealed = _unsealed()
    for table, (layer, _) in PLACED.items():
        op.execute(f"ALTER POLICY seen ON vigia.{table} USING ({SEEN.format(layer=layer)}{unsealed.get(table, '')})")
    op.execute(f"ALTER POLICY seen ON vigia.fix USING ({OF_TRACK})")
    op.execute(f"ALTER POLICY seen ON vigia.agency USING ({AGENCY})")
    op.execute(f"DROP FUNCTION {', '.join(f'access.{name}' for name in ACCESS)}")
    op.execute(f"DROP FUNCTION {', '.join(f'vigia.{name}' for name in VIGIA)}")
    for migration, name in (("0003_access", "granted"), ("0003_access", "renew"), ("0005_authority", "begin"), ("0007_snapshot", "seen"), ("0010_admin", "admin_operations")):
        functions = import_module(f"data.migrations.versions.{migration}").FUNCTIONS
        start = functions.index(f"FUNCTION access.{name}(")
        op.execute(f"CREATE OR REPLACE {functions[start:functions.index('END $$;', start) + 7]}")
    op.execute("DROP FUNCTION access.shared(int, int), access.mine(int, int)")
    op.execute("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA access FROM PUBLIC")
    op.execute("UPDATE access.policy SET version = version + 1")
