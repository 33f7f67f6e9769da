"""Authorities over real ASGI: who sees them, what there is to be warned of, and what a legal officer may list of what was collected."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from data import authority, duties, handover, people
from data.fixes import FixWriter, TrackTold
from tests.data.made import source, us
from tests.data.test_handover import EAST, WEST
from tests.routes.asked import WHY, ask, entries

DAY = timedelta(days=1)
TAG = "CANARY-TAG-5512"


@pytest.fixture(scope="module")
def held(module_database, server, visitors):
    """Bravo's tag under three authorities: one that is over, one that ends tomorrow, one revoked. Alfa is competent in the east."""
    now = datetime.now(timezone.utc)
    with module_database.connect() as connection:
        for agency in ("Alfa", "Bravo"):
            authority.govern(connection, agency, ["tag"])
        handover.set_area(connection, "Alfa", EAST)
        number = people.agency_id(connection, "Bravo")
        made = {name: authority.add(connection, "Bravo", "us-warrant", name, issuer="District <b>court", purpose="Investigation", devices=[TAG], valid_from=start, valid_to=end, area=area)
                for name, start, end, area in (("B-old", now - 30 * DAY, now - 15 * DAY, None), ("B-now", now - 10 * DAY, now + timedelta(hours=20), WEST),
                                               ("B-back", now - 14 * DAY, now + 20 * DAY, WEST))}
        authority.revoke(connection, "Bravo", "B-back")
        with FixWriter(connection, 0, source(connection, 0, "tags")) as writer:
            (track,) = writer.tracks([TrackTold(TAG, "tag", agency_id=number)])
            at = [now - 20 * DAY, now - 19 * DAY, now - 2 * DAY, now - 1 * DAY, now - 40 * DAY]
            writer.write({"track_id": np.full(5, track), "observed_us": np.array([us(t) for t in at]), "lon": np.array([-97.2, -97.3, -97.7, -97.3, -97.7]), "lat": np.full(5, 26.0)})
        connection.commit()
    yield {**made, "track": track}


@pytest.fixture(scope="module")
def alba(module_database, server):
    return module_database.person("alba", roles=("supervisor",), agencies=["Alfa"])


def test_they_are_listed_to_who_answers_for_them(server, visitors, held, alba):
    told = ask(server, "/api/authorities", visitors["legal"]).json()
    assert {a["reference"]: (a["says"], a["with_area"], a["sealed"]) for a in told["authorities"]} == {
        "B-old": ("ended", False, 2), "B-now": ("ends in 19 h", True, 2), "B-back": ("revoked", True, 2)}
    assert {a["sealed"] for a in ask(server, "/api/authorities", visitors["supervisor"]).json()["authorities"]} == {None}
    assert [a["reference"] for a in ask(server, "/api/authorities", alba.token).json()["authorities"]] == []


def test_the_page_says_it_in_words_and_escapes_what_was_told(server, visitors, held):
    page = ask(server, "/authorities", visitors["legal"]).text
    assert "District &lt;b&gt;court" in page and "<b>court" not in page and "Sealed fixes" in page and "Give notice to the person followed" in page
    assert "Sealed fixes" not in ask(server, "/authorities", visitors["coordinator"]).text


def test_each_side_of_an_offer_sees_its_own(server, visitors, held, alba):
    (ours,) = ask(server, "/api/authorities", visitors["supervisor"]).json()["handovers"]
    (theirs,) = ask(server, "/api/authorities", alba.token).json()["handovers"]
    assert (ours["ours"], ours["track"], ours["to_agency"]) == (True, TAG, "Alfa")
    assert (theirs["ours"], theirs["track"], theirs["from_agency"], theirs["reference"], theirs["state"]) == (False, None, "Bravo", "B-now", "offered")
    for path in ("/authorities", "/api/authorities", "/api/authorities/warnings"):
        answer = ask(server, path, alba.token)
        assert answer.status_code == 200 and TAG.encode() not in answer.content and b"-97.3" not in answer.content, path


