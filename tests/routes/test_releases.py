"""What leaves the house is written down first, goes to nobody its marking does not let it, and tells outsiders no small number of another agency."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import numpy as np
import psycopg
import pytest

from data import marking, people, recall
from data.cluster import SETUP
from data.quadkey import qk
from data.releases import RECORD
from tests.data.made import seizures, touch, tracks, walk
from tests.routes.asked import CANARY, LIVE, WHY, ask, entries

FOR = {**WHY, "X-Recipient": "Guardia%20Sur%20%C3%B1"}


@pytest.fixture(scope="module")
def shared(server, module_database):
    """Golf has twelve seizures and shares; Hotel has thirty, one AMBER+STRICT and one RED. gus is of Golf, hana of Hotel."""
    rng, now = np.random.default_rng(11), datetime.now(timezone.utc)
    with module_database.connect() as connection:
        number = {name: people.add_agency(connection, name, None) for name in ("Golf", "Hotel")}
        seizures(connection, rng, 12, world=0, agency=number["Golf"])
        seizures(connection, rng, 30, world=0, agency=number["Hotel"])
        tracks(connection, [walk(rng, 40)], world=0, agency=number["Hotel"], prefix="hotel")
        people.add_operation(connection, "Joint", now - timedelta(hours=1), now + timedelta(days=1))
        for name in number:
            people.share(connection, "Joint", name, ["seizures"], "TLP:AMBER")
        connection.commit()
    who = {name: module_database.person(name, roles=("analyst",), agencies=[agency], ceiling="TLP:RED").token for name, agency in (("gus", "Golf"), ("hana", "Hotel"))}
    who["lena"] = module_database.person("lena", roles=("legal",), agencies=["Hotel"]).token
    with module_database.connect() as connection:
        ids = [i for (i,) in connection.execute("SELECT id FROM seizure WHERE agency_id = %s ORDER BY id", (number["Hotel"],))]
        marking.change(connection, f"seizure:{ids[0]}", "TLP:AMBER+STRICT", "hana")
        marking.change(connection, f"seizure:{ids[1]}", "TLP:RED", "hana")
        connection.commit()
    return {**who, "number": number}


def releases(module_database) -> list[dict]:
    with module_database.connect() as connection:
        rows = connection.execute("SELECT to_jsonb(r), array(SELECT kind || ' ' || length(records) / 24 FROM release_record WHERE release_id = r.id ORDER BY kind) "
                                  "FROM release r ORDER BY id").fetchall()
    return [{**row, "records": records} for row, records in rows]


@pytest.mark.parametrize("format", ["geojson", "csv", "gpkg", "kml", "gpx", "briefing", "hotspots"])
def test_every_export_is_a_release(server, module_database, shared, format):
    before, told = len(releases(module_database)), len(entries(module_database))
    answer = ask(server, f"/api/export/{format}?{LIVE}&agency=Hotel&q=canal", shared["hana"], headers=WHY)
    assert answer.status_code == 200
    [one] = releases(module_database)[before:]
    assert answer.headers["x-release"] == str(one["id"]) and str(one["row_count"]) == answer.headers["x-rows"]
    assert (one["format"], one["purpose"], one["case_told"], one["recipient"], one["agencies"]) == (format, "investigation", "2026-114", None, [shared["number"]["Hotel"]])
    assert "canal" not in one["filter"] and "agency=Hotel" in one["filter"]
    [entry] = entries(module_database, told)
    assert (entry["release"], entry["of"]) == (one["id"], f"export/{format}")


def test_a_release_holds_each_record(server, module_database, shared):
    answer = ask(server, f"/api/export/geojson?{LIVE}&agency=Hotel", shared["hana"], headers=WHY)
    ids = sorted(f["properties"]["id"] for f in answer.json()["features"] if f["properties"]["layer"] == "seizures")
    one = releases(module_database)[-1]
    assert one["records"][0].startswith("hour ") and one["records"][1:] == ["seizure 30", "track 1"] and one["marking"] == "TLP:RED"
    with module_database.connect() as connection:
        (packed,) = connection.execute("SELECT records FROM release_record WHERE release_id = %s AND kind = 'seizure'", (one["id"],)).fetchone()
        (version,) = connection.execute("SELECT version FROM vigia.versions('seizure', %s)", ([ids[0]],)).fetchone()
    told = np.frombuffer(packed, RECORD)
    assert told["id"].tolist() == ids and told["version"][0].tobytes() == version


def test_what_is_invented_is_no_release(server, module_database, shared):
    before = len(releases(module_database))
    answer = ask(server, "/api/export/csv?world=exercise", shared["hana"])
    assert answer.status_code == 200 and "x-release" not in answer.headers and len(releases(module_database)) == before


def test_without_its_release_nothing_is_given_out(server, module_database, shared, cluster, visitors):
    with psycopg.connect(cluster.url(SETUP, module_database.name).replace("+psycopg", ""), autocommit=True) as connection:
        name = "access.release(text, text, text, text, text, text, text, int, bytea, text[], bytea[])"
        connection.execute(f"REVOKE EXECUTE ON FUNCTION {name} FROM vigia_app")  # a name of ours
        try:
            answer = ask(server, f"/api/export/csv?{LIVE}", visitors["ana"], headers=WHY)
            assert answer.status_code == 503 and "release" in answer.json()["error"] and CANARY["Alfa"].encode() not in answer.content
        finally:
            connection.execute(f"GRANT EXECUTE ON FUNCTION {name} TO vigia_app")
    assert CANARY["Alfa"] in ask(server, f"/api/export/csv?{LIVE}", visitors["ana"], headers=WHY).text


# -- for whom ---------------------------------------------------------------------------------------------------------


def test_what_is_marked_so_goes_to_nobody_outside(server, module_database, shared):
    before = len(releases(module_database))
    answer = ask(server, f"/api/export/csv?{LIVE}&agency=Hotel", shared["hana"], headers=FOR)
    assert answer.status_code == 403 and "Guardia Sur ñ" in answer.json()["error"]
    assert "1 TLP:RED, 1 TLP:AMBER+STRICT" in answer.json()["error"]
    own = ask(server, f"/api/export/csv?{LIVE}&agency=Hotel", shared["hana"], headers={**WHY, "X-Recipient": "hotel"})
    assert own.status_code == 403 and "1 TLP:RED;" in own.json()["error"], "RED stays with those it was shown to"
    assert len(releases(module_database)) == before
    assert ask(server, f"/api/export/csv?{LIVE}&agency=Hotel", shared["hana"], headers=WHY).status_code == 200, "without a recipient it stays with who takes it"


def test_what_others_share_at_amber_is_theirs_to_give_on(server, module_database, shared):
    answer = ask(server, f"/api/export/geojson?{LIVE}&agency=Golf", shared["hana"], headers=FOR)
    assert answer.status_code == 403 and "12 TLP:AMBER of other agencies" in answer.json()["error"]
    told = len(entries(module_database))
    assert ask(server, f"/api/export/geojson?{LIVE}&agency=Golf", shared["gus"], headers=FOR).status_code == 200
    one, [entry] = releases(module_database)[-1], entries(module_database, told)
    assert one["recipient"] == "Guardia Sur ñ" and "Guardia" not in json.dumps(entry) and entry["recipient"].startswith("#")


@pytest.mark.parametrize("headers", [{"X-Recipient": "x"}, {**WHY, "X-Recipient": "x" * 101}, {**WHY, "X-Recipient": "a%0Ab"}])
def test_a_recipient_that_is_none_is_refused(server, shared, headers):
    assert ask(server, f"/api/export/csv?{LIVE}", shared["hana"], headers=headers).status_code == 422


# -- hexagons ---------------------------------------------------------------------------------------------------------


def hexagons(server, token, query: str = "") -> list[dict]:
    answer = ask(server, f"/api/export/hotspots?{LIVE}&max_kg=5000{query}", token, headers=FOR)
    assert answer.status_code == 200, answer.text[:300]
    return answer.json()["features"]


def put(module_database, agency: int, n: int, lon: float, lat: float, tag: str) -> None:
    """n seizures of an agency at one place, instead of those of this tag."""
    with module_database.connect() as connection:
        connection.execute("DELETE FROM seizure WHERE place = %s", (tag,))
        connection.execute("""
            INSERT INTO seizure (world, content, started_at, ended_at, time_span, geom, qk, place, drug, drug_told, kg, agency_id, source_id)
            SELECT 0, convert_to(%(tag)s || g, 'UTF8'), '2026-11-21', '2026-11-22', 'day', ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326), %(qk)s, %(tag)s, 'other', 'x',
                   1, %(agency)s, (SELECT min(id) FROM source) FROM generate_series(1, %(n)s) g
        """, {"tag": tag, "n": n, "lon": lon, "lat": lat, "qk": int(qk(np.array([lon]), np.array([lat]))[0]), "agency": agency})
        touch(connection, "seizures", 0)
        connection.commit()


def test_hexagons_tell_no_small_number_of_another_agency(server, module_database, shared):
    """The attack: everything else is known, and one number of Golf's goes from none to four. The file does not move by a byte."""
    golf, hotel = shared["number"]["Golf"], shared["number"]["Hotel"]
    put(module_database, hotel, 17, -70.0, 10.0, "known")
    files = []
    for n in range(5):
        put(module_database, golf, n, -70.0, 10.0, "wanted")
        files.append(hexagons(server, shared["hana"], "&drug=other"))
    assert all(f == files[0] for f in files) and files[0][0]["properties"]["seizures"] == "15 or more"
    put(module_database, golf, 5, -70.0, 10.0, "wanted")
    assert hexagons(server, shared["hana"], "&drug=other")[0]["properties"]["seizures"] == "20 or more", "from five on they count"
    assert set(files[0][0]["properties"]) == {"layer", "h3", "seizures", "level", "marking"}


