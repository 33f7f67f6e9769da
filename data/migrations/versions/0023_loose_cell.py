"""Loose cell: an image is found by a cell about as large as itself, wherever it lies

One over the corner of large cells had one of the largest there are, and every tile of a continent looked at it. A frame is held against the
orthophotos of its flight by an index of these.
"""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"

# As data/quadkey.py `loose_cell` has it; footprints of before do not lie over 180 degrees.
LOOSE = """
UPDATE vigia.image SET cell = ((vigia.spread(floor(x * 2.0 ^ level)::bigint) | (vigia.spread(floor(y * 2.0 ^ level)::bigint) << 1)) << (2 * (28 - level)) << 5) | level
FROM (
  SELECT i.id, x, y, CASE WHEN wide <= 2.0 ^ -28 THEN 28 ELSE greatest(0, floor(-log(2.0, wide::numeric)))::int END AS level
  FROM vigia.image i,
    LATERAL (SELECT (ST_XMin(footprint) + 180) / 360 AS x, (ST_XMax(footprint) + 180) / 360 AS x1,
      0.5 - ln(tan(pi() / 4 + radians(least(85.0511287798, ST_YMax(footprint))) / 2)) / (2 * pi()) AS y,
      0.5 - ln(tan(pi() / 4 + radians(greatest(-85.0511287798, ST_YMin(footprint))) / 2)) / (2 * pi()) AS y1) corners,
    LATERAL (SELECT greatest(x1 - x, y1 - y) AS wide) extent
) made WHERE made.id = image.id
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(LOOSE)
    op.execute("CREATE INDEX image_sortie_id_orthophoto ON vigia.image (sortie_id) WHERE product = 'orthophoto'")


def downgrade() -> None:
    op.execute("DROP INDEX vigia.image_sortie_id_orthophoto")
    op.execute("UPDATE vigia.image SET cell = vigia.cell(footprint)")
