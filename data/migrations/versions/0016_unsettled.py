"""Hours still to be drawn say nothing of where, so none is shared in an operation with an area"""

from __future__ import annotations

from importlib import import_module

from alembic import op

revision = "0016"
down_revision = "0015"

BEFORE = "EXISTS (SELECT FROM vigia.track t WHERE t.id = track_id)"


def upgrade() -> None:
    bits = import_module("data.migrations.versions.0013_operation_area").BITS.format(layer="movements")
    op.execute(f"ALTER POLICY seen ON vigia.unsettled USING (EXISTS (SELECT FROM vigia.track t WHERE t.id = track_id AND get_bit({bits}, t.scope) <> 0))")


def downgrade() -> None:
    op.execute(f"ALTER POLICY seen ON vigia.unsettled USING ({BEFORE})")
