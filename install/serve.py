"""The server process: uvicorn on a socket that is ours already, until it is told to stop."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from settings import serve as serve_settings

APP = "app:server"
GRACE_S = 3  # a wall's stream never ends by itself
LOST_MS = 60_000  # a browser that acknowledges nothing for so long is gone: the system's own fifteen minutes would keep its streams' places


def lets_go(listening: socket.socket) -> None:
    """Whatever it accepts is let go after LOST_MS, where the system knows how to."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, LOST_MS)


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
    lets_go(listening)
    server = Server(config)
    server.run(sockets=[listening])
    if not server.started:
        raise SetupFailed("the server did not start; what it said is above")