def test_hexagons_are_as_closed_as_what_counts_in_them(server, module_database, shared):
    hotel = shared["number"]["Hotel"]
    put(module_database, hotel, 6, -60.0, 5.0, "closed")
    with module_database.connect() as connection:
        connection.execute("UPDATE seizure SET marking = 'TLP:AMBER+STRICT' WHERE place = 'closed'")
        connection.commit()
    answer = ask(server, f"/api/export/hotspots?{LIVE}&q=closed", shared["hana"], headers=FOR)
    assert answer.status_code == 403 and "TLP:AMBER+STRICT" in answer.json()["error"]
    answer = ask(server, f"/api/export/hotspots?{LIVE}&q=closed", shared["hana"], headers=WHY)
    assert "Marking: TLP:AMBER+STRICT" in answer.json()["about"]
    assert releases(module_database)[-1]["records"] == ["seizure 6"], "what they were made of can be recalled"


# -- the page ---------------------------------------------------------------------------------------------------------


def test_those_who_answer_for_releases_see_them(server, module_database, shared):
    evil = {"X-Purpose": "%3Cscript%3Ealert(1)%3C/script%3E", "X-Case": "1", "X-Recipient": "%3Cb%3Eboss"}
    assert ask(server, f"/api/export/csv?{LIVE}&agency=Hotel&drug=ats&min_kg=1&max_kg=2&from=2026-11-28T00:00:00Z", shared["hana"], headers=evil).status_code == 200
    told = len(entries(module_database))
    page = ask(server, "/releases", shared["lena"])
    assert page.status_code == 200 and "<script>alert" not in page.text and "&lt;b&gt;boss" in page.text and "<b>boss" not in page.text
    answer = ask(server, "/api/releases?limit=1", shared["lena"]).json()
    assert answer["rows"][0]["recipient"] == "<b>boss" and answer["notices"] == []
    older = ask(server, f"/api/releases?limit=1&before={answer['rows'][0]['id']}", shared["lena"]).json()["rows"]
    assert older[0]["id"] < answer["rows"][0]["id"]
    assert [e["of"] for e in entries(module_database, told)] == ["/releases".removeprefix("/"), "releases", "releases"]
    assert ask(server, "/releases", shared["hana"]).status_code == 403
    assert 'href="/releases"' in ask(server, "/account", shared["lena"]).text and 'href="/releases"' not in ask(server, "/account", shared["hana"]).text


