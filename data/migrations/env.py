"""How Alembic meets our tables: one schema, as the owner role, partitions and derived indexes left alone."""

from __future__ import annotations

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import create_engine, pool, text

from data.models import SCHEMA, SCHEMAS, Base

PARTITIONED = ("fix", "segment", "cover", "flow")


def include_name(name, kind, parents) -> bool:
    if kind == "schema":
        return name in SCHEMAS
    if kind == "table":
        # Partitions are made as data comes (data/partitions.py), by the parent's own definition.
        return not any(name.startswith(f"{table}_") for table in PARTITIONED)
    return True


def run() -> None:
    """Run on the connection that `data.migrations` hands over, or on `sqlalchemy.url`."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _migrate(connection)
        return
    engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
    with engine.begin() as connection:
        _migrate(connection)


def _migrate(connection) -> None:
    connection.execute(text("SET LOCAL search_path = public"))
    # PostGIS lives in `public`; without this Alembic would see our schema as the default one and leave its name out.
    connection.dialect.default_schema_name = "public"
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_schemas=True,
        include_name=include_name,
        include_object=alembic_helpers.include_object,
        render_item=alembic_helpers.render_item,
        process_revision_directives=alembic_helpers.writer,
        version_table_schema=SCHEMA,
        compare_type=True,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
