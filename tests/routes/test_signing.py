"""The ways in and out: passwords, links, screens' tokens, and what is told of those that fail."""

from __future__ import annotations

import pytest

import settings
from data import people
from routes import signing
from tests.routes.asked import PASSWORD, ask, sign_in, with_grace


def test_a_password_lets_in_and_sign_out_ends_it(server, eva):
    answer = sign_in(server, " EVA ", PASSWORD, "/?world=live")
    assert answer.status_code == 303 and answer.headers["location"] == "/?world=live"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "secure" not in cookie
    token = answer.cookies["vigia"]
    server.cookies.clear()
    me = ask(server, "/api/me", token).json()
    assert me["name"] == "eva" and me["roles"] == ["coordinator"] and me["agencies"] == ["Alfa"]
    assert ask(server, "/sign-out", token, "POST").status_code == 303
    server.cookies.clear()
    with_grace(server, token, 401)


def test_what_is_wrong_is_told_alike(server, eva, module_database):
    """Neither words nor status tell which names there are, which are locked, and which are closed."""
    told = {sign_in(server, eva, "wrong password it is").text.replace("eva", "NAME"), sign_in(server, "nobody", "x" * 20).text.replace("nobody", "NAME")}
    with module_database.connect() as connection:
        people.set_active(connection, eva, False)
        connection.commit()
    told.add(sign_in(server, eva, PASSWORD).text.replace("eva", "NAME"))
    assert len(told) == 1 and signing.WRONG in next(iter(told))


def test_five_wrong_ones_lock_the_account(server, eva, module_database):
    for _ in range(5):
        assert sign_in(server, eva, "wrong password it is").status_code == 401
    assert sign_in(server, eva, PASSWORD).status_code == 401
    with module_database.connect() as connection:
        connection.execute("UPDATE access.person SET locked_until = now() WHERE name = 'eva'")
        connection.commit()
    assert sign_in(server, eva, PASSWORD).status_code == 303


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\r\nSet-Cookie: a=b", "/sign-out", ""])
def test_one_goes_on_only_to_an_address_of_ours(server, eva, target):
    assert sign_in(server, eva, PASSWORD, target).headers["location"] == "/"


def test_a_link_lets_in_once(server, module_database):
    with module_database.connect() as connection:
        people.add(connection, "linked", ["viewer"])
        old, link = people.link(connection, "linked"), people.link(connection, "linked")
        connection.commit()
    assert ask(server, f"/sign-in/link/{old}").status_code == 401, "a newer link takes the place of an older one"
    answer = ask(server, f"/sign-in/link/{link}")
    assert answer.status_code == 303 and answer.cookies["vigia"]
    server.cookies.clear()
    again = ask(server, f"/sign-in/link/{link}")
    assert again.status_code == 401 and signing.GONE.split(".")[0] in again.text


def test_a_screens_token_is_exchanged_once(server, module_database):
    with module_database.connect() as connection:
        token = people.add_screen(connection, "Second wall")
        connection.commit()
    assert ask(server, f"/sign-in/screen/{token}").headers["location"] == "/wall/main"
    server.cookies.clear()
    assert ask(server, f"/sign-in/screen/{token}").status_code == 401


def test_a_session_is_not_handed_on_to_the_next_person(server, eva):
    first = sign_in(server, eva, PASSWORD).cookies["vigia"]
    server.cookies.clear()
    second = ask(server, "/sign-in", first, "POST", data={"name": eva, "password": PASSWORD}).cookies["vigia"]
    server.cookies.clear()
    assert second != first
    with_grace(server, first, 401)


@pytest.mark.parametrize("password, why", [("short", "5 characters"), ("password1234", "refused"), ("evaevaevaeva", "refused"), ("aaaaaaaaaaaaaaaa", "refused")])
def test_a_poor_password_is_refused(server, eva, password, why):
    token = sign_in(server, eva, PASSWORD).cookies["vigia"]
    server.cookies.clear()
    answer = ask(server, "/account", token, "POST", data={"password": password})
    assert answer.status_code == 422 and why in answer.text


def test_a_new_password_ends_every_other_session(server, eva):
    tokens = []
    for _ in range(2):
        tokens.append(sign_in(server, eva, PASSWORD).cookies["vigia"])
        server.cookies.clear()
    assert ask(server, "/account", tokens[0], "POST", data={"password": "nine lanterns under the quay"}).status_code == 200
    with_grace(server, tokens[1], 401)
    assert ask(server, "/api/me", tokens[0]).status_code == 200
    assert sign_in(server, eva, "nine lanterns under the quay").status_code == 303


def test_too_many_tries_from_one_place_wait(server, eva, monkeypatch):
    monkeypatch.setenv("VIGIA_SIGN_IN_TRIES", "3")
    settings.access.cache_clear()
    signing._tries.clear()
    assert [sign_in(server, eva, PASSWORD).status_code for _ in range(5)] == [303, 303, 303, 429, 429]
    monkeypatch.undo()
    settings.access.cache_clear()
    signing._tries.clear()


def test_a_form_that_is_too_large_is_no_try(server, eva):
    assert ask(server, "/sign-in", None, "POST", data={"name": eva, "password": "x" * 50_000}).status_code == 401
