"""The tables. One schema, `vigia`; times are timestamptz in UTC; geometry is EPSG:4326 but where a comment says otherwise.

`world` (see data/worlds.py) stands on every governed table. `qk` and `cell` are quadkeys (see data/quadkey.py).
"""

from __future__ import annotations

from datetime import date, datetime

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger, Boolean, CheckConstraint, Date, DateTime, Double, ForeignKey, Identity, Index, Integer, MetaData, REAL,
    SmallInteger, Text, UniqueConstraint, func, text,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from data.records import CONVEYANCES, DRUGS, KINDS, MARKINGS

SCHEMA = "vigia"


class Base(DeclarativeBase):
    metadata = MetaData(
        schema=SCHEMA,
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s", "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s", "fk": "%(table_name)s_%(column_0_name)s_fkey", "pk": "%(table_name)s_pkey",
        },
    )


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{v}'" for v in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _key() -> Mapped[int]:
    return mapped_column(BigInteger, Identity(), primary_key=True)


def _marking() -> Mapped[str]:
    return mapped_column(Text, server_default=text("'TLP:AMBER'"))


def _agency(nullable: bool = True) -> Mapped[int | None]:
    return mapped_column(ForeignKey(f"{SCHEMA}.agency.id"), nullable=nullable)


def _source() -> Mapped[int]:
    return mapped_column(ForeignKey(f"{SCHEMA}.source.id"))


def _recorded() -> Mapped[datetime]:
    return mapped_column(DateTime(timezone=True), server_default=func.now())


def _shape(kind: str, *, nullable: bool = False, dimension: int = 2, srid: int = 4326) -> Mapped[object]:
    # Found by quadkey, so no GiST index is made (design, section 3).
    return mapped_column(Geometry(kind, srid=srid, dimension=dimension, spatial_index=False), nullable=nullable)


class Agency(Base):
    """Who owns a record."""

    __tablename__ = "agency"
    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    world: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (UniqueConstraint("world", "name"),)


class Source(Base):
    """A file or feed that rows came from, with what it gave."""

    __tablename__ = "source"
    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    world: Mapped[int] = mapped_column(SmallInteger)
    layer: Mapped[str] = mapped_column(Text)  # imagery, tracks, seizures, readers, reference
    kind: Mapped[str] = mapped_column(Text)  # file or feed
    name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    format: Mapped[str] = mapped_column(Text)
    mapping: Mapped[str | None] = mapped_column(Text)
    agency_id: Mapped[int | None] = _agency()
    marking: Mapped[str] = _marking()
    received_at: Mapped[datetime] = _recorded()
    read: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    stored: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    already: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    refused: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    unplaced: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    options: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))
    __table_args__ = (UniqueConstraint("world", "layer", "sha256"), _one_of("marking", MARKINGS))


class Track(Base):
    """One followed object. `key` is its identity as told, with its scheme: `mmsi:345999014`, `tag:…`, `epc:…`."""

    __tablename__ = "track"
    id: Mapped[int] = _key()
    world: Mapped[int] = mapped_column(SmallInteger)
    key: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    identifiers: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))
    agency_id: Mapped[int | None] = _agency()
    marking: Mapped[str] = _marking()
    sla_s: Mapped[float] = mapped_column(REAL)  # a position is promised this often
    gap_s: Mapped[float] = mapped_column(REAL)  # a longer silence breaks the line
    source_id: Mapped[int] = _source()
    recorded_at: Mapped[datetime] = _recorded()
    __table_args__ = (
        UniqueConstraint("world", "key"), Index(None, "world", "kind"), _one_of("kind", KINDS), _one_of("marking", MARKINGS),
    )


class Measured:
    """What a position is told with; null is unknown. `flags` are of feeds/flags.py."""

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
    recorded_at: Mapped[datetime] = _recorded()
    geom: Mapped[object] = _shape("POINT")
    # By world, then by month (data/partitions.py makes the months as data comes): dropping a world is dropping a table.
    __table_args__ = {"postgresql_partition_by": "LIST (world)"}


