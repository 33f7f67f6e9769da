"""Progress on a terminal: a bar for each step that takes long, one line each where nobody watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from errors import plain

Told = Callable[[str, float, float | None], None]
"""`progress(step, done, total)`: `total` is None while nobody knows it; the step is over when `done` reaches it.

A step `Exercise: roads` is the bar `Exercise`, and what it is at: its words change, the bar goes on.
"""

BESIDE = 28 + 5 + 7 + 6  # columns of bar, share, time and the gaps
QUIET_S = 10  # without a terminal a running step is told this often


@contextmanager
def shown() -> Iterator[Told]:
    """Gives `progress(step, done, total)`, and closes the bars at the end."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=28), TaskProgressColumn("{task.percentage:>3.0f} %", ""),
               TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, int] = {}

        def progress(step: str, done: float, total: float | None) -> None:
            name, _, at = step.partition(": ")
            if name not in tasks:
                tasks[name] = bars.add_task("", total=total)
            finished = total is not None and done >= total
            bars.update(tasks[name], description=short(name if finished or not at else f"{name}: {at}", console.width - BESIDE), completed=done, total=total)

        yield progress
        for task in bars.tasks:  # a step that ended without knowing how long it was
            if task.total is None:
                bars.update(task.id, total=1, completed=1)


def short(words: str, columns: int) -> str:
    """Words in at most so many columns, their middle left out: a file's name ends with what tells it apart."""
    words, most = plain(words), max(16, min(60, columns))
    return words if len(words) <= most else f"{words[: most // 2 - 1]}…{words[-(most - most // 2):]}"


def _lines() -> Told:
    told: dict[str, float] = {}
    began: dict[str, float] = {}

    def progress(step: str, done: float, total: float | None) -> None:
        now = time.monotonic()
        name, _, at = step.partition(": ")
        began.setdefault(name, now)
        finished = total is not None and done >= total
        if name not in told or (finished and told[name] != float("inf")) or now - told[name] >= QUIET_S:
            share = f" {100 * done / total:.0f} %" if total else ""
            took = f" in {now - began[name]:.1f} s" if finished and name in told else ""
            shown = name if finished or not at else f"{name}: {at}"
            print(f"vigia: {plain(shown)}{share}{took}", file=sys.stderr, flush=True)
            told[name] = float("inf") if finished else now

    return progress
