"""Analysis: a run, its cells or places, and the zones of an operation that is to be judged."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    REAL, BigInteger, CheckConstraint, DateTime, Double, ForeignKey, Identity, Index, Integer, PrimaryKeyConstraint, SmallInteger, Text, UniqueConstraint, text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import SCHEMA, Base, agency_, marking_, one_of, own_key, recorded, scope_, shape
from data.records import MARKINGS, RUN_STATES


def _moment() -> Mapped[datetime | None]:
    return mapped_column(DateTime(timezone=True), nullable=True)


class Run(Base):
    """One analysis: inputs, parameters, version, seed, score."""

    __tablename__ = "run"
    id: Mapped[int] = own_key()
    world: Mapped[int] = mapped_column(SmallInteger)
    method: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)  # sha256 of filter, parameters, version and data state: the same question, asked once
    filter: Mapped[dict] = mapped_column(JSONB)
    parameters: Mapped[dict] = mapped_column(JSONB)
    version: Mapped[str] = mapped_column(Text)
    seed: Mapped[int] = mapped_column(BigInteger)
    score: Mapped[dict | None] = mapped_column(JSONB)
    summary: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))
    marking: Mapped[str] = marking_()  # the strictest of the rows it was made of
    agencies: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default=text("'{}'"))  # whose rows these were
    seen_as: Mapped[str] = mapped_column(Text, server_default=text("coalesce(current_setting('vigia.scope', true), '')"))  # whose look it was made of
    created_at: Mapped[datetime] = recorded()
    # of one that somebody asked for (the quick hotspots of the map are nobody's, and done)
    state: Mapped[str] = mapped_column(Text, server_default=text("'done'"))
    progress: Mapped[float] = mapped_column(REAL, server_default=text("0"))  # 0 to 1
    failure: Mapped[str | None] = mapped_column(Text)  # in words for whoever asked
    told: Mapped[dict | None] = mapped_column(JSONB)  # what holds for the whole (analysis/methods.py)
    asked_by: Mapped[str | None] = mapped_column(Text)  # as the record names them
    tries: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))  # how often a worker began it
    taken_at: Mapped[datetime | None] = _moment()
    finished_at: Mapped[datetime | None] = _moment()
    __table_args__ = (UniqueConstraint("world", "method", "key"), one_of("state", RUN_STATES), CheckConstraint("(state = 'failed') = (failure IS NOT NULL)", name="failure"),
                      Index("run_waiting", "id", postgresql_where=text("state IN ('waiting', 'running')")))


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
    outline: Mapped[object] = shape("POLYGON")
    __table_args__ = (Index(None, "run_id", "resolution", "cell"),)


class RunPlace(Base):
    """One place a run found: a cell, a section, a corridor, a post, whatever its method gives."""

    __tablename__ = "run_place"
    run_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.run.id", ondelete="CASCADE"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(Integer, primary_key=True)
    cell: Mapped[int] = mapped_column(BigInteger)
    geom: Mapped[object] = shape("GEOMETRY")
    properties: Mapped[dict] = mapped_column(JSONB)
    __table_args__ = (Index(None, "run_id", "cell"),)


class ZoneSet(Base):
    """One version of the zones of an operation: its ground, buffer and control. Locked, it may be judged by; never changed."""

    __tablename__ = "zone_set"
    id: Mapped[int] = mapped_column(Integer, Identity())
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    world: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    zones: Mapped[list] = mapped_column(JSONB)  # {role, name, geometry (GeoJSON)} of each
    agency_id: Mapped[int | None] = agency_()
    marking: Mapped[str] = marking_()
    scope: Mapped[int] = scope_()
    made_at: Mapped[datetime] = recorded()
    made_by: Mapped[str] = mapped_column(Text)
    locked_at: Mapped[datetime | None] = _moment()
    locked_by: Mapped[str | None] = mapped_column(Text)
    hash: Mapped[str | None] = mapped_column(Text)  # sha256 of number, version, dates and zones
    __table_args__ = (PrimaryKeyConstraint("id", "version"), one_of("marking", MARKINGS), CheckConstraint("ends_at > starts_at", name="when"),
                      CheckConstraint("(locked_at IS NULL) = (hash IS NULL) AND (locked_by IS NULL) = (hash IS NULL)", name="locked"))
