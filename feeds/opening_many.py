"""Inside the sandbox: many files, each opened by a process of its own that was forked before any of them was looked at. For tests of what is hostile."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import rasterio
from pyproj import Transformer

from feeds.opening import Bad
from feeds.opening_imagery import inspect, to_cog

WALL_S = 60


def opened(input: str) -> dict:
    """What became of each file of a folder: made, refused (with why), signal N, or failed (with the error that nobody foresaw)."""
    with rasterio.Env():  # drivers and PROJ once, not in each child
        Transformer.from_crs(32614, 4326)
    return {path.name: _one(path.resolve()) for path in sorted(Path(input).iterdir())}


def _one(path: Path) -> str:
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        _child(path, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read(1 << 16)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}"
    return json.loads(told) if told else f"failed: ended with code {os.waitstatus_to_exitcode(status)}"


def _child(path: Path, writing: int) -> None:
    signal.alarm(WALL_S)
    folder = tempfile.mkdtemp(dir=".")
    os.chdir(folder)
    try:
        told = inspect(str(path))
        to_cog(str(path), told)
        said = "made"
    except (Bad, MemoryError) as bad:
        said = f"refused: {bad}"
    except BaseException as error:
        said = f"failed: {type(error).__module__}.{type(error).__name__}: {error}"
    os.chdir("..")
    shutil.rmtree(folder, ignore_errors=True)
    os.write(writing, json.dumps(said[:400]).encode())
    sys.stderr.flush()
    os._exit(0)
