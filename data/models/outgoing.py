"""Where alerts are sent, if anywhere, and what became of each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, Identity, Index, Integer, SmallInteger, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import SCHEMA, Base, agency_, one_of, recorded
from data.records import DELIVERY_STATES, DESTINATION_KINDS


class Destination(Base):
    """A webhook or a mailbox. No secret is in it, but the name of a variable that has one."""

    __tablename__ = "destination"
    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    world: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    secret_variable: Mapped[str | None] = mapped_column(Text)
    agency_id: Mapped[int | None] = agency_()
    ceiling: Mapped[int] = mapped_column(SmallInteger)  # the level of the most closed marking it is sent
    made_at: Mapped[datetime] = recorded()
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (Index("destination_now", "world", "name", unique=True, postgresql_where=text("ended_at IS NULL")), one_of("kind", DESTINATION_KINDS))


class Delivery(Base):
    """One alert to one destination. Withheld: its marking or its agency does not let it out there."""

    __tablename__ = "delivery"
    destination_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.destination.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    alert_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.alert.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(Text)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    told_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    trouble: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (Index("delivery_waiting", "destination_id", postgresql_where=text("state = 'waiting'")), one_of("state", DELIVERY_STATES))
