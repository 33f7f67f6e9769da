"""In an operation with an area no byte of what lies outside is in any answer: canaries within and beyond, asked at every address that returns rows."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
import shapely

from data import people
from tests.data.made import touch
from tests.data.test_operation_area import path, picture, placed
from tests.routes.asked import LIVE, WHY, ask
from tests.routes.test_guard import PATHS

NOW = datetime.now(timezone.utc)
AREA = shapely.box(-97.6, 25.9, -97.4, 26.1)
WITHIN, BEYOND = "CANARY-WITHIN-3301", "CANARY-BEYOND-8802"


@pytest.fixture(scope="module")
def guest(module_database, server, visitors):
    """Somebody of Delta, which shares with Charlie in an operation with an area; Charlie has a row of each kind on both sides of its edge."""
    with module_database.connect() as connection:
        charlie, _ = people.add_agency(connection, "Charlie", None), people.add_agency(connection, "Delta", None)
        people.add_operation(connection, "Dorado", NOW - timedelta(hours=1), NOW + timedelta(days=1), area=AREA)
        for agency in ("Charlie", "Delta"):
            people.share(connection, "Dorado", agency, ["movements", "seizures", "imagery"], "TLP:AMBER")
        for name, lon in ((WITHIN, [-97.55, -97.5, -97.45]), (BEYOND, [-97.35, -97.3, -97.25])):
            path(connection, charlie, name, lon)
            (of,) = connection.execute("SELECT max(id) FROM source").fetchone()
            placed(connection, charlie, name, lon[1], of)
            picture(connection, charlie, name, lon[1] - 0.02, lon[1] + 0.02, of)
        for layer in ("tracks", "seizures", "imagery"):
            touch(connection, layer, 0)
        connection.commit()
    return module_database.person("dora", roles=("analyst",), agencies=["Delta"])


@pytest.fixture(scope="module")
def ours(module_database, guest):
    """Somebody of Charlie itself, who sees both."""
    return module_database.person("carl", roles=("analyst",), agencies=["Charlie"])


def numbers(module_database) -> dict[str, list[int]]:
    with module_database.connect() as connection:
        return {layer: [i for (i,) in connection.execute(f"SELECT id FROM {table} WHERE world = 0")]  # names of our own
                for layer, table in (("tracks", "track"), ("seizures", "seizure"), ("images", "image"))}


def test_a_canary_beyond_the_area_is_in_no_byte(server, module_database, guest, ours):
    own, theirs = set(), set()
    each = [f"{layer}/{i}" for layer, ids in numbers(module_database).items() for i in ids] + [f"tracks/{i}/fixes" for i in numbers(module_database)["tracks"]]
    for address in dict.fromkeys((*PATHS, *each)):
        full = f"/api/{address}{'&' if '?' in address else '?'}{LIVE}"
        answer = ask(server, full, guest.token, headers=WHY)
        assert answer.status_code in (200, 204, 404), (address, answer.status_code, answer.text[:200])
        assert BEYOND.encode() not in answer.content, address
        own |= {address.split("?")[0]} if WITHIN.encode() in answer.content else set()
        theirs |= {address.split("?")[0]} if BEYOND.encode() in ask(server, full, ours.token, headers=WHY).content else set()
    wanted = {"tracks", "seizures", "images", "search", "export/geojson", "export/csv", "movement"}
    assert wanted <= own and wanted <= theirs, "a canary nobody finds proves nothing"


def test_numbers_are_of_what_lies_within(server, guest, ours):
    for visitor, expected in ((guest, (1, 1, 1)), (ours, (2, 2, 2))):
        n = ask(server, f"/api/counts?{LIVE}", visitor.token).json()
        assert (n["seizures"]["total"], n["tracks"]["total"], n["images"]["total"]) == expected


def test_tiles_show_what_lies_within_and_below_zoom_9_nothing_of_it(server, guest, ours):
    def length(z, x, y, who) -> int:
        return len(ask(server, f"/api/tiles/tracks/{z}/{x}/{y}.mvt?{LIVE}", who.token).content)

    assert length(6, 14, 27, guest) == 0 < length(6, 14, 27, ours), "flows are not shared in an operation with an area"
    assert 0 < length(9, 117, 217, guest) < length(9, 117, 217, ours)


def test_a_fix_is_not_told_by_the_number_of_its_track(server, module_database, guest):
    with module_database.connect() as connection:
        ids = dict(connection.execute("SELECT key, id FROM track WHERE key = ANY (%s)", ([WITHIN, BEYOND],)).fetchall())
    assert ask(server, f"/api/tracks/{ids[WITHIN]}/fixes?{LIVE}", guest.token).json()["shown"] == 3
    assert ask(server, f"/api/tracks/{ids[BEYOND]}/fixes?{LIVE}", guest.token).status_code == 404
