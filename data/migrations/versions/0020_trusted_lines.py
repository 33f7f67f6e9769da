"""Lines of trusted fixes alone, and by when all of a line was known

A fix that says an impossible thing stays in `fix`, and is in no line and no newest place. What is drawn of such a fix now waits to be made anew.
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"

UNTRUSTED = 127  # data/flags.py as it stood

UP = f"""
ALTER TABLE vigia.segment ADD COLUMN last_recorded_at timestamptz;
UPDATE vigia.segment s SET last_recorded_at = coalesce((
  SELECT max(f.recorded_at) FROM vigia.fix f
  WHERE f.world = s.world AND f.track_id = s.track_id AND f.observed_at BETWEEN s.started_at AND s.ended_at), s.first_recorded_at);
ALTER TABLE vigia.segment ALTER COLUMN last_recorded_at SET NOT NULL;

INSERT INTO vigia.unsettled (world, track_id, hour, fixes)
SELECT world, track_id, date_trunc('hour', observed_at, 'UTC'), count(*) FROM vigia.fix WHERE flags & {UNTRUSTED} <> 0 GROUP BY 1, 2, 3
ON CONFLICT (world, track_id, hour) DO UPDATE SET fixes = unsettled.fixes + excluded.fixes;

UPDATE vigia.latest_fix l SET observed_at = f.observed_at, recorded_at = f.recorded_at, qk = f.qk, geom = f.geom, speed_mps = f.speed_mps, course_deg = f.course_deg,
  heading_deg = f.heading_deg, altitude_m = f.altitude_m, accuracy_m = f.accuracy_m, source_id = f.source_id, line = f.line, flags = f.flags
FROM vigia.latest_fix old CROSS JOIN LATERAL (
  SELECT * FROM vigia.fix WHERE fix.world = old.world AND fix.track_id = old.track_id AND fix.flags & {UNTRUSTED} = 0 ORDER BY observed_at DESC, qk LIMIT 1
) f WHERE l.track_id = old.track_id AND old.flags & {UNTRUSTED} <> 0;
DELETE FROM vigia.latest_fix WHERE flags & {UNTRUSTED} <> 0;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute("ALTER TABLE vigia.segment DROP COLUMN last_recorded_at")
