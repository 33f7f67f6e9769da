"""The server process: uvicorn on a socket that is ours already, until it is told to stop."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from settings import serve as serve_settings

APP = "app:server"
GRACE_S = 3  # a wall's stream never ends by itself


def serve(listening: socket.socket, ready: Callable[[], None], *, tls: tuple[Path | None, Path | None] = (None, None), behind_proxy: bool = False) -> None:
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
        ssl_certfile=tls[0], ssl_keyfile=tls[1],
        # Who asks is told by the proxy's headers only when there is one: anybody could send them.
        proxy_headers=behind_proxy, forwarded_allow_ips=serve_settings().proxy_address if behind_proxy else "",
    )
    server = Server(config)
    server.run(sockets=[listening])
    if not server.started:
        raise SetupFailed("the server did not start; what it said is above")
