"""The one-shot worker: files from outside are opened by a fresh process that can do no harm when they are hostile.

It has no network, no database address, an empty environment, limits on memory, processor time and file size, and where
possible a user of no rights (feeds/sandbox.py). What it answers is JSON; what it made lies in the working folder.
"""

from __future__ import annotations

import errno
import json
import os
import pwd
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from data import WORKER_ENVIRONMENT
from errors import FileRefused, Refusal, WorkerFailed
from settings import ROOT

ANSWER_MAX = 64 << 20
FULL = (os.strerror(errno.ENOSPC).encode(), os.strerror(errno.EDQUOT).encode())


@dataclass(frozen=True)
class Limits:
    """What one task may use."""

    memory_mb: int = 3_000  # address space
    cpu_s: int = 600
    file_mb: int = 20_000
    wall_s: float = 900.0


SMALL = Limits(memory_mb=2_000, cpu_s=60, file_mb=2_000, wall_s=120)


@contextmanager
def workroom(path: Path) -> Iterator[tuple[Path, Path]]:
    """A folder for one task with a copy of the file in it: (folder, copy). Gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="vigia-"))
    try:
        copy = folder / f"input{path.suffix.lower()}"
        shutil.copyfile(path, copy)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for item in (folder, copy):
                os.chown(item, nobody.pw_uid, nobody.pw_gid)
        yield folder, copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def gathered(paths: list[Path]) -> tuple[Path, list[str]]:
    """A folder with copies of several files, named by their places (`0.jpg`, `1.jpg` …): (folder, names). The caller takes it away.

    What can't be copied has an empty name: whose turn it is refuses it.
    """
    folder, names = Path(tempfile.mkdtemp(prefix="vigia-")), []
    for number, path in enumerate(paths):
        name = f"{number}{path.suffix.lower()}"
        try:
            shutil.copyfile(path, folder / name)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                shutil.rmtree(folder, ignore_errors=True)
                raise
            (folder / name).unlink(missing_ok=True)
            name = ""
        names.append(name)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for item in (folder, *(folder / name for name in names if name)):
            os.chown(item, nobody.pw_uid, nobody.pw_gid)
    return folder, names


def run(task: str, told: dict, *, name: str, folder: Path, limits: Limits = SMALL) -> dict:
    """Run a task of feeds/sandbox.py in `folder`; its answer. Raises FileRefused, WorkerFailed, and OSError when the disk is full.

    `name` is what the file is called to the person.
    """
    process = subprocess.Popen(
        [sys.executable, "-I", str(ROOT / "feeds" / "sandbox.py"), task],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, start_new_session=True,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": str(folder), "HOME": str(folder), **WORKER_ENVIRONMENT},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
    )
    request = json.dumps({"root": str(ROOT), "told": told, "limits": asdict(limits)}).encode()
    try:
        out, err = process.communicate(request, timeout=limits.wall_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise FileRefused(Refusal(name, None, None, None, f"a file that opens within {limits.wall_s:.0f} s")) from None
    # libtiff goes on after a write that failed; what it says is the only sure sign.
    if any(words in err for words in FULL):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    if process.returncode < 0:
        raise FileRefused(Refusal(
            name, None, None, None, f"a file that opens; its reader was ended by signal {-process.returncode} "
                                    f"(a broken or hostile file, or more than {limits.memory_mb} MB or {limits.cpu_s} s)"))
    if len(out) > ANSWER_MAX:
        raise WorkerFailed(f"{name}: the worker answered {len(out) >> 20} MB, at most {ANSWER_MAX >> 20} are read")
    try:
        answer = json.loads(out)
    except ValueError:
        last = err.decode("utf-8", "replace").strip().splitlines()
        if any("MemoryError" in line or "bad_alloc" in line or "Cannot allocate" in line for line in last):
            raise FileRefused(Refusal(name, None, None, None, f"a file that opens within {limits.memory_mb} MB of memory")) from None
        raise WorkerFailed(f"{name}: the worker stopped with code {process.returncode}: {last[-1][:200] if last else 'no word'}") from None
    if refused := answer.get("refused"):
        raise FileRefused(Refusal(name, refused.get("line"), refused.get("field"), refused.get("value"), refused["expected"]))
    return answer["done"]


def read_vector(path: Path, task: str = "vector.read") -> tuple[pa.Table, list[Refusal]]:
    """A file of shapes as a clean table, and what of it is refused. Raises FileRefused.

    `vector.read` gives its properties, `geometry` (WKB, EPSG:4326) and `row`, a row a feature; `movements.read` a row a
    position (feeds/opening_movements.py).
    """
    with workroom(path) as (folder, copy):
        run(task, {"input": copy.name}, name=path.name, folder=folder, limits=Limits(memory_mb=3_000, cpu_s=120, file_mb=4_000, wall_s=180))
        refused = pa.parquet.read_table(folder / "refused.parquet").to_pylist()
        return pa.parquet.read_table(folder / "clean.parquet"), [Refusal(path.name, **r) for r in refused]


def xlsx_rows(path: Path) -> list[list]:
    """The first sheet of a workbook as rows of text. Raises FileRefused."""
    with workroom(path) as (folder, copy):
        return run("table.xlsx", {"input": copy.name}, name=path.name, folder=folder)["rows"]
