"""In an operation with an area nothing is shared that lies outside of it: of no table, and the snapshot for streams says the same."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from data import people
from data.fixes import FixWriter, TrackTold
from data.policy import view
from data.quadkey import qk
from data.scope import scope
from data.sessions import Database
from data.visitor import visiting
from tests.data.made import START, source, us

AREA = shapely.MultiPolygon([shapely.box(-97.6, 25.9, -97.4, 26.1), shapely.box(-97.2, 25.9, -97.1, 26.1)])
ELSEWHERE = shapely.box(-97.44, 25.9, -97.0, 26.1)
NOW = datetime.now(timezone.utc)
INSIDE, OUTSIDE, ACROSS = [-97.55, -97.5, -97.45], [-98.2, -98.15, -98.1], [-97.5, -97.45, -97.3, -97.25]


def path(connection, agency: int, key: str, lon: list[float], marking: str | None = None) -> int:
    """A vessel along a parallel, a fix an hour and two minutes apart from the last in the same hour."""
    with FixWriter(connection, 0, source(connection, 0, key)) as writer:
        (track,) = writer.tracks([TrackTold(key, "vessel", key, agency_id=agency, marking=marking)])
        writer.write({"track_id": np.full(len(lon), track), "observed_us": us(START) + np.arange(len(lon)) * 600_000_000, "lon": np.array(lon), "lat": np.full(len(lon), 26.0)})
    return track


def placed(connection, agency: int, name: str, lon: float | None, source_id: int) -> None:
    """A seizure, a reader and a picture at a place (a picture of nowhere there is not)."""
    key = None if lon is None else int(qk(np.array([lon]), np.array([26.0]))[0])
    connection.execute("""
        INSERT INTO seizure (world, content, started_at, ended_at, time_span, geom, qk, place, drug, drug_told, agency_id, source_id)
        VALUES (0, convert_to(%(name)s, 'UTF8'), %(at)s, %(at)s + interval '1 second', 'event', ST_SetSRID(ST_MakePoint(%(lon)s, 26), 4326), %(qk)s, %(name)s, 'cocaine', 'x', %(agency)s, %(source)s)
    """, {"name": name, "at": START, "lon": lon, "qk": key, "agency": agency, "source": source_id})
    if lon is not None:
        connection.execute("INSERT INTO reader (world, key, name, geom, qk, agency_id, source_id) VALUES (0, %s, %s, ST_SetSRID(ST_MakePoint(%s, 26), 4326), %s, %s, %s)",
                           (name, name, lon, key, agency, source_id))


def picture(connection, agency: int, name: str, west: float, east: float, source_id: int) -> None:
    connection.execute("""
        INSERT INTO image (world, name, captured_at, footprint, cell, gsd_m, width_px, height_px, bands, dtype, crs, min_zoom, max_zoom, sha256, original, cog, agency_id, source_id)
        SELECT 0, %(name)s, %(at)s, ST_Multi(e), vigia.cell(e), 1, 10, 10, 3, 'uint8', 'EPSG:4326', 5, 20, %(name)s, %(name)s, %(name)s, %(agency)s, %(source)s
        FROM ST_MakeEnvelope(%(west)s, 25.95, %(east)s, 26.05, 4326) e
    """, {"name": name, "at": START, "west": west, "east": east, "agency": agency, "source": source_id})


def film(connection, agency: int, name: str, west: float, east: float, source_id: int) -> None:
    connection.execute("""
        WITH made AS (
          INSERT INTO video (world, name, started_at, ended_at, duration_s, codec, width_px, height_px, rate_hz, extent, sha256, original, served, agency_id, source_id)
          SELECT 0, %(name)s, %(at)s, %(at)s, 1, 'h264', 10, 10, 10, ST_MakeEnvelope(%(west)s, 25.95, %(east)s, 26.05, 4326), %(name)s, %(name)s, %(name)s, %(agency)s, %(source)s
          RETURNING id
        ) INSERT INTO video_look (video_id, at) SELECT id, %(at)s FROM made
    """, {"name": name, "at": START, "west": west, "east": east, "agency": agency, "source": source_id})


@pytest.fixture(scope="module")
def shared(module_database):
    with module_database.connect() as connection:
        alfa, bravo = (people.add_agency(connection, name, None) for name in ("Alfa", "Bravo"))
        path(connection, alfa, "own", OUTSIDE)
        for key, lon in (("inside", INSIDE), ("outside", OUTSIDE), ("across", ACROSS)):
            path(connection, bravo, key, lon)
        path(connection, bravo, "strict", INSIDE, "TLP:AMBER+STRICT")
        of = source(connection, 0, "placed")
        connection.execute("UPDATE source SET agency_id = %s WHERE world = 0", (bravo,))
        for name, lon in (("s-inside", -97.5), ("s-other", -97.15), ("s-outside", -98.0), ("s-nowhere", None)):
            placed(connection, bravo, name, lon, of)
        for name, west, east in (("i-inside", -97.55, -97.45), ("i-across", -97.45, -97.35), ("i-outside", -98.1, -98.0)):
            picture(connection, bravo, name, west, east, of)
            film(connection, bravo, name.replace("i-", "v-"), west, east, of)
        connection.execute("INSERT INTO unsettled (world, track_id, hour, fixes) SELECT 0, id, %s, 1 FROM track WHERE world = 0", (START,))
        connection.execute("INSERT INTO sortie (world, key, agency_id, source_id) VALUES (0, 'sortie', %s, %s)", (bravo, of))
        connection.commit()
    return module_database


@pytest.fixture
async def pool(shared):
    pool = Database(shared.app_url)
    yield pool
    await pool.close()


@pytest.fixture
def ana(shared):
    name = f"ana{datetime.now().timestamp()}"
    return shared.person(name, agencies=["Alfa"])


@pytest.fixture
def operation(shared):
    """Dorado, which Bravo shares everything in; gone after the test."""
    with shared.connect() as connection:
        people.add_operation(connection, "Dorado", NOW - timedelta(hours=1), NOW + timedelta(days=1), area=AREA)
        for agency in ("Alfa", "Bravo"):
            people.share(connection, "Dorado", agency, ["movements", "seizures", "imagery"], "TLP:AMBER")
        connection.commit()
    yield
    with shared.connect() as connection:
        connection.execute("DELETE FROM access.operation")
        connection.commit()


NAMED = {
    "track": "SELECT key FROM vigia.track WHERE world = 0", "latest_fix": "SELECT t.key FROM vigia.latest_fix l JOIN vigia.track t ON t.id = l.track_id",
    "segment": "SELECT t.key FROM vigia.segment s JOIN vigia.track t ON t.id = s.track_id WHERE NOT s.gap",
    "cover": "SELECT t.key FROM vigia.cover c JOIN vigia.track t ON t.id = c.track_id",
    "fix": "SELECT t.key || round(ST_X(f.geom)::numeric, 2) FROM vigia.fix f JOIN vigia.track t ON t.id = f.track_id",
    "seizure": "SELECT place FROM vigia.seizure", "image": "SELECT name FROM vigia.image", "reader": "SELECT key FROM vigia.reader", "sortie": "SELECT key FROM vigia.sortie",
    "video": "SELECT name FROM vigia.video", "video_look": "SELECT v.name FROM vigia.video_look l JOIN vigia.video v ON v.id = l.video_id",
    "unsettled": "SELECT t.key FROM vigia.unsettled u JOIN vigia.track t ON t.id = u.track_id",
    "agency": "SELECT name FROM vigia.agency", "source": "SELECT name FROM vigia.source WHERE world = 0",
}


async def seen(pool, visitor) -> dict[str, set[str]]:
    with visiting(visitor):
        async with pool.reading() as session:
            out = {table: set((await session.execute(text(query))).scalars()) for table, query in NAMED.items()}  # queries of our own
            return {**out, "flow": await session.scalar(text("SELECT count(*) FROM vigia.flow WHERE world = 0"))}


async def test_only_what_lies_within_is_shared(pool, ana, operation):
    found = await seen(pool, ana)
    assert found["track"] == {"own", "inside"}, "the hour of `across` is one line, and that is not within; nor is its newest fix"
    assert found["segment"] == found["cover"] == found["latest_fix"] == {"own", "inside"}
    assert {f for f in found["fix"] if not f.startswith("own")} == {"inside-97.55", "inside-97.50", "inside-97.45"}
    assert found["seizure"] == {"s-inside", "s-other"} == found["reader"] and found["image"] == {"i-inside"}
    assert found["video"] == {"v-inside"} == found["video_look"], "a film is shared where all it looked at lies within"
    assert found["unsettled"] == {"own"} and found["sortie"] == found["source"] == set(), "what has no place is not shared"
    assert found["agency"] == {"Alfa", "Bravo"}


async def test_a_track_is_shared_for_its_hours_within_and_no_others(shared, pool, ana, operation):
    with shared.connect() as connection:
        bravo = people.agency_id(connection, "Bravo")
        track = path(connection, bravo, "two hours", [-97.55, -97.54, -97.53, -97.52, -97.51, -97.50, -97.49, -97.3, -97.29, -97.28, -97.27, -97.26, -97.25])
        connection.commit()
    try:
        found = await seen(pool, ana)
        assert "two hours" in found["track"] & found["segment"] & found["cover"] and "two hours" not in found["latest_fix"]
        assert {f for f in found["fix"] if f.startswith("two")} == {f"two hours-97.{n}" for n in (55, 54, 53, 52, 51, 50, 49)}
        with visiting(ana):
            async with pool.reading() as session:
                hours = await session.scalar(text("SELECT count(*) FROM vigia.segment WHERE track_id = :t"), {"t": track})
                cells = await session.scalar(text("SELECT count(DISTINCT hour) FROM vigia.cover WHERE track_id = :t"), {"t": track})
        assert hours == cells == 1
    finally:
        with shared.connect() as connection:
            for table in ("fix", "segment", "cover", "latest_fix"):
                connection.execute(f"DELETE FROM {table} WHERE track_id = %s", (track,))  # names of our own
            connection.execute("DELETE FROM track WHERE id = %s", (track,))
            connection.commit()


async def test_flows_are_not_shared_in_it(shared, pool, ana, operation):
    own = shared.person(f"only{datetime.now().timestamp()}", agencies=["Alfa"])
    limited = (await seen(pool, own))["flow"]
    with shared.connect() as connection:
        people.add_operation(connection, "Dorado", NOW - timedelta(hours=1), NOW + timedelta(days=1), everywhere=True)
        connection.commit()
    found = await seen(pool, own)
    assert 0 < limited < found["flow"]
    assert {"outside", "across", "inside"} <= found["track"] and "strict" not in found["track"], "without an area all of it is shared, as before"


async def test_two_operations_share_where_either_does(shared, pool, ana, operation):
    with shared.connect() as connection:
        people.add_operation(connection, "Plata", NOW - timedelta(hours=1), NOW + timedelta(days=1), area=ELSEWHERE)
        people.share(connection, "Plata", "Alfa", ["seizures"], "TLP:GREEN")
        people.share(connection, "Plata", "Bravo", ["movements"], "TLP:AMBER")
        connection.commit()
    found = await seen(pool, ana)
    assert "across" in found["track"], "what lies in both together is shared by both"
    assert found["image"] == {"i-inside"}, "Plata shares no pictures"
    with shared.connect() as connection:
        people.end_operation(connection, "Dorado")
        connection.commit()
    found = await seen(pool, ana)
    assert found["track"] == {"own", "across"} and found["segment"] == {"own"}, "its newest fix lies within, its line does not"
    assert found["seizure"] == set() == found["image"]


async def test_another_area_is_another_state(shared, pool, ana, operation):
    async def key() -> str:
        with visiting(ana):
            async with pool.reading() as session:
                return await session.scalar(text("SELECT current_setting('vigia.scope')"))

    before = await key()
    with shared.connect() as connection:
        people.add_operation(connection, "Dorado", NOW - timedelta(hours=1), NOW + timedelta(days=1), area=ELSEWHERE)
        connection.commit()
    assert await key() != before, "a tile that is kept is of one area"
    assert {s for s in (await seen(pool, ana))["seizure"]} == {"s-other"}


async def test_the_snapshot_says_the_same(shared, pool, ana, operation):
    snapshot, found = await view(pool, ana.token), await seen(pool, ana)
    with shared.connect() as connection:
        bravo = people.agency_id(connection, "Bravo")
        for layer, query, names in (("seizures", "SELECT place, ST_AsBinary(geom), scope FROM seizure", found["seizure"]), ("imagery", "SELECT name, ST_AsBinary(footprint), scope FROM image", found["image"]),
                                    ("movements", "SELECT t.key, ST_AsBinary(l.geom), l.scope FROM latest_fix l JOIN track t ON t.id = l.track_id", found["latest_fix"])):
            rows = [(name, shapely.from_wkb(bytes(shape)) if shape else None, of) for name, shape, of in connection.execute(query)]
            assert {name for name, shape, of in rows if snapshot.sees(layer, of, None, shape)} == names and names, layer
    with shared.connect() as connection:
        people.add_operation(connection, "Dorado", NOW - timedelta(hours=1), NOW + timedelta(days=1), area=ELSEWHERE)
        connection.commit()
    assert (await view(pool, ana.token)).key != snapshot.key, "who share in another area are another group of listeners"
    assert snapshot.sees("movements", scope(bravo, "TLP:AMBER"), None, shapely.Point(-97.5, 26)) and not snapshot.sees("movements", scope(bravo, "TLP:AMBER"), None, shapely.Point(-97.3, 26))
    assert not snapshot.sees("movements", scope(bravo, "TLP:AMBER")), "without a place nothing of it is seen"
    assert not snapshot.sees("movements", scope(bravo, "TLP:AMBER+STRICT"), None, shapely.Point(-97.5, 26))


@pytest.mark.parametrize("area, said", [(shapely.Point(0, 0), "polygons"), (shapely.Point(0, 0).buffer(1, quad_segs=600), "vertices")])
def test_what_can_be_no_area_is_refused(shared, area, said):
    with shared.connect() as connection, pytest.raises(people.PersonRefused, match=said):
        people.add_operation(connection, "Oro", NOW, NOW + timedelta(days=1), area=area)
