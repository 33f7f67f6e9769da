"""Who and where rows come from, and what changed when."""

from __future__ import annotations

from datetime import datetime

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, CheckConstraint, Identity, Integer, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import Base, agency_, marking_, one_of, recorded, scope_, unique_of_agency
from data.records import MARKINGS


class Agency(Base):
    """Who owns a record."""

    __tablename__ = "agency"
    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    world: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(Text)
    governed: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))  # kinds it follows under an authority alone
    area: Mapped[object | None] = mapped_column(Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=True)  # where it is competent
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
    agency_id: Mapped[int | None] = agency_()
    marking: Mapped[str] = marking_()
    scope: Mapped[int] = scope_()
    grade: Mapped[str] = mapped_column(Text, server_default=text("'F6'"))  # Admiralty: how reliable the source, how credible what it says
    handling: Mapped[str | None] = mapped_column(Text)  # a handling code, in its agency's own words
    received_at: Mapped[datetime] = recorded()
    read: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    stored: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    already: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    refused: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    unplaced: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    options: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))
    __table_args__ = (unique_of_agency("world", "layer", "sha256"), one_of("marking", MARKINGS), CheckConstraint("grade ~ '^[A-F][1-6]$'", name="grade"))


class DataState(Base):
    """A number for each world and layer that grows with every change: what ETags and caches are keyed by."""

    __tablename__ = "data_state"
    world: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    layer: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    changed_at: Mapped[datetime] = recorded()