class Segment(Base):
    """A track's line in one hour, from fixes; begins at the last fix before the hour unless a gap lies between.

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
    cell: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    first_recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    fix_count: Mapped[int] = mapped_column(Integer)  # fixes of this hour; the joining one before it is not among them
    length_m: Mapped[float] = mapped_column(REAL)
    line: Mapped[object] = _shape("LINESTRINGM", dimension=3)
    coarse: Mapped[object] = _shape("LINESTRING", srid=3857)  # EPSG:3857, generalised for zooms 9 to 11
    __table_args__ = (Index(None, "world", "cell"), Index(None, "world", "hour"), {"postgresql_partition_by": "LIST (world)"})


class Flow(Base):
    """Movement at low zooms: how many track-hours went from one small cell to the next, per day. Derived from segments.

    Nothing is dropped: each segment's line, snapped to the band's grid, counts in every edge it takes. A row holds the edges
    that begin in one block (a tile of the zoom `band`), as three arrays of one length.
    """

    __tablename__ = "flow"
    world: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    band: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    span_d: Mapped[int] = mapped_column(SmallInteger, primary_key=True)  # 1: a day; 30: a month's sum
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    block: Mapped[int] = mapped_column(BigInteger, primary_key=True)  # its north-western corner, as a point key
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    agency_id: Mapped[int] = mapped_column(Integer, primary_key=True)  # 0 where the track has none
    qk: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))  # each edge's first end, as a point key
    to_qk: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    passes: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    __table_args__ = ({"postgresql_partition_by": "LIST (world)"},)  # in the key's order one day of one tile is one range


class LatestFix(Measured, Base):
    """The newest fix of each track: one row a track."""

    __tablename__ = "latest_fix"
    track_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    world: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(Text)
    agency_id: Mapped[int | None] = mapped_column(Integer)
    observed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    qk: Mapped[int] = mapped_column(BigInteger)
    geom: Mapped[object] = _shape("POINT")
    __table_args__ = (Index(None, "world", "qk"), Index(None, "world", "observed_at"))


class Reader(Base):
    """An RFID or seal reader at a place."""

    __tablename__ = "reader"
    id: Mapped[int] = _key()
    world: Mapped[int] = mapped_column(SmallInteger)
    key: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    geom: Mapped[object] = _shape("POINT")
    qk: Mapped[int] = mapped_column(BigInteger)
    agency_id: Mapped[int | None] = _agency()
    source_id: Mapped[int] = _source()
    __table_args__ = (UniqueConstraint("world", "key"),)


class Sortie(Base):
    """One flight of one platform."""

    __tablename__ = "sortie"
    id: Mapped[int] = _key()
    world: Mapped[int] = mapped_column(SmallInteger)
    key: Mapped[str] = mapped_column(Text)
    platform: Mapped[str | None] = mapped_column(Text)
    sensor: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    track_id: Mapped[int | None] = mapped_column(ForeignKey(f"{SCHEMA}.track.id"))
    agency_id: Mapped[int | None] = _agency()
    marking: Mapped[str] = _marking()
    source_id: Mapped[int] = _source()
    __table_args__ = (UniqueConstraint("world", "key"), _one_of("marking", MARKINGS))


class Image(Base):
    """An orthomosaic or frame: the original is kept, the COG made from it is served."""

    __tablename__ = "image"
    id: Mapped[int] = _key()
    world: Mapped[int] = mapped_column(SmallInteger)
    sortie_id: Mapped[int | None] = mapped_column(ForeignKey(f"{SCHEMA}.sortie.id"))
    name: Mapped[str] = mapped_column(Text)
    captured_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_at: Mapped[datetime] = _recorded()
    footprint: Mapped[object] = _shape("MULTIPOLYGON")  # outline of valid data
    cell: Mapped[int] = mapped_column(BigInteger)
    gsd_m: Mapped[float] = mapped_column(REAL)
    width_px: Mapped[int] = mapped_column(Integer)
    height_px: Mapped[int] = mapped_column(Integer)
    bands: Mapped[int] = mapped_column(SmallInteger)
    dtype: Mapped[str] = mapped_column(Text)
    crs: Mapped[str] = mapped_column(Text)  # of the original
    min_zoom: Mapped[int] = mapped_column(SmallInteger)
    max_zoom: Mapped[int] = mapped_column(SmallInteger)
    sha256: Mapped[str] = mapped_column(Text)  # of the original
    original: Mapped[str] = mapped_column(Text)  # file name under the originals folder
    cog: Mapped[str] = mapped_column(Text)  # file name under the imagery folder
    rendering: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))  # stored scale per band
    provenance: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))  # how the COG was made
    agency_id: Mapped[int | None] = _agency()
    marking: Mapped[str] = _marking()
    source_id: Mapped[int] = _source()
    __table_args__ = (
        UniqueConstraint("world", "sha256"), Index(None, "world", "cell"), Index(None, "world", "captured_at"),
        _one_of("marking", MARKINGS),
    )


class BorderSection(Base):
    """A piece of 10 to 50 km of a land border. Reference: it belongs to no world."""

    __tablename__ = "border_section"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    country_a: Mapped[str] = mapped_column(Text)
    country_b: Mapped[str] = mapped_column(Text)
    ordinal: Mapped[int] = mapped_column(Integer)
    length_m: Mapped[float] = mapped_column(Double)
    cell: Mapped[int] = mapped_column(BigInteger)
    line: Mapped[object] = mapped_column(Geometry("LINESTRING", srid=4326, spatial_index=False))
    __table_args__ = (Index(None, "cell"), Index("border_section_line", "line", postgresql_using="gist"))


class Place(Base):
    """The gazetteer. Reference: it belongs to no world."""

    __tablename__ = "place"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(Text)  # lower case, no accents: what a search is held against
    country: Mapped[str] = mapped_column(Text)
    admin: Mapped[str | None] = mapped_column(Text)
    population: Mapped[int | None] = mapped_column(Integer)
    precision_m: Mapped[float] = mapped_column(REAL)
    geom: Mapped[object] = _shape("POINT")
    qk: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (Index(None, "folded"), Index(None, "qk"))


class Seizure(Base):
    """One seizure, or one published row that adds several up (`event_count` > 1: never part of a point pattern).

    When is a range: an event, a day or a month. Where may be missing: then it is *unplaced*, and counted so.
    """

    __tablename__ = "seizure"
    id: Mapped[int] = _key()
    world: Mapped[int] = mapped_column(SmallInteger)
    content: Mapped[bytes] = mapped_column(BYTEA)  # sha256 of the row's content and its n-th occurrence in the file
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))  # not included
    time_span: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = _recorded()
    geom: Mapped[object | None] = _shape("POINT", nullable=True)
    qk: Mapped[int | None] = mapped_column(BigInteger)
    precision_m: Mapped[float | None] = mapped_column(REAL)
    place: Mapped[str | None] = mapped_column(Text)  # as told
    drug: Mapped[str] = mapped_column(Text)
    drug_told: Mapped[str] = mapped_column(Text)
    quantity: Mapped[float | None] = mapped_column(Double)
    unit: Mapped[str | None] = mapped_column(Text)
    kg: Mapped[float | None] = mapped_column(Double)  # kilogram equivalent, by a stated rule or null
    kg_rule: Mapped[str | None] = mapped_column(Text)
    event_count: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    aggregate: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    conveyance: Mapped[str | None] = mapped_column(Text)
    concealment: Mapped[str | None] = mapped_column(Text)
    origin: Mapped[str | None] = mapped_column(Text)
    transit: Mapped[str | None] = mapped_column(Text)
    destination: Mapped[str | None] = mapped_column(Text)
    found_by: Mapped[str | None] = mapped_column(Text)
    border_section_id: Mapped[int | None] = mapped_column(Integer)
    border_m: Mapped[float | None] = mapped_column(REAL)  # geodesic distance to the nearest land border
    agency_id: Mapped[int | None] = _agency()
    marking: Mapped[str] = _marking()
    source_id: Mapped[int] = _source()
    line: Mapped[int | None] = mapped_column(Integer)
    extra: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))  # columns of the file that map to nothing
    __table_args__ = (
        UniqueConstraint("world", "content"), Index(None, "world", "qk"), Index(None, "world", "started_at"),
        Index(None, "world", "border_section_id"),
        _one_of("time_span", ("event", "day", "month", "range")), _one_of("drug", DRUGS),
        _one_of("conveyance", CONVEYANCES), _one_of("found_by", ("patrol", "report")), _one_of("marking", MARKINGS),
        CheckConstraint("ended_at > started_at", name="when"), CheckConstraint("kg >= 0", name="kg"),
        CheckConstraint("event_count >= 1", name="event_count"),
    )


class Run(Base):
    """One analysis: inputs, parameters, version, seed, score."""

    __tablename__ = "run"
    id: Mapped[int] = _key()
    world: Mapped[int] = mapped_column(SmallInteger)
    method: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)  # sha256 of filter, parameters, version and data state: the same question, asked once
    filter: Mapped[dict] = mapped_column(JSONB)
    parameters: Mapped[dict] = mapped_column(JSONB)
    version: Mapped[str] = mapped_column(Text)
    seed: Mapped[int] = mapped_column(BigInteger)
    score: Mapped[dict | None] = mapped_column(JSONB)
    summary: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))
    marking: Mapped[str] = _marking()
    created_at: Mapped[datetime] = _recorded()
    __table_args__ = (UniqueConstraint("world", "method", "key"),)


class RunCell(Base):
    """One H3 cell of a run, at one resolution."""

    __tablename__ = "run_cell"
    run_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.run.id", ondelete="CASCADE"), primary_key=True)
    resolution: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    h3: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    cell: Mapped[int] = mapped_column(BigInteger)
    n: Mapped[int] = mapped_column(Integer)  # seizures in the cell
    n_around: Mapped[int] = mapped_column(Integer)  # with its neighbours: what the mask is held against
    kg: Mapped[float | None] = mapped_column(Double)
    z: Mapped[float] = mapped_column(Double)
    p: Mapped[float] = mapped_column(Double)
    q: Mapped[float] = mapped_column(Double)  # p under false-discovery-rate control
    level: Mapped[int] = mapped_column(SmallInteger)  # 3 far more, 2 many more, 1 more, 0 as chance would give, -1 fewer
    outline: Mapped[object] = _shape("POLYGON")
    __table_args__ = (Index(None, "run_id", "resolution", "cell"),)


class DataState(Base):
    """A number for each world and layer that grows with every change: what ETags and caches are keyed by."""

    __tablename__ = "data_state"
    world: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    layer: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    changed_at: Mapped[datetime] = _recorded()
