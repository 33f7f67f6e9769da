"""The alarm budget: however many alerts, at most ten lines, and each alert in exactly one of them."""

from __future__ import annotations

from hypothesis import given, strategies as st

from data.alerts import LINES, lines
from data.records import SEVERITIES

alert = st.fixed_dictionaries({
    "state": st.sampled_from(["new", "acknowledged"]), "severity": st.sampled_from(SEVERITIES[2:]), "rule_id": st.integers(1, 30),
    "area_id": st.one_of(st.none(), st.integers(1, 30)), "raised_at": st.integers(0, 60), "retracted": st.booleans(),
})
many = st.lists(alert, max_size=80).map(lambda found: [{**a, "id": i} for i, a in enumerate(found)])


@given(many, st.integers(1, 12))
def test_no_line_too_many_and_no_alert_lost_or_told_twice(found, most):
    told = lines(found, most)
    assert len(told) <= most
    assert sorted(i for line in told for i in line["ids"]) == [a["id"] for a in found]
    assert all(line["count"] == len(line["ids"]) for line in told) and sum(line["retracted"] for line in told) == sum(a["retracted"] for a in found)


@given(many)
def test_an_emergency_comes_first_and_nobody_has_to_look_for_what_is_new(found):
    told = lines(found)
    emergency = [line["severity"] == "emergency" for line in told]
    assert emergency == sorted(emergency, reverse=True)
    for line in told:
        states = {a["state"] for a in found if a["id"] in line["ids"]}
        assert (line["state"] == "new") is ("new" in states)


def test_five_hundred_a_minute_are_ten_lines():
    found = [{"id": i, "state": "new", "severity": "critical", "rule_id": i % 40, "area_id": i % 7, "raised_at": i % 60} for i in range(500)]
    assert 1 <= len(lines(found)) <= LINES and sum(line["count"] for line in lines(found)) == 500


def test_a_few_stand_by_themselves():
    found = [{"id": i, "state": "new", "severity": "critical", "rule_id": 1, "area_id": 1, "raised_at": i} for i in range(LINES)]
    assert [line["ids"] for line in lines(found)] == [[i] for i in reversed(range(LINES))]
