"""Tags, vehicles and persons of the live world are searched for with a purpose alone, whichever address is asked."""

from __future__ import annotations

import numpy as np
import pytest

from data import people
from routes import recording
from tests.data.made import touch, tracks, walk
from tests.routes.asked import LIVE, WHY, ask, entries

SPAN = "move_from=2026-11-20T00:00:00Z&move_to=2026-11-25T00:00:00Z"


@pytest.fixture(scope="module")
def named(server, module_database):
    """Echo follows a vessel, a vehicle and a tag called alike, each with a plate or a call sign; the same in the exercise."""
    rng = np.random.default_rng(5)
    with module_database.connect() as connection:
        number = people.add_agency(connection, "Echo", None)
        for world, agency in ((0, number), (1, None)):
            for i in tracks(connection, [walk(rng, 40) for _ in range(3)], world=world, agency=agency, prefix=f"echo{world}"):
                connection.execute("UPDATE track SET name = 'Quetzal ' || kind, identifiers = jsonb_build_object('plate', 'ZX-' || kind) WHERE id = %s", (i,))
            touch(connection, "tracks", world)
        connection.commit()
    return number


@pytest.fixture
def token(named, module_database):
    """Somebody new, who has told nothing yet."""
    with module_database.connect() as connection:
        (n,) = connection.execute("SELECT count(*) FROM access.person").fetchone()
    return module_database.person(f"seeker{n}", roles=("analyst",), agencies=["Echo"]).token


def found(server, token, q, world=LIVE, **more) -> tuple[set[str], list[str]]:
    told = ask(server, f"/api/search?q={q}&{world}", token, **more).json()
    return {r["name"] for r in told["rows"]}, told["left_out"]


ALL = {"Quetzal vessel", "Quetzal vehicle", "Quetzal tag"}


def test_a_search_leaves_out_what_needs_a_purpose_and_says_so(server, token):
    assert found(server, token, "quetzal") == ({"Quetzal vessel"}, ["tag", "vehicle", "person"])
    assert found(server, token, "nothing like it") == (set(), ["tag", "vehicle", "person"]), "whether there is one is not told"
    assert found(server, token, "quetzal", headers=WHY) == (ALL, [])


def test_a_plate_is_found_with_a_purpose_and_a_call_sign_without(server, token):
    assert found(server, token, "ZX-VEHICLE")[0] == set() and found(server, token, "zx-vessel")[0] == {"Quetzal vessel"}
    assert found(server, token, "zx-vehicle", headers=WHY)[0] == {"Quetzal vehicle"}


def test_the_exercise_asks_nothing(server, token):
    assert found(server, token, "quetzal", "world=exercise") == (ALL, [])
    assert ask(server, "/api/tracks?world=exercise&q=quetzal&kind=vehicle", token).json()["total"] == 1


def test_a_list_of_what_needs_a_purpose_alone_is_a_428(server, token):
    for kinds in ("vehicle", "tag,vehicle", "person"):
        answer = ask(server, f"/api/tracks?{LIVE}&q=quetzal&kind={kinds}", token)
        assert answer.status_code == 428 and "X-Purpose" in answer.json()["error"]
    assert ask(server, f"/api/tracks?{LIVE}&kind=vehicle", token).json()["total"] == 1, "a list that searches for nobody"
    assert ask(server, f"/api/tracks?{LIVE}&q=quetzal&kind=vehicle", token, headers=WHY).json()["total"] == 1


def numbers(server, token, q="quetzal", world=LIVE) -> dict[str, int | bytes]:
    """What each address that takes `q` tells of it."""
    listed = ask(server, f"/api/tracks?{world}&q={q}", token).json()
    return {
        "tracks": listed["total"], "counts": ask(server, f"/api/counts?{world}&q={q}", token).json()["tracks"]["total"],
        "movement": ask(server, f"/api/movement?{world}&q={q}&{SPAN}", token).json()["total"],
        "timeline": sum(ask(server, f"/api/timeline?{world}&q={q}&span_from=2026-11-20T00:00:00Z&span_to=2026-11-25T00:00:00Z", token).json()["movements"]),
        "tile": len(ask(server, f"/api/tiles/tracks/6/14/27.mvt?{world}&q={q}", token).content),
    }


def test_no_address_is_a_way_round_and_each_remembers_what_was_told(server, token, module_database):
    without = numbers(server, token)
    assert (without["tracks"], without["counts"], without["movement"]) == (1, 1, 1)
    told = len(entries(module_database))
    assert ask(server, f"/api/search?q=Quetzal&{LIVE}", token, headers=WHY).status_code == 200
    after = numbers(server, token)
    assert (after["tracks"], after["counts"], after["movement"]) == (3, 3, 3)
    assert after["timeline"] > without["timeline"] > 0 and after["tile"] > without["tile"]
    found = entries(module_database, told)
    assert {e["of"] for e in found} == {"search", "tracks", "counts", "movement", "timeline", "tiles/tracks"}
    assert {(e["purpose"], e["case"]) for e in found} == {("investigation", "2026-114")}, "each look says what for"
    assert numbers(server, token, "quetz")["tracks"] == 1, "another text is another search"


def test_what_one_told_is_not_for_another(server, token, module_database):
    other = module_database.person(f"other{token[:6]}", roles=("analyst",), agencies=["Echo"]).token
    ask(server, f"/api/search?q=quetzal&{LIVE}", other, headers=WHY)
    assert numbers(server, other)["tile"] > numbers(server, token)["tile"], "nor is a tile that is kept"
    tag = ask(server, f"/api/counts?{LIVE}&q=quetzal", other).headers["etag"]
    assert ask(server, f"/api/counts?{LIVE}&q=quetzal", token, headers={"If-None-Match": tag}).status_code == 200


def test_a_purpose_told_for_a_search_lets_nothing_out(server, token):
    ask(server, f"/api/search?q=quetzal&{LIVE}", token, headers=WHY)
    assert ask(server, f"/api/export/csv?{LIVE}&q=quetzal", token).status_code == 428


def test_it_is_forgotten_after_a_while():
    now = [0.0]
    searches = recording.Searches(timer=lambda: now[0])
    visitor, rule = recording.Visitor("person", 1, "a", "a", frozenset(), 2, (), "t"), recording.Rule("/api/search", frozenset())
    scope = {"query_string": b"q=Quetzal"}
    assert searches.of(scope, rule, visitor, recording.Purpose("x", "1", "somebody"))("") == recording.Purpose("x", "1")
    now[0] = recording.SEARCH_S - 1
    assert searches.of(scope, rule, visitor, None)("") == recording.Purpose("x", "1")
    now[0] = recording.SEARCH_S + 1
    assert searches.of(scope, rule, visitor, None)("") is None
