"""What every table is made with: the schema, the naming of constraints, columns that stand on many."""

from __future__ import annotations

from datetime import datetime

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, CheckConstraint, Computed, DateTime, ForeignKey, Identity, Integer, MetaData, Text, UniqueConstraint, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA, ACCESS, AUDIT = "vigia", "access", "audit"
SCHEMAS = (SCHEMA, ACCESS, AUDIT)


class Base(DeclarativeBase):
    metadata = MetaData(
        schema=SCHEMA,
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s", "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s", "fk": "%(table_name)s_%(column_0_name)s_fkey", "pk": "%(table_name)s_pkey",
        },
    )


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{v}'" for v in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def unique_of_agency(*columns: str) -> UniqueConstraint:
    """One of a kind within its agency: what another has of the same neither merges with it nor tells that it is there."""
    return UniqueConstraint(*columns, "agency_id", postgresql_nulls_not_distinct=True)


def own_key() -> Mapped[int]:
    return mapped_column(BigInteger, Identity(), primary_key=True)


def marking_() -> Mapped[str]:
    return mapped_column(Text, server_default=text("'TLP:AMBER'"))


def agency_(nullable: bool = True) -> Mapped[int | None]:
    return mapped_column(ForeignKey(f"{SCHEMA}.agency.id"), nullable=nullable)


def scope_(of: str = "vigia.scope(agency_id, marking)") -> Mapped[int]:
    """Who owns the row and how closed it is, as one number: what its policy is held against (data/scope.py)."""
    return mapped_column(Integer, Computed(of, persisted=True), nullable=False)


def source_() -> Mapped[int]:
    return mapped_column(ForeignKey(f"{SCHEMA}.source.id"))


def recorded() -> Mapped[datetime]:
    return mapped_column(DateTime(timezone=True), server_default=func.now())


def shape(kind: str, *, nullable: bool = False, dimension: int = 2, srid: int = 4326) -> Mapped[object]:
    # Found by quadkey, so no GiST index is made (design, section 3).
    return mapped_column(Geometry(kind, srid=srid, dimension=dimension, spatial_index=False), nullable=nullable)
