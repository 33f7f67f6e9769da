"""Scope: who owns a row and how closed it is, as one number that a policy can be held against

What is one of a kind is so within its agency: two agencies that follow the same vessel have a track each.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

FUNCTIONS = """
CREATE FUNCTION vigia.level(marking text) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE marking WHEN 'TLP:CLEAR' THEN 0 WHEN 'TLP:GREEN' THEN 1 WHEN 'TLP:AMBER' THEN 2 WHEN 'TLP:AMBER+STRICT' THEN 3 ELSE 4 END
$$;
CREATE FUNCTION vigia.scope(agency int, marking text) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(agency, 0) * 8 + vigia.level(marking)
$$;
"""
OF_MARKED = "vigia.scope(agency_id, marking)"
MADE = {"track": OF_MARKED, "seizure": OF_MARKED, "image": OF_MARKED, "sortie": OF_MARKED, "source": OF_MARKED,
        "reader": "vigia.scope(agency_id, 'TLP:AMBER')"}
ONE_OF_A_KIND = {
    "track": ("track_world_key_key", "world, key"), "reader": ("reader_world_key_key", "world, key"),
    "seizure": ("seizure_world_content_key", "world, content"), "sortie": ("sortie_world_key_key", "world, key"),
    "image": ("image_world_sha256_key", "world, sha256"), "source": ("source_world_layer_sha256_key", "world, layer, sha256"),
}


def _wider(name: str) -> str:
    return f"{name.removesuffix('_key')}_agency_id_key"


def upgrade() -> None:
    op.execute(FUNCTIONS)
    for table, made in MADE.items():
        op.execute(f"ALTER TABLE vigia.{table} ADD COLUMN scope int NOT NULL GENERATED ALWAYS AS ({made}) STORED")
    for table, (name, columns) in ONE_OF_A_KIND.items():
        op.execute(f"ALTER TABLE vigia.{table} DROP CONSTRAINT {name}, "
                   f"ADD CONSTRAINT {_wider(name)} UNIQUE NULLS NOT DISTINCT ({columns}, agency_id)")
    for table in ("segment", "cover", "latest_fix"):
        op.execute(f"ALTER TABLE vigia.{table} ADD COLUMN scope int")
        op.execute(f"UPDATE vigia.{table} d SET scope = t.scope FROM vigia.track t WHERE t.id = d.track_id")
        op.execute(f"ALTER TABLE vigia.{table} ALTER scope SET NOT NULL")
    op.execute("ALTER TABLE vigia.cover DROP CONSTRAINT cover_pkey, "
               "ADD CONSTRAINT cover_pkey PRIMARY KEY (world, cell, track_id, hour, part) INCLUDE (scope)")
    # A flow of before is a sum over markings: it is as closed as the most closed track it may hold.
    op.execute("ALTER TABLE vigia.flow RENAME agency_id TO scope")
    op.execute("""
        UPDATE vigia.flow f SET scope = f.scope * 8 + (
          SELECT coalesce(max(vigia.level(t.marking)), 2) FROM vigia.track t
          WHERE t.world = f.world AND t.kind = f.kind AND coalesce(t.agency_id, 0) = f.scope)
    """)
    op.execute("ALTER TABLE vigia.run ADD COLUMN seen_as text NOT NULL DEFAULT coalesce(current_setting('vigia.scope', true), '')")


def downgrade() -> None:
    op.execute("DELETE FROM vigia.run")
    op.execute("ALTER TABLE vigia.run DROP COLUMN seen_as")
    # Two scopes of an agency may have the same place: before, they were one sum. What was two goes back as the first of them.
    op.execute("""
        DELETE FROM vigia.flow f USING vigia.flow o
        WHERE (o.world, o.band, o.span_d, o.day, o.block, o.kind, o.scope / 8) = (f.world, f.band, f.span_d, f.day, f.block, f.kind, f.scope / 8)
          AND o.scope < f.scope
    """)
    op.execute("UPDATE vigia.flow SET scope = scope / 8")
    op.execute("ALTER TABLE vigia.flow RENAME scope TO agency_id")
    op.execute("ALTER TABLE vigia.cover DROP CONSTRAINT cover_pkey, ADD CONSTRAINT cover_pkey PRIMARY KEY (world, cell, track_id, hour, part)")
    for table in ("segment", "cover", "latest_fix"):
        op.execute(f"ALTER TABLE vigia.{table} DROP COLUMN scope")
    for table, (name, columns) in ONE_OF_A_KIND.items():
        op.execute(f"ALTER TABLE vigia.{table} DROP CONSTRAINT {_wider(name)}, ADD CONSTRAINT {name} UNIQUE ({columns})")
    for table in MADE:
        op.execute(f"ALTER TABLE vigia.{table} DROP COLUMN scope")
    op.execute("DROP FUNCTION vigia.scope(int, text), vigia.level(text)")
