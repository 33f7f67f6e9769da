"""Seizures or fixes of a filter as the visitor at hand sees them, streamed by a cursor of the server's: never more than one part of them here."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Literal

import numpy as np
import pyarrow as pa
from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from data import partitions
from data.filters import Filter
from data.in_parts import in_parts
from data.models import Agency, Fix, Seizure, Track
from data.seizures import ON_MAP

Of = Literal["seizures", "fixes"]
AT_ONCE = 20_000  # rows fetched at a time
SLOW = "SET LOCAL statement_timeout = '900s'"  # the first fetch may have to sort
TEXT, TIME = pa.string(), pa.timestamp("us", "UTC")
# Column: its type. The names are those of analysis/points.py, where it has one.
COLUMNS: dict[Of, dict[str, pa.DataType]] = {
    "seizures": {
        "id": pa.int64(), "lon": pa.float64(), "lat": pa.float64(), "t": TIME, "recorded_at": TIME, "time_span": TEXT, "kg": pa.float64(), "drug": TEXT, "precision_m": pa.float32(),
        "found_by": TEXT, "conveyance": TEXT, "origin": TEXT, "transit": TEXT, "destination": TEXT, "agency": TEXT, "marking": TEXT},
    "fixes": {"track": pa.int64(), "lon": pa.float64(), "lat": pa.float64(), "t": TIME, "recorded_at": TIME, "precision_m": pa.float32(), "speed_mps": pa.float32(), "course_deg": pa.float32()},
}
OF_TRACK = {"kind": TEXT, "agency": TEXT, "marking": TEXT}  # of each fix, looked up here: a join would be sorted anew


async def streamed(session: AsyncConnection, filter: Filter, of: Of, rows: int) -> AsyncGenerator[pa.Table, None]:
    """Tables of `rows` rows, the last with what is left; of seizures those that are single and placed. Ask in a snapshot, and close it (`aclosing`): a cursor is open."""
    await session.execute(text(SLOW))
    held: list[pa.RecordBatch] = []
    async with aclosing(_seizures(session, filter) if of == "seizures" else _fixes(session, filter)) as batches:
        async for batch in batches:
            held.append(batch)
            while sum(one.num_rows for one in held) >= rows:
                table = pa.Table.from_batches(held)
                yield table.slice(0, rows)
                held = table.slice(rows).to_batches()
    if held:
        yield pa.Table.from_batches(held)


async def unplaced(session: AsyncConnection, filter: Filter) -> int:
    """Seizures of the filter that have no place, or are several published as one: they are in no part."""
    return await session.scalar(select(func.count()).where(*filter.seizures(), ~ON_MAP))


def _seizures(session: AsyncConnection, filter: Filter) -> AsyncGenerator[pa.RecordBatch, None]:
    asked = (select(
        Seizure.id, func.ST_X(Seizure.geom), func.ST_Y(Seizure.geom), Seizure.started_at, Seizure.recorded_at, Seizure.time_span, Seizure.kg, Seizure.drug, Seizure.precision_m,
        Seizure.found_by, Seizure.conveyance, Seizure.origin, Seizure.transit, Seizure.destination, Agency.name, Seizure.marking)
        .outerjoin(Agency, Agency.id == Seizure.agency_id).where(*filter.seizures(), ON_MAP).order_by(Seizure.started_at, Seizure.id))
    return _fetched(session, asked, COLUMNS["seizures"])


async def _fixes(session: AsyncConnection, filter: Filter) -> AsyncGenerator[pa.RecordBatch, None]:
    """Month by month, in each by track and time: as the key has them, so that nothing is sorted."""
    tracks = (await session.execute(select(Track.id, Track.kind, Agency.name, Track.marking).outerjoin(Agency, Agency.id == Track.agency_id).where(
        Track.world == filter.world_code).order_by(Track.id))).all()
    ids = np.array([row[0] for row in tracks], np.int64)
    about = {name: pa.array([row[i] for row in tracks], OF_TRACK[name]) for i, name in enumerate(OF_TRACK, 1)}
    for start, end in await partitions.months(session, filter.world_code):
        if (window := _within(filter, start, end)) is None:
            continue
        asked = select(Fix.track_id, func.ST_X(Fix.geom), func.ST_Y(Fix.geom), Fix.observed_at, Fix.recorded_at, Fix.accuracy_m, Fix.speed_mps, Fix.course_deg).where(
            *window.positions()).order_by(Fix.track_id, Fix.observed_at, Fix.qk)
        async with aclosing(_fetched(session, asked, COLUMNS["fixes"])) as batches:
            async for batch in batches:
                which = pa.array(np.searchsorted(ids, batch.column("track").to_numpy()))
                yield pa.RecordBatch.from_arrays([*batch.columns, *(column.take(which) for column in about.values())], [*batch.schema.names, *about])


def _within(filter: Filter, start: datetime | None, end: datetime | None) -> Filter | None:
    """The filter's window within these times, None is open; None where there is none."""
    starts, ends = [t for t in (filter.start, start) if t], [t for t in (filter.end, end) if t]
    low, high = max(starts, default=None), min(ends, default=None)
    return None if low and high and low >= high else filter.but(start=low, end=high)


async def _fetched(session: AsyncConnection, asked: Select, columns: dict[str, pa.DataType]) -> AsyncGenerator[pa.RecordBatch, None]:
    async with aclosing(in_parts(session, asked, AT_ONCE)) as found:
        async for some in found:
            yield pa.RecordBatch.from_arrays([pa.array(column, kind) for column, kind in zip(zip(*some), columns.values())], list(columns))
