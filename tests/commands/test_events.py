"""`vigia events|watch-area|rule|alert`: what is typed becomes versions, rows and lines, what is wrong is said with the numbers, and the record knows."""

from __future__ import annotations

import json
import sys

import pytest

import cli
from data import people
from tests.data.test_stream_events import tell, tracks
from tests.feeds.test_watching import MIN_US, NOW_US, vessels

AREA = {"type": "Polygon", "coordinates": [[[-97.0, 26.0], [-96.9, 26.0], [-96.9, 26.1], [-97.0, 26.1], [-97.0, 26.0]]]}


@pytest.fixture
def typed(environment, capsys, monkeypatch, tmp_path):
    """Types a command as a person would: exit code, output, errors."""
    with environment.connect() as connection:
        people.add_agency(connection, "Alfa", None)
        connection.commit()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "area.geojson").write_text(json.dumps(AREA))

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["vigia", *words])
        code = cli.main()
        told = capsys.readouterr()
        return code, told.out.strip(), told.err.strip()

    return run


def rows(database, query: str) -> list[tuple]:
    with database.connect() as connection:
        return connection.execute(query).fetchall()


def rule(typed, name: str) -> dict:
    return next(r for r in json.loads(typed("rule", "list", "--json")[1]) if r["name"] == name)


def test_a_rule_is_set_in_versions_turned_off_and_on(typed, environment):
    assert typed("rule", "set", "Quiet", "--type", "gap", "--knob", "gap_s=7200", "--kind", "vessel", "--agency", "Alfa", "--marking", "TLP:GREEN")[1].endswith("version 1")
    assert typed("rule", "set", "Quiet", "--severity", "warning", "--window", "fri 22:00-sat 06:00", "--zone", "America/Matamoros")[1].endswith("version 2")
    told = rule(typed, "Quiet")
    assert (told["knobs"], told["kinds"], told["severity"], told["windows"], told["zone"], told["on"]) == ({"gap_s": 7200}, ["vessel"], "warning", ["fri 22:00-sat 06:00"], "America/Matamoros", True)
    assert typed("rule", "off", "Quiet")[0] == 0 and not rule(typed, "Quiet")["on"]
    assert typed("rule", "set", "Quiet")[1].endswith("version 4") and rule(typed, "Quiet")["on"]
    assert rows(environment, "SELECT count(*), count(*) FILTER (WHERE ended_at IS NULL) FROM rule WHERE name = 'Quiet'") == [(4, 1)]
    assert rows(environment, "SELECT entry::jsonb ->> 'to' FROM audit.entry WHERE entry::jsonb ->> 'of' LIKE 'rule:%' ORDER BY seq") == [(f"version {n}",) for n in (1, 2, 3, 4)]


@pytest.mark.parametrize(("words", "said"), [
    (("rule", "set", "New"), "needs --type"), (("rule", "set", "New", "--type", "gaps"), "expected fence"), (("rule", "set", "New", "--type", "gap", "--knob", "gap_s=-1"), "from 0 to 31,622,400 s"),
    (("rule", "set", "New", "--type", "gap", "--knob", "gap_s"), "NAME=VALUE"), (("rule", "set", "New", "--type", "gap", "--knob", "x=1"), "has no 'x'"),
    (("rule", "set", "New", "--type", "encounter", "--knob", "step_s=1", "--knob", "silence_s=90000"), "1,000 times at most"), (("rule", "set", "New", "--type", "speed_range"), "highest_mps"),
    (("rule", "set", "New", "--type", "gap", "--window", "fry"), "schedule"), (("rule", "set", "New", "--type", "gap", "--agency", "Nobody"), "no agency"),
    (("rule", "set", "New", "--type", "fence", "--area", "Nowhere"), "no watch area"), (("rule", "set", "Silent for 6 hours", "--type", "stop"), "stays of it"),
    (("rule", "off", "Nowhere"), "no rule"), (("rule", "list", "--world", "moon"), "live or exercise"), (("rule", "defaults", "x"), "expected fence"),
    (("watch-area", "end", "Nowhere"), "no watch area"), (("alert", "end", "Nowhere"), "no destination"), (("alert", "to", "pigeon", "x"), "webhook or mail or apprise"),
    (("events", "rebuild", "--from", "yesterday"), "--from"),
])
def test_what_is_wrong_is_said_and_nothing_is_changed(typed, environment, words, said):
    before = rows(environment, "SELECT count(*) FROM rule")
    code, _, told = typed(*words)
    assert code == 1 and said in told
    assert rows(environment, "SELECT count(*) FROM rule") == before


