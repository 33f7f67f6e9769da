"""Analyses over real ASGI: asked for, worked off, looked at and taken out by those who may; zones locked before an effect is asked."""

from __future__ import annotations

import hashlib
import io
import json

import geopandas as gpd
import mapbox_vector_tile
import pypdf
import pytest
import shapely

from analysis import methods
from exports import printing
from jobs import analysing
from routes import analyses as routes
from tests.analysis import toy
from tests.routes.asked import LIVE, WHY, ask, entries

ASK = f"/api/analyses?{LIVE}"


@pytest.fixture(scope="module", autouse=True)
def toys():
    patch = pytest.MonkeyPatch()
    patch.setitem(methods._WHERE, "toy", toy.WHERE)
    patch.setitem(methods._WHERE, "toy-effect", toy.WHERE_EFFECT)
    patch.setattr(analysing, "PROGRAM", "tests.jobs.toy_analyst")
    routes._methods.cache_clear()
    yield
    patch.undo()
    routes._methods.cache_clear()


def post(server, token, body, path=ASK, method="POST", **headers):
    return ask(server, path, token, method, content=json.dumps(body), headers={"Content-Type": "application/json", **WHY, **headers})


def work(module_database) -> int:
    return analysing.run(module_database.owner_url, module_database.app_url)


@pytest.fixture(scope="module")
def done(server, visitors, module_database) -> int:
    answer = post(server, visitors["ana"], {"method": "toy", "knobs": {"cell_deg": 0.5}})
    assert answer.status_code == 202 and (answer.json()["state"], answer.json()["mine"]) == ("waiting", True)
    assert work(module_database) == 1
    return answer.json()["id"]


def test_methods_are_told_with_their_knobs(server, visitors):
    told = {m["name"]: m for m in ask(server, "/api/analyses/methods", visitors["viewer"]).json()}
    assert set(told) == set(methods.names()) and told["toy"]["knobs"][0] == {
        "name": "cell_deg", "default": 1.0, "kind": "float", "words": "How wide a square is.", "unit": "degrees", "least": 0.01, "most": 10, "choices": []}


def test_one_is_asked_for_done_and_drawn(server, visitors, done):
    found = ask(server, f"/api/analyses/{done}", visitors["ana"]).json()
    assert (found["state"], found["progress"], found["agencies"], found["told"]["n"], found["told"]["effort"]) == ("done", 1.0, ["Alfa"], 12, "1 looks")
    assert found["knobs"]["cell_deg"] == 0.5 and found["knobs"]["grid"] == "square", "knobs that nobody set are told too"
    page = ask(server, f"/api/analyses/{done}/places?sort=-n&limit=2", visitors["ana"]).json()
    assert page["total"] == found["places"] and page["features"][0]["properties"]["n"] >= page["features"][1]["properties"]["n"]
    tile = ask(server, f"/api/tiles/analyses/{done}/0/0/0.mvt", visitors["ana"])
    drawn = mapbox_vector_tile.decode(tile.content)["places"]["features"]
    assert sum(f["properties"]["n"] for f in drawn) == 12 and {"ordinal", "n", "level"} == set(drawn[0]["properties"])
    assert ask(server, f"/api/tiles/analyses/{done}/0/0/0.mvt", visitors["ana"], headers={"If-None-Match": tile.headers["etag"]}).status_code == 304
    assert post(server, visitors["ana"], {"method": "toy", "knobs": {"cell_deg": "0.5"}}).json()["id"] == done, "the same question is answered from the record"


def test_another_agency_finds_nothing_of_it(server, visitors, done):
    for path in (f"/api/analyses/{done}", f"/api/analyses/{done}/places", f"/api/tiles/analyses/{done}/0/0/0.mvt", f"/api/analyses/{done}/export/csv", f"/api/analyses/{done}/report.html", f"/api/analyses/{done}/report.pdf"):
        assert ask(server, path, visitors["analyst"], headers=WHY).status_code == 404, path
    assert ask(server, f"/api/analyses/{done}", visitors["analyst"], "DELETE").status_code == 404
    assert done in [r["id"] for r in ask(server, ASK, visitors["ana"]).json()["rows"]] and done not in [r["id"] for r in ask(server, ASK, visitors["analyst"]).json()["rows"]]


@pytest.mark.parametrize(("body", "status", "words"), [
    ({"method": "toy", "knobs": {"cell_deg": 100}}, 422, "from 0.01 to 10 degrees"), ({"method": "none"}, 422, "no method 'none'"), ({"method": "toy", "knobs": {"x": 1}}, 422, "no knob 'x'"),
    ({"method": "toy", "knobs": [1]}, 422, "knobs: expected an object"), ({"method": "toy", "seed": 1}, 422, "the body has 'seed'"), ({"method": 3}, 422, "method: expected"),
    ({"method": "toy", "units": [{"name": "a"}]}, 422, "units: the 1. is expected to have"), ({"method": "toy", "zones": 1}, 422, "toy reads none"),
    ({"method": "toy-effect"}, 422, "zones: expected the number of zones that are locked"), ({"method": "toy-effect", "zones": 999}, 404, "no zones 999"),
])
def test_what_it_can_not_be_asked_is_refused(server, visitors, body, status, words):
    answer = post(server, visitors["ana"], body)
    assert answer.status_code == status and words in answer.json()["error"]


