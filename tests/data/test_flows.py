"""Flows: what was counted is drawn, at every zoom, wherever a line crosses; imports that meet are merged."""

from __future__ import annotations

from collections import Counter

import mapbox_vector_tile
import numpy as np
import pytest
from tests.data.made import START, tracks, us, walk

from data import flows, tiles_flows, tiles_tracks
from data.filters import Filter
from data.flows import EDGE, Changes, Lines, gathered, passes


def lines_of(vertices: list[tuple[float, float]], segment: int = 1) -> Lines:
    n = len(vertices)
    lon, lat = np.array(vertices).T
    return Lines(np.full(n, segment), lon, lat, np.full(n, 20_000), np.full(n, 1), np.zeros(n, int))


def test_a_line_that_stays_in_one_cell_is_one_pass_and_one_that_moves_is_one_a_crossing():
    still, moving = lines_of([(-97.5, 26.0), (-97.5001, 26.0)]), lines_of([(-97.5, 26.0), (-97.4, 26.0), (-97.3, 26.0)])
    for band, cells, _ in passes(still):
        assert len(cells) == 1 and int(cells[0]) >> 32 == int(cells[0]) & 0xFFFFFFFF, band
    assert {band: len(cells) for band, cells, _ in passes(moving)}[8] == 2


def test_there_and_back_is_one_edge_passed_twice():
    both = lines_of([(-97.5, 26.0), (-97.4, 26.0), (-97.5, 26.0)])
    edges = {band: cells for band, cells, _ in passes(both)}[8]
    assert len(edges) == 2 and edges[0] == edges[1]


@pytest.mark.parametrize("up", [0, 1, 2])
def test_gathering_up_loses_no_pass(up):
    rng = np.random.default_rng(1)
    edges = np.empty(500, EDGE)
    a, b = rng.integers(0, 2**20, 500).astype(np.uint64), rng.integers(0, 2**20, 500).astype(np.uint64)
    edges["cells"], edges["passes"] = np.minimum(a, b) << np.uint64(32) | np.maximum(a, b), rng.integers(1, 9, 500)
    out = gathered(edges, up)
    assert out["passes"].sum() == edges["passes"].sum()
    assert (np.diff(out["cells"].astype(np.int64)) > 0).all()
    wanted = Counter()
    for cells, number in zip(edges["cells"].tolist(), edges["passes"].tolist()):
        low, high = sorted((cells >> 32 >> 2 * up, (cells & 0xFFFFFFFF) >> 2 * up))
        wanted[low << 32 | high] += number
    assert dict(zip(out["cells"].tolist(), out["passes"].tolist())) == wanted


@pytest.mark.asyncio
async def test_a_jump_is_drawn_in_every_tile_it_crosses(database):
    """An aircraft heard of twice, 700 km apart: four tiles of zoom 7, with an end in two of them."""
    with database.connect() as connection:
        t = np.array([us(START), us(START) + 60_000_000])
        tracks(connection, [{"observed_us": t, "lon": np.array([-102.0, -95.0]), "lat": np.array([26.1, 26.1])}], kinds=("aircraft",))
        connection.commit()
    pool = database.pool()
    n = 2**7
    row = int((1 - np.arcsinh(np.tan(np.radians(26.1))) / np.pi) / 2 * n)
    try:
        async with pool.reading() as session:
            drawn = {x: await tiles_tracks.tile(session, Filter(world="exercise"), 7, x, row) for x in range(24, 33)}
    finally:
        await pool.close()
    first, last = (int((lon + 180) / 360 * n) for lon in (-102.0, -95.0))
    assert last - first >= 2
    assert {x for x, body in drawn.items() if body} == set(range(first, last + 1))


@pytest.mark.asyncio
@pytest.mark.parametrize("z", [0, 1, 2, 3, 5, 8])
async def test_the_passes_of_a_zoom_are_those_kept(database, z):
    rng = np.random.default_rng(6)
    with database.connect() as connection:
        tracks(connection, [walk(rng, 90) for _ in range(5)])
        connection.commit()
        rows = connection.execute("SELECT block, edges FROM flow WHERE band = %s AND span_d = 30", (max(z, 3),)).fetchall()
    kept = sum(int(e["passes"][flows.block_of(e["cells"] >> np.uint64(32)) == np.uint64(block)].sum())
               for block, body in rows for e in (np.frombuffer(body, EDGE),))
    pool = database.pool()
    n, found = 2**z, 0
    try:
        async with pool.reading() as session:
            for x in range(int((-99.5 + 180) / 360 * n), int((-95.5 + 180) / 360 * n) + 1):
                for y in range(int(n * 0.41), int(n * 0.44) + 1):
                    body = await tiles_tracks.tile(session, Filter(world="exercise"), z, x, y)
                    layer = mapbox_vector_tile.decode(body)["tracks"] if body else {"features": []}
                    found += sum(f["properties"]["passes"] for f in layer["features"])
    finally:
        await pool.close()
    # Over a border of tiles an edge is drawn on both sides, and counted in both.
    assert kept <= found <= kept * 1.1 and kept > 50


def test_a_tile_of_too_many_edges_is_drawn_in_a_wider_grid(monkeypatch):
    rng = np.random.default_rng(2)
    a = np.unique(rng.integers(0, 2**16, 4000)).astype(np.uint64)
    edges = np.empty(len(a), EDGE)
    edges["cells"], edges["passes"] = a << np.uint64(32) | a, 1
    whole = mapbox_vector_tile.decode(tiles_flows.drawn([("vessel", 0, edges.tobytes())], 0, 0, 0))["tracks"]["features"]
    monkeypatch.setattr(tiles_flows, "EDGES_MAX", 2000)
    fewer = mapbox_vector_tile.decode(tiles_flows.drawn([("vessel", 0, edges.tobytes())], 0, 0, 0))["tracks"]["features"]
    assert sum(f["properties"]["passes"] for f in whole) == sum(f["properties"]["passes"] for f in fewer) == len(a)
    number = [sum(len(f["geometry"]["coordinates"]) for f in some if f["geometry"]["type"] == "MultiLineString") for some in (whole, fewer)]
    assert number[0] == len(a) and number[1] <= 2000


def test_imports_that_meet_are_summed_and_what_cancels_out_is_gone(database):
    line = lines_of([(-97.5, 26.0), (-97.4, 26.0), (-97.3, 26.1)])

    def settled(connection, sign: int) -> dict:
        with Changes() as changes:
            changes.add(line, sign)
            flows.settle(connection, 1, changes)
        rows = connection.execute("SELECT band, span_d, edges FROM flow").fetchall()
        return {(band, span, int(e["cells"])): int(e["passes"]) for band, span, body in rows for e in np.frombuffer(body, EDGE)}

    with database.connect() as connection:
        once = settled(connection, 1)
        assert set(once.values()) <= {1, 2} and len({k[0] for k in once}) == len(flows.BANDS)
        assert settled(connection, 1) == {key: 2 * n for key, n in once.items()}
        assert settled(connection, -1) == once
        assert settled(connection, -1) == {}
        assert connection.execute("SELECT count(*) FROM flow").fetchone() == (0,)
