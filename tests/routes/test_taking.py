"""An area taken along: what it weighs, who may, what is written down first, until when it may stay."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from pmtiles.reader import MemorySource, Reader

import settings
from data import authority, marking, people, taking
from data.fixes import FixWriter, TrackTold
from data.records import MARKINGS
from settings import ROOT
from tests.data.made import seizures, source, touch, us
from tests.routes.asked import CANARY, LIVE, WHY, ask, entries

BOX = "bbox=-99.5,25,-96,27.5"
AREA = f"/api/taking/records?{LIVE}&{BOX}"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def basemap(server):
    """The basemap of this machine, where the server looks for it."""
    folder = settings.store().basemap
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.symlink_to(ROOT / ".vigia" / "basemap")
    return folder


@pytest.fixture(scope="module")
def sierra(server, module_database):
    """Sierra's own six seizures, and a tag that it follows under an authority that ends in five hours; sara is its analyst, sol its legal officer."""
    now, rng = datetime.now(timezone.utc), np.random.default_rng(3)
    with module_database.connect() as connection:
        number = people.add_agency(connection, "Sierra", None)
        seizures(connection, rng, 6, world=0, agency=number)
        authority.govern(connection, "Sierra", ["tag"])
        authority.add(connection, "Sierra", "us-warrant", "S-1", issuer="Court", purpose="Investigation", devices=["S-TAG"], valid_from=now - timedelta(days=3), valid_to=now + 5 * HOUR, area=None)
        with FixWriter(connection, 0, source(connection, 0, "sierra")) as writer:
            (track,) = writer.tracks([TrackTold("S-TAG", "tag", agency_id=number)])
            at = [now - 3 * HOUR, now - 2 * HOUR, now - HOUR]
            writer.write({"track_id": np.full(3, track), "observed_us": np.array([us(t) for t in at]), "lon": np.array([-97.2, -97.3, -97.4]), "lat": np.full(3, 26.0)})
        touch(connection, "tracks", 0)
        connection.commit()
        ids = [i for (i,) in connection.execute("SELECT id FROM seizure WHERE agency_id = %s ORDER BY id", (number,))]
    who = {name: module_database.person(name, roles=(role,), agencies=["Sierra"], ceiling="TLP:RED").token for name, role in (("sara", "analyst"), ("sol", "legal"))}
    return {**who, "ids": ids, "track": track, "now": now}


def test_what_it_weighs_is_what_comes(server, visitors, basemap):
    told = ask(server, f"/api/taking?{LIVE}&{BOX}&hours=24", visitors["analyst"]).json()
    assert told["numbers"] == {"seizures": 12, "tracks": 1, "images": 0, "lines": True} and told["imagery"] is None
    answer = ask(server, f"{AREA}&hours=24", visitors["analyst"], headers=WHY)
    # Only the moment it was taken at differs, by digits of a second.
    assert abs(len(answer.content) - told["records_bytes"]) <= 20
    assert told["basemap"]["files"] and {part["file"] for parts in told["basemap"]["parts"]["layers"].values() for part in parts} <= {f["file"] for f in told["basemap"]["files"]}
    for file in told["basemap"]["files"]:
        ground = ask(server, f"/api/taking/basemap/{file['file']}?{BOX}", visitors["analyst"])
        assert len(ground.content) == file["bytes"] and ground.headers["cache-control"] == "no-store"
        assert Reader(MemorySource(ground.content)).header()["max_zoom"] == file["zoom"]


def test_it_is_written_down_before_it_is_given_out(server, module_database, visitors):
    assert ask(server, AREA, visitors["analyst"]).status_code == 428
    seq = len(entries(module_database))
    answer = ask(server, AREA, visitors["analyst"], headers=WHY)
    with module_database.connect() as connection:
        row = connection.execute("SELECT format, purpose, case_told, row_count, sha256, filter FROM release WHERE id = %s", (int(answer.headers["x-release"]),)).fetchone()
    assert row[:4] == ("area", "investigation", "2026-114", 13) and bytes(row[4]) == hashlib.sha256(answer.content).digest() and "bbox" in row[5]
    assert any(e.get("what") == "disclosure" for e in entries(module_database, seq)), "and in the record, as a disclosure"
    assert "no-store" in answer.headers["cache-control"]