def test_who_may_not_ask_is_refused_and_live_needs_a_purpose(server, visitors):
    assert post(server, visitors["viewer"], {"method": "toy"}).status_code == 403
    assert ask(server, ASK, visitors["ana"], "POST", content=b'{"method": "toy"}').status_code == 428
    assert ask(server, ASK, visitors["ana"], "POST", content=b'{"method": "toy"}', headers={"Origin": "http://evil.example", **WHY}).status_code == 403
    assert post(server, visitors["screen"], {"method": "toy"}).status_code == 403


def test_it_is_called_off_and_taken_off_the_list(server, visitors):
    run = post(server, visitors["ana"], {"method": "toy", "knobs": {"cell_deg": 3}}).json()["id"]
    assert ask(server, f"/api/analyses/{run}", visitors["ana"], "DELETE").json() == {"id": run, "cancelled": True, "removed": False}
    assert ask(server, f"/api/analyses/{run}", visitors["ana"]).json()["state"] == "cancelled"
    assert ask(server, f"/api/analyses/{run}", visitors["ana"], "DELETE").json()["removed"] and ask(server, f"/api/analyses/{run}", visitors["ana"]).status_code == 404


def test_what_is_withheld_is_in_no_answer(server, visitors, module_database):
    run = post(server, visitors["ana"], {"method": "toy", "knobs": {"withheld": True}}).json()["id"]
    work(module_database)
    found = ask(server, f"/api/analyses/{run}", visitors["ana"]).json()
    assert found["told"]["withheld"] == "no better than counts" and found["places"] == 0 and "charts" not in found["told"]
    assert ask(server, f"/api/analyses/{run}/places", visitors["ana"]).json()["features"] == []
    assert ask(server, f"/api/tiles/analyses/{run}/0/0/0.mvt", visitors["ana"]).status_code == 204
    assert ask(server, f"/api/analyses/{run}/export/geojson", visitors["ana"], headers=WHY).status_code == 404
    report = ask(server, f"/api/analyses/{run}/report.html", visitors["ana"], headers=WHY).text
    assert "Withheld: no better than counts" in report and "<svg" not in report


def test_it_is_taken_out_as_a_release(server, visitors, module_database, done):
    assert ask(server, f"/api/analyses/{done}/export/csv", visitors["ana"]).status_code == 428
    assert ask(server, f"/api/analyses/{done}/export/csv", visitors["viewer"], headers=WHY).status_code == 403
    csv = ask(server, f"/api/analyses/{done}/export/csv", visitors["ana"], headers=WHY)
    assert csv.status_code == 200 and int(csv.headers["x-release"]) and "It is a toy." in csv.text and "EXERCISE" not in csv.text
    told = ask(server, f"/api/analyses/{done}/export/geojson", visitors["ana"], headers=WHY).json()
    frame = gpd.read_parquet(io.BytesIO(ask(server, f"/api/analyses/{done}/export/parquet", visitors["ana"], headers=WHY).content))
    assert len(frame) == len(told["features"]) == int(csv.headers["x-rows"]) and told["told"]["n"] == 12
    assert ask(server, f"/api/analyses/{done}/export/gpx", visitors["ana"], headers=WHY).status_code == 404
    report = ask(server, f"/api/analyses/{done}/report.html", visitors["ana"], headers=WHY).text
    assert "<svg" in report and "<script" not in report and "TLP:AMBER" in report and "It is a toy." in report
    last = entries(module_database)[-1]
    assert last["of"] == f"analyses/{done}/report.html" and last["case"] == WHY["X-Case"] and last["release"]


def test_its_report_is_printed_as_a_release(server, visitors, module_database, done, monkeypatch):
    path = f"/api/analyses/{done}/report.pdf"
    assert ask(server, path, visitors["ana"]).status_code == 428 and ask(server, path, visitors["viewer"], headers=WHY).status_code == 403
    answer = ask(server, path, visitors["ana"], headers=WHY)
    assert answer.headers["content-type"] == "application/pdf" and answer.headers["content-disposition"].endswith('.pdf"')
    pages = [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages]
    found = ask(server, f"/api/analyses/{done}", visitors["ana"]).json()
    assert all("TLP:AMBER" in page for page in pages) and "It is a toy." in " ".join(pages)
    assert all(told in "".join(pages).replace(" ", "") for told in (found["key"], found["told"]["given"]["sha256"])), "what it was made of"
    last = entries(module_database)[-1]
    assert last["of"] == f"analyses/{done}/report.pdf" and last["case"] == WHY["X-Case"]
    with module_database.connect() as connection:
        kept = connection.execute("SELECT format, sha256 FROM release WHERE id = %s", (last["release"],)).fetchone()
    assert (kept[0], bytes(kept[1])) == ("analysis.pdf", hashlib.sha256(answer.content).digest())
    monkeypatch.setattr(printing, "PROGRAM", printing.PROGRAM.with_name("nowhere.py"))
    assert ask(server, path, visitors["ana"], headers=WHY).status_code == 500
    monkeypatch.setattr(printing, "MISSING", 2)  # what Python ends with where there is no such program
    answer = ask(server, path, visitors["ana"], headers=WHY)
    assert answer.status_code == 503 and "apt-get install libpango-1.0-0" in answer.json()["error"]
    assert ask(server, f"/api/analyses/{done}/report.html", visitors["ana"], headers=WHY).status_code == 200


