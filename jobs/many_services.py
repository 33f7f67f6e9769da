"""Alerts by Apprise, to whichever service its address names. The package is not needed for anything else: requirements-apprise.txt brings it."""

from __future__ import annotations

import logging
import os
import warnings

import stamina

from data.outgoing import DestinationRefused, is_here
from jobs.outgoing import TRIES, NotTaken, subject

logging.getLogger("apprise").setLevel(logging.CRITICAL)  # what it says of a failure may hold an address, and an address is a secret here


def service(scheme: str, variable: str | None):
    """What Apprise makes of the address that a variable holds. Raises DestinationRefused: which never says the address."""
    address = os.environ.get(variable or "")
    if not address:
        raise DestinationRefused(f"an address of Apprise is a secret: --secret-variable names an environment variable that holds it, and {variable or 'none'} holds none")
    if address.split("://")[0].casefold() != scheme.casefold():
        raise DestinationRefused(f"the address in {variable} is not one of {scheme[:40]}://")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of what its many parts are made with
        try:
            import apprise
        except ImportError:
            raise DestinationRefused("Apprise is not installed: .venv/bin/pip install -r requirements-apprise.txt") from None
        made = apprise.Apprise.instantiate(address, asset=apprise.AppriseAsset(async_mode=False, plugin_paths=[]), suppress_exceptions=True)
    if made is None:
        raise DestinationRefused(f"Apprise can make nothing of the address in {variable}")
    safe = made.secure_protocol if isinstance(made.secure_protocol, (tuple, list)) else (made.secure_protocol,)
    if scheme.casefold() not in safe and not is_here(made.host or ""):
        raise DestinationRefused(f"{scheme[:40]}:// to another machine is not encrypted, expected one of {', '.join(filter(None, safe)) or 'no service: it has none that is'}")
    made.redirects = False  # where it goes is what the keeper named
    return made


@stamina.retry(on=NotTaken, attempts=TRIES, timeout=30.0)
def notify(delivery: dict) -> None:
    """Tell it: what happened in a line, then all of it as JSON."""
    try:
        told = service(delivery["address"], delivery["secret_variable"])
    except DestinationRefused as error:
        raise OSError(str(error)) from None
    if not told.notify(body=delivery["body"].decode(), title=subject(delivery["told"])):
        raise NotTaken("the service did not take it")
