"""What the tests of who may see what ask with, and what they look at afterwards."""

from __future__ import annotations

import json
import time

LIVE = "world=live"
CANARY = {"Alfa": "CANARY-ALFA-7731", "Bravo": "CANARY-BRAVO-9924"}
WHY = {"X-Purpose": "investigation", "X-Case": "2026-114"}
PASSWORD = "seven otters mend a lamp"


def ask(server, path: str, token: str | None = None, method: str = "GET", **more):
    headers = {**({"Cookie": f"vigia={token}"} if token else {}), **more.pop("headers", {})}
    return server.request(method, path, headers=headers, follow_redirects=False, **more)


def sign_in(server, name: str, password: str, target: str = "/"):
    return ask(server, "/sign-in", None, "POST", data={"name": name, "password": password, "next": target})


def with_grace(server, token: str, status: int) -> None:
    """The guard may believe what it knows for two seconds, and no longer."""
    until = time.monotonic() + 120
    while ask(server, "/api/me", token).status_code != status:
        assert time.monotonic() < until
        time.sleep(0.1)


def entries(module_database, since: int = 0) -> list[dict]:
    with module_database.connect() as connection:
        return [json.loads(row[0]) for row in connection.execute("SELECT entry FROM audit.entry WHERE seq >= %s ORDER BY seq", (since,))]
