"""Followed objects, their fixes, and what is derived of these for the map."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Index, Integer, PrimaryKeyConstraint, REAL, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import Base, agency_, marking_, one_of, own_key, recorded, scope_, shape, source_, unique_of_agency
from data.records import KINDS, MARKINGS


class Track(Base):
    """One followed object. `key` is its identity as told, with its scheme: `mmsi:345999014`, `tag:…`, `epc:…`."""

    __tablename__ = "track"
    id: Mapped[int] = own_key()
    world: Mapped[int] = mapped_column(SmallInteger)
    key: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    identifiers: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))
    agency_id: Mapped[int | None] = agency_()
    marking: Mapped[str] = marking_()
    sla_s: Mapped[float] = mapped_column(REAL)  # a position is promised this often
    gap_s: Mapped[float] = mapped_column(REAL)  # a longer silence breaks the line
    scope: Mapped[int] = scope_()
    sealed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # from when it is shown no more; null where no basis is needed
    source_id: Mapped[int] = source_()
    recorded_at: Mapped[datetime] = recorded()
    __table_args__ = (
        unique_of_agency("world", "key"), Index(None, "world", "kind"), Index(None, "sealed_at", postgresql_where=text("sealed_at IS NOT NULL")), one_of("kind", KINDS), one_of("marking", MARKINGS),
    )


class Measured:
    """What a position is told with; null is unknown. `flags` are of data/flags.py."""

    speed_mps: Mapped[float | None] = mapped_column(REAL)
    course_deg: Mapped[float | None] = mapped_column(REAL)
    heading_deg: Mapped[float | None] = mapped_column(REAL)
    altitude_m: Mapped[float | None] = mapped_column(REAL)
    accuracy_m: Mapped[float | None] = mapped_column(REAL)
    source_id: Mapped[int] = mapped_column(Integer)
    line: Mapped[int | None] = mapped_column(Integer)
    flags: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class Fix(Measured, Base):
    """One position. The same track, time and place (within 1.9 cm) is the same fix, whichever file told it."""

    __tablename__ = "fix"
    world: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    track_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    observed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    qk: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    recorded_at: Mapped[datetime] = recorded()
    geom: Mapped[object] = shape("POINT")
    # By world, then by month (data/partitions.py makes the months as data comes): dropping a world is dropping a table.
    __table_args__ = (Index(None, "recorded_at", postgresql_using="brin"), {"postgresql_partition_by": "LIST (world)"})


class Segment(Base):
    """A track's line in one hour, from trusted fixes (data/flags.py); begins at the last fix before the hour unless a gap lies between.

    `gap` rows are the straight line over a silence, drawn dashed, never counted as distance. M is epoch seconds.
    """

    __tablename__ = "segment"
    world: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    track_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hour: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    part: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    gap: Mapped[bool] = mapped_column(Boolean)
    kind: Mapped[str] = mapped_column(Text)
    agency_id: Mapped[int | None] = mapped_column(Integer)
    scope: Mapped[int] = mapped_column(Integer)  # the track's
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    first_recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))  # of any of the line's fixes: known by then, it stands as it is
    fix_count: Mapped[int] = mapped_column(Integer)  # fixes of this hour; the joining one before it is not among them
    length_m: Mapped[float] = mapped_column(REAL)
    line: Mapped[object] = shape("LINESTRINGM", dimension=3)
    coarse: Mapped[object] = shape("LINESTRING", srid=3857)  # EPSG:3857, generalised for zooms 9 to 11
    cells: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))  # those it crosses, as they stand in `cover`
    __table_args__ = (Index(None, "world", "hour"), {"postgresql_partition_by": "LIST (world)"})


class Cover(Base):
    """Which segments a cell has: how a tile finds them. In the key's order, so that the key alone answers."""

    __tablename__ = "cover"
    world: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    cell: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    track_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hour: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    part: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    scope: Mapped[int] = mapped_column(Integer)
    __table_args__ = (
        PrimaryKeyConstraint("world", "cell", "track_id", "hour", "part", postgresql_include=["scope"]),
        {"postgresql_partition_by": "LIST (world)"},
    )


class Flow(Base):
    """Movement at low zooms: how many track-hours went from one small cell to the next, per day. Derived from segments.

    Nothing is dropped: each segment's line, snapped to the band's grid, counts in every edge it takes. A row holds the edges
    that touch one block (a tile of the zoom `band`), packed as data/flows.py says.
    """

    __tablename__ = "flow"
    world: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    band: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    span_d: Mapped[int] = mapped_column(SmallInteger, primary_key=True)  # 1: a day; 30: a month's sum
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    block: Mapped[int] = mapped_column(BigInteger, primary_key=True)  # the tile's Morton code
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    scope: Mapped[int] = mapped_column(Integer, primary_key=True)
    edges: Mapped[bytes] = mapped_column(BYTEA)
    __table_args__ = ({"postgresql_partition_by": "LIST (world)"},)  # in the key's order one day of one tile is one range


class LatestFix(Measured, Base):
    """The newest fix of each track: one row a track."""

    __tablename__ = "latest_fix"
    track_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    world: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(Text)
    agency_id: Mapped[int | None] = mapped_column(Integer)
    scope: Mapped[int] = mapped_column(Integer)
    observed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    qk: Mapped[int] = mapped_column(BigInteger)
    geom: Mapped[object] = shape("POINT")
    batch: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))  # the number it came with, told on the channel of data/live.py
    __table_args__ = (Index(None, "world", "qk"), Index(None, "world", "observed_at"), Index(None, "batch"))


class Reader(Base):
    """An RFID or seal reader at a place."""

    __tablename__ = "reader"
    id: Mapped[int] = own_key()
    world: Mapped[int] = mapped_column(SmallInteger)
    key: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    geom: Mapped[object] = shape("POINT")
    qk: Mapped[int] = mapped_column(BigInteger)
    agency_id: Mapped[int | None] = agency_()
    scope: Mapped[int] = scope_("vigia.scope(agency_id, 'TLP:AMBER')")
    source_id: Mapped[int] = source_()
    __table_args__ = (unique_of_agency("world", "key"),)
