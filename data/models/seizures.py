"""Seizures."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger, Boolean, CheckConstraint, DateTime, Double, Index,
    Integer, REAL, SmallInteger, Text, text,
)
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import Base, agency_, marking_, one_of, own_key, recorded, scope_, shape, source_, unique_of_agency
from data.records import CONVEYANCES, DRUGS, MARKINGS


class Seizure(Base):
    """One seizure, or one published row that adds several up (`event_count` > 1: never part of a point pattern).

    When is a range: an event, a day or a month. Where may be missing: then it is *unplaced*, and counted so.
    """

    __tablename__ = "seizure"
    id: Mapped[int] = own_key()
    world: Mapped[int] = mapped_column(SmallInteger)
    content: Mapped[bytes] = mapped_column(BYTEA)  # sha256 of the row's content and its n-th occurrence in the file
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))  # not included
    time_span: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = recorded()
    geom: Mapped[object | None] = shape("POINT", nullable=True)
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
    agency_id: Mapped[int | None] = agency_()
    marking: Mapped[str] = marking_()
    scope: Mapped[int] = scope_()
    source_id: Mapped[int] = source_()
    line: Mapped[int | None] = mapped_column(Integer)
    extra: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))  # columns of the file that map to nothing
    __table_args__ = (
        unique_of_agency("world", "content"), Index(None, "world", "qk"), Index(None, "world", "started_at"),
        Index(None, "world", "border_section_id"),
        Index("seizure_long", "world", "ended_at", postgresql_where=text("time_span IN ('month', 'range')")),
        CheckConstraint("time_span IN ('month', 'range') OR ended_at - started_at <= interval '48 hours'", name="short"),
        one_of("time_span", ("event", "day", "month", "range")), one_of("drug", DRUGS),
        one_of("conveyance", CONVEYANCES), one_of("found_by", ("patrol", "report")), one_of("marking", MARKINGS),
        CheckConstraint("ended_at > started_at", name="when"), CheckConstraint("kg >= 0", name="kg"),
        CheckConstraint("event_count >= 1", name="event_count"),
    )
