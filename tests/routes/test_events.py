"""Events, alerts, watch areas and rules over the real routes: what each role gets, what is refused and why, and what the record holds of it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from data import watching
from data.live import LiveWriter
from feeds.watching import catch_up
from tests.routes.asked import CANARY, LIVE, ask, entries

NOW_US = watching.microseconds(datetime.now(timezone.utc).replace(microsecond=0))
MIN_US = 60_000_000
MOUTH = {"type": "Polygon", "coordinates": [[[-97.0, 26.0], [-96.9, 26.0], [-96.9, 26.1], [-97.0, 26.1], [-97.0, 26.0]]]}


def told(server, path: str, token: str, status: int = 200, method: str = "GET", **how):
    answer = ask(server, f"/api/{path}", token, method, **how)
    assert answer.status_code == status, (path, answer.status_code, answer.text[:300])
    return answer.json()


@pytest.fixture(scope="module")
def watched(server, visitors, module_database):
    """An area of each agency's, and a vessel of each that has gone into both; a fix of ours that came late takes nothing away."""
    body = {"name": "Mouth", "geometry": MOUTH, "warning_m": 2000, "critical": True, "marking": "TLP:GREEN"}
    areas = {agency: told(server, f"watch-areas?{LIVE}", visitors[who], 201, "POST", json={**body, "agency": agency}) for who, agency in (("ana", "Alfa"), ("analyst", "Bravo"))}
    with module_database.connect() as connection:
        writer = LiveWriter(connection, 0, 1)
        tracks = dict(connection.execute("SELECT a.name, min(t.id) FROM track t JOIN agency a ON a.id = t.agency_id WHERE t.world = 0 GROUP BY 1").fetchall())
        for track in tracks.values():
            writer.store({"track_id": np.full(8, track), "observed_us": NOW_US + (np.arange(8) - 30) * MIN_US, "lon": np.linspace(-97.05, -96.95, 8), "lat": np.full(8, 26.05)})
        connection.commit()
    catch_up(module_database.owner_url)
    return areas


def test_events_are_of_the_filter_and_carry_what_was_asked_for(server, visitors, watched):
    page = told(server, f"events?{LIVE}&type=enter", visitors["ana"])
    assert page["total"] == len(page["rows"]) > 0
    row = page["rows"][0]
    assert {"type", "track", "started_at", "ended_at", "place", "rule", "revision", "retracted", "area", "first_fix", "last_fix"} <= set(row)
    assert row["area"]["version"] == 1 and row["first_fix"]["at"] < row["last_fix"]["at"] and not row["retracted"]
    assert told(server, f"events?{LIVE}&type=enter&kind=person", visitors["ana"])["total"] == 0
    assert told(server, f"events?{LIVE}&type=enter&bbox=10,10,11,11", visitors["ana"])["total"] == 0
    early = (datetime.now(timezone.utc) - timedelta(days=3)).isoformat().replace("+00:00", "Z")
    assert told(server, f"events?{LIVE}&known_at={early}", visitors["ana"])["total"] == 0, "known then: nothing"
    one = told(server, f"events/{row['id']}?{LIVE}", visitors["ana"])
    assert [r["change"] for r in one["revisions"]] == ["new"]


@pytest.mark.parametrize(("path", "word"), [("events?type=nothing", "type"), ("events?retracted=maybe", "retracted"), ("events?nowhere=1", "nowhere"), ("alerts?over=1", "over"),
                                            ("events?sort=name", "sort")])
def test_what_is_asked_wrongly_is_named(server, visitors, path, word):
    assert [p["key"] for p in told(server, path, visitors["ana"], 422)["problems"]] == [word]


def test_nobody_is_told_of_anothers(server, visitors, watched):
    for path in ("events", "alerts", "watch-areas", "rules", *(f"events/{i}" for i in range(1, 40))):
        for who, foreign in (("ana", "Bravo"), ("analyst", "Alfa")):
            answer = ask(server, f"/api/{path}?{LIVE}", visitors[who])
            assert answer.status_code in (200, 404) and CANARY[foreign].encode() not in answer.content, path
    ours, theirs = (told(server, f"events?{LIVE}&limit=1000", visitors[who])["rows"] for who in ("ana", "analyst"))
    assert {r["id"] for r in ours}.isdisjoint(r["id"] for r in theirs), "each sees its own vessel in its own area"
    assert all(r["area"] is None or r["area"]["id"] == watched["Alfa"]["id"] for r in ours)


def test_an_alert_is_acknowledged_with_a_name_and_resolved_and_the_record_knows(server, visitors, watched, module_database):
    before = told(server, f"alerts?{LIVE}", visitors["ana"])
    assert before["total"] == 1 and before["may"] is (before["new"] == 1)
    (number,) = before["lines"][0]["ids"]
    told(server, f"alerts/{number}/acknowledge", visitors["viewer"], 403, "POST")
    told(server, f"alerts/{number}/suppress", visitors["ana"], 422, "POST")
    assert told(server, f"alerts/{number}/acknowledge", visitors["analyst"], 200, "POST")["moved"] == 0, "of another agency"
    assert told(server, f"alerts/{number}/acknowledge", visitors["ana"], 200, "POST", json={"note": "on our way"}) == {"moved": 1, "state": "acknowledged"}
    line = told(server, f"alerts?{LIVE}", visitors["ana"])["lines"][0]["newest"]
    assert (line["state"], line["state_by"], line["note"]) == ("acknowledged", "ana", "on our way")
    told(server, f"alerts/{number}/resolve", visitors["ana"], 200, "POST")
    assert told(server, f"alerts?{LIVE}", visitors["ana"])["total"] == 0
    assert [a["id"] for a in told(server, f"alerts?{LIVE}&over=yes", visitors["ana"])["rows"]] == [number]
    assert [s["state"] for s in told(server, f"alerts/{number}", visitors["ana"])["steps"]] == ["acknowledged", "resolved"]
    told(server, f"alerts/{number}", visitors["analyst"], 404)
    assert {e["to"] for e in entries(module_database) if e.get("of") == f"alert:{number}"} == {"acknowledged", "resolved"}


