"""What can be known before anything is installed: may we serve there, is the address free. The standard library only."""

from __future__ import annotations

import ipaddress
import os
import socket

from errors import PortBusy, SettingsInvalid

HOST, PORT = "127.0.0.1", 8050


def check(words: list[str]) -> None:
    """Look at a command's words: for `up`, whether its address can be served on. Raises SettingsInvalid, PortBusy."""
    if words[:1] != ["up"] or "--help" in words:
        return
    host = _told(words, "--host") or os.environ.get("VIGIA_HOST") or HOST
    port = _told(words, "--port") or os.environ.get("VIGIA_PORT") or str(PORT)
    if port.isdecimal():  # anything else is the command line's to refuse
        secured = "--behind-proxy" in words or (_told(words, "--tls-cert") is not None and _told(words, "--tls-key") is not None)
        check_host(host, secured=secured, origin=os.environ.get("VIGIA_PUBLIC_ORIGIN"))
        check_port(host, int(port))


def check_host(host: str, *, secured: bool = False, origin: str | None = None) -> None:
    """Other machines are served behind TLS alone, under a name that is told. Raises SettingsInvalid."""
    if is_loopback(host):
        return
    if not secured:
        raise SettingsInvalid(
            f"--host {host} is refused: other machines are served behind TLS alone; give --tls-cert FILE and --tls-key FILE, "
            "or --behind-proxy when a proxy in front of it does that"
        )
    if not origin:
        raise SettingsInvalid(f"--host {host} is refused: set VIGIA_PUBLIC_ORIGIN to the address people use, such as https://vigia.example.org")


def is_loopback(host: str) -> bool:
    """Whether an address reaches this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_port(host: str, port: int) -> None:
    """Raises PortBusy when somebody listens there."""
    bound(host, port).close()


def bound(host: str, port: int) -> socket.socket:
    """A socket that has the address, so that nobody takes it meanwhile. Raises PortBusy, SettingsInvalid."""
    if not 0 < port < 65536:
        raise SettingsInvalid(f"--port {port}: expected a number from 1 to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        # Two may be bound to one address, but only one may listen; a stranger who connects meanwhile is told nothing.
        taken.listen(0)
    except OSError as error:
        taken.close()
        if isinstance(error, PermissionError):
            raise SettingsInvalid(f"port {port} may not be used by this user; take one above 1023 with --port") from None
        raise PortBusy(
            f"port {port} on {host} is in use; stop what uses it or take another with --port, such as --port {port + 1}"
        ) from None
    return taken


def _told(words: list[str], option: str) -> str | None:
    for i, word in enumerate(words):
        if word == option and i + 1 < len(words):
            return words[i + 1]
        if word.startswith(f"{option}="):
            return word.split("=", 1)[1]
    return None
