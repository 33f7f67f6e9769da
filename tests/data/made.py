"""Small worlds for the tests of this room: a source, tracks, seizures."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np

from data.fixes import FixWriter, TrackTold
from data.quadkey import qk
from data.seizure_rows import SeizureRow, SeizureWriter

START = datetime(2026, 11, 20, tzinfo=timezone.utc)


def source(connection, world: int = 1, name: str = "made") -> int:
    return connection.execute(
        "INSERT INTO source (world, layer, kind, name, sha256, size_bytes, format) VALUES (%s, 'tracks', 'file', %s, md5(%s), 1, 'csv') "
        "RETURNING id", (world, name, f"{name}{world}"),
    ).fetchone()[0]


def us(moment: datetime) -> int:
    return int(moment.timestamp() * 1e6)


def touch(connection, layer: str, world: int = 1) -> None:
    """Say that a layer's data changed, as every import does."""
    connection.execute(
        "INSERT INTO data_state (world, layer, version) VALUES (%s, %s, 1) ON CONFLICT (world, layer) DO UPDATE SET version = data_state.version + 1",
        (world, layer))


def walk(rng: np.random.Generator, n: int, *, step_s: tuple[int, int] = (20, 600), gaps: float = 0.05) -> dict[str, np.ndarray]:
    """A walk near Brownsville with some long silences."""
    dt = rng.integers(*step_s, n) + (rng.random(n) < gaps) * 9000
    return {
        "observed_us": us(START) + np.cumsum(dt) * 1_000_000, "lon": -97.5 + np.cumsum(rng.normal(0, 0.004, n)),
        "lat": 26 + np.cumsum(rng.normal(0, 0.004, n)),
    }


def tracks(connection, walks: list[dict], *, world: int = 1, kinds=("vessel", "vehicle", "tag"), agency: int | None = None,
           marking: str | None = None, prefix: str | None = None) -> list[int]:
    """Store walks as tracks `t:0`, `t:1` … (or `prefix-0` …); their ids."""
    with FixWriter(connection, world, source(connection, world, prefix or "made")) as writer:
        ids = writer.tracks([TrackTold(f"{prefix}-{i}" if prefix else f"t:{i}", kinds[i % len(kinds)], f"Track {i}", agency_id=agency, marking=marking)
                             for i in range(len(walks))])
        for track_id, one in zip(ids, walks):
            writer.write({"track_id": np.full(len(one["lon"]), track_id), **one})
    return ids


def seizures(connection, rng: np.random.Generator, n: int, *, world: int = 1, unplaced: int = 0, aggregates: int = 0,
             agency: int | None = None) -> None:
    """n placed seizures round Brownsville over ten days, and some of the other sorts."""
    rows = []
    for i in range(n + unplaced + aggregates):
        at = START + timedelta(seconds=int(rng.integers(0, 864_000)))
        span = [timedelta(seconds=1), timedelta(days=1), timedelta(days=30)][int(rng.integers(0, 3)) if i % 5 == 0 else 0]
        placed = not n <= i < n + unplaced
        lon, lat = float(rng.normal(-97.5, 0.3)), float(rng.normal(26, 0.2))
        rows.append(SeizureRow(
            content=i.to_bytes(4, "big") + bytes([world]), started_at=at, ended_at=at + span, time_span="event" if span.days == 0 else "range",
            lon=lon if placed else None, lat=lat if placed else None, qk=int(qk(np.array([lon]), np.array([lat]))[0]) if placed else None,
            precision_m=100.0, place=None, drug=("cocaine", "ats", "cannabis", "heroin")[i % 4], drug_told="x", quantity=1.0, unit="kg",
            kg=float(rng.lognormal(1, 2)) if i % 7 else None, kg_rule="weight", event_count=3 if i >= n + unplaced else 1,
            aggregate=i >= n + unplaced, conveyance=("vehicle", "vessel", None)[i % 3], concealment=None, origin=None, transit=None,
            destination=None, found_by=None, agency_id=agency, marking=None, line=i, extra={},
        ))
    writer = SeizureWriter(connection, world, source(connection, world, f"seizures{agency or ''}"))
    assert writer.put(rows) == len(rows)


def spread(connection, rng: np.random.Generator, n: int, *, days: int, world: int = 1, agency: int | None = None, box: tuple = (-98.8, 25.4, -96.8, 27.0)) -> None:
    """n exact seizures of cocaine and cannabis, anywhere in a box (west, south, east, north), in the days before START."""
    west, south, east, north = box
    rows = []
    for i in range(n):
        at = START - timedelta(seconds=int(rng.integers(0, days * 86_400)))
        lon, lat = float(rng.uniform(west, east)), float(rng.uniform(south, north))
        rows.append(SeizureRow(
            content=i.to_bytes(4, "big") + b"spread" + bytes([world]), started_at=at, ended_at=at + timedelta(seconds=1), time_span="event", lon=lon, lat=lat,
            qk=int(qk(np.array([lon]), np.array([lat]))[0]), precision_m=100.0, place=None, drug=("cocaine", "cannabis")[i % 2], drug_told="x", quantity=1.0, unit="kg",
            kg=float(rng.lognormal(1, 1)), kg_rule="weight", event_count=1, aggregate=False, conveyance="vehicle", concealment=None, origin=None, transit=None, destination=None,
            found_by=None, agency_id=agency, marking=None, line=i, extra={}))
    assert SeizureWriter(connection, world, source(connection, world, f"spread{agency or ''}")).put(rows) == n
