"""Signing in with OpenID Connect, against a real provider on this machine."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from starlette.testclient import TestClient

import settings
from data import people
from routes import signing, signing_oidc
from tests.conftest import free_port

CLIENT = "vigia"


@pytest.fixture(scope="module")
def provider():
    address = f"http://127.0.0.1:{(port := free_port())}"
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 300
        while True:
            try:
                urllib.request.urlopen(f"{address}/.well-known/openid-configuration", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < until, "the provider did not start"
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def server(provider, module_database, tmp_path_factory, monkeypatch):
    for name, value in {"VIGIA_APP_URL": module_database.app_url, "VIGIA_HOME": str(tmp_path_factory.mktemp("home")), "VIGIA_OIDC_ISSUER": provider,
                        "VIGIA_OIDC_CLIENT_ID": CLIENT, "VIGIA_OIDC_CLIENT_SECRET": "not so secret", "VIGIA_OIDC_NAME": "Guardia <b>"}.items():
        monkeypatch.setenv(name, value)
    for read in (settings.store, settings.access):
        read.cache_clear()
    signing._tries.clear()
    signing_oidc._metadata.clear()
    with module_database.connect() as connection:
        if not connection.execute("SELECT 1 FROM access.person WHERE name = 'rosa'").fetchone():
            people.add(connection, "rosa", ["analyst"])
        people.set_subject(connection, "rosa", provider, "rosa-8d1f")
        connection.commit()
    import app

    with TestClient(app.server, base_url="http://127.0.0.1") as client:
        yield client
    monkeypatch.undo()
    for read in (settings.store, settings.access):
        read.cache_clear()


def begun(server, target: str = "/?world=live") -> str:
    answer = server.get(f"/sign-in/oidc?{urlencode({'next': target})}", follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def agreed(address: str, sub: str) -> str:
    """What somebody does at the provider; the address it sends them back to."""
    answer = httpx.post(address, data={"sub": sub}, follow_redirects=False)
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["location"])
    assert parts.path == "/sign-in/oidc/return"
    return f"{parts.path}?{parts.query}"


def test_one_signs_in_and_goes_on(server):
    page = server.get("/sign-in?next=/?world=live").text
    assert "Sign in with Guardia &lt;b&gt;" in page and "/sign-in/oidc?next=%2F%3Fworld%3Dlive" in page
    address = begun(server)
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["redirect_uri"] == ["http://127.0.0.1/sign-in/oidc/return"] and asked["nonce"] and asked["state"]
    answer = server.get(agreed(address, "rosa-8d1f"), follow_redirects=False)
    assert answer.status_code == 303 and answer.headers["location"] == "/?world=live"
    assert server.get("/api/me").json()["name"] == "rosa"


def test_who_has_no_account_is_told_so_and_recorded(server, module_database):
    answer = server.get(agreed(begun(server), "a stranger"), follow_redirects=False)
    assert answer.status_code == 401 and signing_oidc.NOBODY.split(".")[0] in answer.text and "vigia=" not in answer.headers.get("set-cookie", "")
    with module_database.connect() as connection:
        entry = connection.execute("SELECT entry::jsonb FROM audit.entry ORDER BY seq DESC LIMIT 1").fetchone()[0]
    assert (entry["what"], entry["how"], entry["who"]) == ("sign-in refused", "oidc", "nobody") and "stranger" not in str(entry)


def test_a_closed_account_stays_closed(server, module_database):
    with module_database.connect() as connection:
        people.set_active(connection, "rosa", False)
        connection.commit()
    try:
        assert server.get(agreed(begun(server), "rosa-8d1f"), follow_redirects=False).status_code == 401
    finally:
        with module_database.connect() as connection:
            people.set_active(connection, "rosa", True)
            connection.commit()


@pytest.mark.parametrize("spoil", [
    lambda path: path.replace("state=", "state=x"), lambda path: path.split("&state=")[0], lambda path: "/sign-in/oidc/return", lambda path: "/sign-in/oidc/return?code=x&state=y",
])
def test_a_return_that_was_not_begun_here_is_refused(server, spoil):
    path = agreed(begun(server), "rosa-8d1f")
    answer = server.get(spoil(path), follow_redirects=False)
    assert answer.status_code == 401 and signing_oidc.BROKEN_OFF.split(".")[0] in answer.text


def test_a_return_in_another_browser_is_refused(server):
    """Else somebody could be signed in as who sent them the link."""
    path = agreed(begun(server), "rosa-8d1f")
    server.cookies.clear()
    assert server.get(path, follow_redirects=False).status_code == 401


def test_a_code_works_once(server):
    path = agreed(begun(server), "rosa-8d1f")
    held = server.cookies.get(signing_oidc.COOKIE)
    assert server.get(path, follow_redirects=False).status_code == 303
    server.cookies.clear()
    again = server.get(path, headers={"Cookie": f"{signing_oidc.COOKIE}={held}"}, follow_redirects=False)
    assert again.status_code == 502 and signing_oidc.NOT_NOW.split(".")[0] in again.text


def test_a_token_for_another_browser_s_nonce_is_refused(server, monkeypatch):
    address = begun(server)
    path = agreed(address.replace("nonce=", "nonce=x"), "rosa-8d1f")
    assert server.get(path, follow_redirects=False).status_code == 502


def test_a_provider_that_is_not_there_is_told_plainly(server, monkeypatch):
    monkeypatch.setenv("VIGIA_OIDC_ISSUER", "http://127.0.0.1:9")
    settings.access.cache_clear()
    answer = server.get("/sign-in/oidc", follow_redirects=False)
    assert answer.status_code == 502 and "does not answer" in answer.text and "127.0.0.1:9" not in answer.text


@pytest.mark.parametrize("issuer", ["http://id.example.org", "ftp://127.0.0.1", "id.example.org"])
def test_a_provider_is_asked_behind_tls_alone(monkeypatch, issuer):
    monkeypatch.setenv("VIGIA_OIDC_ISSUER", issuer)
    monkeypatch.setenv("VIGIA_OIDC_CLIENT_ID", CLIENT)
    settings.access.cache_clear()
    with pytest.raises(ValueError, match="https://"):
        settings.access()
    settings.access.cache_clear()


def test_two_accounts_are_never_one_subject(module_database, provider):
    with module_database.connect() as connection:
        people.add(connection, "rosita", ["viewer"])
        people.set_subject(connection, "rosita", provider, "rosita-1")
        with pytest.raises(people.PersonRefused, match="already"):
            people.set_subject(connection, "tester", provider, "rosita-1")