def test_defaults_name_every_knob(typed):
    assert typed("rule", "defaults", "gap")[1].startswith("gap  gap_s=21600.0, likely_s=43200.0")
    every = typed("rule", "defaults")[1].splitlines()
    assert len(every) == 14 and "since_us=must be set" in every[3]


def test_an_area_is_kept_in_versions_and_ends(typed, environment):
    assert typed("watch-area", "add", "Mouth", "area.geojson", "--warning-m", "2000", "--critical", "--agency", "Alfa")[1].endswith("version 1")
    assert typed("watch-area", "add", "Mouth", "area.geojson", "--agency", "Alfa")[1].endswith("version 2")
    [one] = json.loads(typed("watch-area", "list", "--json")[1])
    assert (one["name"], one["version"], one["warning_m"], one["critical"], one["agency"], 100 < one["km2"] < 120) == ("Mouth", 2, 0, False, "Alfa", True)
    assert typed("watch-area", "end", "Mouth")[0] == 0 and json.loads(typed("watch-area", "list", "--json")[1]) == []
    assert rows(environment, "SELECT count(*) FROM watch_area") == [(2,)]


def test_a_rebuild_looks_at_what_is_stored_and_says_what_it_found(typed, environment):
    with environment.connect() as connection:
        writer, (one,) = vessels(connection, 1)
        for hour in (0, 9):
            writer.store({"track_id": [one], "observed_us": [NOW_US + hour * 60 * MIN_US], "lon": [-96.0], "lat": [26.0]})
        connection.execute("DELETE FROM event_due")
        connection.commit()
    code, told, _ = typed("events", "rebuild")
    assert code == 0 and told.startswith("1 tracks looked at; ") and "2 gap (1 going on)" in told and "1 reappearance" in told
    assert typed("events", "rebuild")[1] == told and rows(environment, "SELECT max(revision) FROM event") == [(1,)], "nothing new: nothing is told again"
    assert typed("events", "rebuild", "--from", "2030-01-01T00:00:00Z")[1].startswith("0 tracks looked at")
    assert rows(environment, "SELECT count(*) FROM audit.entry WHERE entry::jsonb ->> 'to' = 'rebuilt'") == [(3,)]


def test_alerts_and_where_they_are_sent_are_listed(typed, environment, monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", "s")
    assert typed("alert", "to", "webhook", "https://desk.example/v", "--name", "Desk", "--secret-variable", "HOOK_SECRET", "--agency", "Alfa")[0] == 0
    assert typed("alert", "to", "mail", "desk@agency.example")[0] == 0
    with environment.connect() as connection:
        for n, track in enumerate(tracks(connection, None)):
            tell(connection, track, severity="critical", start=str(n))
    [one] = json.loads(typed("alert", "list", "--json")[1])
    assert (one["state"], one["severity"], one["withdrawn"]) == ("new", "critical", False) and json.loads(typed("alert", "list", "--over", "--json")[1]) == []
    assert [(d["name"], d["kind"], d["ceiling"]) for d in json.loads(typed("alert", "destinations", "--json")[1])] == [("Desk", "webhook", "TLP:GREEN"), ("desk@agency.example", "mail", "TLP:GREEN")]
    assert typed("alert", "end", "Desk")[0] == 0 and len(json.loads(typed("alert", "destinations", "--json")[1])) == 1
