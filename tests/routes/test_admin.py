"""The administrator's page: accounts and screens, and who may call what it calls."""

from __future__ import annotations

import re

import psycopg
import pytest

from data import people
from tests.routes.asked import LIVE, ask, entries, with_grace


def post(server, token: str, **told):
    return ask(server, "/admin", token, "POST", data=told)


def made_address(page: str) -> str:
    return re.search(r"<code>http://127.0.0.1(/sign-in/[^<]+)</code>", page)[1]


def test_an_administrator_adds_a_person_who_signs_in_with_the_link(server, module_database, visitors):
    told = len(entries(module_database))
    page = post(server, visitors["administrator"], act="add", name="Nora ", shown="Nora <b>", role=["viewer", "analyst"], agency=["Alfa"], ceiling="TLP:GREEN").text
    assert "Nora &lt;b&gt;" in page and "<b>" not in page
    token = ask(server, made_address(page)).cookies["vigia"]
    server.cookies.clear()
    me = ask(server, "/api/me", token).json()
    assert (me["name"], me["roles"], me["agencies"]) == ("nora", ["analyst", "viewer"], ["Alfa"])
    assert [(e["what"], e.get("of")) for e in entries(module_database, told)][:1] == [("change", "person")]
    assert "already" in post(server, visitors["administrator"], act="add", name="nora", role="viewer", ceiling="TLP:GREEN").text
    number = module_database_id(module_database, "nora")
    assert "ended" in post(server, visitors["administrator"], act="sign-out", id=number).text
    with_grace(server, token, 401)
    assert "closed" in post(server, visitors["administrator"], act="close", id=number).text
    assert "no open account" in post(server, visitors["administrator"], act="link", id=number).text
    assert "open and unlocked" in post(server, visitors["administrator"], act="open", id=number).text
    assert ask(server, made_address(post(server, visitors["administrator"], act="link", id=number).text)).status_code == 303
    server.cookies.clear()


def module_database_id(database, name: str) -> int:
    with database.connect() as connection:
        return people.person_id(connection, name)


def test_an_administrator_keeps_screens(server, module_database, visitors):
    page = post(server, visitors["administrator"], act="screen", name="East wall", agency="Bravo", ceiling="TLP:AMBER").text
    token = ask(server, made_address(page)).cookies["vigia"]
    server.cookies.clear()
    assert ask(server, f"/api/counts?{LIVE}", token).json()["tracks"]["total"] >= 1
    with module_database.connect() as connection:
        (number,) = connection.execute("SELECT id FROM access.screen WHERE name = 'East wall'").fetchone()
    assert "nothing more" in post(server, visitors["administrator"], act="revoke", id=number).text
    with_grace(server, token, 401)
    assert "RED never" in post(server, visitors["administrator"], act="screen", name="Red wall", ceiling="TLP:RED").text


@pytest.mark.parametrize("told", [{"act": "drop"}, {}, {"act": "close", "id": "x"}, {"act": "link", "id": "-1"}, {"act": "revoke", "id": "99999999999999"}])
def test_what_is_no_act_is_a_422(server, visitors, told):
    assert post(server, visitors["administrator"], **told).status_code == 422


@pytest.mark.parametrize("told", [{"act": "add", "name": "x", "role": "viewer", "ceiling": "TLP:RED"}, {"act": "add", "name": "xx", "ceiling": "TLP:RED"},
                                  {"act": "add", "name": "xx", "role": "king", "ceiling": "TLP:RED"}, {"act": "add", "name": "xx", "role": "viewer", "ceiling": "x"}])
def test_an_account_that_can_not_be_is_told(server, module_database, visitors, told):
    assert "needed" in post(server, visitors["administrator"], **told).text
    with module_database.connect() as connection:
        assert connection.execute("SELECT 1 FROM access.person WHERE name = 'xx'").fetchone() is None


def test_nobody_closes_the_account_they_sit_at(server, module_database, visitors):
    number = module_database_id(module_database, "administrator")
    assert "your own" in post(server, visitors["administrator"], act="close", id=number).text
    assert ask(server, "/admin", visitors["administrator"]).status_code == 200


def test_the_functions_of_an_administrator_ask_who_is_calling(module_database, visitors, server):
    with psycopg.connect(module_database.app_url.replace("+psycopg", "")) as connection:
        for call in ("admin_people(%s)", "admin_add(%s, 'evil', NULL, ARRAY['auditor'], 4, ARRAY[]::text[])", "admin_link(%s, 1, 'x', 10)", "admin_active(%s, 1, false)",
                     "admin_sign_out(%s, 1)", "admin_screen(%s, 'evil', NULL, 3, 'x')", "admin_revoke(%s, 1)", "admin_screens(%s)", "admin_operations(%s)"):
            for token in (visitors["supervisor"], visitors["screen"], "x" * 40):
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no administrator"):
                    connection.execute(f"SELECT access.{call}", (token,))
                connection.rollback()
