"""The legal basis to follow something, and what was heard outside of it."""

from __future__ import annotations

from datetime import datetime

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Integer, SmallInteger, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import SCHEMA, Base, recorded, scope_, shape


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
