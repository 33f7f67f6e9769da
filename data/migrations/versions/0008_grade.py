"""What a source is worth, and how its records may be handled"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("ALTER TABLE vigia.source ADD COLUMN grade text NOT NULL DEFAULT 'F6' CONSTRAINT source_grade CHECK (grade ~ '^[A-F][1-6]$')")
    op.execute("ALTER TABLE vigia.source ADD COLUMN handling text")


def downgrade() -> None:
    op.execute("ALTER TABLE vigia.source DROP COLUMN handling, DROP COLUMN grade")