@pytest.mark.parametrize(("path", "status"), [("alerts/1,2,x/resolve", 422), ("alerts/1/destroy", 404), ("alerts/99999/resolve", 200), (f"alerts/{'9' * 30}/resolve", 422)])
def test_a_made_up_number_moves_nothing(server, visitors, path, status):
    answer = told(server, path, visitors["ana"], status, "POST")
    assert answer.get("moved", 0) == 0


@pytest.mark.parametrize("wrong", [
    {"geometry": None}, {"geometry": {"type": "Point", "coordinates": [0, 0]}}, {"name": ""}, {"name": "x" * 101}, {"warning_m": -1}, {"warning_m": "2"}, {"critical": 1},
    {"windows": ["always"]}, {"zone": "Mars/Olympus"}, {"marking": "TLP:BLUE"}, {"colour": "red"}, {"geometry": {"type": "Polygon", "coordinates": [[[0, 0], [400, 0], [400, 1], [0, 0]]]}},
])
def test_an_area_that_can_not_be_is_refused_whole(server, visitors, wrong, watched):
    before = told(server, f"watch-areas?{LIVE}", visitors["ana"])
    told(server, f"watch-areas?{LIVE}", visitors["ana"], 422, "POST", json={"name": "A", "geometry": MOUTH, "agency": "Alfa", **wrong})
    assert told(server, f"watch-areas?{LIVE}", visitors["ana"]) == before


def test_an_area_has_versions_and_is_kept_by_its_own(server, visitors, watched):
    number = watched["Alfa"]["id"]
    body = {"name": "Mouth", "geometry": MOUTH, "warning_m": 500, "agency": "Alfa", "windows": ["fri 22:00-sat 06:00"], "zone": "America/Chicago", "marking": "TLP:GREEN"}
    told(server, f"watch-areas/{number}?{LIVE}", visitors["analyst"], 403, "PUT", json=body)
    told(server, f"watch-areas/{number}?{LIVE}", visitors["analyst"], 404, "PUT", json={**body, "agency": "Bravo"})
    told(server, f"watch-areas?{LIVE}", visitors["viewer"], 403, "POST", json=body)
    then = datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")
    assert told(server, f"watch-areas/{number}?{LIVE}", visitors["ana"], 200, "PUT", json=body) == {"id": number, "version": 2}
    (now,) = told(server, f"watch-areas?{LIVE}", visitors["ana"])["features"]
    (before,) = told(server, f"watch-areas?{LIVE}&known_at={then}", visitors["ana"])["features"]
    assert (now["properties"]["version"], before["properties"]["version"]) == (2, 1) and now["properties"]["windows"] == ["fri 22:00-sat 06:00"]
    assert now["properties"]["warning_line"]["type"] == "Polygon"
    told(server, f"watch-areas/{number}", visitors["analyst"], 404, "DELETE")
    told(server, f"watch-areas/{number}", visitors["ana"], 200, "DELETE")
    assert told(server, f"watch-areas?{LIVE}", visitors["ana"])["features"] == []
    told(server, f"watch-areas/{number}", visitors["ana"], 404, "DELETE")


def test_a_rule_says_what_it_does_not_look_at(server, visitors):
    rules = {r["name"]: r for r in told(server, f"rules?{LIVE}", visitors["ana"])["rows"]}
    vessels = rules["Two vessels meet"]["not_covered"]
    assert any(w.startswith("kinds: ") and "vehicle" in w for w in vessels) and "the exercise" in vessels
    assert rules["Stands still"]["not_covered"][0] == "everything: it is off"
    page = ask(server, f"/rules?{LIVE}", visitors["ana"]).text
    assert "Does not look at" in page and len(re.findall("<tr>", page)) == len(rules) + 1


def test_a_gap_has_a_dark_zone_and_nothing_else_has(server, visitors, watched):
    gaps = told(server, f"events?{LIVE}&type=gap&limit=1000", visitors["ana"])["rows"]
    enter = told(server, f"events?{LIVE}&type=enter", visitors["ana"])["rows"][0]
    told(server, f"events/{enter['id']}/zone?{LIVE}", visitors["ana"], 404)
    if short := [g for g in gaps if g["ended_at"] and g["facts"].get("silence_s", 1e9) < 86_400]:
        zone = told(server, f"events/{short[0]['id']}/zone?{LIVE}", visitors["ana"])
        assert zone["geometry"]["type"] in ("Polygon", "MultiPolygon") and 0 < zone["properties"]["km2"] <= zone["properties"]["plain_km2"]
