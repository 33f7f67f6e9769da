"""Flights of drones and the pictures they brought."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, Integer, REAL, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import SCHEMA, Base, agency_, marking_, one_of, own_key, recorded, scope_, shape, source_, unique_of_agency
from data.records import MARKINGS, PRODUCTS


class Sortie(Base):
    """One flight of one platform."""

    __tablename__ = "sortie"
    id: Mapped[int] = own_key()
    world: Mapped[int] = mapped_column(SmallInteger)
    key: Mapped[str] = mapped_column(Text)
    platform: Mapped[str | None] = mapped_column(Text)
    sensor: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    track_id: Mapped[int | None] = mapped_column(ForeignKey(f"{SCHEMA}.track.id"))
    authority_id: Mapped[int | None] = mapped_column(ForeignKey(f"{SCHEMA}.authority.id"))  # it was flown under
    agency_id: Mapped[int | None] = agency_()
    marking: Mapped[str] = marking_()
    scope: Mapped[int] = scope_()
    source_id: Mapped[int] = source_()
    __table_args__ = (unique_of_agency("world", "key"), one_of("marking", MARKINGS))


class Image(Base):
    """An orthophoto or one frame of a flight: the original is kept, the COG made from it is served."""

    __tablename__ = "image"
    id: Mapped[int] = own_key()
    world: Mapped[int] = mapped_column(SmallInteger)
    sortie_id: Mapped[int | None] = mapped_column(ForeignKey(f"{SCHEMA}.sortie.id"))
    product: Mapped[str] = mapped_column(Text, server_default=text("'orthophoto'"))
    name: Mapped[str] = mapped_column(Text)
    captured_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_at: Mapped[datetime] = recorded()
    footprint: Mapped[object] = shape("GEOMETRY")  # outline of valid data, MULTIPOLYGON; of a frame that does not say how it lay, where it was taken, POINT
    cell: Mapped[int] = mapped_column(BigInteger)  # a loose one (data/quadkey.py)
    gsd_m: Mapped[float | None] = mapped_column(REAL)
    width_px: Mapped[int] = mapped_column(Integer)
    height_px: Mapped[int] = mapped_column(Integer)
    bands: Mapped[int] = mapped_column(SmallInteger)
    dtype: Mapped[str] = mapped_column(Text)
    crs: Mapped[str] = mapped_column(Text)  # of the original
    min_zoom: Mapped[int] = mapped_column(SmallInteger)
    max_zoom: Mapped[int] = mapped_column(SmallInteger)
    sha256: Mapped[str] = mapped_column(Text)  # of the original
    original: Mapped[str] = mapped_column(Text)  # file name under the originals folder
    cog: Mapped[str | None] = mapped_column(Text)  # file name under the imagery folder; none: it is on no tile
    pose: Mapped[dict | None] = mapped_column(JSONB)  # of a frame: where its camera was and how it was held
    rendering: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))  # which bands are shown, their names, scales and colours; the frame's corners
    provenance: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))  # from which bytes, with which programs and parameters, and the served bytes' sha256
    agency_id: Mapped[int | None] = agency_()
    marking: Mapped[str] = marking_()
    scope: Mapped[int] = scope_()
    source_id: Mapped[int] = source_()
    __table_args__ = (
        unique_of_agency("world", "sha256"), Index(None, "world", "cell"), Index(None, "world", "captured_at"),
        Index("image_sortie_id_orthophoto", "sortie_id", postgresql_where=text("product = 'orthophoto'")), one_of("marking", MARKINGS), one_of("product", PRODUCTS),
    )
