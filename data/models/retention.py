"""How long records are kept: agencies' own times, reviews, holds, what is held past its time, what is left of what was erased, the clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, Double, ForeignKey, Identity, Index, Integer, Interval, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, UUID
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import SCHEMA, Base, agency_, one_of, own_key, recorded

KEPT = ("track", "seizure", "image", "sortie", "quarantine", "run", "video", "saved_view")


def _moment(nullable: bool = False) -> Mapped[datetime | None]:
    return mapped_column(DateTime(timezone=True), nullable=nullable)


def _of_agency() -> Mapped[int]:
    return mapped_column(ForeignKey(f"{SCHEMA}.agency.id", ondelete="CASCADE"), primary_key=True)


class RetentionPolicy(Base):
    """An agency's own time for a kind of record, in place of that of data/retention.toml. `source` is its legal source."""

    __tablename__ = "retention_policy"
    agency_id: Mapped[int] = _of_agency()
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    keep: Mapped[timedelta] = mapped_column(Interval)
    source: Mapped[str] = mapped_column(Text)
    set_at: Mapped[datetime] = recorded()
    __table_args__ = (one_of("kind", KEPT), CheckConstraint("keep > '0'::interval", name="keep"))


class Bycatch(Base):
    """An agency that has what it follows without an authority reduced: which kinds of track, how long after they were brought in."""

    __tablename__ = "bycatch"
    agency_id: Mapped[int] = _of_agency()
    after: Mapped[timedelta] = mapped_column(Interval)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    set_at: Mapped[datetime] = recorded()
    __table_args__ = (CheckConstraint("after > '0'::interval", name="after"),)


class Review(Base):
    """Somebody looked whether a record is still needed, and kept it until a date."""

    __tablename__ = "review"
    id: Mapped[int] = own_key()
    kind: Mapped[str] = mapped_column(Text)
    record_id: Mapped[int] = mapped_column(BigInteger)
    person_id: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(Text)
    reviewed_at: Mapped[datetime] = _moment()
    until: Mapped[datetime] = _moment()
    __table_args__ = (Index(None, "kind", "record_id"), CheckConstraint("until > reviewed_at", name="when"))


class Hold(Base):
    """What may not be erased meanwhile: a record, or every one of a kind (of an agency). It always has an end."""

    __tablename__ = "hold"
    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    record_id: Mapped[int | None] = mapped_column(BigInteger)  # null: every one
    agency_id: Mapped[int | None] = agency_()  # null: of every agency and of none
    reference: Mapped[str] = mapped_column(Text, unique=True)
    issuer: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    person_id: Mapped[int] = mapped_column(Integer)  # who entered it
    valid_from: Mapped[datetime] = _moment()
    valid_to: Mapped[datetime] = _moment()  # not included
    released_at: Mapped[datetime | None] = _moment(nullable=True)
    recorded_at: Mapped[datetime] = recorded()
    __table_args__ = (one_of("kind", KEPT), CheckConstraint("valid_to > valid_from", name="when"))


class Held(Base):
    """A record past its time that a hold keeps: taken out of everything that is shown, until the hold ends."""

    __tablename__ = "held"
    id: Mapped[int] = own_key()
    kind: Mapped[str] = mapped_column(Text)
    record_id: Mapped[int] = mapped_column(BigInteger)  # of positions the track's
    agency_id: Mapped[int | None] = agency_()
    number: Mapped[int] = mapped_column(Integer)  # rows in it
    rule: Mapped[str] = mapped_column(Text)  # what would have erased it
    sources: Mapped[list[int]] = mapped_column(ARRAY(Integer))  # the files it came from, which stay as long
    held_at: Mapped[datetime] = _moment()
    content: Mapped[str] = mapped_column(Text)  # each row as JSON, a line each
    __table_args__ = (Index(None, "kind", "record_id"), one_of("kind", ("fix", *KEPT)))


class Tombstone(Base):
    """What is left of an erased record: its number, and a salted hash of what it was. The salt is not in the database (data/tombstones.py)."""

    __tablename__ = "tombstone"
    id: Mapped[int] = own_key()
    kind: Mapped[str] = mapped_column(Text)
    record_id: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int] = mapped_column(Integer)  # rows that were hashed
    hash: Mapped[bytes] = mapped_column(BYTEA)
    batch: Mapped[object] = mapped_column(UUID)  # names the salt
    purged_at: Mapped[datetime] = _moment()
    rule: Mapped[str] = mapped_column(Text)
    __table_args__ = (Index(None, "kind", "record_id"),)


class FileToErase(Base):
    """A file whose record is gone: it goes after the rows are, and is tried again until it is."""

    __tablename__ = "file_to_erase"
    place: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    __table_args__ = (one_of("place", ("source", "original", "cog", "served")),)


class RetentionClock(Base):
    """One row: the last moment the job saw, and what it knows of its machine's own count of seconds since it was started."""

    __tablename__ = "retention_clock"
    one: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=text("true"))
    seen_at: Mapped[datetime] = _moment()
    boot: Mapped[str | None] = mapped_column(Text)
    boot_seen_at: Mapped[datetime | None] = _moment(nullable=True)
    boot_seen_s: Mapped[float | None] = mapped_column(Double)
    swept: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))  # the tombstone up to which emptied files were looked for
    refused: Mapped[str | None] = mapped_column(Text)  # why the last run did nothing
    __table_args__ = (CheckConstraint("one", name="one"),)


class RetentionCount(Base):
    """How much is due for review and how much is held, as the last run found it: what a page shows."""

    __tablename__ = "retention_count"
    id: Mapped[int] = own_key()
    agency_id: Mapped[int | None] = agency_()
    kind: Mapped[str] = mapped_column(Text)
    due: Mapped[int] = mapped_column(BigInteger)
    held: Mapped[int] = mapped_column(BigInteger)
    counted_at: Mapped[datetime] = _moment()
