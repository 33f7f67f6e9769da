"""The clock at T: every layer's state then, the same in counts, tables, tiles and exports, whatever came later and whenever it was known."""

from __future__ import annotations

from datetime import datetime, timedelta

import mapbox_vector_tile
import morecantile
import numpy as np
import pytest
import shapely
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from data import counts, frames, hours, seizures as seizure_queries, settling, tiles_tracks, tracks
from data.filters import Filter
from data.fixes import FixWriter, TrackTold
from data.flags import ON_LAND, TELEPORT
from data.live import LiveWriter
from data.sessions import Database
from data.visitor import visiting
from errors import NotFound
from tests.conftest import TESTER, copied
from tests.data.made import START, seizures, source, us

LAT = 26.0
GAP_M = 30  # minutes: a vessel's, a longer silence breaks its line
WGS84 = Geod(ellps="WGS84")
TMS = morecantile.tms.get("WebMercatorQuad")

Row = tuple[int, int, int, int]
"""Track, minute it was true, minute it was known, flags."""


def moment(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def lon(minute: int) -> float:
    return round(-97 + minute / 1000, 6)


def came(connection, rows: list[Row], number: int, *, imported: bool = False) -> list[int]:
    """These fixes, live or by an import; the ids of their tracks. The place says the minute."""
    told = [TrackTold(f"mmsi:{i}", "vessel", gap_s=GAP_M * 60) for i in range(number)]
    minutes = np.array([row[1] for row in rows])
    columns = {"observed_us": us(START) + minutes * 60_000_000, "lon": np.array([lon(m) for m in minutes]), "lat": np.full(len(rows), LAT),
               "flags": np.array([row[3] for row in rows])}
    if imported:
        with FixWriter(connection, 0, source(connection, 0)) as writer:
            ids = writer.tracks(told)
            writer.write({"track_id": np.array([ids[row[0]] for row in rows]), **columns})
    else:
        writer = LiveWriter(connection, 0, source(connection, 0))
        ids = writer.tracks(told)
        writer.store({"track_id": np.array([ids[row[0]] for row in rows]), **columns})
        for track, minute, known, _ in rows:
            connection.execute("UPDATE fix SET recorded_at = %s WHERE track_id = %s AND observed_at = %s", (moment(known), ids[track], moment(minute)))
    connection.commit()
    return ids


async def asked(database, *questions):
    pool = Database(database.app_url)
    try:
        with visiting(TESTER):
            async with pool.reading() as session:
                return [await question(session) for question in questions]
    finally:
        await pool.close()


def then(rows: list[Row], ids: list[int], at: float, known: float | None) -> dict[int, list[int]]:
    """The minutes of each track's trusted fixes up to a time, of what was known by another."""
    out: dict[int, list[int]] = {}
    for track, minute, told, flags in sorted(rows, key=lambda row: row[1]):
        if minute <= at and (known is None or told <= known) and flags != TELEPORT:
            out.setdefault(ids[track], []).append(minute)
    return out


def steps(minutes: list[int]) -> list[tuple[int, int]]:
    return [(a, b) for a, b in zip(minutes, minutes[1:]) if b - a <= GAP_M]


def length_m(minutes: list[int]) -> float:
    return sum(WGS84.inv(lon(a), LAT, lon(b), LAT)[2] for a, b in steps(minutes))


def drawn(shape) -> set[tuple[float, float]]:
    """The steps of a line, by their longitudes."""
    out = set()
    for part in shapely.get_parts(shape):
        xs = [round(x, 6) for x, _ in part.coords]
        out |= {(min(a, b), max(a, b)) for a, b in zip(xs, xs[1:]) if a != b}
    return out


fact = st.tuples(st.integers(0, 2), st.integers(0, 400), st.integers(0, 120), st.sampled_from((0, 0, 0, ON_LAND, TELEPORT)))
facts = st.lists(fact, min_size=1, max_size=40, unique_by=lambda row: row[:2])
looks = st.lists(st.tuples(st.integers(-5, 420), st.one_of(st.none(), st.integers(0, 520))), min_size=2, max_size=5)


@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.generate])  # each makes a database: to shrink takes minutes
@given(facts, looks, st.booleans())
async def test_every_answer_is_that_of_the_fixes_up_to_then(cluster, template, told, looks, settled):
    rows = [(track, minute, minute + late, flags) for track, minute, late, flags in told]
    with copied(cluster, template) as database, database.connect() as connection:
        ids = came(connection, rows, 3)
        if settled:
            settling.settle(connection, 0, for_s=60)
        for at, known in looks:
            filter = Filter("live", moment(-60), moment(700), moment(at), None if known is None else moment(known))
            wanted = then(rows, ids, at, known)
            number, counted, page, shown = await asked(
                database, lambda s: hours.number(s, filter), lambda s: counts.counts(s, filter), lambda s: tracks.page(s, filter, limit=10, offset=0), lambda s: frames.shown(s, filter))
            assert number == counted["tracks"]["total"] == counted["facets"]["kind"].get("vessel", 0) == page["total"] == len(page["rows"]) == len(wanted), (at, known)
            exported = {row.id: row for row in shown["tracks"].itertuples()}
            assert set(exported) == set(wanted)
            for row in page["rows"]:
                minutes, file = wanted[row["id"]], exported[row["id"]]
                assert (row["fixes"], row["first_at"], row["last_at"], row["lon"]) == (len(minutes), moment(minutes[0]), moment(minutes[-1]), lon(minutes[-1])), (at, known, settled)
                assert row["length_m"] == pytest.approx(length_m(minutes), abs=0.2)
                assert (file.fixes, file.first_at, file.last_at) == (len(minutes), row["first_at"], row["last_at"])
                assert drawn(file.geometry) == {(lon(a), lon(b)) for a, b in steps(minutes)}, (at, known, settled)


