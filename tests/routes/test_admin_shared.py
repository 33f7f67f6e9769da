"""Operations and agencies kept from the administrator's page: as on the command line, each act an entry of the record."""

from __future__ import annotations

import psycopg
import pytest

from data import people
from tests.routes.asked import LIVE, ask, entries
from tests.routes.test_admin import post


def operation(module_database, name: str) -> int:
    with module_database.connect() as connection:
        return connection.execute("SELECT id FROM access.operation WHERE name = %s", (name,)).fetchone()[0]


def test_an_operation_is_made_shared_in_and_ended(server, module_database, visitors):
    token, told = visitors["administrator"], len(entries(module_database))
    page = post(server, token, act="operation", name="Plata <b>", **{"from": "2020-01-01T00:00", "to": "2090-01-01T00:00"}).text
    assert "Plata &lt;b&gt; lasts from 2020-01-01 00:00" in page and "<b>" not in page and "nothing yet" in page
    number = operation(module_database, "Plata <b>")
    assert ask(server, f"/api/counts?{LIVE}", visitors["ana"]).json()["tracks"]["total"] == 1
    for agency in ("Alfa", "Bravo"):
        assert f"{agency} shares movements" in post(server, token, act="share", id=number, agency=agency, layer=["movements"], ceiling="TLP:GREEN").text
    assert ask(server, f"/api/counts?{LIVE}", visitors["ana"]).json()["tracks"]["total"] == 1, "Bravo's is amber"
    page = post(server, token, act="share", id=number, agency="Bravo", layer=["movements", "imagery"], ceiling="TLP:AMBER").text
    assert "Bravo: movements, imagery up to TLP:AMBER" in page
    assert ask(server, f"/api/counts?{LIVE}", visitors["ana"]).json()["tracks"]["total"] == 2
    assert "Sharing has ended" in post(server, token, act="end", id=number).text
    assert ask(server, f"/api/counts?{LIVE}", visitors["ana"]).json()["tracks"]["total"] == 1
    assert "was over" in post(server, token, act="end", id=number).text
    assert [e["of"] for e in entries(module_database, told) if e["what"] == "change"] == ["operation"] + [f"operation:{number}"] * 5


def test_new_dates_leave_an_operations_area_as_it_is(server, module_database, visitors):
    post(server, visitors["administrator"], act="operation", name="Oro", **{"from": "2080-01-01T00:00", "to": "2090-01-01T00:00"})
    with module_database.connect() as connection:
        connection.execute("UPDATE access.operation SET area = ST_Multi(ST_MakeEnvelope(0, 0, 1, 1, 4326)) WHERE name = 'Oro'")
        connection.commit()
    page = post(server, visitors["administrator"], act="operation", name="Oro", **{"from": "2081-01-01T00:00", "to": "2090-01-01T00:00"}).text
    assert "in its area" in page and "2081-01-01 00:00" in page


@pytest.mark.parametrize("told", [{"name": "", "from": "2020-01-01T00:00", "to": "2021-01-01T00:00"}, {"name": "x", "from": "2022-01-01T00:00", "to": "2021-01-01T00:00"},
                                  {"name": "x", "from": "soon", "to": "later"}, {"name": "x"}, {"name": "x" * 101, "from": "2020-01-01T00:00", "to": "2021-01-01T00:00"}])
def test_an_operation_that_can_not_be_is_told(server, module_database, visitors, told):
    assert "needed" in post(server, visitors["administrator"], act="operation", **told).text
    with module_database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM access.operation WHERE name LIKE 'x%%'").fetchone() == (0,)


@pytest.mark.parametrize("told", [{"layer": ["movements"], "ceiling": "TLP:AMBER+STRICT"}, {"layer": ["movements"], "ceiling": "TLP:RED"}, {"layer": [], "ceiling": "TLP:GREEN"},
                                  {"layer": ["accounts"], "ceiling": "TLP:GREEN"}])
def test_what_is_not_shared_is_told(server, visitors, told):
    assert "not shared" in post(server, visitors["administrator"], act="share", id=1, agency="Alfa", **told).text
    assert post(server, visitors["administrator"], act="share", id="x", agency="Alfa", **told).status_code == 422


def test_an_agency_is_made_and_changed(server, module_database, visitors):
    token, told = visitors["administrator"], len(entries(module_database))
    assert "Echo is made; it follows tag, person under" in post(server, token, act="agency", name="Echo", country="mx", governed=["tag", "person"]).text
    assert "Echo is changed; it follows nothing under" in post(server, token, act="agency", name="Echo", country="").text
    assert "two letters" in post(server, token, act="agency", name="Echo", country="m1").text
    assert "needed" in post(server, token, act="agency", name="Echo", governed=["whim"]).text
    with module_database.connect() as connection:
        assert connection.execute("SELECT country, governed FROM agency WHERE name = 'Echo'").fetchone() == (None, [])
    assert [(e["of"], e["agencies"]) for e in entries(module_database, told) if e["what"] == "change"] == [("agency", "Echo")] * 2


def test_what_an_agency_no_longer_follows_freely_is_sealed_at_once(server, module_database, visitors):
    assert ask(server, f"/api/counts?{LIVE}", visitors["ana"]).json()["tracks"]["total"] == 1
    post(server, visitors["administrator"], act="agency", name="Alfa", governed=["vessel"])
    assert ask(server, f"/api/counts?{LIVE}", visitors["ana"]).json()["tracks"]["total"] == 0
    post(server, visitors["administrator"], act="agency", name="Alfa")
    assert ask(server, f"/api/counts?{LIVE}", visitors["ana"]).json()["tracks"]["total"] == 1


def test_each_act_needs_our_own_page_and_an_administrator(server, module_database, visitors):
    for act in ("operation", "share", "end", "agency"):
        assert ask(server, "/admin", visitors["administrator"], "POST", data={"act": act}, headers={"Origin": "http://evil.example"}).status_code == 403
        for role in set(people.ROLES) - {"administrator"}:
            assert ask(server, "/admin", visitors[role], "POST", data={"act": act}).status_code == 403
    with psycopg.connect(module_database.app_url.replace("+psycopg", "")) as connection:
        for call in ("admin_operation(%s, 'evil', now(), now() + interval '1 day')", "admin_share(%s, 1, 'Alfa', ARRAY['movements'], 2)", "admin_end(%s, 1)",
                     "admin_agency(%s, 'evil', NULL, ARRAY[]::text[])"):
            for token in (visitors["supervisor"], visitors["screen"], "x" * 40):
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no administrator"):
                    connection.execute(f"SELECT access.{call}", (token,))
                connection.rollback()
