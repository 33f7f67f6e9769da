"""What left the house, record by record, and who has to be told that some of it was wrong."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Identity, Index, Integer, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import ACCESS, SCHEMA, Base, one_of, own_key, recorded


def _person(nullable: bool = False) -> Mapped[int | None]:
    return mapped_column(ForeignKey(f"{ACCESS}.person.id"), nullable=nullable)


class Release(Base):
    """One file that was given out: who took it, what for, for whom. `filter` holds no names, as in the record."""

    __tablename__ = "release"
    id: Mapped[int] = own_key()
    world: Mapped[int] = mapped_column(SmallInteger)
    at: Mapped[datetime] = recorded()
    person_id: Mapped[int] = _person()
    agencies: Mapped[list[int]] = mapped_column(ARRAY(Integer))  # that person's, then
    format: Mapped[str] = mapped_column(Text)
    filter: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    case_told: Mapped[str] = mapped_column(Text)
    recipient: Mapped[str | None] = mapped_column(Text)  # somebody outside; null: who took it keeps it
    marking: Mapped[str] = mapped_column(Text)
    row_count: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[bytes] = mapped_column(BYTEA)  # of the file
    __table_args__ = (Index(None, "at"),)


class ReleaseRecord(Base):
    """The records of one kind in a release, 24 bytes each, as data/releases.py packs them: a release of 100,000 is one row of 2.4 MB."""

    __tablename__ = "release_record"
    release_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.release.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    records: Mapped[bytes] = mapped_column(BYTEA)
    __table_args__ = (one_of("kind", ("seizure", "track", "hour", "image", "video")), CheckConstraint("length(records) % 24 = 0", name="whole"))


class ReleaseNotice(Base):
    """What one recipient has to be told: which records of which releases are no longer what was given out."""

    __tablename__ = "release_notice"
    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    found_at: Mapped[datetime] = recorded()
    person_id: Mapped[int] = _person()  # who took it, and answers for where it went
    agencies: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    recipient: Mapped[str | None] = mapped_column(Text)
    changes: Mapped[list] = mapped_column(JSONB)
    told_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    told_by: Mapped[int | None] = _person(nullable=True)
