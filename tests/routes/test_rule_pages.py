"""Rules on the page: who may make, change and switch them off, that each change is a version and an entry of the record, and that what is wrong stands beside its field."""

from __future__ import annotations

import html
import re

import pytest

from data.records import RULE_TYPES
from tests.conftest import TOKEN
from tests.routes.asked import CANARY, ask, entries


def written(page: str) -> dict:
    """What a browser would send of the page's form, untouched."""
    form = page[page.index('id="rule"'):]
    form = form[:form.index("</form>")]
    out: dict = {name: value for name, value in re.findall(r'<input(?! type="checkbox")[^>]*?name="([^"]+)" value="([^"]*)"', form)}
    out |= {name: text for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>([^<]*)<', form)}
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form):
        out[name] = (re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options))[1]
    for name, value in re.findall(r'<input type="checkbox" name="([^"]+)" value="([^"]+)" checked', form):
        out.setdefault(name, []).append(value)
    return {name: html.unescape(value) if isinstance(value, str) else value for name, value in out.items()}


def beside(page: str, field: str) -> str:
    """What is said to be wrong with a field, next to it."""
    found = re.search(rf'id="e-f-{re.escape(field.replace(".", "-"))}"><strong>Refused:</strong> ([^<]*)<', page)
    return html.unescape(found[1]) if found else ""


def made(server, token: str, kind: str = "gap", world: str = "live", **told) -> int:
    page = ask(server, f"/rules/new?world={world}&type={kind}", token)
    assert page.status_code == 200
    answer = ask(server, f"/rules/new?world={world}&type={kind}", token, "POST", data=written(page.text) | told)
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].removeprefix("/rules/"))


def stored(database, number: int) -> list[tuple]:
    with database.connect() as connection:
        return connection.execute("SELECT version, knobs, active, ended_at IS NULL, made_by, name FROM rule WHERE id = %s ORDER BY version", (number,)).fetchall()


def test_a_rule_is_made_changed_and_switched_off_in_versions_and_the_record_knows(server, visitors, module_database):
    token, seq = visitors["coordinator"], len(entries(module_database))
    number = made(server, token, name="Silent <b>", **{"knob.gap_s": "7200", "kinds": ["vessel"]})
    page = ask(server, f"/rules/{number}", token).text
    assert "Silent &lt;b&gt;" in page and "<b>" not in page and "Version 1" in page
    change = f"/rules/{number}/versions"
    assert ask(server, change, token, "POST", data=written(page) | {"knob.gap_s": "none", "severity": "warning"}).status_code == 303
    page = ask(server, f"/rules/{number}", token).text
    assert "Silent for: 7,200 s (2 h), now each track&#x27;s own limit" in page and "Severity: notice, now warning" in page
    assert ask(server, change, token, "POST", data={"act": "off", "version": "2"}).status_code == 303
    assert ask(server, change, token, "POST", data={"act": "on", "version": "3"}).status_code == 303
    assert stored(module_database, number) == [
        (1, {"gap_s": 7200.0}, True, False, "coordinator", "Silent <b>"), (2, {"gap_s": None}, True, False, "coordinator", "Silent <b>"),
        (3, {"gap_s": None}, False, False, "coordinator", "Silent <b>"), (4, {"gap_s": None}, True, True, "coordinator", "Silent <b>")]
    told = [(e["of"], e["to"]) for e in entries(module_database, seq) if e["what"] == "change"]
    assert told == [("rule", "new, gap, notice, TLP:GREEN"), *((f"rule:{number}", f"version {n}, {act}, warning, TLP:GREEN") for n, act in ((2, "keep"), (3, "off"), (4, "on")))]
    with module_database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM event_due WHERE world = 0").fetchone()[0] == connection.execute("SELECT count(*) FROM track WHERE world = 0").fetchone()[0]


