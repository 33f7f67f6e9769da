"""The Python packages: makes .venv and installs the pinned lists into it, with progress.

Run by the door with any Python that fits, before anything is installed: the standard library and nothing else. What
is done is noted last, as a copy of the list in .venv, so that a break is followed by the same again.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from errors import DiskFull, SetupFailed, VigiaError  # noqa: E402
from install import before  # noqa: E402

QUIET_S = 10  # without a terminal a long step is told this often
NEEDED_MB = 2500  # packages, browser libraries and database of a first start


def main(arguments: list[str]) -> int:
    """`packages.py VENV LIST… -- the words of the command`."""
    cut = arguments.index("--")
    venv, lists, words = Path(arguments[0]), arguments[1:cut], arguments[cut + 1:]
    try:
        before.check(words)
        install(venv, [ROOT / name for name in lists])
    except VigiaError as error:
        print(f"vigia: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nvigia: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def install(venv: Path, lists: list[Path]) -> None:
    """Bring `venv` to the lists. Raises DiskFull, SetupFailed."""
    python = venv / "bin" / "python"
    if not _fits(python):
        _room(venv.parent)
        _say(f"making a Python {sys.version_info[0]}.{sys.version_info[1]} environment in {venv.name}")
        done = subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SetupFailed(f"no Python environment could be made in {venv}: {_last(done.stdout + done.stderr)}")
    if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        subprocess.run([python, "-m", "ensurepip"], capture_output=True, check=False)
    for path in lists:
        wanted = f"# Python {_version(python)}\n{path.read_text()}"
        kept = venv / path.name
        if kept.exists() and kept.read_text() == wanted:
            continue
        kept.unlink(missing_ok=True)
        _pip(python, path, venv / "pip.log")
        kept.write_text(wanted)


def _pip(python: Path, path: Path, log: Path) -> None:
    total = len(re.findall(r"^[A-Za-z0-9_.-]+(?:\[[^\]]*\])?==", path.read_text(), re.M))
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off",
               "--prefer-binary", "-r", str(path)]
    bar = _Bar(f"Python packages ({path.name})", total)
    with open(log, "w") as kept, subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", stdin=subprocess.DEVNULL,
    ) as process:
        try:
            errors = []
            for line in process.stdout:
                kept.write(line)
                if line.startswith(("Collecting ", "Requirement already satisfied: ")):
                    bar.step(line.split()[1] if line[0] == "C" else line.split()[3])
                elif line.startswith("Installing collected packages"):
                    bar.installing(python)
                elif line.startswith("ERROR:"):
                    errors.append(line[6:].strip())
            code = process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
            bar.close()
    if code:
        raise SetupFailed(
            f"the packages of {path.name} could not be installed: {errors[-1][:300] if errors else f'pip ended with {code}'} "
            f"(see {log}); check the network and run the same command again"
        )


class _Bar:
    """One line on a terminal, a line now and then elsewhere: what is fetched, then how much of it is installed."""

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.done, self.name = what, max(total, 1), 0, ""
        self.phase = "fetching"
        self.began = self.told = time.monotonic()
        self.terminal = sys.stderr.isatty()
        self.site: Path | None = None
        self.closed = threading.Event()
        _say(f"{self.what}: {self.total} to fetch and install")
        self.thread = threading.Thread(target=self._tick, daemon=True)
        self.thread.start()

    def step(self, name: str) -> None:
        self.done, self.name = min(self.done + 1, self.total), re.split(r"[=<>\[;~!]", name)[0]

    def installing(self, python: Path) -> None:
        found = next(iter(sorted((python.parent.parent / "lib").glob("python3*/site-packages"))), None)
        self.phase, self.site, self.name = "installing", found, ""

    def close(self) -> None:
        self.closed.set()
        self.thread.join()
        if self.terminal:
            print("\r\033[K", end="", file=sys.stderr)
        _say(f"{self.what}: {time.monotonic() - self.began:.0f} s")

    def _tick(self) -> None:
        while not self.closed.wait(0.3):
            if self.site is not None:
                self.done = min(sum(1 for _ in self.site.glob("*.dist-info")), self.total)
            if self.terminal:
                full = 24 * self.done // self.total
                print(f"\r\033[K  {self.phase} [{'#' * full}{'.' * (24 - full)}] {self.done}/{self.total} {self.name[:30]}",
                      end="", file=sys.stderr, flush=True)
            elif time.monotonic() - self.told >= QUIET_S:
                self.told = time.monotonic()
                _say(f"{self.what}: {self.phase} {self.done} of {self.total}")


def _room(folder: Path) -> None:
    free_mb = shutil.disk_usage(folder).free // 2**20
    if free_mb < NEEDED_MB:
        raise DiskFull(
            f"{free_mb} MB free in {folder}, a first start needs {NEEDED_MB} MB; make room and run the same command again"
        )


def _version(python: Path) -> str | None:
    """Such as "3.11"; None when it does not run."""
    try:
        done = subprocess.run(
            [python, "-ISc", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True, check=False,
        )
    except OSError:
        return None
    return done.stdout.strip() or None


def _fits(python: Path) -> bool:
    """True for an environment that is whole: of a Python in range, with packages made for that Python."""
    version = _version(python)
    return version in ("3.11", "3.12", "3.13") and (python.parent.parent / "lib" / f"python{version}" / "site-packages").is_dir()


def _say(line: str) -> None:
    print(f"vigia: {line}", file=sys.stderr, flush=True)


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
