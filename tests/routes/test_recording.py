"""What for, and the record: what needs a purpose, what an entry holds, and that nothing leaves without one."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psycopg
import pytest

from data import people
from data.cluster import SETUP
from tests.data.made import tracks, walk
from tests.routes.asked import CANARY, LIVE, PASSWORD, WHY, ask, entries, sign_in


def test_what_leaves_the_house_needs_a_purpose(server, visitors):
    answer = ask(server, f"/api/export/csv?{LIVE}", visitors["ana"])
    assert answer.status_code == 428 and "X-Purpose" in answer.json()["error"]
    assert ask(server, f"/api/export/csv?{LIVE}", visitors["ana"], headers=WHY).status_code == 200
    assert ask(server, "/api/export/csv?world=exercise", visitors["ana"]).status_code == 200, "what is invented needs none"


@pytest.mark.parametrize("headers", [{"X-Purpose": "x"}, {"X-Case": "1"}, {"X-Purpose": "x" * 201, "X-Case": "1"}, {"X-Purpose": "a%0Ab", "X-Case": "1"}])
def test_half_a_purpose_is_refused(server, visitors, headers):
    assert ask(server, f"/api/export/csv?{LIVE}", visitors["ana"], headers=headers).status_code == 422


def test_the_history_of_what_needs_a_basis_needs_a_purpose(server, module_database, visitors):
    rng = np.random.default_rng(4)
    with module_database.connect() as connection:
        ids = tracks(connection, [walk(rng, 40) for _ in range(3)], world=0, agency=people.add_agency(connection, "Alfa", None), prefix="kinds")
        connection.commit()
    statuses = [ask(server, f"/api/tracks/{i}/fixes?{LIVE}", visitors["ana"]).status_code for i in ids]
    assert statuses == [200, 428, 428], "a vessel broadcasts; a vehicle and a tag do not"
    assert ask(server, f"/api/tracks/{ids[1]}/fixes?{LIVE}", visitors["ana"], headers=WHY).json()["total"] == 40
    assert ask(server, f"/api/tracks/{ids[1]}/fixes?{LIVE}", visitors["analyst"], headers=WHY).status_code == 404, "nor does a purpose open another's"


def test_each_look_is_one_entry(server, module_database, visitors):
    told = len(entries(module_database))
    track = ask(server, f"/api/tracks?{LIVE}&sort=name&limit=1", visitors["ana"]).json()["rows"][0]["id"]
    ask(server, f"/api/tracks/{track}?{LIVE}", visitors["ana"])
    ask(server, f"/api/export/csv?{LIVE}&drug=cocaine", visitors["ana"], headers=WHY)
    ask(server, f"/api/search?q=Truck%20of%20Ramon&{LIVE}", visitors["ana"])
    ask(server, f"/api/export/csv?{LIVE}", visitors["viewer"], headers=WHY)
    ask(server, f"/api/seizures/99999?{LIVE}", visitors["ana"])
    listed, opened, out, search, refused = entries(module_database, told)
    assert (listed["what"], listed["of"], listed["rows"]) == ("consultation", "tracks", 1)
    assert (opened["of"], opened["rows"], opened["who"].split(":")[0]) == (f"tracks/{track}", 1, "person")
    assert (out["what"], out["of"], out["purpose"], out["case"], out["filter"]) == ("disclosure", "export/csv", "investigation", "2026-114", "world=live&drug=cocaine")
    assert out["rows"] >= 2 and out["address"] and out["session"] and out["at"].endswith("Z")
    assert "Ramon" not in json.dumps(search) and "q=%23" in search["filter"]
    assert (refused["what"], refused["of"]) == ("refused", "export/csv")


def test_a_map_that_is_moved_is_one_look_a_minute(server, module_database, visitors):
    token = module_database.person("mover", agencies=["Alfa"]).token
    told = len(entries(module_database))
    for z, x, y in ((6, 14, 26), (7, 29, 54), (8, 58, 108), (6, 14, 26)):
        ask(server, f"/api/tiles/tracks/{z}/{x}/{y}.mvt?{LIVE}", token)
        ask(server, f"/api/tiles/seizures/{z}/{x}/{y}.mvt?{LIVE}", token)
    ask(server, f"/api/tiles/tracks/6/14/26.mvt?{LIVE}&kind=vessel", token)
    assert [(e["of"], e["filter"]) for e in entries(module_database, told)] == [
        ("tiles/tracks", "world=live"), ("tiles/seizures", "world=live"), ("tiles/tracks", "world=live&kind=vessel")]


def test_what_a_map_asks_for_at_once_is_one_entry(server, module_database):
    token = module_database.person("burst", agencies=["Alfa"]).token
    told = len(entries(module_database))
    paths = [f"/api/tiles/tracks/8/{x}/{y}.mvt?{LIVE}" for x in range(56, 60) for y in range(106, 110)]
    with ThreadPoolExecutor(16) as pool:
        assert {a.status_code for a in pool.map(lambda path: ask(server, path, token), paths)} <= {200, 204}
    assert [e["of"] for e in entries(module_database, told)] == ["tiles/tracks"]


def test_signing_in_is_recorded_however_it_ends(server, module_database, eva):
    told = len(entries(module_database))
    sign_in(server, eva, "wrong password it is")
    sign_in(server, "nobody there", "wrong password it is")
    sign_in(server, eva, PASSWORD)
    server.cookies.clear()
    found = entries(module_database, told)
    assert [e["what"] for e in found] == ["sign-in refused", "sign-in refused", "sign-in"]
    assert found[0]["who"] == found[2]["who"] and found[1]["who"] == "nobody" and "eva" not in json.dumps(found)


def test_without_a_record_nothing_governed_is_given_out(server, module_database, visitors, cluster):
    """T16: the basemap and the way in stay."""
    token = module_database.person("late", agencies=["Alfa"]).token
    with psycopg.connect(cluster.url(SETUP, module_database.name).replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("REVOKE EXECUTE ON FUNCTION audit.append(text[]) FROM vigia_app")
        try:
            for path in ("tiles/tracks/6/14/26.mvt", "tracks", "counts", "seizures/points", "search?q=a", "hotspots"):
                answer = ask(server, f"/api/{path}{'&' if '?' in path else '?'}{LIVE}", token)
                assert answer.status_code == 503 and "record" in answer.json()["error"], path
                assert CANARY["Alfa"].encode() not in answer.content
            assert ask(server, "/api/basemap/parts.json", token).status_code == 200
            assert ask(server, "/sign-in").status_code == 200
        finally:
            connection.execute("GRANT EXECUTE ON FUNCTION audit.append(text[]) TO vigia_app")
    assert ask(server, f"/api/counts?{LIVE}", token).status_code == 200


def test_auditors_read_the_record_and_that_is_an_entry(server, module_database, visitors):
    ask(server, f"/api/export/csv?{LIVE}", visitors["ana"], headers=WHY)
    told = len(entries(module_database))
    page = ask(server, "/audit?what=disclosure", visitors["auditor"])
    assert page.status_code == 200 and "Investigation".lower() in page.text.lower() and "2026-114" in page.text
    rows = ask(server, "/api/audit?limit=2", visitors["auditor"]).json()["rows"]
    assert [r["of"] for r in rows] == ["audit", "export/csv"] and rows[0]["seq"] == told
    older = ask(server, f"/api/audit?limit=1&before={rows[1]['seq']}", visitors["auditor"]).json()["rows"]
    assert older[0]["seq"] == rows[1]["seq"] - 1
    assert [e["of"] for e in entries(module_database, told)] == ["audit", "audit", "audit"]
    assert ask(server, "/audit", visitors["administrator"]).status_code == 403


@pytest.mark.parametrize("query", ["before=x", "before=-1", "limit=0", "limit=5000", "from=yesterday", "drug=cocaine", "what=nothing", "who=%00", "who=person:x", "before=99999999999999999999"])
def test_a_bad_question_to_the_record_is_a_422(server, visitors, query):
    assert ask(server, f"/api/audit?{query}", visitors["auditor"]).status_code == 422


def test_a_name_in_the_record_is_text(server, module_database, visitors):
    evil = {"X-Purpose": "%3Cscript%3Ealert(1)%3C/script%3E", "X-Case": "1"}
    assert ask(server, f"/api/export/csv?{LIVE}", visitors["ana"], headers=evil).status_code == 200
    page = ask(server, "/audit?limit=5&who=person:1", visitors["auditor"]).text + ask(server, "/audit?limit=5", visitors["auditor"]).text
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page and '"><b>' not in page
