"""Counts agree everywhere: timeline, table, totals and the map's own features are one number under one filter."""

from __future__ import annotations

from datetime import timedelta

import mapbox_vector_tile
import morecantile
import numpy as np
import pytest
from tests.data.made import START, seizures, tracks, walk

from data import counts, hours, movement, seizures as seizure_queries, tiles_tracks, timeline
from data import tracks as track_queries
from data.filters import Filter

pytestmark = pytest.mark.asyncio
TMS = morecantile.tms.get("WebMercatorQuad")


@pytest.fixture(scope="module")
def world(module_database):
    rng = np.random.default_rng(3)
    with module_database.connect() as connection:
        tracks(connection, [walk(rng, 120) for _ in range(12)])
        seizures(connection, rng, 140, unplaced=9, aggregates=6)
        seizures(connection, rng, 15, world=0)
        tracks(connection, [walk(rng, 40)], world=0)
        connection.commit()
    return module_database


FILTERS = [
    Filter(world="exercise"),
    Filter(world="live"),
    Filter(world="exercise", start=START + timedelta(days=1), end=START + timedelta(days=4)),
    Filter(world="exercise", start=START + timedelta(hours=5), end=START + timedelta(hours=29), drug=("ats", "heroin"), kind=("vessel",)),
    Filter(world="exercise", start=START + timedelta(hours=7), end=START + timedelta(days=9), min_kg=1.0, max_kg=50.0),
    Filter(world="exercise", bbox=(-97.7, 25.9, -97.3, 26.2), conveyance=("vehicle", "other")),
    Filter(world="exercise", area=((-97.9, 25.7), (-97.2, 25.7), (-97.5, 26.4))),
]


def column_row(z: int, lon: float, lat: float) -> tuple[int, int]:
    tile = TMS.tile(lon, lat, z)
    return tile.x, tile.y


async def tiles(session, query, z: int, layer: str, within: tuple[float, float, float, float] = (-99.5, 20.1, -95.5, 30.8)) -> list[dict]:
    """Every feature of a layer over the ground the data lies on (degrees)."""
    x0, y1 = column_row(z, *within[:2])
    x1, y0 = column_row(z, *within[2:])
    out = []
    for x in range(x0, x1 + 1):
        for y in range(y0, y1 + 1):
            raw = await query(session, z, x, y)
            if raw:
                out += mapbox_vector_tile.decode(raw).get(layer, {"features": []})["features"]
    return out


@pytest.mark.parametrize("filter", FILTERS, ids=range(len(FILTERS)))
async def test_seizures(world, filter: Filter):
    pool = world.pool()
    try:
        async with pool.reading() as session:
            total = await seizure_queries.count(session, filter)
            page = await seizure_queries.page(session, filter, limit=1000, offset=0)
            span = (filter.start or START - timedelta(days=60), filter.end or START + timedelta(days=60))
            lanes = await timeline.lanes(session, filter, (span[0] - timedelta(days=3), span[1] + timedelta(days=2)), 50)
            points = await seizure_queries.points(session, filter)
            by_tile = {z: await tiles(session, lambda s, *t: seizure_queries.tile(s, filter, *t), z, "seizures") for z in (4, 7, 9)}
    finally:
        await pool.close()
    i, j = lanes["window"]
    assert total["total"] == page["total"] == len(page["rows"]) > 0
    assert total["total"] == total["on_map"] + total["unplaced"] + total["aggregates"]
    if filter.start and filter.end:
        assert sum(lanes["seizures"][i:j]) == total["total"]
    else:
        assert sum(lanes["seizures"]) == total["total"]
    assert len(points["id"]) == total["on_map"]
    for z, features in by_tile.items():
        assert sum(f["properties"]["n"] for f in features) == total["on_map"], f"zoom {z}"
    assert sum(r["kg"] or 0 for r in page["rows"]) == pytest.approx(total["kg"])


@pytest.mark.parametrize("filter", FILTERS, ids=range(len(FILTERS)))
async def test_tracks(world, filter: Filter):
    pool = world.pool()
    try:
        async with pool.reading() as session:
            number = await hours.number(session, filter)
            page = await track_queries.page(session, filter, limit=1000, offset=0)
            drawn = await tiles(session, lambda s, *t: tiles_tracks.tile(s, filter, *t), 9, "tracks")
            facets = (await counts.counts(session, filter))["facets"]["kind"]
    finally:
        await pool.close()
    assert number == page["total"] == len(page["rows"]) > 0
    assert {r["id"] for r in page["rows"]} >= {f["properties"]["track"] for f in drawn}
    if not (filter.bbox or filter.area):  # a track cut off by an area may lie wholly outside of the tiles' margin
        assert len({f["properties"]["track"] for f in drawn}) == number
    if not filter.kind:
        assert sum(facets.values()) == number


async def test_fixes_at_high_zoom_are_all_there(world):
    filter = Filter(world="exercise", start=START + timedelta(hours=3), end=START + timedelta(hours=12))
    with world.connect() as connection:
        stored, *within = connection.execute(
            "SELECT count(*), min(ST_X(geom)), min(ST_Y(geom)), max(ST_X(geom)), max(ST_Y(geom)) FROM fix "
            "WHERE world = 1 AND observed_at >= %s AND observed_at < %s", (filter.start, filter.end)).fetchone()
    pool = world.pool()
    try:
        async with pool.reading() as session:
            drawn = await tiles(session, lambda s, *t: tiles_tracks.tile(s, filter, *t), 12, "fixes", tuple(within))
    finally:
        await pool.close()
    assert len(drawn) == stored > 0


async def test_no_query_mixes_the_worlds(world):
    pool = world.pool()
    try:
        async with pool.reading() as session:
            live = await track_queries.page(session, Filter(world="live"), limit=100, offset=0)
            exercise = await track_queries.page(session, Filter(world="exercise"), limit=100, offset=0)
    finally:
        await pool.close()
    assert live["total"] == 1 and exercise["total"] == 12
    assert not {r["id"] for r in live["rows"]} & {r["id"] for r in exercise["rows"]}


async def test_movement_never_goes_past_the_end(world):
    at = START + timedelta(hours=8)
    filter = Filter(world="exercise", start=START, end=START + timedelta(days=9))
    pool = world.pool()
    try:
        async with pool.reading() as session:
            found = await movement.movement(session, filter, at - timedelta(hours=2), at, 8)
    finally:
        await pool.close()
    assert found["total"] == len(found["tracks"]) > 0
    with world.connect() as connection:
        for track in found["tracks"]:
            assert track["t"] == sorted(track["t"])
            assert track["t"][-1] < at.timestamp()
            newest = connection.execute("SELECT extract(epoch FROM max(observed_at))::float8 FROM fix WHERE world = 1 AND track_id = %s AND observed_at < %s",
                                        (track["id"], at)).fetchone()[0]
            assert track["t"][-1] == pytest.approx(newest, abs=0.11)


