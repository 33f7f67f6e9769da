"""The system's own packages: installed by apt where there is apt, told by name elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from errors import ProgramMissing, SetupFailed


def apt(packages: list[str], why: str) -> None:
    """Install packages by apt, with sudo when we are not root. Raises SetupFailed, ProgramMissing."""
    if not shutil.which("apt-get"):
        raise ProgramMissing(
            f"{why} is missing, and this system has no apt. Install it and run the same command again:\n"
            f"  Debian, Ubuntu: sudo apt-get install {' '.join(packages)}\n"
            f"  Fedora, RHEL:   sudo dnf install {DNF[why]}\n"
            f"  macOS:          brew install {BREW[why]}"
        )
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    before: list[str] = []
    if os.geteuid() != 0:
        if not shutil.which("sudo"):
            raise ProgramMissing(f"{why} is missing; as root run: apt-get install {' '.join(packages)}")
        before = ["sudo"]
    print(f"vigia: installing {why} by apt: {' '.join(packages)}", file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Debian starts a cluster of its own after installing PostgreSQL; ours is private, so that one is not asked for.
    kept_out = [*before, "env", "DEBIAN_FRONTEND=noninteractive", "PG_CREATE_MAIN_CLUSTER=false"]
    for step in ([*kept_out, "apt-get", "update", "-qq"], [*kept_out, *command]):
        done = subprocess.run(step, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            told = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.splitlines()[-1:] or ["?"]
            raise SetupFailed(f"apt could not install {why}: {told[0][:300]}")


DNF = {"PostGIS": "postgresql-server postgis", "Chromium": "chromium", "node and npm": "nodejs npm"}
BREW = {"PostGIS": "postgresql@17 postgis", "Chromium": "--cask chromium", "node and npm": "node"}
