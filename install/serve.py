"""The server process: the address is checked first, then uvicorn runs until it is told to stop."""

from __future__ import annotations

import ipaddress
import socket

from errors import PortBusy, SettingsInvalid


def check_host(host: str) -> None:
    """Until there is access control only this machine may ask. Raises SettingsInvalid."""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise SettingsInvalid(
            f"--host {host} is refused: there is no sign-in yet, so Vigia serves this machine only (127.0.0.1 or ::1)"
        )


def check_port(host: str, port: int) -> None:
    """Raises PortBusy when somebody listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortBusy(f"port {port} on {host} is in use ({error.strerror}); stop what uses it or take --port") from None


def serve(host: str, port: int, ready) -> None:
    """Serve until SIGINT or SIGTERM; `ready()` is called once requests are answered."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets=None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

    config = uvicorn.Config("app:server", host=host, port=port, log_level="warning", server_header=False, access_log=False,
                            timeout_graceful_shutdown=3)
    Server(config).run()
