"""What is found between two images of one place, and whose tracks look at the ground they pass."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, REAL, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import SCHEMA, Base, one_of, own_key, recorded, shape
from data.records import CHANGE_STATES


def _moment() -> Mapped[datetime | None]:
    return mapped_column(DateTime(timezone=True))


def _image(nullable: bool = False, ondelete: str = "CASCADE") -> Mapped[int]:
    return mapped_column(ForeignKey(f"{SCHEMA}.image.id", ondelete=ondelete), nullable=nullable)


class ImageOffset(Base):
    """How far an image has to be moved to lie on another. The one that is not undone is applied on tiles."""

    __tablename__ = "image_offset"
    id: Mapped[int] = own_key()
    image_id: Mapped[int] = _image()
    against_id: Mapped[int | None] = _image(nullable=True, ondelete="SET NULL")
    east_m: Mapped[float] = mapped_column(REAL)
    north_m: Mapped[float] = mapped_column(REAL)
    error_m: Mapped[float] = mapped_column(REAL)  # holds the truth 19 times of 20
    score: Mapped[float] = mapped_column(REAL)
    made_with: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = recorded()
    made_by: Mapped[str] = mapped_column(Text)
    undone_at: Mapped[datetime | None] = _moment()
    undone_by: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (Index("image_offset_now", "image_id", unique=True, postgresql_where=text("undone_at IS NULL")),
                      CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone"))


class Change(Base):
    """One look for what changed between two images: with what, and how the two lay."""

    __tablename__ = "change"
    id: Mapped[int] = own_key()
    world: Mapped[int] = mapped_column(SmallInteger)
    before_id: Mapped[int] = _image()
    after_id: Mapped[int] = _image()
    told: Mapped[dict] = mapped_column(JSONB)
    made_at: Mapped[datetime] = recorded()
    made_by: Mapped[str] = mapped_column(Text)
    __table_args__ = (Index(None, "before_id", "after_id"),)


class ChangeCandidate(Base):
    """A place that may have changed; a person accepts or rejects it."""

    __tablename__ = "change_candidate"
    id: Mapped[int] = own_key()
    change_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.change.id", ondelete="CASCADE"))
    geom: Mapped[object] = shape("MULTIPOLYGON")
    area_m2: Mapped[float] = mapped_column(REAL)
    z: Mapped[float] = mapped_column(REAL)
    brighter: Mapped[float] = mapped_column(REAL)
    score: Mapped[float] = mapped_column(REAL)
    state: Mapped[str] = mapped_column(Text, server_default=text("'open'"))
    note: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = _moment()
    __table_args__ = (Index(None, "change_id"), one_of("state", CHANGE_STATES),
                      CheckConstraint("(state = 'open') = (decided_at IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)", name="decided"))


class Looker(Base):
    """A track whose unit looks at the ground it passes, so far to either side."""

    __tablename__ = "looker"
    track_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.track.id", ondelete="CASCADE"), primary_key=True)
    swath_m: Mapped[float] = mapped_column(REAL)
    made_at: Mapped[datetime] = recorded()
    made_by: Mapped[str] = mapped_column(Text)
    __table_args__ = (CheckConstraint("swath_m > 0 AND swath_m <= 50000", name="swath_m"),)
