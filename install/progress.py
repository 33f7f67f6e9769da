"""Progress on a terminal: a bar for each step that takes long, one line each where nobody watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

Told = Callable[[str, float, float | None], None]
"""`progress(step, done, total)`: `total` is None while nobody knows it; the step is over when `done` reaches it."""

QUIET_S = 10  # without a terminal a running step is told this often


@contextmanager
def shown() -> Iterator[Told]:
    """Gives `progress(step, done, total)`, and closes the bars at the end."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=28), TextColumn("{task.percentage:>3.0f} %"),
               TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, int] = {}

        def progress(step: str, done: float, total: float | None) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step[:60], total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield progress
        for task in bars.tasks:  # a step that ended without knowing how long it was
            if task.total is None:
                bars.update(task.id, total=1, completed=1)


def _lines() -> Told:
    told: dict[str, float] = {}
    began: dict[str, float] = {}

    def progress(step: str, done: float, total: float | None) -> None:
        now = time.monotonic()
        began.setdefault(step, now)
        finished = total is not None and done >= total
        if step not in told or (finished and told[step] != float("inf")) or now - told[step] >= QUIET_S:
            share = f" {100 * done / total:.0f} %" if total else ""
            took = f" in {now - began[step]:.1f} s" if finished and step in told else ""
            print(f"vigia: {step}{share}{took}", file=sys.stderr, flush=True)
            told[step] = float("inf") if finished else now

    return progress
