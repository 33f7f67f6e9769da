"""Analysis: a run and its cells."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Double, ForeignKey, Index, Integer, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import SCHEMA, Base, marking_, own_key, recorded, shape


class Run(Base):
    """One analysis: inputs, parameters, version, seed, score."""

    __tablename__ = "run"
    id: Mapped[int] = own_key()
    world: Mapped[int] = mapped_column(SmallInteger)
    method: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)  # sha256 of filter, parameters, version and data state: the same question, asked once
    filter: Mapped[dict] = mapped_column(JSONB)
    parameters: Mapped[dict] = mapped_column(JSONB)
    version: Mapped[str] = mapped_column(Text)
    seed: Mapped[int] = mapped_column(BigInteger)
    score: Mapped[dict | None] = mapped_column(JSONB)
    summary: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))
    marking: Mapped[str] = marking_()  # the strictest of the rows it was made of
    agencies: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default=text("'{}'"))  # whose rows these were
    seen_as: Mapped[str] = mapped_column(Text, server_default=text("coalesce(current_setting('vigia.scope', true), '')"))  # whose look it was made of
    created_at: Mapped[datetime] = recorded()
    __table_args__ = (UniqueConstraint("world", "method", "key"),)


class RunCell(Base):
    """One H3 cell of a run, at one resolution."""

    __tablename__ = "run_cell"
    run_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.run.id", ondelete="CASCADE"), primary_key=True)
    resolution: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    h3: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    cell: Mapped[int] = mapped_column(BigInteger)
    n: Mapped[int] = mapped_column(Integer)  # seizures in the cell
    n_around: Mapped[int] = mapped_column(Integer)  # with its neighbours: what the mask is held against
    kg: Mapped[float | None] = mapped_column(Double)
    z: Mapped[float] = mapped_column(Double)
    p: Mapped[float] = mapped_column(Double)
    q: Mapped[float] = mapped_column(Double)  # p under false-discovery-rate control
    level: Mapped[int] = mapped_column(SmallInteger)  # 3 far more, 2 many more, 1 more, 0 as chance would give, -1 fewer
    outline: Mapped[object] = shape("POLYGON")
    __table_args__ = (Index(None, "run_id", "resolution", "cell"),)
