"""Sheets are printed one at a time: each takes up to 2 GB of memory (exports/printing.py)."""

from __future__ import annotations

from anyio import CapacityLimiter, to_thread

from exports import printing

_one_at_a_time: list[CapacityLimiter] = []


async def pdf(page: bytes) -> bytes:
    """A page of ours as PDF, beside the event loop. Raises LibraryMissing, WorkerFailed."""
    if not _one_at_a_time:  # made inside of the event loop it belongs to
        _one_at_a_time.append(CapacityLimiter(1))
    return await to_thread.run_sync(printing.pdf, page, limiter=_one_at_a_time[0])
