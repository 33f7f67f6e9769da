"""How many threads numbers are worked out in."""

from __future__ import annotations

from threadpoolctl import threadpool_limits


def one_thread() -> threadpool_limits:
    """Threads of OpenMP and BLAS wait for each other by spinning: on a machine that does other work too, two take many times as long as one."""
    return threadpool_limits(1)