def zones(name="Anvil", **more) -> dict:
    shape = lambda *b: json.loads(shapely.to_geojson(shapely.box(*b)))  # noqa: E731
    return {"name": name, "starts_at": "2026-11-20T00:00:00Z", "ends_at": "2026-11-22T00:00:00Z", "agency": "Alfa", "zones": [
        {"role": "operation", "name": "", "geometry": shape(-97.6, 25.9, -97.4, 26.1)}, {"role": "buffer", "name": "", "geometry": shape(-97.7, 25.8, -97.6, 26.2)},
        {"role": "control", "name": "south", "geometry": shape(-98.4, 25.6, -98.2, 25.8)}], **more}


def test_an_effect_is_asked_only_of_locked_zones(server, visitors, module_database):
    made = post(server, visitors["ana"], zones(), f"/api/zones?{LIVE}")
    assert made.status_code == 201 and made.json()["version"] == 1
    number = made.json()["id"]
    body = {"method": "toy-effect", "zones": number}
    assert "is not locked" in post(server, visitors["ana"], body).json()["error"]
    assert post(server, visitors["analyst"], {"version": 1}, f"/api/zones/{number}/lock?{LIVE}").status_code == 404, "another agency's"
    locked = post(server, visitors["ana"], {"version": 1}, f"/api/zones/{number}/lock?{LIVE}").json()
    assert len(locked["hash"]) == 64 and post(server, visitors["ana"], {"version": 1}, f"/api/zones/{number}/lock?{LIVE}").status_code == 404, "once"
    assert "times are those of its locked zones" in post(server, visitors["ana"], {**body, "knobs": {"start": "2026-11-21T00:00:00Z"}}).json()["error"]
    asked = post(server, visitors["ana"], body)
    assert asked.status_code == 202 and asked.json()["zones"]["hash"] == locked["hash"] and asked.json()["knobs"]["start"].startswith("2026-11-20T00:00:00")
    elsewhere = f"{ASK}&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z&bbox=-97.6,25.9,-97.4,26.1"
    assert post(server, visitors["ana"], body, elsewhere).json()["id"] == asked.json()["id"], "where and when are its zones', not those of the map"
    work(module_database)
    found = ask(server, f"/api/analyses/{asked.json()['id']}", visitors["ana"]).json()
    assert (found["state"], found["places"], found["told"]["given"]["zones"]["locked_by"]) == ("done", 3, "ana") and found["told"]["words"].startswith("2026-11-20T00:00:00")
    changed = post(server, visitors["ana"], zones(ends_at="2026-11-23T00:00:00Z"), f"/api/zones/{number}?{LIVE}", "PUT")
    assert changed.json() == {"id": number, "version": 2}
    assert "version 2 of the zones 'Anvil' is not locked" in post(server, visitors["ana"], body).json()["error"]
    rows = ask(server, f"/api/zones?{LIVE}", visitors["ana"]).json()["rows"]
    assert [(r["version"], r["hash"], [z["role"] for z in r["zones"]]) for r in rows if r["id"] == number] == [(2, None, ["operation", "buffer", "control"])]
    assert ask(server, f"/api/zones?{LIVE}", visitors["analyst"]).json()["rows"] == []
    ask(server, f"/api/analyses/{asked.json()['id']}", visitors["ana"], "DELETE")


@pytest.mark.parametrize(("change", "words"), [
    ({"zones": []}, "0 zones are told"), ({"starts_at": "yesterday"}, "starts_at: expected a time"), ({"starts_at": "2026-11-23T00:00:00Z"}, "expected a time after"), ({"name": ""}, "the name '' is refused"),
    ({"zones": [{"role": "operation", "geometry": {"type": "Point", "coordinates": [1, 2]}}]}, "valid polygons"),
    ({"zones": [zones()["zones"][0], {**zones()["zones"][0], "role": "control"}]}, "a control area overlaps"), ({"zones": [{**zones()["zones"][0], "role": "x"}, zones()["zones"][0]]}, "the role 'x' is none"),
])
def test_zones_that_can_not_be_are_refused(server, visitors, change, words):
    answer = post(server, visitors["ana"], zones(**change), f"/api/zones?{LIVE}")
    assert answer.status_code == 422 and words in answer.json()["error"]


def test_zones_of_another_agency_are_not_kept(server, visitors):
    assert post(server, visitors["analyst"], zones(), f"/api/zones?{LIVE}").status_code == 403
    assert post(server, visitors["viewer"], zones(), f"/api/zones?{LIVE}").status_code == 403
