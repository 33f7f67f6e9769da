"""Feeds: what listens, how it fares, and what of it is still to be made into lines."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Identity, Index, Integer, REAL, SmallInteger, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import SCHEMA, Base, agency_, marking_, one_of, recorded, scope_, source_
from data.records import FEED_KINDS, MARKINGS


def _of(table: str, **how) -> Mapped[int]:
    return mapped_column(ForeignKey(f"{SCHEMA}.{table}.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, **how)


def _moment() -> Mapped[datetime | None]:
    return mapped_column(DateTime(timezone=True), nullable=True)


class Feed(Base):
    """Something that is listened to. `settings` says where and how; no password is in it, but the name of a variable that has one."""

    __tablename__ = "feed"
    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    world: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    settings: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))
    agency_id: Mapped[int | None] = agency_()
    marking: Mapped[str] = marking_()
    scope: Mapped[int] = scope_()
    source_id: Mapped[int] = source_()
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    late_s: Mapped[float] = mapped_column(REAL, server_default=text("60"))  # silent for longer it is late; three times that stale, thirty times dead
    token_hash: Mapped[bytes | None] = mapped_column(BYTEA, unique=True)  # of what is sent to us
    made_at: Mapped[datetime] = recorded()
    __table_args__ = (UniqueConstraint("world", "name"), one_of("kind", FEED_KINDS), one_of("marking", MARKINGS))


class FeedState(Base):
    """How a feed fares, told every few seconds by whoever listens: three clocks and what came of its messages."""

    __tablename__ = "feed_state"
    feed_id: Mapped[int] = _of("feed")
    scope: Mapped[int] = mapped_column(Integer)  # the feed's
    told_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    transport_at: Mapped[datetime | None] = _moment()  # the connection was last known to stand
    message_at: Mapped[datetime | None] = _moment()  # the last message came
    position_at: Mapped[datetime | None] = _moment()  # the newest time a message told of
    moved_at: Mapped[datetime | None] = _moment()  # a position was last another than before
    messages: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    stored: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    already: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    flagged: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    dropped: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    sealed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    errors: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))
    spooled_bytes: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))  # on disk, and not stored yet
    trouble: Mapped[str | None] = mapped_column(Text)


class SpoolMark(Base):
    """How far a spool file is stored: moved on in the transaction that stores it, so nothing is stored twice or left out."""

    __tablename__ = "spool_mark"
    feed_id: Mapped[int] = _of("feed")
    file: Mapped[str] = mapped_column(Text, primary_key=True)
    stored_bytes: Mapped[int] = mapped_column(BigInteger)


class Unsettled(Base):
    """An hour of a track that has fixes its segments do not know of yet (data/settling.py)."""

    __tablename__ = "unsettled"
    world: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    track_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.track.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    hour: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    fixes: Mapped[int] = mapped_column(Integer)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    __table_args__ = (Index(None, "since"),)
