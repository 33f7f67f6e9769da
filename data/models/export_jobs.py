"""Files that are made by the queue for whoever asked. The serving role reads none of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import ACCESS, Base, one_of, recorded
from data.records import EXPORT_STATES


class ExportJobRow(Base):
    """One file: whose, what it is to be, what for, and what became of it. Its bytes are in a folder, under its id, until it expires."""

    __tablename__ = "export_job"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    person_id: Mapped[int] = mapped_column(Integer, ForeignKey(f"{ACCESS}.person.id", ondelete="CASCADE"))
    format: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str | None] = mapped_column(Text)
    case_told: Mapped[str | None] = mapped_column(Text)
    recipient: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default=text("'waiting'"))
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    failure: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    media_type: Mapped[str | None] = mapped_column(Text)
    row_count: Mapped[int | None] = mapped_column(Integer)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    release_id: Mapped[int | None] = mapped_column(BigInteger)
    seen_as: Mapped[str | None] = mapped_column(Text)
    asked_at: Mapped[datetime] = recorded()
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (Index("export_job_whose", "person_id", "asked_at"), one_of("state", EXPORT_STATES), CheckConstraint("(state = 'done') = (sha256 IS NOT NULL)", name="done"), {"schema": ACCESS})
