"""Rules on the page: who leads may make them, change them and switch them off; a rule for two at once under one identity; Apprise

A change is a new version. Who may, of which agency and up to which marking, is asked here, as it is of watch areas.
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"

FUNCTIONS = """
-- Who may change rules: the person of a session that has one of these roles.
CREATE FUNCTION access.ruling(token text) RETURNS access.session LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s access.session := access.session_of(token);
BEGIN
  IF s.hash IS NULL OR NOT EXISTS (SELECT FROM access.person p WHERE p.id = s.person_id AND p.roles && ARRAY['coordinator', 'supervisor']) THEN
    RAISE EXCEPTION 'nobody who makes rules' USING errcode = '42501';
  END IF;
  RETURN s;
END $$;

-- A rule: a new one, or a new version of `of_rule` that follows on `of_version`. Its number and version; none when there is no such rule of this session's;
-- the version alone when it is another by now.
CREATE FUNCTION access.rule(token text, of_rule int, of_version int, of_world int, called text, of_type text, told text, in_areas int[], of_kinds text[], of_agencies int[],
  of_tracks bigint[], in_zone text, weekly text[], how text, is_on boolean, of_agency text, marked text) RETURNS TABLE (id int, version int) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  s access.session := access.ruling(token);
  top int := (SELECT p.ceiling FROM access.person p WHERE p.id = s.person_id);
  agency int := (SELECT a.id FROM vigia.agency a WHERE a.world = of_world AND a.name = of_agency);
  before vigia.rule;
BEGIN
  IF (of_agency IS NOT NULL AND agency IS NULL) OR NOT access.may_keep(s.person_id, of_world, agency) OR vigia.level(marked) > top THEN
    RAISE EXCEPTION 'not this agency''s' USING errcode = '42501';
  END IF;
  IF of_rule IS NOT NULL THEN
    SELECT r.* INTO before FROM vigia.rule r WHERE r.id = of_rule AND r.world = of_world AND r.ended_at IS NULL AND access.may_keep(s.person_id, r.world, r.agency_id)
      AND vigia.level(r.marking) <= top FOR UPDATE;
    IF before.id IS NULL THEN
      RETURN;
    ELSIF before.version <> of_version OR before.type <> of_type THEN
      RETURN QUERY SELECT NULL::int, before.version;
      RETURN;
    END IF;
    UPDATE vigia.rule r SET ended_at = clock_timestamp() WHERE r.id = before.id AND r.version = before.version;
  END IF;
  PERFORM vigia.events_anew(of_world);
  RETURN QUERY INSERT INTO vigia.rule (id, version, world, name, type, knobs, areas, kinds, agencies, tracks, zone, windows, severity, active, agency_id, marking, made_by)
    VALUES (coalesce(before.id, nextval(pg_get_serial_sequence('vigia.rule', 'id'))::int), coalesce(before.version, 0) + 1, of_world, called, of_type, told::jsonb, in_areas, of_kinds,
            of_agencies, of_tracks, in_zone, weekly, how, is_on, agency, marked, (SELECT coalesce(p.shown, p.name) FROM access.person p WHERE p.id = s.person_id))
    RETURNING rule.id, rule.version;
END $$;

-- Which agencies' rules this session may change; null: those of nobody in particular.
CREATE FUNCTION access.rules_of(token text, of_world int) RETURNS TABLE (agency text) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s access.session := access.ruling(token);
BEGIN
  RETURN QUERY SELECT a.name FROM vigia.agency a WHERE a.world = of_world AND access.may_keep(s.person_id, of_world, a.id)
    UNION ALL SELECT NULL::text WHERE access.may_keep(s.person_id, of_world, NULL) ORDER BY 1 NULLS FIRST;
END $$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA access FROM PUBLIC;
"""


TYPES = ("fence", "inside", "outside", "coverage_void", "gap", "encounter", "proximity", "moving_fence", "loitering", "stop", "speed_range", "out_of_order", "identity_conflict")
KIND = "ALTER TABLE vigia.destination DROP CONSTRAINT destination_kind, ADD CONSTRAINT destination_kind CHECK (kind IN ({}))"
TYPE = "ALTER TABLE vigia.rule DROP CONSTRAINT rule_type, ADD CONSTRAINT rule_type CHECK (type IN ({}))"
# Where a rule of this name is, somebody made it: it stays, and ours is not added. What is stored is looked at by it.
RULE = """
INSERT INTO vigia.rule (world, name, type, kinds, severity, marking, made_by)
SELECT w, 'One identity, two at once', 'shared_identity', '{vessel,aircraft}', 'warning', 'TLP:CLEAR', 'Vigia' FROM (VALUES (0), (1)) AS worlds (w)
ON CONFLICT (world, name) WHERE ended_at IS NULL DO NOTHING;
SELECT vigia.events_anew(0), vigia.events_anew(1);
"""


def upgrade() -> None:
    op.execute(FUNCTIONS)
    op.execute(TYPE.format(", ".join(f"'{t}'" for t in (*TYPES, "shared_identity"))))
    op.execute(RULE)
    op.execute(KIND.format("'webhook', 'mail', 'apprise'"))


def downgrade() -> None:
    op.execute("DELETE FROM vigia.destination WHERE kind = 'apprise'")
    op.execute(KIND.format("'webhook', 'mail'"))
    op.execute("DELETE FROM vigia.event e USING vigia.rule r WHERE r.id = e.rule_id AND r.type = 'shared_identity'; DELETE FROM vigia.rule WHERE type = 'shared_identity'")
    op.execute(TYPE.format(", ".join(f"'{t}'" for t in TYPES)))
    op.execute("DROP FUNCTION access.rules_of(text, int), access.rule(text, int, int, int, text, text, text, int[], text[], int[], bigint[], text, text[], text, boolean, text, text), access.ruling(text)")