@pytest.mark.parametrize(("field", "value", "words"), [
    ("knob.gap_s", "-5", "'-5', expected a number from 0 to 31,622,400 s"), ("knob.gap_s", "40000000", "from 0 to 31,622,400 s"), ("knob.gap_s", "nan", "'nan', expected a number"),
    ("knob.gap_s", "six", "'six', expected a number"), ("knob.likely_heard", "2.5", "'2.5', expected a whole number from 0 to 10,000"), ("name", " ", "0 characters, expected 1 to 100"),
    ("name", "x" * 101, "101 characters"), ("severity", "loud", "notice, warning, critical, emergency"), ("tracks", "1, x", "500 at most"), ("tracks", "99999999", "no track 99999999"),
    ("kinds", "boat", "vessel"), ("agencies", "99", "none that you may see"), ("windows", "fry 22:00", "fry 22:00"), ("zone", "Mars/Base", ""), ("marking", "TLP:RED", "above your own"),
    ("marking", "SECRET", "TLP:AMBER"), ("knob.gap_s", "<script>", "'<script>', expected a number"),
])
def test_what_is_wrong_stands_beside_its_field_with_the_numbers_and_nothing_is_kept(server, visitors, module_database, field, value, words):
    token = visitors["coordinator"]
    page = ask(server, "/rules/new?world=live&type=gap", token).text
    with module_database.connect() as connection:
        before = connection.execute("SELECT count(*) FROM rule").fetchone()
    answer = ask(server, "/rules/new?world=live&type=gap", token, "POST", data={**written(page), "name": "Wrong", field: value})
    assert answer.status_code == 422 and "Nothing was kept" in answer.text and "<script>" not in answer.text
    assert words in beside(answer.text, "windows" if field == "zone" else field)
    assert field in ("name", "severity", "kinds", "agencies", "marking") or f'value="{value}"'.replace("<", "&lt;").replace(">", "&gt;") in answer.text or f">{value}<" in answer.text
    with module_database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM rule").fetchone() == before


def test_knobs_that_do_not_go_together_are_told(server, visitors):
    for kind, told, field in (("fence", {"knob.exit_m": "5", "knob.enter_m": "10"}, "knob.exit_m"), ("encounter", {"knob.step_s": "1", "knob.silence_s": "86400"}, "knob.silence_s"),
                              ("coverage_void", {}, "knob.since_us"), ("speed_range", {}, "")):
        page = ask(server, f"/rules/new?world=live&type={kind}", visitors["coordinator"]).text
        answer = ask(server, f"/rules/new?world=live&type={kind}", visitors["coordinator"], "POST", data={**written(page), "name": "Wrong", **told})
        assert answer.status_code == 422 and (beside(answer.text, field) if field else "needs lowest_mps" in answer.text), kind


@pytest.mark.parametrize("kind", RULE_TYPES)
def test_every_type_has_a_form_that_gives_back_what_it_was_given(server, visitors, module_database, kind):
    told = {"coverage_void": {"knob.since_us": "2026-11-25T06:00:00"}, "speed_range": {"knob.highest_mps": "25.7"}, "fence": {"knob.lines": ["warning"], "knob.silence_s": "60"},
            "identity_conflict": {"knob.fastest_mps.vessel": "30"}, "moving_fence": {"knob.carriers": "1, 2"}, "out_of_order": {"knob.sequence": "G-1\nG-2", "knob.unexpected": "no"}}.get(kind, {})
    number = made(server, visitors["coordinator"], kind, name=f"All of {kind}", **told)
    page = ask(server, f"/rules/{number}", visitors["coordinator"]).text
    assert ask(server, f"/rules/{number}/versions", visitors["coordinator"], "POST", data=written(page)).status_code == 303
    (_, first, *_), (_, second, *_) = stored(module_database, number)
    assert first == second and (set(first) == {next(iter(told)).split(".")[1]} if len(told) == 1 else len(first) == len(told))


def test_who_may_not_changes_nothing_and_learns_nothing(server, visitors, module_database):
    number = made(server, visitors["coordinator"], name=f"Of Bravo {CANARY['Bravo']}")
    page = written(ask(server, f"/rules/{number}", visitors["coordinator"]).text)
    for who in ("viewer", "analyst", "legal", "auditor", "administrator"):
        assert ask(server, f"/rules/{number}/versions", visitors[who], "POST", data=page).status_code == 403, who
        assert ask(server, "/rules/new?world=live&type=gap", visitors[who]).status_code == 403
        shown = ask(server, f"/rules/{number}", visitors[who])
        assert shown.status_code == 200 and "<fieldset class=\"all\" disabled>" in shown.text and "Keep as" not in shown.text, "looked at, not changed"
    alfa = module_database.person("alfa", roles=("coordinator",), agencies=["Alfa"]).token
    for path, method in ((f"/rules/{number}", "GET"), (f"/rules/{number}/versions", "POST"), ("/rules/99999999999", "GET")):
        answer = ask(server, path, alfa, method, data=page)
        assert answer.status_code == 404 and CANARY["Bravo"] not in answer.text
    theirs = written(ask(server, "/rules/new?world=live&type=gap", alfa).text)
    assert theirs["agency"] == "Alfa"
    for agency in ("Bravo", ""):
        assert ask(server, "/rules/new?world=live&type=gap", alfa, "POST", data={**theirs, "name": "Mine", "agency": agency}).status_code == 403
    with module_database.connect() as connection:
        (house,) = connection.execute("SELECT id FROM rule WHERE world = 0 AND name = 'Silent for 6 hours' AND ended_at IS NULL").fetchone()
    assert ask(server, f"/rules/{house}/versions", alfa, "POST", data={"act": "off", "version": "1"}).status_code == 403, "the house's own are the keeper's"
    assert len(stored(module_database, number)) == 1 and len(stored(module_database, house)) == 1


