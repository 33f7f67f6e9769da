"""Files on their way in from a browser. The serving role reads none of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import ACCESS, Base, one_of, recorded
from data.records import UPLOAD_STATES


class Upload(Base):
    """One file: whose, what it is to be imported with, and what became of it. Its bytes are in a folder of its id."""

    __tablename__ = "upload"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    person_id: Mapped[int] = mapped_column(Integer, ForeignKey(f"{ACCESS}.person.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text, server_default=text("'coming'"))
    options: Mapped[dict] = mapped_column(JSONB)
    told: Mapped[list] = mapped_column(JSONB, server_default=text("'[]'"))  # a line of the import's report for each file in it
    begun_at: Mapped[datetime] = recorded()
    changed_at: Mapped[datetime] = recorded()
    __table_args__ = (Index("upload_whose", "person_id", "begun_at"), one_of("state", UPLOAD_STATES), CheckConstraint("size_bytes > 0", name="size"), {"schema": ACCESS})
