"""The system's own packages: installed by apt where there is apt, told by name elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass

from errors import ProgramMissing, SetupFailed
from install.progress import shown
from settings import store


@dataclass(frozen=True)
class Names:
    """What a thing is called by each of the package managers."""

    apt: str
    dnf: str
    brew: str


NAMES = {
    "PostGIS": Names("postgresql postgresql-postgis", "postgresql-server postgis", "postgresql@18 postgis"),
    "Chromium": Names("chromium", "chromium", "--cask chromium"),
    "Mosquitto": Names("mosquitto", "mosquitto", "mosquitto"),
    "Pango": Names("libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0", "pango", "pango"),
}
LISTS_UPDATED: set[str] = set()


def install(what: str, packages: Callable[[], list[str]]) -> None:
    """Install by apt, with sudo when we are not root; says first what. `packages` is asked once apt's lists are fresh.

    Raises ProgramMissing where there is no apt, with the commands for this system and others; SetupFailed.
    """
    if not shutil.which("apt-get"):
        raise ProgramMissing(by_hand(what))
    before = _as_root(what)
    if "apt" not in LISTS_UPDATED:
        _say(f"{what} is missing; asking apt for its lists")
        _apt([*before, "apt-get", "update", "-q"], what)
        LISTS_UPDATED.add("apt")
    names = packages()
    _say(f"installing {what} by {' '.join([*before, 'apt-get install', *names])}")
    command = [*before, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-q", "--no-install-recommends",
               *names]
    with _no_cluster(before) if what == "PostGIS" else nullcontext():
        _apt(command, what)


def by_hand(what: str) -> str:
    """The exact commands for a system whose package manager is not driven here."""
    names = NAMES[what]
    return (
        f"{what} is missing, and this system has no apt. Install it, then run the same command again:\n"
        f"  Debian, Ubuntu: sudo apt-get install {names.apt}\n"
        f"  Fedora, RHEL:   sudo dnf install {names.dnf}\n"
        f"  macOS:          brew install {names.brew}"
    )


def _as_root(what: str) -> list[str]:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        subprocess.run(["sudo", "-v"], check=False)  # asks for the password now, before any bar is drawn
        return ["sudo"]
    raise ProgramMissing(f"{what} is missing and there is no sudo; as root run: apt-get install {NAMES[what].apt}")


@contextmanager
def _no_cluster(before: list[str]) -> Iterator[None]:
    """Debian makes and starts a cluster on port 5432 with the package. Ours is private, so nobody asked for that one."""
    folder = "/etc/postgresql-common/createcluster.d"
    if os.path.isdir("/etc/postgresql-common"):  # installed before: its keeper has decided
        yield
        return
    put = f'mkdir -p {folder} && echo "create_main_cluster = false" > {folder}/vigia.conf'
    subprocess.run([*before, "sh", "-c", put], stdin=subprocess.DEVNULL, check=False)
    try:
        yield
    finally:
        subprocess.run([*before, "rm", "-f", f"{folder}/vigia.conf"], stdin=subprocess.DEVNULL, check=False)


def _apt(command: list[str], what: str) -> None:
    """Run apt under a bar, from what it tells of itself; all it says is kept. Raises SetupFailed."""
    told: list[str] = []
    step = f"{what} by apt" if "install" in command else "apt's lists"
    log = store().home / "apt.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    # Status lines come on a descriptor of their own, as packages ask questions on stdout; opened by a shell inside of
    # sudo, which lets none through.
    before = command[:1] if command[0] == "sudo" else []
    inner = ["sh", "-c", 'exec "$@" 3>&1 1>&2', "sh", *command[len(before):], "-o", "APT::Status-Fd=3",
             "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=120"]
    with open(log, "a") as kept, shown() as progress, subprocess.Popen(
        [*before, *inner], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace",
    ) as process:
        progress(step, 0, 100)
        for line in process.stdout:
            kind, *parts = line.split(":", 3)
            if kind in ("dlstatus", "pmstatus") and len(parts) > 1:
                # Fetching is the first half of the bar, unpacking and setting up the second.
                with suppress(ValueError):
                    progress(step, min(99.0, float(parts[1]) / 2 + (50 if kind == "pmstatus" else 0)), 100)
                continue
            kept.write(line)
            if line.startswith("E:"):
                told.append(line.strip())
        process.wait()
        progress(step, 100, 100)
    if process.returncode:
        why = told[0][:300] if told else f"it ended with {process.returncode}"
        raise SetupFailed(f"apt could not install {what}: {why} (see {log})")


def _say(line: str) -> None:
    print(f"vigia: {line}", file=sys.stderr, flush=True)
