"""Frame: an image may be one frame of a flight, without a picture that is served, without a ground sample, or a point where nobody knows how it lay

A sortie names the authority it was flown under.
"""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def _of_type(kind: str) -> None:
    """The footprint's type; what its policy was, it is again: a column that a policy reads can't change."""
    told = op.get_bind().exec_driver_sql("SELECT qual FROM pg_policies WHERE schemaname = 'vigia' AND tablename = 'image' AND policyname = 'seen'").scalar_one()
    op.get_bind().exec_driver_sql(f"ALTER POLICY seen ON vigia.image USING (false); ALTER TABLE vigia.image ALTER footprint TYPE geometry({kind}, 4326)")
    op.get_bind().exec_driver_sql(f"ALTER POLICY seen ON vigia.image USING ({told.replace('%', '%%')})")


def upgrade() -> None:
    _of_type("Geometry")
    op.execute("""
        ALTER TABLE vigia.image
          ALTER gsd_m DROP NOT NULL, ALTER cog DROP NOT NULL,
          ADD product text NOT NULL DEFAULT 'orthophoto' CONSTRAINT image_product CHECK (product IN ('orthophoto', 'frame')),
          ADD pose jsonb
    """)
    op.execute("ALTER TABLE vigia.sortie ADD authority_id int CONSTRAINT sortie_authority_id_fkey REFERENCES vigia.authority")


def downgrade() -> None:
    op.execute("ALTER TABLE vigia.sortie DROP authority_id")
    op.execute("DELETE FROM vigia.image WHERE product <> 'orthophoto'")
    op.execute("ALTER TABLE vigia.image DROP product, DROP pose, ALTER gsd_m SET NOT NULL, ALTER cog SET NOT NULL")
    _of_type("MultiPolygon")
