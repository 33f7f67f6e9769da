"""The ground: border sections and the gazetteer."""

from __future__ import annotations

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, Double, Index, Integer, REAL, Text
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import Base, shape


class BorderSection(Base):
    """A piece of 10 to 50 km of a land border. Reference: it belongs to no world."""

    __tablename__ = "border_section"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    country_a: Mapped[str] = mapped_column(Text)
    country_b: Mapped[str] = mapped_column(Text)
    ordinal: Mapped[int] = mapped_column(Integer)
    length_m: Mapped[float] = mapped_column(Double)
    cell: Mapped[int] = mapped_column(BigInteger)
    line: Mapped[object] = mapped_column(Geometry("LINESTRING", srid=4326, spatial_index=False))
    __table_args__ = (Index(None, "cell"), Index("border_section_line", "line", postgresql_using="gist"))


class Place(Base):
    """The gazetteer. Reference: it belongs to no world."""

    __tablename__ = "place"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(Text)  # lower case, no accents: what a search is held against
    country: Mapped[str] = mapped_column(Text)
    admin: Mapped[str | None] = mapped_column(Text)
    population: Mapped[int | None] = mapped_column(Integer)
    precision_m: Mapped[float] = mapped_column(REAL)
    geom: Mapped[object] = shape("POINT")
    qk: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (Index(None, "folded"), Index(None, "qk"))
