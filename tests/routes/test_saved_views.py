"""Saved views and short links over real HTTP: saved, opened by others with their own rights, expired, revoked; and what the record knows."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.routes.asked import LIVE, ask, entries

STATE = f"{LIVE}&drug=cocaine&layers=seizures,-movements&camera=8.6/26.15/-97.9"
HTML = {"Accept": "text/html"}


def save(server, token, name="Night shift", status=201, method="POST", path="", headers=None, **more):
    answer = ask(server, f"/api/saved-views{path}", token, method, json={"name": name, "state": STATE, **more}, headers=headers or {})
    assert answer.status_code == status, answer.text
    return answer.json()


def link(server, token, status=201, **body) -> dict:
    answer = ask(server, "/api/short-links", token, "POST", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_everybody_who_may_look_saves_views_that_their_agency_sees(server, visitors):
    made = {role: save(server, visitors[role], f"of {role}")["id"] for role in ("viewer", "auditor", "administrator")}
    body = ask(server, "/api/saved-views", visitors["legal"]).json()
    rows = {row["id"]: row for row in body["rows"]}
    assert set(made.values()) <= set(rows) and "state" not in rows[made["viewer"]]
    assert {k: rows[made["viewer"]][k] for k in ("name", "version", "agency", "private", "marking", "world", "own", "may")} == {
        "name": "of viewer", "version": 1, "agency": "Bravo", "private": False, "marking": "TLP:AMBER", "world": "live", "own": False, "may": False}
    assert body["agencies"] == ["Bravo"] and body["operations"] == [] and body["markings"] == ["TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"]
    assert not {row["id"] for row in ask(server, "/api/saved-views", visitors["ana"]).json()["rows"]} & set(made.values())
    for number in made.values():
        assert ask(server, f"/api/saved-views/{number}", visitors["ana"]).status_code == 404
        assert ask(server, f"/api/saved-views/{number}", visitors["ana"], "DELETE").status_code == 404
        assert ask(server, f"/api/saved-views/{number}", visitors["supervisor"], "DELETE").json() == {"id": number, "deleted": True}
        assert ask(server, f"/api/saved-views/{number}", visitors["legal"]).status_code == 410


def test_a_new_version_follows_on_the_one_that_was_looked_at(server, visitors):
    number = save(server, visitors["viewer"])["id"]
    tag = ask(server, f"/api/saved-views/{number}", visitors["viewer"]).headers["etag"]
    assert ask(server, f"/api/saved-views/{number}", visitors["viewer"], headers={"If-None-Match": tag}).status_code == 304
    assert save(server, visitors["viewer"], "Day shift", 200, "PUT", f"/{number}", {"If-Match": '"1"'}) == {"id": number, "version": 2}
    assert "version 2 is the newest" in save(server, visitors["viewer"], "Late", 412, "PUT", f"/{number}", {"If-Match": '"1"'})["error"]
    assert "expected the number" in save(server, visitors["viewer"], "Late", 412, "PUT", f"/{number}", {"If-Match": '"x"'})["error"]
    assert ask(server, f"/api/saved-views/{number}", visitors["viewer"], "DELETE", headers={"If-Match": '"1"'}).status_code == 412
    body = ask(server, f"/api/saved-views/{number}", visitors["viewer"], headers={"If-None-Match": tag}).json()
    assert (body["name"], body["state"], body["opens"], body["left_out"], len(body["versions"])) == ("Day shift", STATE, STATE, [], 2)
    assert ask(server, f"/api/saved-views/{number}?version=1", visitors["viewer"]).json()["name"] == "Night shift"
    assert ask(server, f"/api/saved-views/{number}", visitors["supervisor"], headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(("more", "said"), [
    ({"state": "world=live&nope=1"}, "nope=1: expected one of"), ({"state": "layers=radar"}, "layers=radar: expected each layer once"), ({"state": ""}, "1 to 4,000"), ({"state": 5}, "state: expected"),
    ({"state": "world=live&view=1"}, "view=1"), ({"name": ""}, "1 to 200 printable"), ({"name": "x" * 201}, "1 to 200 printable"), ({"name": ["a"]}, "name: expected"), ({"name": "a\u202eb"}, "printable"),
    ({"private": "yes"}, "true or false"), ({"marking": "SECRET"}, "TLP:RED"), ({"note": "x" * 1001}, "at most 1,000"), ({"also": 1}, "the body has 'also'"), ({"private": True, "operation": "Dorado"}, "private view"),
    ({"state": f"{LIVE}&q=" + "x" * 4000}, "4,0"),
])
def test_what_is_wrong_is_said(server, visitors, more, said):
    answer = ask(server, "/api/saved-views", visitors["viewer"], "POST", json={"name": "x", "state": STATE, **more})
    assert answer.status_code == 422 and said in answer.json()["error"]


def test_a_foreign_agency_or_marking_is_refused(server, visitors):
    for more in ({"agency": "Alfa"}, {"marking": "TLP:RED"}, {"operation": "Nowhere"}, {"agency": None}):
        assert "agency of one's own" in save(server, visitors["viewer"], status=403, **more)["error"]
    private = save(server, visitors["viewer"], "mine", private=True, agency=None)["id"]
    assert ask(server, f"/api/saved-views/{private}", visitors["supervisor"]).status_code == 404


def test_a_view_of_what_another_may_not_see_opens_without_it(server, visitors, module_database):
    with module_database.connect() as connection:
        (foreign,) = connection.execute("SELECT t.id FROM track t JOIN agency a ON a.id = t.agency_id WHERE a.name = 'Alfa'").fetchone()
    number = save(server, visitors["viewer"], state=f"{LIVE}&agency=Alfa,Bravo&sel=track:{foreign}&layers=seizures&camera=8.6/26.15/-97.9")["id"]
    body = ask(server, f"/api/saved-views/{number}", visitors["viewer"]).json()
    assert body["opens"] == f"{LIVE}&agency=Bravo&layers=seizures&camera=8.6/26.15/-97.9"
    assert [(p["key"], p["value"]) for p in body["left_out"]] == [("agency", "Alfa"), ("sel", f"track:{foreign}")]


def test_a_link_is_opened_with_ones_own_rights(server, visitors):
    made = link(server, visitors["viewer"], state=f"{LIVE}&agency=Bravo&q=CANARY&layers=seizures&camera=8.6/26.15/-97.9", lasts="1h")
    assert made["url"] == f"http://127.0.0.1/v/{made['code']}" and len(made["code"]) == 12 and made["qr"] == f"/v/{made['code']}.svg"
    own = ask(server, f"/v/{made['code']}", visitors["legal"], headers=HTML)
    assert (own.status_code, own.headers["location"]) == (303, f"/?{LIVE}&agency=Bravo&q=CANARY&layers=seizures#map=8.6/26.15/-97.9")
    # Another agency's analyst has neither the agency nor a word of who made it.
    foreign = ask(server, f"/v/{made['code']}", visitors["ana"], headers=HTML)
    assert foreign.headers["location"] == f"/?{LIVE}&q=CANARY&layers=seizures&left_out=agency#map=8.6/26.15/-97.9"
    assert ask(server, f"/v/{made['code']}", None, headers=HTML).headers["location"] == f"/sign-in?next=%2Fv%2F{made['code']}"
    assert ask(server, f"/v/{made['code']}", None).status_code == 401 and ask(server, f"/v/{made['code']}", visitors["screen"]).status_code == 403
    rows = ask(server, "/api/short-links", visitors["viewer"]).json()["rows"]
    assert next(row for row in rows if row["id"] == made["id"])["opened"] == 2
    assert made["id"] not in {row["id"] for row in ask(server, "/api/short-links", visitors["ana"]).json()["rows"]}


def test_a_link_to_a_view_leads_to_what_it_is_then_for_whom_it_is_shared_with(server, visitors):
    number = save(server, visitors["viewer"])["id"]
    code = link(server, visitors["viewer"], view=number, lasts="7d")["code"]
    save(server, visitors["viewer"], "Later", 200, "PUT", f"/{number}", state=f"{LIVE}&heat=1")
    assert ask(server, f"/v/{code}", visitors["legal"]).headers["location"] == f"/?{LIVE}&heat=1&view={number}"
    refused = ask(server, f"/v/{code}", visitors["ana"], headers=HTML)
    assert refused.status_code == 404 and f"No saved view {number} that you may see" in refused.text and "<h1>" in refused.text
    ask(server, f"/api/saved-views/{number}", visitors["viewer"], "DELETE")
    gone = ask(server, f"/v/{code}", visitors["legal"], headers=HTML)
    assert gone.status_code == 410 and "was deleted" in gone.text
    assert link(server, visitors["ana"], 404, view=number) and link(server, visitors["viewer"], 410, view=number)


def test_a_link_that_ended_says_so(server, visitors, module_database):
    made = link(server, visitors["viewer"], state=STATE, lasts="1d")
    assert ask(server, f"/api/short-links/{made['id']}", visitors["ana"], "DELETE").status_code == 404
    assert ask(server, f"/api/short-links/{made['id']}", visitors["viewer"], "DELETE").json() == {"id": made["id"], "revoked": True}
    expired = link(server, visitors["viewer"], state=STATE)
    with module_database.connect() as connection:
        connection.execute("UPDATE access.short_link SET expires_at = now() WHERE id = %s", (expired["id"],))
        connection.commit()
    for code, status, words in ((made["code"], 410, "was revoked"), (expired["code"], 410, "has expired"), ("a" * 12, 404, "no such link"), ("<script>", 404, "no such link")):
        answer = ask(server, f"/v/{code}", visitors["legal"], headers=HTML)
        assert answer.status_code == status and words in answer.text and "<script>alert" not in answer.text and "Traceback" not in answer.text, code
        assert ask(server, f"/v/{code}.svg", visitors["legal"]).status_code == status


@pytest.mark.parametrize("body", [{}, {"state": STATE, "view": 1}, {"view": True}, {"view": "1"}, {"state": 5}, {"state": "nope=1"}, {"state": STATE, "lasts": "2d"}, {"state": STATE, "code": "mine"}])
def test_what_no_link_can_be(server, visitors, body):
    link(server, visitors["viewer"], 422, **body)


def test_the_square_code_is_the_address_as_svg_and_nothing_of_it_leads_away(server, visitors):
    code = link(server, visitors["viewer"], state=STATE)["code"]
    answer = ask(server, f"/v/{code}.svg", visitors["viewer"])
    assert answer.headers["content-type"] == "image/svg+xml" and answer.headers["cache-control"] == "no-store"
    root = ET.fromstring(answer.text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg" and not any("href" in key or tag.tag.endswith("script") for tag in root.iter() for key in tag.attrib)
    assert ask(server, f"/v/{code}.svg", None).status_code == 401


def test_the_record_knows_of_saving_sharing_and_opening(server, visitors, module_database):
    with module_database.connect() as connection:
        (since,) = connection.execute("SELECT coalesce(max(seq) + 1, 0) FROM audit.entry").fetchone()
    number = save(server, visitors["viewer"], "Secret name")["id"]
    made = link(server, visitors["viewer"], view=number)
    ask(server, f"/v/{made['code']}", visitors["legal"])
    ask(server, f"/api/short-links/{made['id']}", visitors["viewer"], "DELETE")
    ask(server, f"/api/saved-views/{number}", visitors["viewer"], "DELETE")
    told = entries(module_database, since)
    assert ["short-link:%d" % made["id"], f"saved-view:{number}"] in [[e.get("of"), e.get("to")] for e in told if e["what"] == "consultation"]
    assert [e["to"] for e in told if e["what"] == "change"] == ["shared, TLP:AMBER", f"made for 1d, to saved-view:{number}", "revoked", "deleted"]
    assert "Secret" not in str(told) and made["code"] not in str(told)
