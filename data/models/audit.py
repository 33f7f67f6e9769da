"""The record: entries in their order, the hashes of their tree, its signed heads, and the salts of what is told in it as a hash."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, Index, SmallInteger, Text
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import AUDIT, Base


class Entry(Base):
    """One look, sign-in, export …: `entry` is the very text whose bytes were hashed."""

    __tablename__ = "entry"
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    entry: Mapped[str] = mapped_column(Text)
    leaf: Mapped[bytes] = mapped_column(BYTEA)
    __table_args__ = (Index(None, "at"), {"schema": AUDIT})


class Node(Base):
    """The hash over the entries number * 2^level and on, where they are all there (data/merkle.py)."""

    __tablename__ = "node"
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(BYTEA)
    __table_args__ = {"schema": AUDIT}


class Head(Base):
    """The tree's root at a size, signed (Ed25519): what is handed to the other agencies."""

    __tablename__ = "head"
    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(BYTEA)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    signature: Mapped[bytes] = mapped_column(BYTEA)
    key: Mapped[bytes] = mapped_column(BYTEA)
    __table_args__ = {"schema": AUDIT}


class Salt(Base):
    """What names and numbers of a day were hashed with. Without it nobody can tell any more what they were, and every proof still holds."""

    __tablename__ = "salt"
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    salt: Mapped[bytes] = mapped_column(BYTEA)
    __table_args__ = {"schema": AUDIT}