def test_a_notice_is_on_the_page_until_it_is_told(server, module_database, shared):
    assert ask(server, f"/api/export/csv?{LIVE}&agency=Hotel&drug=ats&max_kg=50", shared["hana"], headers=WHY).status_code == 200
    with module_database.connect() as connection:
        connection.execute("UPDATE seizure SET drug_told = 'flour' WHERE drug = 'ats' AND agency_id = %s", (shared["number"]["Hotel"],))
        notices = recall.recall(connection, since=datetime(2026, 1, 1, tzinfo=timezone.utc))
        connection.commit()
    told = ask(server, "/api/releases", shared["lena"]).json()["notices"]
    assert [n["id"] for n in told] == [n["notice"] for n in notices] and told
    assert "corrected: seizure:" in ask(server, "/releases", shared["lena"]).text
    with module_database.connect() as connection:
        for notice in notices:
            recall.notified(connection, notice["notice"], "lena")
        connection.commit()
    assert ask(server, "/api/releases", shared["lena"]).json()["notices"] == [] and "corrected" not in ask(server, "/releases", shared["lena"]).text


@pytest.mark.parametrize("query", ["before=x", "before=0", "limit=0", "limit=5000", "drug=cocaine", "before=9999999999999999999"])
def test_a_bad_question_is_a_422(server, shared, query):
    assert ask(server, f"/api/releases?{query}", shared["lena"]).status_code == 422
