"""Films of flights, and what they looked at."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, Double, ForeignKey, Index, Integer, REAL, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import SCHEMA, Base, agency_, marking_, one_of, own_key, recorded, scope_, shape, source_, unique_of_agency
from data.records import MARKINGS


class Video(Base):
    """One film: the original is kept, an MP4 made from it is served. Its first picture is at `started_at`."""

    __tablename__ = "video"
    id: Mapped[int] = own_key()
    world: Mapped[int] = mapped_column(SmallInteger)
    sortie_id: Mapped[int | None] = mapped_column(ForeignKey(f"{SCHEMA}.sortie.id"))
    track_id: Mapped[int | None] = mapped_column(ForeignKey(f"{SCHEMA}.track.id", ondelete="SET NULL"))  # the sensor's path
    name: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_at: Mapped[datetime] = recorded()
    duration_s: Mapped[float] = mapped_column(Double)
    codec: Mapped[str] = mapped_column(Text)  # of the original
    width_px: Mapped[int] = mapped_column(Integer)
    height_px: Mapped[int] = mapped_column(Integer)
    rate_hz: Mapped[float] = mapped_column(REAL)
    extent: Mapped[object | None] = shape("GEOMETRY", nullable=True)  # what its looks cover; none: it tells no place
    sha256: Mapped[str] = mapped_column(Text)  # of the original
    original: Mapped[str] = mapped_column(Text)  # file name under the originals folder
    served: Mapped[str] = mapped_column(Text)  # file name under the imagery folder
    provenance: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))
    agency_id: Mapped[int | None] = agency_()
    marking: Mapped[str] = marking_()
    scope: Mapped[int] = scope_()
    source_id: Mapped[int] = source_()
    __table_args__ = (unique_of_agency("world", "sha256"), Index(None, "world", "started_at"), one_of("marking", MARKINGS))


class VideoLook(Base):
    """What a film looked at, at one moment: two a second at most. What it does not tell is null."""

    __tablename__ = "video_look"
    video_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.video.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    sensor: Mapped[object | None] = shape("POINT", nullable=True)
    sensor_altitude_m: Mapped[float | None] = mapped_column(REAL)
    centre: Mapped[object | None] = shape("POINT", nullable=True)  # of the picture, on the ground
    centre_altitude_m: Mapped[float | None] = mapped_column(REAL)
    footprint: Mapped[object | None] = shape("POLYGON", nullable=True)
    footprint_from: Mapped[str | None] = mapped_column(Text)
    heading_deg: Mapped[float | None] = mapped_column(REAL)  # of the platform
    pitch_deg: Mapped[float | None] = mapped_column(REAL)
    roll_deg: Mapped[float | None] = mapped_column(REAL)
    sensor_azimuth_deg: Mapped[float | None] = mapped_column(REAL)  # against the platform
    sensor_elevation_deg: Mapped[float | None] = mapped_column(REAL)
    sensor_roll_deg: Mapped[float | None] = mapped_column(REAL)
    fov_h_deg: Mapped[float | None] = mapped_column(REAL)
    fov_v_deg: Mapped[float | None] = mapped_column(REAL)
    slant_m: Mapped[float | None] = mapped_column(REAL)
    __table_args__ = (one_of("footprint_from", ("told", "angles")),)
