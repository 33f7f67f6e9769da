"""The ledger of looks: what films saw is in it beside images and swaths, for who sees the film, at the moment it was seen; and a tile of it stands whatever the shapes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import mapbox_vector_tile
import numpy as np
import pytest
import shapely

from data import coverage, people
from data.filters import Filter
from data.visitor import visiting
from tests.data.made import source, tracks, walk

LIVE = Filter.from_query([("world", "live")])
BEGAN = datetime(2026, 11, 20, 10, tzinfo=UTC)
ANYWHERE = shapely.box(-97.6, 26.4, -97.5, 26.5)


def film(connection, looks: dict[float, shapely.Polygon | None], *, agency: str | None = None, name: str = "a film") -> int:
    """A film as an import leaves it, with what it saw so many seconds after its beginning."""
    shapes = [shape for shape in looks.values() if shape is not None]
    number = connection.execute("""
        INSERT INTO video (world, name, started_at, ended_at, duration_s, codec, width_px, height_px, rate_hz, extent, sha256, original, served, agency_id, source_id)
        VALUES (0, %(name)s, %(at)s, %(at)s + interval '1 hour', 3600, 'h264', 320, 240, 10, ST_SetSRID(%(extent)s::geometry, 4326), %(name)s, 'x', 'x',
                (SELECT id FROM agency WHERE world = 0 AND name = %(agency)s), %(source)s) RETURNING id
    """, {"name": name, "at": BEGAN, "agency": agency, "source": source(connection, 0, name),
          "extent": shapely.to_wkb(shapely.convex_hull(shapely.GeometryCollection(shapes)), hex=True) if shapes else None}).fetchone()[0]
    connection.cursor().executemany(
        "INSERT INTO video_look (video_id, at, footprint, footprint_from) VALUES (%s, %s, ST_SetSRID(%s::geometry, 4326), 'told')",
        [(number, BEGAN + timedelta(seconds=s), None if shape is None else shapely.to_wkb(shape, hex=True)) for s, shape in looks.items()])
    connection.commit()
    return number


def square(lon: float, lat: float, half: float = 0.002) -> shapely.Polygon:
    return shapely.box(lon - half, lat - half, lon + half, lat + half)


def asked(database, ask, who=None):
    """What `ask(session)` is answered, as whom."""
    async def run():
        pool = database.pool()
        try:
            if who is None:
                async with pool.reading() as session:
                    return await ask(session)
            with visiting(who):
                async with pool.reading() as session:
                    return await ask(session)
        finally:
            await pool.close()

    return asyncio.run(run())


def looks(database, lon: float, lat: float, at: datetime, who=None, filter: Filter = LIVE) -> list[dict]:
    return asked(database, lambda session: coverage.at_place(session, filter, lon, lat, at=at), who)


def tile(database, lon: float, lat: float, at: datetime, who=None, *, z: int = 14, hours: float = 24, filter: Filter = LIVE) -> tuple[list[dict], bool]:
    """What is seen in the tile of a place, and whether the veil lies on the place."""
    x, y = coverage._tile_of(lon, lat, z)
    told = mapbox_vector_tile.decode(asked(database, lambda session: coverage.tile(session, filter, z, x, y, hours=hours, at=at), who), default_options={"y_coord_down": True})
    n = 2**z
    spot = shapely.Point(((lon + 180) / 360 * n - x) * 4096, ((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * n - y) * 4096)
    veiled = any(shapely.geometry.shape(f["geometry"]).covers(spot) for f in told.get("unseen", {"features": []})["features"])
    return [f["properties"] for f in told.get("seen", {"features": []})["features"]], veiled


def test_what_a_film_saw_is_seen_at_its_moment(database):
    with database.connect() as connection:
        number = film(connection, {0.0: square(-97.55, 26.45), 0.5: square(-97.55, 26.45), 600.0: square(-97.54, 26.45), 601.0: None})
    first, second = (-97.55, 26.45), (-97.54, 26.45)
    told, veiled = tile(database, *first, BEGAN + timedelta(minutes=30))
    assert {(f["how"], f["video"]) for f in told} == {("video", number)} and len(told) == 2 and not veiled, "a minute's looks are one outline"
    assert tile(database, *second, BEGAN + timedelta(minutes=9))[1], "the film has not come there yet"
    assert not tile(database, *second, BEGAN + timedelta(minutes=11))[1] and tile(database, -97.545, 26.45, BEGAN + timedelta(minutes=30))[1], "between two looks nobody looked"
    assert tile(database, *first, BEGAN + timedelta(minutes=69), hours=1)[1] and not tile(database, *second, BEGAN + timedelta(minutes=69), hours=1)[1]
    (row,) = looks(database, *first, BEGAN + timedelta(hours=2))
    assert (row["how"], row["video"], row["name"], row["at"]) == ("video", number, "a film", BEGAN + timedelta(seconds=0.5)) and row["marking"] == "TLP:AMBER"
    assert looks(database, -97.545, 26.45, BEGAN + timedelta(hours=2)) == [] == looks(database, *first, BEGAN - timedelta(seconds=1))
    assert looks(database, *first, BEGAN + timedelta(hours=2), filter=Filter.from_query([("world", "live"), ("known_at", "2020-01-01T00:00:00Z")])) == []


def test_a_film_is_one_look_of_a_place_and_leaves_room_for_others(database):
    with database.connect() as connection:
        film(connection, {s / 2: square(-97.55, 26.45) for s in range(60)}, name="long")
        film(connection, {0.0: square(-97.55, 26.45)}, name="short")
    assert [r["name"] for r in looks(database, -97.55, 26.45, BEGAN + timedelta(hours=1))] == ["long", "short"]


def test_from_afar_less_is_seen_than_was_and_never_more(database):
    """From zoom 11 on down one look in ten seconds."""
    with database.connect() as connection:
        film(connection, {float(s): square(-97.9 + s * 0.01, 26.45, 0.004) for s in range(40)})
    at = BEGAN + timedelta(hours=1)
    for z in (11, 8):
        drawn = [not tile(database, -97.9 + s * 0.01, 26.45, at, z=z)[1] for s in range(40)]
        assert 4 <= sum(drawn) <= 5 and drawn[0], "only those that were looked at"
    assert all(not tile(database, -97.9 + s * 0.01, 26.45, at, z=12)[1] for s in range(0, 40, 13))


def test_who_does_not_see_a_film_does_not_know_that_it_looked(database):
    with database.connect() as connection:
        for name in ("Alfa", "Bravo"):
            people.add_agency(connection, name, None)
        film(connection, {0.0: square(-97.55, 26.45)}, agency="Alfa")
    ours, other = (database.person(name, roles=("analyst",), agencies=[agency]) for name, agency in (("ana", "Alfa"), ("bea", "Bravo")))
    at = BEGAN + timedelta(hours=1)
    (row,) = looks(database, -97.55, 26.45, at, ours)
    assert row["agency"] == "Alfa" and not tile(database, -97.55, 26.45, at, ours)[1]
    assert looks(database, -97.55, 26.45, at, other) == [] and tile(database, -97.55, 26.45, at, other) == ([], True)
    with database.connect() as connection:
        (told,) = coverage.lookers(connection, "live")
        assert told == {"agency": "Alfa", "kind": "film", "swath_m": None, "number": 1, "first": "a film", "made_by": "its metadata"}
        assert coverage.lookers(connection, "exercise") == []


def test_corners_told_wrongly_veil_nothing_and_lift_nothing_elsewhere(database):
    """A ring over 180° is not one round the world, and one that crosses itself is the ground it encloses."""
    over = shapely.Polygon([(179.99, 10.0), (-179.99, 10.0), (-179.99, 10.02), (179.99, 10.02)])
    crossed = shapely.Polygon([(-97.6, 26.4), (-97.5, 26.5), (-97.5, 26.4), (-97.6, 26.5)])
    with database.connect() as connection:
        film(connection, {0.0: over}, name="over")
        film(connection, {0.0: crossed}, name="crossed")
    at = BEGAN + timedelta(hours=1)
    assert [r["name"] for r in looks(database, 179.995, 10.01, at)] == ["over"] == [r["name"] for r in looks(database, -179.995, 10.01, at)]
    assert looks(database, 0.0, 10.01, at) == [] and tile(database, 0.0, 10.01, at)[1] and not tile(database, 179.995, 10.01, at)[1] and not tile(database, -179.995, 10.01, at)[1]
    assert looks(database, -97.51, 26.45, at) and not looks(database, -97.55, 26.41, at)


@pytest.mark.parametrize("z", [6, 8, 12])
def test_a_tile_of_many_swaths_stands(database, z):
    """Narrow ones along tracks that turn a lot, put together from afar: a union on a grid of a centimetre finds a hole there that belongs to no shell."""
    rng = np.random.default_rng(0)
    walks = [walk(rng, 120, step_s=(20, 120)) for _ in range(6)]
    with database.connect() as connection:
        tracks(connection, walks, world=0)
        assert coverage.look(connection, "live", 100.0, kind="vessel") + coverage.look(connection, "live", 100.0, kind="vehicle") == 4
        connection.commit()
    last = datetime.fromtimestamp(max(w["observed_us"][-1] for w in walks) / 1e6 + 60, UTC)
    told, _ = tile(database, float(walks[0]["lon"][60]), float(walks[0]["lat"][60]), last, z=z, hours=240)
    assert told and {f["how"] for f in told} == {"track"}


def test_who_looks_is_of_the_data_that_a_tile_is_known_by(database):
    with database.connect() as connection:
        tracks(connection, [walk(np.random.default_rng(1), 20)], world=0)
        version = lambda: connection.execute("SELECT coalesce(max(version), 0) FROM data_state WHERE world = 0 AND layer = 'tracks'").fetchone()[0]  # noqa: E731
        before = version()
        coverage.look(connection, "live", 100.0, keys=["t:0"])
        between = version()
        coverage.look_away(connection, "live", ["t:0"])
        assert before < between < version()
