"""People, screens, their sessions, and the operations in which agencies share. The serving role reads none of it."""

from __future__ import annotations

from datetime import datetime

from geoalchemy2 import Geometry
from sqlalchemy import REAL, BigInteger, Boolean, CheckConstraint, DateTime, ForeignKey, Identity, Index, Integer, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import ACCESS, SCHEMA, Base, recorded


def _id() -> Mapped[int]:
    return mapped_column(Integer, Identity(), primary_key=True)


def _moment(nullable: bool = False) -> Mapped[datetime | None]:
    return mapped_column(DateTime(timezone=True), nullable=nullable)


def _of(table: str, *, key: bool = False, nullable: bool = False, schema: str = ACCESS, cascade: bool = True) -> Mapped[int]:
    target = ForeignKey(f"{schema}.{table}.id", ondelete="CASCADE" if cascade else None)
    return mapped_column(Integer, target, primary_key=key, nullable=nullable)


class Person(Base):
    """An account. `ceiling` is the most closed level it may see (data/scope.py); `keeper` the one this installation began with."""

    __tablename__ = "person"
    id: Mapped[int] = _id()
    name: Mapped[str] = mapped_column(Text, unique=True)
    shown: Mapped[str | None] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    ceiling: Mapped[int] = mapped_column(SmallInteger, server_default=text("2"))
    keeper: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    password: Mapped[str | None] = mapped_column(Text)  # Argon2id
    subject: Mapped[str | None] = mapped_column(Text, unique=True)  # issuer and subject of an OpenID Connect account
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    failures: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    locked_until: Mapped[datetime | None] = _moment(nullable=True)
    made_at: Mapped[datetime] = recorded()
    __table_args__ = (
        CheckConstraint("ceiling BETWEEN 0 AND 4", name="ceiling"),
        CheckConstraint("roles <@ ARRAY['viewer','coordinator','analyst','supervisor','legal','auditor','administrator']", name="roles"),
        {"schema": ACCESS},
    )


class Membership(Base):
    """Which agencies a person belongs to."""

    __tablename__ = "membership"
    person_id: Mapped[int] = _of("person", key=True)
    agency_id: Mapped[int] = _of("agency", key=True, schema=SCHEMA)
    __table_args__ = (Index(None, "agency_id"), {"schema": ACCESS})


class Link(Base):
    """A way in that works once; known by its hash alone."""

    __tablename__ = "link"
    hash: Mapped[bytes] = mapped_column(BYTEA, primary_key=True)
    person_id: Mapped[int] = _of("person")
    expires_at: Mapped[datetime] = _moment()
    used_at: Mapped[datetime | None] = _moment(nullable=True)
    __table_args__ = {"schema": ACCESS}


class Screen(Base):
    """A wall display. Its token is exchanged once for a session, and then is none any more.

    `slug` is the last part of its address, made of its name by the database; `playlist` and `follow` are of data/screens.py; `version` moves on with each
    change it has to hear of, `reload` with each time it is to begin anew; `beat` is what it last told of itself.
    """

    __tablename__ = "screen"
    id: Mapped[int] = _id()
    name: Mapped[str] = mapped_column(Text, unique=True)
    agency_id: Mapped[int | None] = _of("agency", schema=SCHEMA, nullable=True, cascade=False)
    ceiling: Mapped[int] = mapped_column(SmallInteger, server_default=text("2"))
    hash: Mapped[bytes | None] = mapped_column(BYTEA, unique=True)
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    made_at: Mapped[datetime] = recorded()
    slug: Mapped[str] = mapped_column(Text, unique=True)
    place: Mapped[str | None] = mapped_column(Text)
    distance_m: Mapped[float] = mapped_column(REAL, server_default=text("5"))  # of the farthest seat
    diagonal_in: Mapped[float] = mapped_column(REAL, server_default=text("55"))
    zones: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    world: Mapped[str | None] = mapped_column(Text)
    turn_s: Mapped[int] = mapped_column(Integer, server_default=text("20"))
    dim: Mapped[str | None] = mapped_column(Text)  # from and to, such as 22:00-06:00, by the first of its zones
    playlist: Mapped[list] = mapped_column(JSONB, server_default=text("'[]'"))
    follow: Mapped[dict | None] = mapped_column(JSONB)
    reload: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    beat_at: Mapped[datetime | None] = _moment(nullable=True)
    beat: Mapped[dict | None] = mapped_column(JSONB)
    __table_args__ = (
        CheckConstraint("ceiling BETWEEN 0 AND 3", name="ceiling"), CheckConstraint("distance_m BETWEEN 0.5 AND 50", name="distance"),
        CheckConstraint("diagonal_in BETWEEN 5 AND 500", name="diagonal"), CheckConstraint("cardinality(zones) <= 4", name="zones"),
        CheckConstraint("world IN ('live', 'exercise')", name="world"), CheckConstraint("turn_s BETWEEN 5 AND 3600", name="turn"), {"schema": ACCESS},
    )


class Session(Base):
    """Somebody signed in, known by the hash of a token that only their browser has."""

    __tablename__ = "session"
    hash: Mapped[bytes] = mapped_column(BYTEA, primary_key=True)
    person_id: Mapped[int | None] = _of("person", nullable=True)
    screen_id: Mapped[int | None] = _of("screen", nullable=True)
    made_at: Mapped[datetime] = recorded()
    seen_at: Mapped[datetime] = recorded()
    expires_at: Mapped[datetime] = _moment()
    idle_s: Mapped[int] = mapped_column(Integer)
    revoked_at: Mapped[datetime | None] = _moment(nullable=True)
    address: Mapped[str | None] = mapped_column(Text)
    lists: Mapped[list[str] | None] = mapped_column(ARRAY(Text))  # what it may see, as `access.lists` made it for policy version `lists_of`
    lists_of: Mapped[int | None] = mapped_column(BigInteger)
    lists_until: Mapped[datetime | None] = _moment(nullable=True)
    __table_args__ = (Index(None, "person_id"), CheckConstraint("(person_id IS NULL) <> (screen_id IS NULL)", name="whose"), {"schema": ACCESS})


class Operation(Base):
    """A joint task force: agencies that share while it lasts."""

    __tablename__ = "operation"
    id: Mapped[int] = _id()
    name: Mapped[str] = mapped_column(Text, unique=True)
    starts_at: Mapped[datetime] = _moment()
    ends_at: Mapped[datetime] = _moment()
    area: Mapped[object | None] = mapped_column(Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=True)
    made_at: Mapped[datetime] = recorded()
    __table_args__ = (CheckConstraint("ends_at > starts_at", name="when"), {"schema": ACCESS})


class Party(Base):
    """What one agency of an operation shares with the others: layers, up to a level."""

    __tablename__ = "party"
    operation_id: Mapped[int] = _of("operation", key=True)
    agency_id: Mapped[int] = _of("agency", key=True, schema=SCHEMA, cascade=False)
    layers: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("ARRAY['movements','seizures','imagery']"))
    ceiling: Mapped[int] = mapped_column(SmallInteger, server_default=text("2"))
    __table_args__ = (
        Index(None, "agency_id"), CheckConstraint("ceiling BETWEEN 0 AND 3", name="ceiling"),
        CheckConstraint("layers <@ ARRAY['movements','seizures','imagery']", name="layers"), {"schema": ACCESS},
    )


class Policy(Base):
    """One row: a number that moves on with every change of what anybody may see."""

    __tablename__ = "policy"
    one: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=text("true"))
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    __table_args__ = (CheckConstraint("one", name="one"), {"schema": ACCESS})
