"""The legal basis to follow something, and what was heard outside of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Index, Integer, Interval, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import ACCESS, SCHEMA, Base, recorded, scope_, shape


class Authority(Base):
    """What lets an agency follow some devices, for a time and in an area. Kinds are of data/authorities.toml."""

    __tablename__ = "authority"
    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.agency.id"))
    kind: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)
    issuer: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    devices: Mapped[list[str]] = mapped_column(ARRAY(Text))  # a track's key, or any of its identifiers
    area: Mapped[object | None] = mapped_column(Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=True)
    install_by: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valid_to: Mapped[datetime] = mapped_column(DateTime(timezone=True))  # not included
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    recorded_at: Mapped[datetime] = recorded()
    scope: Mapped[int] = scope_("vigia.scope(agency_id, 'TLP:AMBER')")
    __table_args__ = (
        UniqueConstraint("agency_id", "reference"), CheckConstraint("valid_to > valid_from", name="when"),
        CheckConstraint("cardinality(devices) > 0", name="devices"),
    )


class Quarantine(Base):
    """A fix outside of every authority: sealed, served to nobody, counted for a legal officer."""

    __tablename__ = "quarantine"
    world: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    track_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.track.id", ondelete="CASCADE"), primary_key=True)
    observed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    qk: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    recorded_at: Mapped[datetime] = recorded()
    geom: Mapped[object] = shape("POINT")
    reason: Mapped[str] = mapped_column(Text)
    source_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.source.id"))
    __table_args__ = (CheckConstraint("reason IN ('none', 'device', 'time', 'area')", name="reason"),)


class Handover(Base):
    """What left the area of its authority, offered to an agency that is competent there; `nobody` where none is. Of the place a coarse cell alone."""

    __tablename__ = "handover"
    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    track_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.track.id", ondelete="CASCADE"))
    authority_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.authority.id"))
    from_agency_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.agency.id"))
    to_agency_id: Mapped[int | None] = mapped_column(ForeignKey(f"{SCHEMA}.agency.id"))
    observed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    cell: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text, server_default=text("'offered'"))
    offered_at: Mapped[datetime] = recorded()
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey(f"{ACCESS}.person.id"))
    own_authority_id: Mapped[int | None] = mapped_column(ForeignKey(f"{SCHEMA}.authority.id"))  # of who accepted
    own_track_id: Mapped[int | None] = mapped_column(ForeignKey(f"{SCHEMA}.track.id", ondelete="CASCADE"))
    __table_args__ = (
        Index("handover_open", "track_id", "to_agency_id", unique=True, postgresql_where=text("state <> 'expired'"), postgresql_nulls_not_distinct=True),
        CheckConstraint("state IN ('offered', 'accepted', 'declined', 'expired', 'nobody')", name="state"),
        CheckConstraint("(to_agency_id IS NULL) = (state = 'nobody')", name="nobody"), CheckConstraint("(own_track_id IS NOT NULL) = (state = 'accepted')", name="own"),
    )


class Duty(Base):
    """What is to be done within a time of an authority's end (data/authorities.toml), and who said that it was."""

    __tablename__ = "duty"
    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    authority_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.authority.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    within: Mapped[timedelta] = mapped_column(Interval)
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    done_by: Mapped[int | None] = mapped_column(ForeignKey(f"{ACCESS}.person.id"))
    note: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (UniqueConstraint("authority_id", "name"), CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name="done"))


class Warning(Base):
    """That somebody was told of an authority's end: once for each authority and step (hours before it)."""

    __tablename__ = "warning"
    authority_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.authority.id", ondelete="CASCADE"), primary_key=True)
    hours: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    given_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    given_to: Mapped[int] = mapped_column(ForeignKey(f"{ACCESS}.person.id", ondelete="CASCADE"))