def test_a_warning_is_given_once_for_the_record(server, module_database, visitors, held):
    told = len(entries(module_database))
    first = ask(server, "/api/authorities/warnings", visitors["supervisor"]).json()
    assert [(e["reference"], e["hours"]) for e in first["ends"]] == [("B-now", 24)] and len(first["overdue"]) == 2, "of B-old; those of B-back are due later"
    ask(server, "/api/authorities/warnings", visitors["legal"])
    ask(server, "/api/authorities/warnings", visitors["supervisor"])
    (entry,) = [e for e in entries(module_database, told) if e["what"] == "warning"]
    assert (entry["of"], entry["to"], entry["case"]) == (f"authority:{held['B-now']}", "ends within 24 h", "B-now") and entry["who"].startswith("person:")


def test_a_duty_that_is_done_is_no_warning(server, module_database, visitors, held):
    with module_database.connect() as connection:
        duties.done(connection, "Bravo", "B-old", "Return the warrant to its judge", "legal", "by hand")
        connection.commit()
    told = ask(server, "/api/authorities/warnings", visitors["supervisor"]).json()
    assert [d["name"] for d in told["overdue"]] == ["Give notice to the person followed"]


def test_somebody_of_another_role_or_agency_is_told_nothing(server, visitors, held, alba):
    assert ask(server, "/api/authorities/warnings", visitors["viewer"]).status_code == 403
    told = ask(server, "/api/authorities/warnings", alba.token).json()
    assert (told["ends"], told["overdue"], len(told["offered"])) == ([], [], 1)


def test_a_legal_officer_lists_what_was_lawfully_collected(server, module_database, visitors, held):
    path = f"/api/authorities/{held['B-old']}/fixes"
    assert ask(server, path, visitors["legal"]).status_code == 428
    told = len(entries(module_database))
    found = ask(server, path, visitors["legal"], headers=WHY).json()
    assert [(r["track"], r["lon"]) for r in found["rows"]] == [(TAG, -97.2), (TAG, -97.3)] and (found["total"], found["more"]) == (2, False)
    (entry,) = entries(module_database, told)
    assert (entry["what"], entry["of"], entry["rows"], entry["purpose"], entry["case"]) == ("consultation", f"authorities/{held['B-old']}/fixes", 2, WHY["X-Purpose"], WHY["X-Case"])
    page = ask(server, f"{path}?limit=1&offset=1", visitors["legal"], headers=WHY).json()
    assert [r["lon"] for r in page["rows"]] == [-97.3] and page["total"] == 2
    # within its time and area, and before it was revoked
    assert [r["lon"] for r in ask(server, f"/api/authorities/{held['B-back']}/fixes", visitors["legal"], headers=WHY).json()["rows"]] == [-97.7]
    assert ask(server, f"{path}?bbox=1,2,3,4", visitors["legal"], headers=WHY).status_code == 422


def test_it_is_for_legal_officers_of_the_agency_up_to_their_ceiling(server, module_database, visitors, held):
    path = f"/api/authorities/{held['B-old']}/fixes"
    stranger, low = module_database.person("stranger", roles=("legal",), agencies=["Alfa"]), module_database.person("low", roles=("legal",), agencies=["Bravo"], ceiling="TLP:GREEN")
    assert ask(server, path, visitors["supervisor"], headers=WHY).status_code == 403
    assert ask(server, path, stranger.token, headers=WHY).status_code == 404 == ask(server, f"/api/authorities/{2**40}/fixes", stranger.token, headers=WHY).status_code
    assert ask(server, path, low.token, headers=WHY).json()["total"] == 0


def test_what_has_ended_is_on_no_map_and_still_listed(server, module_database, visitors, held):
    on_map = f"/api/tracks/{held['track']}/fixes?world=live"
    assert ask(server, on_map, visitors["legal"], headers=WHY).status_code == 200
    with module_database.connect() as connection:
        authority.revoke(connection, "Bravo", "B-now")
        connection.commit()
    assert ask(server, on_map, visitors["legal"], headers=WHY).status_code == 404
    assert ask(server, f"/api/authorities/{held['B-now']}/fixes", visitors["legal"], headers=WHY).json()["total"] == 1
