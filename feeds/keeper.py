"""A connection that is kept from one question to the next."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import psycopg

from data.sessions import owner_connection


class Keeper:
    """The connection that feeds are followed by: kept, and opened anew when it broke. For one question at a time."""

    def __init__(self, owner_url: str):
        self._owner_url, self._open = owner_url, ExitStack()
        self._connection: psycopg.Connection | None = None

    def ask(self, question: Callable[[psycopg.Connection], Any]) -> Any:
        """What is answered, committed. Raises psycopg.Error, DatabaseUnreachable."""
        if self._connection is None:
            self._connection = self._open.enter_context(owner_connection(self._owner_url))
        try:
            answer = question(self._connection)
            self._connection.commit()
            return answer
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._connection = None
        self._open.close()
