"""Watch areas, rules, the events they find, alerts, and what is still to be looked at."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Identity, Index, Integer, PrimaryKeyConstraint, REAL, SmallInteger, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import ACCESS, SCHEMA, Base, agency_, marking_, one_of, own_key, recorded, scope_, shape
from data.records import ALERT_STATES, EVENT_CHANGES, EVENT_TYPES, MARKINGS, RULE_TYPES, SEVERITIES


def _moment(nullable: bool = True) -> Mapped[datetime]:
    return mapped_column(DateTime(timezone=True), nullable=nullable)


def _texts() -> Mapped[list[str]]:
    return mapped_column(ARRAY(Text), server_default=text("'{}'"))


def _numbers(kind=Integer) -> Mapped[list[int]]:
    return mapped_column(ARRAY(kind), server_default=text("'{}'"))


class Versioned:
    """What is never changed: a change is a new version, and the one before has ended."""

    world: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(Text)
    zone: Mapped[str] = mapped_column(Text, server_default=text("'UTC'"))  # an IANA zone, for the windows
    windows: Mapped[list[str]] = _texts()  # weekly, such as `fri 22:00-sat 06:00`; none: always
    marking: Mapped[str] = marking_()
    made_at: Mapped[datetime] = recorded()
    made_by: Mapped[str] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = _moment()


class WatchArea(Versioned, Base):
    """One version of an area that is watched. Its edge is the critical line, `warning_m` outside of it lies the warning line."""

    __tablename__ = "watch_area"
    id: Mapped[int] = mapped_column(Integer, Identity())
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    geom: Mapped[object] = shape("MULTIPOLYGON")
    warning_m: Mapped[float] = mapped_column(REAL, server_default=text("0"))
    critical: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))  # crossing its edge inwards is critical, whatever the rule says
    agency_id: Mapped[int | None] = agency_()
    operation_id: Mapped[int | None] = mapped_column(ForeignKey(f"{ACCESS}.operation.id", ondelete="SET NULL"))
    scope: Mapped[int] = scope_()
    __table_args__ = (PrimaryKeyConstraint("id", "version"), Index("watch_area_now", "world", postgresql_where=text("ended_at IS NULL")), one_of("marking", MARKINGS))


class Rule(Versioned, Base):
    """One version of a rule: a detector of analysis/events with its knobs, and what it is for. An empty list is all."""

    __tablename__ = "rule"
    id: Mapped[int] = mapped_column(Integer, Identity())
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    type: Mapped[str] = mapped_column(Text)
    knobs: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))
    areas: Mapped[list[int]] = _numbers()
    kinds: Mapped[list[str]] = _texts()
    agencies: Mapped[list[int]] = _numbers()
    tracks: Mapped[list[int]] = _numbers(BigInteger)
    severity: Mapped[str] = mapped_column(Text, server_default=text("'notice'"))
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    agency_id: Mapped[int | None] = agency_()
    scope: Mapped[int] = scope_()
    __table_args__ = (
        PrimaryKeyConstraint("id", "version"), Index("rule_now", "world", "name", unique=True, postgresql_where=text("ended_at IS NULL")),
        one_of("type", RULE_TYPES), one_of("severity", SEVERITIES), one_of("marking", MARKINGS),
    )


class Told:
    """An event as it was told once. `scopes` are those of its tracks, its rule and its area: who sees it sees all of them, at each place of `span`."""

    rule_version: Mapped[int] = mapped_column(Integer)
    area_version: Mapped[int | None] = mapped_column(Integer)
    started_at: Mapped[datetime] = _moment(False)
    ended_at: Mapped[datetime | None] = _moment()  # null: it goes on
    place: Mapped[object] = shape("POINT")
    span: Mapped[object] = shape("MULTIPOINT")  # its place and both fixes
    first_fix: Mapped[dict] = mapped_column(JSONB)  # track, at, lon, lat
    last_fix: Mapped[dict] = mapped_column(JSONB)
    facts: Mapped[dict] = mapped_column(JSONB)
    doubtful: Mapped[bool] = mapped_column(Boolean)
    severity: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    retracted: Mapped[bool] = mapped_column(Boolean)
    recorded_at: Mapped[datetime] = _moment(False)


def _track() -> Mapped[int | None]:
    return mapped_column(ForeignKey(f"{SCHEMA}.track.id", ondelete="CASCADE"))


class Event(Told, Base):
    """Something that happened to tracks, by a rule, as it is told now."""

    __tablename__ = "event"
    id: Mapped[int] = own_key()
    world: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(Text)  # what it was first told as: rule/type/tracks/area/lane/start
    type: Mapped[str] = mapped_column(Text)
    rule_id: Mapped[int] = mapped_column(Integer)
    track_id: Mapped[int | None] = _track()  # null: about nobody in particular
    other_id: Mapped[int | None] = _track()
    area_id: Mapped[int | None] = mapped_column(Integer)
    lane: Mapped[str] = mapped_column(Text, server_default=text("''"))
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    agencies: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    revision: Mapped[int] = mapped_column(Integer)
    first_recorded_at: Mapped[datetime] = _moment(False)
    batch: Mapped[int] = mapped_column(BigInteger)  # the number it was last told under
    __table_args__ = (
        Index("event_world_name_key", "world", "name", unique=True), Index(None, "world", "started_at"), Index(None, "track_id"), Index(None, "other_id"),
        Index(None, "batch"), Index(None, "rule_id"), one_of("type", EVENT_TYPES), one_of("severity", SEVERITIES),
    )


class EventRevision(Told, Base):
    """Each telling of an event, kept: so that what was known at a time can be asked."""

    __tablename__ = "event_revision"
    event_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.event.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    change: Mapped[str] = mapped_column(Text)
    __table_args__ = (one_of("change", EVENT_CHANGES),)


class Alert(Base):
    """An event somebody must handle, and where that stands."""

    __tablename__ = "alert"
    id: Mapped[int] = own_key()
    world: Mapped[int] = mapped_column(SmallInteger)
    event_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.event.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(Text, server_default=text("'new'"))
    state_at: Mapped[datetime] = recorded()
    state_by: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    raised_at: Mapped[datetime] = recorded()
    __table_args__ = (
        Index("alert_event_id_key", "event_id", unique=True), one_of("state", ALERT_STATES),
        Index("alert_open", "world", postgresql_where=text("state IN ('new', 'acknowledged')")),
    )


class AlertStep(Base):
    """What somebody did about an alert."""

    __tablename__ = "alert_step"
    id: Mapped[int] = own_key()
    alert_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.alert.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(Text)
    person_id: Mapped[int] = mapped_column(Integer)
    shown: Mapped[str] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = recorded()
    __table_args__ = (Index(None, "alert_id"), one_of("state", ALERT_STATES))


class EventDue(Base):
    """A track with fixes that no rule has looked at yet: written with them, gone with the events made of them."""

    __tablename__ = "event_due"
    world: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    track_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.track.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    from_at: Mapped[datetime] = _moment(False)
    to_at: Mapped[datetime] = _moment(False)
    fixes: Mapped[int] = mapped_column(BigInteger)
    stamp: Mapped[int] = mapped_column(Integer, server_default=text("1"))  # moves on with each batch
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    __table_args__ = (Index(None, "world", "fixes"),)
