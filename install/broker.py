"""The MQTT broker of the tests: the distribution's Mosquitto."""

from __future__ import annotations

import os
import shutil

from errors import ProgramMissing
from install import system

PLACES = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"  # which are not on everybody's path


def path() -> str | None:
    """The broker's program, or None."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:{PLACES}")


def ensure() -> str:
    """The broker's program, installed when missing. Raises ProgramMissing, SetupFailed."""
    if not path():
        system.install("Mosquitto", lambda: ["mosquitto"])
    if (found := path()) is None:
        raise ProgramMissing(system.by_hand("Mosquitto"))
    return found