async def test_tiles_hold_what_was_there_by_then(database):
    rows = [(0, minute, minute, 0) for minute in (0, 10, 20, 55, 65, 70)] + [(1, 90, 90, 0)]
    with database.connect() as connection:
        came(connection, rows, 2, imported=True)
        for at, wanted in ((5, 1), (20, 3), (66, 5), (200, 7)):
            filter = Filter("live", moment(-60), moment(700), moment(at))
            found, lines = [], []
            for tile in TMS.tiles(-97.01, 25.99, -96.9, 26.01, 12):
                (body,) = await asked(database, lambda s: tiles_tracks.tile(s, filter, 12, tile.x, tile.y))
                layers = mapbox_vector_tile.decode(body) if body else {}
                found += [f["properties"]["t"] for f in layers.get("fixes", {"features": []})["features"]]
                lines += [f["properties"]["t1"] for f in layers.get("tracks", {"features": []})["features"]]
            assert len(found) == wanted and max(found) <= moment(at).timestamp(), at
            assert all(t <= moment(at).timestamp() for t in lines), at


async def test_from_afar_lines_are_those_that_were_known(database, monkeypatch):
    """An hour known in full, one known in part, one that came later: at each zoom what a replay that stopped then would draw, or nothing where it is too much."""
    rows = [(0, minute, known, 0) for minute, known in ((0, 0), (10, 10), (20, 20), (55, 300), (65, 65), (70, 300))] + [(1, minute, 300, 0) for minute in (5, 15)]
    with database.connect() as connection:
        came(connection, rows, 2)
        settling.settle(connection, 0, for_s=60)
        connection.commit()
        for known, tracks_, ends in ((100, {"0"}, {0, 20, 65}), (301, {"0", "1"}, {0, 5, 15, 20, 55, 65, 70})):
            filter = Filter("live", moment(-60), moment(700), known_at=moment(known))
            for z in (6, 8):
                bodies = [(await asked(database, lambda s, t=t: tiles_tracks.tile(s, filter, z, t.x, t.y)))[0] for t in TMS.tiles(-97.01, 25.99, -96.9, 26.01, z)]
                features = [f for body in bodies if body for f in mapbox_vector_tile.decode(body)["tracks"]["features"]]
                times = {round((f["properties"][t] - START.timestamp()) / 60) for f in features for t in ("t0", "t1")}
                assert times <= ends and {min(ends)} <= times and len({f["properties"]["track"] for f in features}) == len(tracks_), (known, z, times)
        monkeypatch.setattr(tiles_tracks, "HOURS_MAX", 1)
        assert await asked(database, *[lambda s, t=t: tiles_tracks.tile(s, filter, 6, t.x, t.y) for t in TMS.tiles(-97.01, 25.99, -96.9, 26.01, 6)]) in ([b""], [b"", b""])


async def test_an_import_draws_no_line_to_a_place_that_is_not_trusted(database):
    rows = [(0, 0, 0, 0), (0, 10, 0, TELEPORT), (0, 20, 0, 0), (1, 5, 0, TELEPORT)]
    with database.connect() as connection:
        ids = came(connection, rows, 2, imported=True)
        assert connection.execute("SELECT count(*) FROM fix").fetchone() == (4,), "what is not trusted is kept"
        assert connection.execute("SELECT track_id, sum(fix_count)::int FROM segment GROUP BY 1").fetchall() == [(ids[0], 2)]
        assert connection.execute("SELECT track_id, ST_X(geom) FROM latest_fix").fetchall() == [(ids[0], lon(20))]
        (one,) = await asked(database, lambda s: tracks.one(s, Filter("live"), ids[0]))
        assert one["left_out"] == {"fixes": 1, "doubts": ["jump"]} and one["fixes"] == 2
        # What was drawn before it was known to be wrong goes when its hour is made anew.
        connection.execute("UPDATE fix SET flags = %s", (TELEPORT,))
        connection.execute("INSERT INTO unsettled (world, track_id, hour, fixes) VALUES (0, %s, %s, 3)", (ids[0], START))
        connection.commit()
        settling.settle(connection, 0, for_s=60)
        assert connection.execute("SELECT (SELECT count(*) FROM segment), (SELECT count(*) FROM cover), (SELECT count(*) FROM flow)").fetchone() == (0, 0, 0)


async def test_seizures_up_to_then(database):
    with database.connect() as connection:
        seizures(connection, np.random.default_rng(1), 60, unplaced=5)
        connection.commit()
        times = sorted(row[0] for row in connection.execute("SELECT started_at FROM seizure"))
        last = connection.execute("SELECT id FROM seizure ORDER BY started_at DESC, id LIMIT 1").fetchone()[0]
    for at in (times[0] - timedelta(seconds=1), times[20], times[-1]):
        filter = Filter("exercise", at=at)
        number, page = await asked(database, lambda s: seizure_queries.count(s, filter), lambda s: seizure_queries.page(s, filter, limit=100, offset=0))
        assert number["total"] == page["total"] == len(page["rows"]) == sum(t <= at for t in times)
    with pytest.raises(NotFound, match="up to"):
        await asked(database, lambda s: seizure_queries.one(s, Filter("exercise", at=times[0]), last))
