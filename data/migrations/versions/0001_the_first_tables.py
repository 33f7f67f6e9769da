"""The first tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


# The keys of data/quadkey.py, for what is made in the database; a test holds the two together.
FUNCTIONS = """
CREATE FUNCTION vigia.spread(n bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE x bigint := n & 4294967295;
BEGIN
  x := (x | (x << 16)) & 281470681808895;
  x := (x | (x << 8)) & 71777214294589695;
  x := (x | (x << 4)) & 1085102592571150095;
  x := (x | (x << 2)) & 3689348814741910323;
  RETURN (x | (x << 1)) & 6148914691236517205;
END $$;

CREATE FUNCTION vigia.qk(lon float8, lat float8) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT vigia.spread(least(2147483647, greatest(0, floor((lon + 180) / 360 * 2147483648)))::bigint)
       | (vigia.spread(least(2147483647, greatest(0, floor((
           0.5 - ln(tan(pi() / 4 + radians(least(85.051128779806604, greatest(-85.051128779806604, lat))) / 2)) / (2 * pi())
         ) * 2147483648)))::bigint) << 1)
$$;

CREATE FUNCTION vigia.squeeze(n bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE x bigint := n & 6148914691236517205;
BEGIN
  x := (x | (x >> 1)) & 3689348814741910323;
  x := (x | (x >> 2)) & 1085102592571150095;
  x := (x | (x >> 4)) & 71777214294589695;
  x := (x | (x >> 8)) & 281470681808895;
  RETURN (x | (x >> 16)) & 4294967295;
END $$;

-- a point key as a point of EPSG:3857
CREATE FUNCTION vigia.qk_point(key bigint) RETURNS geometry LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT ST_SetSRID(ST_MakePoint(vigia.squeeze(key) * (40075016.685578488 / 2147483648) - 20037508.342789244,
                                 20037508.342789244 - vigia.squeeze(key >> 1) * (40075016.685578488 / 2147483648)), 3857)
$$;

CREATE FUNCTION vigia.cell(shape geometry) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  -- the corners' columns and rows at level 28, from degrees
  x0 bigint := least(268435455, greatest(0, floor((ST_XMin(shape) + 180) / 360 * 268435456)))::bigint;
  x1 bigint := least(268435455, greatest(0, floor((ST_XMax(shape) + 180) / 360 * 268435456)))::bigint;
  y0 bigint := least(268435455, greatest(0, floor((0.5 - ln(tan(pi() / 4 + radians(
      least(85.051128779806604, greatest(-85.051128779806604, ST_YMax(shape)))) / 2)) / (2 * pi())) * 268435456)))::bigint;
  y1 bigint := least(268435455, greatest(0, floor((0.5 - ln(tan(pi() / 4 + radians(
      least(85.051128779806604, greatest(-85.051128779806604, ST_YMin(shape)))) / 2)) / (2 * pi())) * 268435456)))::bigint;
  level int := 28;
BEGIN
  WHILE (x0 <> x1 OR y0 <> y1) AND level > 0 LOOP
    x0 := x0 >> 1; x1 := x1 >> 1; y0 := y0 >> 1; y1 := y1 >> 1; level := level - 1;
  END LOOP;
  RETURN (((vigia.spread(x0) | (vigia.spread(y0) << 1)) << (2 * (28 - level))) << 5) | level;
END $$;
"""

# A world is a partition of its own; the months of fixes come as data comes (data/partitions.py).
WORLDS = """
CREATE TABLE vigia.fix_live PARTITION OF vigia.fix FOR VALUES IN (0) PARTITION BY RANGE (observed_at);
CREATE TABLE vigia.fix_exercise PARTITION OF vigia.fix FOR VALUES IN (1) PARTITION BY RANGE (observed_at);
CREATE TABLE vigia.segment_live PARTITION OF vigia.segment FOR VALUES IN (0);
CREATE TABLE vigia.segment_exercise PARTITION OF vigia.segment FOR VALUES IN (1);
CREATE TABLE vigia.cover_live PARTITION OF vigia.cover FOR VALUES IN (0);
CREATE TABLE vigia.cover_exercise PARTITION OF vigia.cover FOR VALUES IN (1);
-- Numbers next to each other compress badly, and to unpack them would cost more than it saves.
ALTER TABLE vigia.flow ALTER edges SET STORAGE EXTERNAL;
CREATE TABLE vigia.flow_live PARTITION OF vigia.flow FOR VALUES IN (0);
CREATE TABLE vigia.flow_exercise PARTITION OF vigia.flow FOR VALUES IN (1);
"""


def upgrade() -> None:
    op.execute(FUNCTIONS)
    op.create_table('agency',
    sa.Column('id', sa.Integer(), sa.Identity(always=False), nullable=False),
    sa.Column('world', sa.SmallInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('country', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('agency_pkey')),
    sa.UniqueConstraint('world', 'name', name=op.f('agency_world_name_key')),
    schema='vigia'
    )
    op.create_table('border_section',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('country_a', sa.Text(), nullable=False),
    sa.Column('country_b', sa.Text(), nullable=False),
    sa.Column('ordinal', sa.Integer(), nullable=False),
    sa.Column('length_m', sa.Double(), nullable=False),
    sa.Column('cell', sa.BigInteger(), nullable=False),
    sa.Column('line', Geometry(geometry_type='LINESTRING', srid=4326, dimension=2, spatial_index=False, nullable=False), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('border_section_pkey')),
    schema='vigia'
    )
    op.create_index(op.f('border_section_cell'), 'border_section', ['cell'], unique=False, schema='vigia')
    op.create_index('border_section_line', 'border_section', ['line'], unique=False, schema='vigia', postgresql_using='gist')
    op.create_table('data_state',
    sa.Column('world', sa.SmallInteger(), nullable=False),
    sa.Column('layer', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('world', 'layer', name=op.f('data_state_pkey')),
    schema='vigia'
    )
    op.create_table('fix',
    sa.Column('world', sa.SmallInteger(), nullable=False),
    sa.Column('track_id', sa.BigInteger(), nullable=False),
    sa.Column('observed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('qk', sa.BigInteger(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('geom', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, nullable=False), nullable=False),
    sa.Column('speed_mps', sa.REAL(), nullable=True),
    sa.Column('course_deg', sa.REAL(), nullable=True),
    sa.Column('heading_deg', sa.REAL(), nullable=True),
    sa.Column('altitude_m', sa.REAL(), nullable=True),
    sa.Column('accuracy_m', sa.REAL(), nullable=True),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('line', sa.Integer(), nullable=True),
    sa.Column('flags', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.PrimaryKeyConstraint('world', 'track_id', 'observed_at', 'qk', name=op.f('fix_pkey')),
    schema='vigia',
    postgresql_partition_by='LIST (world)'
    )
    op.create_table('cover',
    sa.Column('world', sa.SmallInteger(), nullable=False),
    sa.Column('cell', sa.BigInteger(), nullable=False),
    sa.Column('track_id', sa.BigInteger(), nullable=False),
    sa.Column('hour', sa.DateTime(timezone=True), nullable=False),
    sa.Column('part', sa.SmallInteger(), nullable=False),
    sa.PrimaryKeyConstraint('world', 'cell', 'track_id', 'hour', 'part', name=op.f('cover_pkey')),
    schema='vigia',
    postgresql_partition_by='LIST (world)'
    )
    op.create_table('flow',
    sa.Column('world', sa.SmallInteger(), nullable=False),
    sa.Column('band', sa.SmallInteger(), nullable=False),
    sa.Column('span_d', sa.SmallInteger(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('block', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('agency_id', sa.Integer(), nullable=False),
    sa.Column('edges', postgresql.BYTEA(), nullable=False),
    sa.PrimaryKeyConstraint('world', 'band', 'span_d', 'day', 'block', 'kind', 'agency_id', name=op.f('flow_pkey')),
    schema='vigia',
    postgresql_partition_by='LIST (world)'
    )
    op.create_table('latest_fix',
    sa.Column('track_id', sa.BigInteger(), nullable=False),
    sa.Column('world', sa.SmallInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('agency_id', sa.Integer(), nullable=True),
    sa.Column('observed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('qk', sa.BigInteger(), nullable=False),
    sa.Column('geom', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, nullable=False), nullable=False),
    sa.Column('speed_mps', sa.REAL(), nullable=True),
    sa.Column('course_deg', sa.REAL(), nullable=True),
    sa.Column('heading_deg', sa.REAL(), nullable=True),
    sa.Column('altitude_m', sa.REAL(), nullable=True),
    sa.Column('accuracy_m', sa.REAL(), nullable=True),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('line', sa.Integer(), nullable=True),
    sa.Column('flags', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.PrimaryKeyConstraint('track_id', name=op.f('latest_fix_pkey')),
    schema='vigia'
    )
    op.create_index(op.f('latest_fix_world_observed_at'), 'latest_fix', ['world', 'observed_at'], unique=False, schema='vigia')
    op.create_index(op.f('latest_fix_world_qk'), 'latest_fix', ['world', 'qk'], unique=False, schema='vigia')
    op.create_table('place',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('folded', sa.Text(), nullable=False),
    sa.Column('country', sa.Text(), nullable=False),
    sa.Column('admin', sa.Text(), nullable=True),
    sa.Column('population', sa.Integer(), nullable=True),
    sa.Column('precision_m', sa.REAL(), nullable=False),
    sa.Column('geom', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, nullable=False), nullable=False),
    sa.Column('qk', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('place_pkey')),
    schema='vigia'
    )
    op.create_index(op.f('place_folded'), 'place', ['folded'], unique=False, schema='vigia')
    op.create_index(op.f('place_qk'), 'place', ['qk'], unique=False, schema='vigia')
    op.create_table('run',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('world', sa.SmallInteger(), nullable=False),
    sa.Column('method', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('filter', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('parameters', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('version', sa.Text(), nullable=False),
    sa.Column('seed', sa.BigInteger(), nullable=False),
    sa.Column('score', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('summary', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('marking', sa.Text(), server_default=sa.text("'TLP:AMBER'"), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('run_pkey')),
    sa.UniqueConstraint('world', 'method', 'key', name=op.f('run_world_method_key_key')),
    schema='vigia'
    )
    op.create_table('segment',
    sa.Column('world', sa.SmallInteger(), nullable=False),
    sa.Column('track_id', sa.BigInteger(), nullable=False),
    sa.Column('hour', sa.DateTime(timezone=True), nullable=False),
    sa.Column('part', sa.SmallInteger(), nullable=False),
    sa.Column('gap', sa.Boolean(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('agency_id', sa.Integer(), nullable=True),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('first_recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('fix_count', sa.Integer(), nullable=False),
    sa.Column('length_m', sa.REAL(), nullable=False),
    sa.Column('line', Geometry(geometry_type='LINESTRINGM', srid=4326, dimension=3, spatial_index=False, nullable=False), nullable=False),
    sa.Column('coarse', Geometry(geometry_type='LINESTRING', srid=3857, dimension=2, spatial_index=False, nullable=False), nullable=False),
    sa.Column('cells', sa.ARRAY(sa.BigInteger()), nullable=False),
    sa.PrimaryKeyConstraint('world', 'track_id', 'hour', 'part', name=op.f('segment_pkey')),
    schema='vigia',
    postgresql_partition_by='LIST (world)'
    )
    op.create_index(op.f('segment_world_hour'), 'segment', ['world', 'hour'], unique=False, schema='vigia')
    op.create_table('run_cell',
    sa.Column('run_id', sa.BigInteger(), nullable=False),
    sa.Column('resolution', sa.SmallInteger(), nullable=False),
    sa.Column('h3', sa.BigInteger(), nullable=False),
    sa.Column('cell', sa.BigInteger(), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('n_around', sa.Integer(), nullable=False),
    sa.Column('kg', sa.Double(), nullable=True),
    sa.Column('z', sa.Double(), nullable=False),
    sa.Column('p', sa.Double(), nullable=False),
    sa.Column('q', sa.Double(), nullable=False),
    sa.Column('level', sa.SmallInteger(), nullable=False),
    sa.Column('outline', Geometry(geometry_type='POLYGON', srid=4326, dimension=2, spatial_index=False, nullable=False), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['vigia.run.id'], name=op.f('run_cell_run_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('run_id', 'resolution', 'h3', name=op.f('run_cell_pkey')),
    schema='vigia'
    )
    op.create_index(op.f('run_cell_run_id_resolution_cell'), 'run_cell', ['run_id', 'resolution', 'cell'], unique=False, schema='vigia')
    op.create_table('source',
    sa.Column('id', sa.Integer(), sa.Identity(always=False), nullable=False),
    sa.Column('world', sa.SmallInteger(), nullable=False),
    sa.Column('layer', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('size_bytes', sa.BigInteger(), nullable=False),
    sa.Column('format', sa.Text(), nullable=False),
    sa.Column('mapping', sa.Text(), nullable=True),
    sa.Column('agency_id', sa.Integer(), nullable=True),
    sa.Column('marking', sa.Text(), server_default=sa.text("'TLP:AMBER'"), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('read', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('stored', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('already', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('refused', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('unplaced', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('options', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.CheckConstraint("marking IN ('TLP:RED', 'TLP:AMBER+STRICT', 'TLP:AMBER', 'TLP:GREEN', 'TLP:CLEAR')", name=op.f('source_marking')),
    sa.ForeignKeyConstraint(['agency_id'], ['vigia.agency.id'], name=op.f('source_agency_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('source_pkey')),
    sa.UniqueConstraint('world', 'layer', 'sha256', name=op.f('source_world_layer_sha256_key')),
    schema='vigia'
    )
    op.create_table('reader',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('world', sa.SmallInteger(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=True),
    sa.Column('geom', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, nullable=False), nullable=False),
    sa.Column('qk', sa.BigInteger(), nullable=False),
    sa.Column('agency_id', sa.Integer(), nullable=True),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['agency_id'], ['vigia.agency.id'], name=op.f('reader_agency_id_fkey')),
    sa.ForeignKeyConstraint(['source_id'], ['vigia.source.id'], name=op.f('reader_source_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('reader_pkey')),
    sa.UniqueConstraint('world', 'key', name=op.f('reader_world_key_key')),
    schema='vigia'
    )
    op.create_table('seizure',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('world', sa.SmallInteger(), nullable=False),
    sa.Column('content', postgresql.BYTEA(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('time_span', sa.Text(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('geom', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('qk', sa.BigInteger(), nullable=True),
    sa.Column('precision_m', sa.REAL(), nullable=True),
    sa.Column('place', sa.Text(), nullable=True),
    sa.Column('drug', sa.Text(), nullable=False),
    sa.Column('drug_told', sa.Text(), nullable=False),
    sa.Column('quantity', sa.Double(), nullable=True),
    sa.Column('unit', sa.Text(), nullable=True),
    sa.Column('kg', sa.Double(), nullable=True),
    sa.Column('kg_rule', sa.Text(), nullable=True),
    sa.Column('event_count', sa.Integer(), server_default=sa.text('1'), nullable=False),
    sa.Column('aggregate', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('conveyance', sa.Text(), nullable=True),
    sa.Column('concealment', sa.Text(), nullable=True),
    sa.Column('origin', sa.Text(), nullable=True),
    sa.Column('transit', sa.Text(), nullable=True),
    sa.Column('destination', sa.Text(), nullable=True),
    sa.Column('found_by', sa.Text(), nullable=True),
    sa.Column('border_section_id', sa.Integer(), nullable=True),
    sa.Column('border_m', sa.REAL(), nullable=True),
    sa.Column('agency_id', sa.Integer(), nullable=True),
    sa.Column('marking', sa.Text(), server_default=sa.text("'TLP:AMBER'"), nullable=False),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('line', sa.Integer(), nullable=True),
    sa.Column('extra', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.CheckConstraint("conveyance IN ('vehicle', 'vessel', 'aircraft', 'drone', 'person', 'container', 'mail', 'premises', 'none', 'other')", name=op.f('seizure_conveyance')),
    sa.CheckConstraint("drug IN ('cocaine', 'opioid', 'ats', 'cannabis', 'heroin', 'other')", name=op.f('seizure_drug')),
    sa.CheckConstraint("found_by IN ('patrol', 'report')", name=op.f('seizure_found_by')),
    sa.CheckConstraint("marking IN ('TLP:RED', 'TLP:AMBER+STRICT', 'TLP:AMBER', 'TLP:GREEN', 'TLP:CLEAR')", name=op.f('seizure_marking')),
    sa.CheckConstraint("time_span IN ('event', 'day', 'month', 'range')", name=op.f('seizure_time_span')),
    sa.CheckConstraint('ended_at > started_at', name=op.f('seizure_when')),
    sa.CheckConstraint('event_count >= 1', name=op.f('seizure_event_count')),
    sa.CheckConstraint('kg >= 0', name=op.f('seizure_kg')),
    sa.ForeignKeyConstraint(['agency_id'], ['vigia.agency.id'], name=op.f('seizure_agency_id_fkey')),
    sa.ForeignKeyConstraint(['source_id'], ['vigia.source.id'], name=op.f('seizure_source_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('seizure_pkey')),
    sa.UniqueConstraint('world', 'content', name=op.f('seizure_world_content_key')),
    schema='vigia'
    )
    op.create_index(op.f('seizure_world_border_section_id'), 'seizure', ['world', 'border_section_id'], unique=False, schema='vigia')
    op.create_index(op.f('seizure_world_qk'), 'seizure', ['world', 'qk'], unique=False, schema='vigia')
    op.create_index(op.f('seizure_world_started_at'), 'seizure', ['world', 'started_at'], unique=False, schema='vigia')
    op.create_table('track',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('world', sa.SmallInteger(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=True),
    sa.Column('identifiers', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('agency_id', sa.Integer(), nullable=True),
    sa.Column('marking', sa.Text(), server_default=sa.text("'TLP:AMBER'"), nullable=False),
    sa.Column('sla_s', sa.REAL(), nullable=False),
    sa.Column('gap_s', sa.REAL(), nullable=False),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("kind IN ('vessel', 'vehicle', 'container', 'tag', 'aircraft', 'drone', 'person')", name=op.f('track_kind')),
    sa.CheckConstraint("marking IN ('TLP:RED', 'TLP:AMBER+STRICT', 'TLP:AMBER', 'TLP:GREEN', 'TLP:CLEAR')", name=op.f('track_marking')),
    sa.ForeignKeyConstraint(['agency_id'], ['vigia.agency.id'], name=op.f('track_agency_id_fkey')),
    sa.ForeignKeyConstraint(['source_id'], ['vigia.source.id'], name=op.f('track_source_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('track_pkey')),
    sa.UniqueConstraint('world', 'key', name=op.f('track_world_key_key')),
    schema='vigia'
    )
    op.create_index(op.f('track_world_kind'), 'track', ['world', 'kind'], unique=False, schema='vigia')
    op.create_table('sortie',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('world', sa.SmallInteger(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('platform', sa.Text(), nullable=True),
    sa.Column('sensor', sa.Text(), nullable=True),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('track_id', sa.BigInteger(), nullable=True),
    sa.Column('agency_id', sa.Integer(), nullable=True),
    sa.Column('marking', sa.Text(), server_default=sa.text("'TLP:AMBER'"), nullable=False),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.CheckConstraint("marking IN ('TLP:RED', 'TLP:AMBER+STRICT', 'TLP:AMBER', 'TLP:GREEN', 'TLP:CLEAR')", name=op.f('sortie_marking')),
    sa.ForeignKeyConstraint(['agency_id'], ['vigia.agency.id'], name=op.f('sortie_agency_id_fkey')),
    sa.ForeignKeyConstraint(['source_id'], ['vigia.source.id'], name=op.f('sortie_source_id_fkey')),
    sa.ForeignKeyConstraint(['track_id'], ['vigia.track.id'], name=op.f('sortie_track_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('sortie_pkey')),
    sa.UniqueConstraint('world', 'key', name=op.f('sortie_world_key_key')),
    schema='vigia'
    )
    op.create_table('image',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('world', sa.SmallInteger(), nullable=False),
    sa.Column('sortie_id', sa.BigInteger(), nullable=True),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('captured_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('footprint', Geometry(geometry_type='MULTIPOLYGON', srid=4326, dimension=2, spatial_index=False, nullable=False), nullable=False),
    sa.Column('cell', sa.BigInteger(), nullable=False),
    sa.Column('gsd_m', sa.REAL(), nullable=False),
    sa.Column('width_px', sa.Integer(), nullable=False),
    sa.Column('height_px', sa.Integer(), nullable=False),
    sa.Column('bands', sa.SmallInteger(), nullable=False),
    sa.Column('dtype', sa.Text(), nullable=False),
    sa.Column('crs', sa.Text(), nullable=False),
    sa.Column('min_zoom', sa.SmallInteger(), nullable=False),
    sa.Column('max_zoom', sa.SmallInteger(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('original', sa.Text(), nullable=False),
    sa.Column('cog', sa.Text(), nullable=False),
    sa.Column('rendering', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('provenance', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('agency_id', sa.Integer(), nullable=True),
    sa.Column('marking', sa.Text(), server_default=sa.text("'TLP:AMBER'"), nullable=False),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.CheckConstraint("marking IN ('TLP:RED', 'TLP:AMBER+STRICT', 'TLP:AMBER', 'TLP:GREEN', 'TLP:CLEAR')", name=op.f('image_marking')),
    sa.ForeignKeyConstraint(['agency_id'], ['vigia.agency.id'], name=op.f('image_agency_id_fkey')),
    sa.ForeignKeyConstraint(['sortie_id'], ['vigia.sortie.id'], name=op.f('image_sortie_id_fkey')),
    sa.ForeignKeyConstraint(['source_id'], ['vigia.source.id'], name=op.f('image_source_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('image_pkey')),
    sa.UniqueConstraint('world', 'sha256', name=op.f('image_world_sha256_key')),
    schema='vigia'
    )
    op.create_index(op.f('image_world_captured_at'), 'image', ['world', 'captured_at'], unique=False, schema='vigia')
    op.create_index(op.f('image_world_cell'), 'image', ['world', 'cell'], unique=False, schema='vigia')
    op.execute(WORLDS)


def downgrade() -> None:
    op.drop_index(op.f('image_world_cell'), table_name='image', schema='vigia')
    op.drop_index(op.f('image_world_captured_at'), table_name='image', schema='vigia')
    op.drop_table('image', schema='vigia')
    op.drop_table('sortie', schema='vigia')
    op.drop_index(op.f('track_world_kind'), table_name='track', schema='vigia')
    op.drop_table('track', schema='vigia')
    op.drop_index(op.f('seizure_world_started_at'), table_name='seizure', schema='vigia')
    op.drop_index(op.f('seizure_world_qk'), table_name='seizure', schema='vigia')
    op.drop_index(op.f('seizure_world_border_section_id'), table_name='seizure', schema='vigia')
    op.drop_table('seizure', schema='vigia')
    op.drop_table('reader', schema='vigia')
    op.drop_table('source', schema='vigia')
    op.drop_index(op.f('run_cell_run_id_resolution_cell'), table_name='run_cell', schema='vigia')
    op.drop_table('run_cell', schema='vigia')
    op.drop_index(op.f('segment_world_hour'), table_name='segment', schema='vigia')
    op.drop_table('segment', schema='vigia')
    op.drop_table('run', schema='vigia')
    op.drop_index(op.f('place_qk'), table_name='place', schema='vigia')
    op.drop_index(op.f('place_folded'), table_name='place', schema='vigia')
    op.drop_table('place', schema='vigia')
    op.drop_index(op.f('latest_fix_world_qk'), table_name='latest_fix', schema='vigia')
    op.drop_index(op.f('latest_fix_world_observed_at'), table_name='latest_fix', schema='vigia')
    op.drop_table('latest_fix', schema='vigia')
    op.drop_table('flow', schema='vigia')
    op.drop_table('cover', schema='vigia')
    op.drop_table('fix', schema='vigia')
    op.drop_table('data_state', schema='vigia')
    op.drop_index('border_section_line', table_name='border_section', schema='vigia')
    op.drop_index(op.f('border_section_cell'), table_name='border_section', schema='vigia')
    op.drop_table('border_section', schema='vigia')
    op.drop_table('agency', schema='vigia')
    op.execute("DROP FUNCTION vigia.cell(geometry), vigia.qk_point(bigint), vigia.squeeze(bigint), vigia.qk(float8, float8), vigia.spread(bigint)")
