"""What ETags and kept tiles are known by: a number for each world and layer, moved on with every change."""

from __future__ import annotations

import psycopg


def touch(connection: psycopg.Connection, world: int, layer: str) -> None:
    """The layer's data changed: caches and ETags move on."""
    connection.execute(
        "INSERT INTO data_state (world, layer, version) VALUES (%s, %s, 1) "
        "ON CONFLICT (world, layer) DO UPDATE SET version = data_state.version + 1, changed_at = now()", (world, layer),
    )
