"""An analysis over parts on many machines, by Dask: requirements-scale.txt brings it, and nothing else needs it.

Workers count parts they read from a folder that all machines see under one name; what is added up comes back here. Only so many parts are in hand as workers
have threads, twice, so neither they nor this process hold more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import geopandas as gpd

from analysis.ground import Ground, Step, unwatched
from analysis.in_parts import InParts, Partial, able, added
from errors import PointsRefused, SchedulerRefused
from feeds import parts
from feeds.parts import Part

WAIT_S = 30


def over(method: object, told: Sequence[Part], ground: Ground, scheduler: str, step: Step = unwatched) -> gpd.GeoDataFrame:
    """The same as analysis/in_parts.py gives here, to the bit. Raises SchedulerRefused where nobody answers, or Dask is not installed."""
    able_ = able(method)
    on = able_.prepared(ground)
    with _client(scheduler) as client:
        frame = able_.finish(added(_counted(client, able_, told, ground, on, step)), ground, on)
    step(1.0)
    return frame


def counted(job: tuple[InParts, Ground, Any], part: Part) -> Partial:
    """One part, on the worker that was given it."""
    method, ground, on = job
    try:
        return method.counted_part(parts.read(part), ground, on)
    except PointsRefused as error:
        raise PointsRefused(f"{part.path.name}: {error}") from error


def _client(scheduler: str):
    try:
        from distributed import Client
    except ImportError:
        raise SchedulerRefused("Dask is not installed: .venv/bin/pip install -r requirements-scale.txt") from None
    try:
        client = Client(scheduler, timeout=WAIT_S, set_as_default=False)
    except (OSError, ValueError, ImportError) as error:
        raise SchedulerRefused(f"no scheduler of Dask answers at {scheduler[:100]!r} ({type(error).__name__}): start one with `.venv/bin/dask scheduler`") from error
    if not client.scheduler_info()["workers"]:
        client.close()
        raise SchedulerRefused(f"the scheduler at {scheduler[:100]} has no workers: start some with `.venv/bin/dask worker {scheduler[:100]}` in the house's folder")
    return client


def _counted(client, method: InParts, told: Sequence[Part], ground: Ground, on: Any, step: Step) -> Iterator[Partial]:
    from distributed import as_completed

    (job,) = client.scatter([(method, ground, on)], broadcast=True)
    most = 2 * sum(client.nthreads().values())
    waiting, done = iter(told), 0
    # pure=False: the same part under the same name may hold something else than the last time
    under_way = as_completed([client.submit(counted, job, part, pure=False) for _, part in zip(range(most), waiting)], loop=client.loop)
    for future in under_way:
        partial = future.result()
        future.release()
        if (part := next(waiting, None)) is not None:
            under_way.add(client.submit(counted, job, part, pure=False))
        done += 1
        step(0.1 + 0.8 * done / len(told))
        yield partial
