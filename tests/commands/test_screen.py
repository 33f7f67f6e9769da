"""`vigia screen …`: what is typed is kept, what is wrong is said, and the unit of a display is one that systemd reads."""

from __future__ import annotations

import configparser
import json
import shutil
import subprocess
import sys

import pytest

import cli


@pytest.fixture
def typed(environment, capsys, monkeypatch):
    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["vigia", "screen", *words])
        code = cli.main()
        told = capsys.readouterr()
        return code, told.out, told.err.strip()

    return run


def test_a_screen_is_made_set_and_listed(typed, environment):
    assert "/sign-in/screen/" in typed("add", "East wall")[1]
    code, _, said = typed("set", "East wall", "--place", "Room 2", "--distance-m", "8", "--diagonal-in", "98", "--zone", "America/Bogota", "--zone", "Europe/Madrid", "--turn-s", "30",
                          "--dim", "22:00-06:00", "--world", "live", "--view", "world=live&camera=8.6/26.15/-97.9", "--view", "7")
    assert (code, said) == (0, "")
    [row] = json.loads(typed("list", "--json")[1])
    assert (row["address"], row["place"], row["distance_m"], row["zones"], row["turn_s"], row["dim"], row["world"], row["views"]) == \
        ("/wall/east-wall", "Room 2", 8, ["America/Bogota", "Europe/Madrid"], 30, "22:00-06:00", "live", 2)
    with environment.connect() as connection:
        assert connection.execute("SELECT playlist FROM access.screen").fetchone()[0] == [{"state": "world=live&camera=8.6/26.15/-97.9"}, {"view": 7}]
        assert connection.execute("SELECT entry::jsonb ->> 'to' FROM audit.entry WHERE entry::jsonb ->> 'of' = 'screen:East wall' ORDER BY seq DESC LIMIT 1").fetchone()[0].startswith("set place")


@pytest.mark.parametrize(("words", "said"), [
    (("set", "Nowhere", "--turn-s", "30"), "no screen"), (("set", "East"), "nothing was told"), (("set", "East", "--zone", "Mars/Olympus"), "IANA"), (("set", "East", "--distance-m", "0.1"), "0.5 to 50"),
    (("set", "East", "--view", "nope=1"), "nope"), (("unit", "Nowhere"), "no screen"), (("unit", "East", "--user", "a b\nExecStart=/bin/sh"), "account"), (("add", "x" * 201), "200"),
])
def test_what_is_wrong_is_said(typed, words, said):
    typed("add", "East")
    code, _, told = typed(*words)
    assert code == 1 and said in told, told


@pytest.mark.parametrize("name", ["East wall", "غرفة 100%", "50% \\"])
def test_the_unit_of_a_display_is_read_by_systemd_and_holds_no_secret(typed, tmp_path, name):
    token = typed("add", name)[1].strip().rsplit("/", 1)[1]
    code, told, _ = typed("unit", name, "--user", "root")
    assert code == 0 and token not in told and "token" not in told
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    parser.optionxform = str
    parser.read_string(told)
    start = parser["Service"]["ExecStart"].split()
    assert start[:3] == ["/usr/bin/cage", "-d", "--"] and start[-1].startswith("http://127.0.0.1:8050/wall/") and {"--kiosk", "--autoplay-policy=no-user-gesture-required"} <= set(start)
    assert parser["Service"]["Restart"] == "always" and parser["Install"]["WantedBy"] == "graphical.target"
    if program := shutil.which("systemd-analyze"):
        unit = tmp_path / "vigia-wall.service"
        # This machine has no display: what is started is not here, what it is started by is.
        unit.write_text(told.replace("/usr/bin/cage", shutil.which("env")))
        done = subprocess.run([program, "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0 and "vigia-wall.service" not in done.stderr, done.stderr
