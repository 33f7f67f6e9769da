"""Notes: what somebody saw at a place and time (a sighting), or words on a place and time for a briefing (an annotation)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Double, ForeignKey, Index, Integer, SmallInteger, Text
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.dialects.postgresql import UUID as UUID_
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import ACCESS, Base, agency_, marking_, one_of, own_key, recorded, scope_, shape
from data.records import MARKINGS, NOTE_KINDS

TEXT_MAX = 4000


class Note(Base):
    """One note. `uuid` was made where it was written, so that what is sent twice is stored once; `content` is the sha256 of what was sent under it."""

    __tablename__ = "note"
    id: Mapped[int] = own_key()
    uuid: Mapped[UUID] = mapped_column(UUID_, unique=True)
    content: Mapped[bytes] = mapped_column(BYTEA)
    world: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(Text)
    geom: Mapped[object] = shape("POINT")
    precision_m: Mapped[float | None] = mapped_column(Double)
    observed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_at: Mapped[datetime] = recorded()
    text: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[int | None] = mapped_column(Integer, ForeignKey(f"{ACCESS}.person.id", ondelete="SET NULL"))
    made_by: Mapped[str] = mapped_column(Text)
    photo_sha256: Mapped[str | None] = mapped_column(Text)  # of the file as it came
    photo_original: Mapped[str | None] = mapped_column(Text)  # its name among the originals
    photo_served: Mapped[str | None] = mapped_column(Text)  # the clean copy's, without what the file said of itself
    photo_served_sha256: Mapped[str | None] = mapped_column(Text)
    photo_width_px: Mapped[int | None] = mapped_column(Integer)
    photo_height_px: Mapped[int | None] = mapped_column(Integer)
    photo_bytes: Mapped[int | None] = mapped_column(BigInteger)
    agency_id: Mapped[int | None] = agency_()
    marking: Mapped[str] = marking_()
    scope: Mapped[int] = scope_()
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    withdrawn_by: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        Index(None, "world", "observed_at"), Index(None, "owner_id", "recorded_at"), Index(None, "photo_sha256"), one_of("kind", NOTE_KINDS), one_of("marking", MARKINGS),
        CheckConstraint(f"length(text) <= {TEXT_MAX} AND (text <> '' OR photo_sha256 IS NOT NULL)", name="text"), CheckConstraint("precision_m >= 0", name="precision_m"),
        CheckConstraint("num_nulls(photo_sha256, photo_original, photo_served, photo_served_sha256, photo_width_px, photo_height_px, photo_bytes) IN (0, 7)", name="photo"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn"),
    )
