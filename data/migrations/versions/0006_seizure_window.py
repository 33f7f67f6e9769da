"""A window of seizures is found by its start: only what lasts long is looked for by its end"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("ALTER TABLE vigia.seizure ADD CONSTRAINT seizure_short "
               "CHECK (time_span IN ('month', 'range') OR ended_at - started_at <= interval '48 hours')")
    op.execute("CREATE INDEX seizure_long ON vigia.seizure (world, ended_at) WHERE time_span IN ('month', 'range')")


def downgrade() -> None:
    op.execute("DROP INDEX vigia.seizure_long")
    op.execute("ALTER TABLE vigia.seizure DROP CONSTRAINT seizure_short")
