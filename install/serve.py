"""The server process: uvicorn on a socket that is ours already, until it is told to stop."""

from __future__ import annotations

import socket
from collections.abc import Callable

APP = "app:server"
GRACE_S = 3  # a wall's stream never ends by itself


def serve(listening: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; `ready()` is called once requests are answered. Raises Stopped at the end."""
    import uvicorn

    from errors import SetupFailed

    class Server(uvicorn.Server):
        async def startup(self, sockets=None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

    config = uvicorn.Config(
        APP, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=GRACE_S,
    )
    server = Server(config)
    server.run(sockets=[listening])
    if not server.started:
        raise SetupFailed("the server did not start; what it said is above")