def test_an_exercise_needs_no_purpose_and_is_no_release(server, visitors):
    answer = ask(server, f"/api/taking/records?world=exercise&{BOX}", visitors["analyst"])
    assert answer.status_code == 200 and "x-release" not in answer.headers and answer.json()["about"]["world"] == "exercise"


def test_nobody_takes_what_another_agency_keeps(server, visitors):
    for token, mine, foreign in ((visitors["ana"], "Alfa", "Bravo"), (visitors["analyst"], "Bravo", "Alfa")):
        answer = ask(server, AREA, token, headers=WHY)
        assert CANARY[mine].encode() in answer.content and CANARY[foreign].encode() not in answer.content
        assert len(answer.json()["seizures"]["id"]) <= 12


def test_its_marking_and_an_authority_say_until_when(server, module_database, sierra):
    now = datetime.now(timezone.utc)

    def until(token: str, more: str = "") -> tuple[str, str, float]:
        about = ask(server, f"{AREA}&hours=720{more}", token, headers=WHY).json()["about"]
        return about["marking"], about["because"], round((datetime.fromisoformat(about["expires_at"]) - now) / HOUR, 1)

    assert until(sierra["sara"], "&kind=vessel") == ("TLP:AMBER", "marking", 168.0)
    # An authority is seen by whoever answers for it alone; both may keep it no longer than it runs, or for as long as where it is not seen.
    told = {name: until(sierra[name]) for name in ("sara", "sol")}
    assert all(because == "authority" and (hours == pytest.approx(5.0, abs=0.2) or hours == taking.times()["authority"]["unseen"]) for _, because, hours in told.values()), told
    assert told["sol"][2] <= 5.1
    with module_database.connect() as connection:
        marking.change(connection, f"seizure:{sierra['ids'][0]}", "TLP:RED", "sara")
        connection.commit()
    assert until(sierra["sara"], "&kind=vessel") == ("TLP:RED", "marking", 8.0)


def test_what_was_asked_for_is_less_than_the_marking_allows(server, visitors):
    about = ask(server, f"{AREA}&hours=8", visitors["analyst"], headers=WHY).json()["about"]
    assert about["because"] == "asked" and about["marking"] in MARKINGS


@pytest.mark.parametrize(("query", "key"), [
    (f"{LIVE}", "bbox"), (f"{LIVE}&bbox=170,0,-170,10", "bbox"), (f"{LIVE}&{BOX}&hours=0", "hours"), (f"{LIVE}&{BOX}&hours=721", "hours"), (f"{LIVE}&{BOX}&hours=%D9%A3", "hours"),
    (f"{LIVE}&{BOX}&imagery_zoom=21", "imagery_zoom"), (f"{LIVE}&{BOX}&imagery_zoom=-1", "imagery_zoom"), (f"{LIVE}&{BOX}&{'hours=9' + '9' * 400}", "hours"),
])
def test_a_wrong_wish_is_refused_by_name(server, visitors, query, key):
    for path in ("", "/records"):
        answer = ask(server, f"/api/taking{path}?{query}", visitors["analyst"], headers=WHY)
        assert answer.status_code == 422 and key in [p["key"] for p in answer.json()["problems"]], answer.text


def test_more_tiles_of_imagery_than_are_taken_is_said_with_the_zoom(server, visitors, module_database):
    with module_database.connect() as connection:
        connection.execute("UPDATE image SET cog = 'there' WHERE cog IS NULL")
        connection.commit()
    answer = ask(server, f"/api/taking?{LIVE}&{BOX}&imagery_zoom=20", visitors["analyst"])
    assert answer.status_code == 422 and "at most 3,000 tiles" in answer.json()["problems"][0]["expected"]


def test_an_archive_that_is_none_is_not_there(server, visitors, basemap):
    for name in ("nothing.pmtiles", "parts.json", "..%2f..%2fsettings.py", "borders.parquet"):
        assert ask(server, f"/api/taking/basemap/{name}?{BOX}", visitors["analyst"]).status_code == 404
    assert ask(server, "/api/taking/basemap/relief.pmtiles", visitors["analyst"]).status_code == 422
