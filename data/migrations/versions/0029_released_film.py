"""Released film: a film that leaves the house is a record of its release, as an image is"""

from __future__ import annotations

from importlib import import_module

from alembic import op

revision = "0029"
down_revision = "0028"

KINDS = ("seizure", "track", "hour", "image")
# Beside what 0014 has; what it says of other kinds stays to the byte, or every release would look changed.
FILMS = """
    UNION ALL
    SELECT v.id, v.marking, ROW(v.name, v.started_at, v.ended_at, encode(ST_AsBinary(v.extent), 'hex'), v.sha256, v.agency_id,
      o.key, o.platform, o.sensor, o.started_at, o.ended_at, o.marking)::text
    FROM vigia.video v LEFT JOIN vigia.sortie o ON o.id = v.sortie_id WHERE of_kind = 'video' AND v.id = ANY (ids)
  ) told
$$"""


def _versions() -> str:
    whole = import_module("data.migrations.versions.0014_release").FUNCTIONS
    return whole[whole.index("CREATE FUNCTION vigia.versions"):whole.index(";\n\n-- The agencies somebody speaks for")].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)


def _kinds(told: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in told)  # of ours
    op.execute(f"ALTER TABLE vigia.release_record DROP CONSTRAINT release_record_kind, ADD CONSTRAINT release_record_kind CHECK (kind IN ({listed}))")


def upgrade() -> None:
    op.execute(_versions().replace("\n  ) told\n$$", FILMS))
    _kinds((*KINDS, "video"))


def downgrade() -> None:
    op.execute("DELETE FROM vigia.release_record WHERE kind = 'video'")
    _kinds(KINDS)
    op.execute(_versions())