def test_what_another_made_meanwhile_is_not_overwritten_unseen(server, visitors, module_database):
    token = visitors["supervisor"]
    number = made(server, token, name="Twice")
    page = written(ask(server, f"/rules/{number}", token).text)
    assert ask(server, f"/rules/{number}/versions", token, "POST", data=page | {"knob.gap_s": "60"}).status_code == 303
    answer = ask(server, f"/rules/{number}/versions", visitors["coordinator"], "POST", data=page | {"knob.gap_s": "120"})
    assert answer.status_code == 422 and "version 2 by now" in answer.text and 'value="120"' in answer.text
    assert ask(server, f"/rules/{number}/versions", token, "POST", data=written(answer.text)).status_code == 303
    assert [(v, k.get("gap_s")) for v, k, *_ in stored(module_database, number)] == [(1, None), (2, 60.0), (3, 120.0)]


def test_two_rules_have_two_names(server, visitors):
    made(server, visitors["coordinator"], name="One")
    page = written(ask(server, "/rules/new?world=live&type=stop", visitors["coordinator"]).text)
    answer = ask(server, "/rules/new?world=live&type=stop", visitors["coordinator"], "POST", data=page | {"name": "One"})
    assert answer.status_code == 422 and "already" in beside(answer.text, "name")


def test_what_a_rule_is_for_and_somebody_may_not_see_stays_when_they_change_it(server, visitors, module_database):
    number = made(server, visitors["coordinator"], "fence", name="Here and there")
    with module_database.connect() as connection:
        (hidden,) = connection.execute("INSERT INTO watch_area (world, name, geom, agency_id, marking, made_by) SELECT 0, 'Secret', ST_Multi(ST_MakeEnvelope(0, 0, 1, 1, 4326)), id, 'TLP:RED', 'x' "
                                       "FROM agency WHERE name = 'Alfa' AND world = 0 RETURNING id").fetchone()
        connection.execute("UPDATE rule SET areas = ARRAY[%s] WHERE id = %s", (hidden, number))
        connection.commit()
    page = ask(server, f"/rules/{number}", visitors["coordinator"]).text
    assert "And 1 that you may not see: it stays." in page and "Secret" not in page
    assert ask(server, f"/rules/{number}/versions", visitors["coordinator"], "POST", data=written(page) | {"knob.exit_m": "90"}).status_code == 303
    with module_database.connect() as connection:
        assert connection.execute("SELECT areas FROM rule WHERE id = %s AND ended_at IS NULL", (number,)).fetchone() == ([hidden],)
    assert "Secret" not in ask(server, f"/rules/{number}", visitors["coordinator"]).text


def test_a_form_of_another_site_is_refused(server, visitors, module_database):
    number = made(server, visitors["coordinator"], name="Ours")
    for headers in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert ask(server, f"/rules/{number}/versions", visitors["coordinator"], "POST", data={"act": "off", "version": "1"}, headers=headers).status_code == 403
    assert len(stored(module_database, number)) == 1


@pytest.mark.parametrize("told", [{}, {"act": "drop", "version": "1"}, {"act": "off"}, {"act": "off", "version": "x"}, {"act": "off", "version": "99999999999"}, {"act": "keep", "version": "\0"}])
def test_what_is_no_act_is_a_422(server, visitors, told):
    assert ask(server, f"/rules/{made(server, TOKEN, name=f'No act {len(told)} {told}'[:90].replace(chr(0), ''), world='exercise')}/versions", TOKEN, "POST", data=told).status_code == 422
    assert ask(server, "/rules/new?world=live&type=nothing", TOKEN).status_code == 422
