"""Progress on a terminal: a bar for each step that takes long, one line each where nobody watches."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

console = Console(stderr=True, highlight=False)
QUIET_S = 10  # without a terminal a running step is told this often


@contextmanager
def shown():
    """Gives `progress(step, done, total)`, and closes the bars at the end."""
    if not console.is_terminal:
        yield _lines()
        return
    with Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(),
                  console=console, transient=False) as bars:
        tasks: dict[str, int] = {}

        def progress(step: str, done: float, total: float | None) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield progress


def _lines():
    told: dict[str, float] = {}

    def progress(step: str, done: float, total: float | None) -> None:
        now = time.monotonic()
        finished = total is not None and done >= total
        if step not in told or finished or now - told[step] >= QUIET_S:
            share = f" {100 * done / total:.0f} %" if total else ""
            print(f"vigia: {step}{share}", file=sys.stderr, flush=True)
            told[step] = float("inf") if finished else now

    return progress
