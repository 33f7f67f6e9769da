"""`vigia up` at its edges: each a single clear line, and nothing left behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from data import people
from errors import PortBusy, SettingsInvalid
from install import before, serve, up
from tests.conftest import free_port

ROOT = Path(__file__).resolve().parents[2]


def vigia(*words: str, home: Path, **environment: str) -> subprocess.CompletedProcess:
    clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "VIGIA_APP_URL")}
    return subprocess.run(
        [sys.executable, "cli.py", *words], cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        env={**clean, "VIGIA_HOME": str(home), **environment}, timeout=600,
    )


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def one_line(done: subprocess.CompletedProcess, code: int = 1) -> str:
    assert done.returncode == code, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("vigia: "), done.stderr
    assert done.stdout == ""
    return lines[0]


def test_a_busy_port_is_one_line_before_anything_is_made(taken, tmp_path):
    line = one_line(vigia("up", "--port", str(taken), home=tmp_path / "home"))
    assert f"port {taken} on 127.0.0.1 is in use" in line and "--port" in line
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org", ""])
def test_other_machines_are_served_behind_tls_alone(host, tmp_path):
    if host:
        assert "is refused: other machines are served behind TLS alone" in one_line(vigia("up", "--host", host, home=tmp_path / "home"))
        assert "set VIGIA_PUBLIC_ORIGIN" in one_line(vigia("up", "--host", host, "--behind-proxy", home=tmp_path / "home"))
    with pytest.raises(SettingsInvalid):
        before.check_host(host)


@pytest.mark.parametrize("words, said", [
    (["--tls-cert", "c.pem"], "go together"), (["--tls-cert", "c.pem", "--tls-key", "k.pem"], "--tls-cert c.pem: expected a file"),
])
def test_half_a_certificate_is_refused(words, said, tmp_path):
    assert said in one_line(vigia("up", "--port", str(free_port()), *words, home=tmp_path / "home"))


def test_others_are_served_once_somebody_could_sign_in(environment):
    with environment.connect() as connection:
        people.keeper_without_password(connection)
        connection.commit()
    with pytest.raises(SettingsInvalid, match="vigia user password"):
        up.way_in(environment.owner_url, outside=True)
    with environment.connect() as connection:
        people.set_password(connection, "tester", "$argon2id$of-no-password")
        connection.commit()
    assert up.way_in(environment.owner_url, outside=True) is None


def test_a_new_installation_has_one_account_and_a_link_for_it(environment):
    with environment.connect() as connection:
        connection.execute("DELETE FROM access.person")
        connection.commit()
    link = up.way_in(environment.owner_url)
    with environment.connect() as connection:
        [keeper] = people.listed(connection)
        assert connection.execute("SELECT count(*) FROM access.link WHERE hash = sha256(convert_to(%s, 'UTF8'))", (link,)).fetchone() == (1,)
        people.set_password(connection, keeper["name"], "$argon2id$of-no-password")
        connection.commit()
    assert keeper["keeper"] and set(keeper["roles"]) == set(people.ROLES)
    assert up.way_in(environment.owner_url) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_is_served(host):
    before.check_host(host)


@pytest.mark.parametrize("url, says", [
    ("nonsense", "DATABASE_URL is no address; expected postgresql://user:password@host:5432/database"),
    ("mysql://u:secret@host/db", "DATABASE_URL starts with mysql://; expected postgresql://"),
    ("postgres://u:secret@host:notaport/db", "DATABASE_URL is no address"),
    ("postgresql://u:secret@host:5432", "DATABASE_URL names no database"),
])
def test_a_broken_address_is_one_line_without_its_password(url, says, tmp_path):
    line = one_line(vigia("up", "--port", str(free_port()), home=tmp_path / "home", DATABASE_URL=url))
    assert says in line and "secret" not in line


def test_a_server_that_does_not_answer_is_one_line(tmp_path):
    url = f"postgres://u:secret@127.0.0.1:{free_port()}/db"
    line = one_line(vigia("db", "check", home=tmp_path / "home", DATABASE_URL=url))
    assert "the database does not answer" in line and "secret" not in line


def test_an_own_basemap_must_exist(tmp_path):
    line = one_line(vigia("up", "--port", str(free_port()), "--basemap", "/nowhere.pmtiles", home=tmp_path / "home"))
    assert "/nowhere.pmtiles" in line and "a .pmtiles archive or a style .json" in line


def test_wrong_use_is_two(tmp_path):
    assert vigia("up", "--port", "seventy", home=tmp_path).returncode == 2
    assert vigia("upp", home=tmp_path).returncode == 2
    assert vigia("import", "tracks", home=tmp_path).returncode == 2


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="a system that cannot be told")
def test_a_browser_whose_line_broke_is_let_go_after_a_minute():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serve.lets_go(listening)
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000


def test_a_held_address_is_nobody_elses():
    port = free_port()
    with before.bound("127.0.0.1", port), pytest.raises(PortBusy, match=f"--port {port + 1}"):
        before.check_port("127.0.0.1", port)
    before.check_port("127.0.0.1", port)


@pytest.mark.parametrize("words", [["up", "--port", "{}"], ["up", "--empty", "--port={}"]])
def test_the_address_is_read_from_the_words_before_the_packages_are_there(words, taken):
    with pytest.raises(PortBusy):
        before.check([word.format(taken) for word in words])
    before.check(["doctor", "--port", str(taken)])


@pytest.mark.parametrize("words", [["exercise", "drop"], ["export", "csv", "--out", "out.csv", "--purpose", "Oversight", "--case", "1"]])
def test_a_command_before_the_first_start_finds_nothing_and_says_no_more(words, database, tmp_path):
    with database.connect() as connection:
        connection.execute("DROP SCHEMA vigia, access, audit, jobs CASCADE")
        connection.commit()
    words = [str(tmp_path / w) if w == "out.csv" else w for w in words]
    done = vigia(*words, home=tmp_path / "home", DATABASE_URL=database.owner_url, VIGIA_APP_URL=database.app_url)
    assert done.returncode == 0 and done.stderr == ""


def test_an_export_from_the_command_line_is_a_disclosure_like_any_other(database, tmp_path):
    def export(*words: str) -> subprocess.CompletedProcess:
        return vigia("export", "csv", *words, "--out", str(tmp_path / "out.csv"), home=tmp_path / "home", DATABASE_URL=database.owner_url,
                     VIGIA_APP_URL=database.app_url)

    assert "needs --purpose and --case" in one_line(export("q=Ramon"))
    assert export("q=Ramon", "--purpose", "Oversight", "--case", "2026-7").returncode == 0
    with database.connect() as connection:
        (told,) = connection.execute("SELECT entry::jsonb FROM audit.entry WHERE entry::jsonb ->> 'what' = 'disclosure'").fetchone()
    assert (told["of"], told["purpose"], told["case"], told["address"]) == ("export/csv", "Oversight", "2026-7", "command line")
    assert "Ramon" not in str(told) and "q=%23" in told["filter"]
