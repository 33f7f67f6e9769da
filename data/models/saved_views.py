"""Saved views of the page, in versions, and short links to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, DateTime, ForeignKey, Identity, Index, Integer, PrimaryKeyConstraint, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import ACCESS, Base, agency_, marking_, one_of, own_key, recorded, scope_
from data.records import MARKINGS

STATE_MAX = 4000


class SavedView(Base):
    """One version of a saved view. `state` is the page's address as text (data/page_state.py); the version that has not ended is the one there is."""

    __tablename__ = "saved_view"
    id: Mapped[int] = mapped_column(Integer, Identity())
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    world: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[int] = mapped_column(Integer, ForeignKey(f"{ACCESS}.person.id", ondelete="CASCADE"))
    private: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    agency_id: Mapped[int | None] = agency_()
    operation_id: Mapped[int | None] = mapped_column(Integer, ForeignKey(f"{ACCESS}.operation.id", ondelete="SET NULL"))
    marking: Mapped[str] = marking_()
    scope: Mapped[int] = scope_()
    made_at: Mapped[datetime] = recorded()
    made_by: Mapped[str] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (PrimaryKeyConstraint("id", "version"), Index("saved_view_now", "world", postgresql_where=text("ended_at IS NULL")), one_of("marking", MARKINGS),
                      CheckConstraint(f"length(state) BETWEEN 1 AND {STATE_MAX}", name="state"), CheckConstraint("NOT (private AND operation_id IS NOT NULL)", name="private"))


class ShortLink(Base):
    """A short address that leads to a state, or to what a saved view is when it is opened. It gives no rights."""

    __tablename__ = "short_link"
    id: Mapped[int] = own_key()
    code: Mapped[str] = mapped_column(Text, unique=True)
    person_id: Mapped[int] = mapped_column(Integer, ForeignKey(f"{ACCESS}.person.id", ondelete="CASCADE"))
    state: Mapped[str | None] = mapped_column(Text)
    view_id: Mapped[int | None] = mapped_column(Integer)
    made_at: Mapped[datetime] = recorded()
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    opened: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # how often, by anybody but its maker
    opened_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (Index("short_link_whose", "person_id", "made_at"), CheckConstraint("(state IS NULL) <> (view_id IS NULL)", name="leads"), {"schema": ACCESS})
