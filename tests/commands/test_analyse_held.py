"""`vigia analyse` of what the database holds, as it is typed: asked as somebody, on record, worked off by a real worker of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

import cli
from commands import disclosing
from data import people, zones
from tests.conftest import ROOT
from tests.data.made import START, seizures, spread, touch

WHY = ("--as", "ana", "--purpose", "Investigation", "--case", "7")
LIVE = ("--filter", "world=live", *WHY)
SQUARES = ("--method", "gi-star", "--grid", "square", "--cell-m", "20000")


@pytest.fixture
def typed(environment, tmp_path, monkeypatch, capsys):
    """40 live seizures of Alfa near Brownsville, and of Bravo 30; ana is Alfa's analyst, vic only looks."""
    with environment.connect() as connection:
        for number, (name, n) in enumerate((("Alfa", 40), ("Bravo", 30))):
            seizures(connection, np.random.default_rng(number), n, world=0, agency=people.add_agency(connection, name, None))
        people.add(connection, "ana", ["analyst"], agencies=["Alfa"])
        people.add(connection, "vic", ["viewer"], agencies=["Alfa"])
        touch(connection, "seizures", 0)
        connection.commit()
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["vigia", "analyse", *words])
        code = cli.main()
        told = capsys.readouterr()
        return code, told.out.strip(), told.err.strip()

    return run


def rows(environment, query: str, *values) -> list:
    with environment.connect() as connection:
        return connection.execute(query, values).fetchall()


def entries(environment) -> list[dict]:
    return [json.loads(e) for (e,) in rows(environment, "SELECT entry FROM audit.entry ORDER BY seq")]


def test_it_is_asked_done_answered_from_the_record_and_taken_out_as_a_release(typed, environment):
    code, out, err = typed("hotspots", *SQUARES, *LIVE, "--json")
    assert code == 0, err
    told = json.loads(out)
    assert (told["given"]["seizures"], told["agencies"], told["method"], told["knobs"]["cell_m"]) == (40, ["Alfa"], "gi-star", 20000), "of what ana sees, and no more"
    assert "at work" in err or "waits for its turn" in err
    code, out, err = typed("hotspots", *SQUARES, *LIVE, "--recipient", "Customs", "--out", "cells.geojson")
    assert code == 0 and "answered from the record" in err and out.splitlines()[0] == told["words"], err
    assert rows(environment, "SELECT count(*) FROM run") == [(1,)]
    [(places,)] = rows(environment, "SELECT count(*) FROM run_place")
    assert len(gpd.read_file("cells.geojson")) == places > 0 and rows(environment, "SELECT format, recipient, case_told FROM release") == [("analysis.geojson", "Customs", "7")]
    said = [(e["what"], e.get("of"), e.get("case")) for e in entries(environment) if e.get("address") == "command line" and str(e.get("of", "")).startswith("analyses")]
    assert said == [("consultation", "analyses", "7"), ("consultation", f"analyses/{told['run']}", "7"), ("consultation", "analyses", "7"), ("consultation", f"analyses/{told['run']}", "7"),
                    ("disclosure", f"analyses/{told['run']}/export/geojson", "7")]
    for name, begins in (("report.html", b"<!DOCTYPE html>"), ("report.pdf", b"%PDF-")):
        code, _, err = typed("hotspots", *SQUARES, *LIVE, "--out", name)
        assert code == 0 and Path(name).read_bytes().startswith(begins), err
    assert [row[0] for row in rows(environment, "SELECT format FROM release ORDER BY id")] == ["analysis.geojson", "analysis.html", "analysis.pdf"]


def test_who_may_not_and_what_can_not_be_is_told(typed, environment, tmp_path):
    for words, code, said in (
        (("--filter", "world=live", "--as", "ana"), 1, "needs --purpose and --case"), (("--filter", "world=live", "--as", "vic", *WHY[2:]), 1, "asked for by coordinators"),
        (("--filter", "colour=red", *WHY), 1, "colour"), ((*LIVE, "--area", "a.geojson"), 2, "the database knows its own area"), ((*LIVE, "--out", "cells.exe"), 2, "ends with one of"),
        ((*LIVE, "--zones", "Anvil"), 1, "no zones 'Anvil'"), (("points.csv", *LIVE), 2, "--filter is of the database"),
    ):
        got, _, err = typed("hotspots", *SQUARES, *words)
        assert got == code and said in err, (words, got, err)
    code, _, err = typed("hotspots", "--method", "knox", "--crs", "EPSG:32615", *LIVE)
    assert code == 2 and "knox has no knob of that name" in err, err
    assert rows(environment, "SELECT count(*) FROM run") == [(0,)] and not list(tmp_path.glob("*.*"))


def test_what_a_method_refuses_ends_it_in_its_words(typed, environment):
    code, out, err = typed("hotspots", "--method", "emerging", *LIVE)
    assert code == 1 and out == "" and "failed: emerging needs 60 points, 40 are given" in err, err


async def test_an_effect_is_asked_of_locked_zones_by_their_name(typed, environment):
    import asyncio

    with environment.connect() as connection:
        [(agency,)] = connection.execute("SELECT id FROM agency WHERE name = 'Alfa'").fetchall()
        spread(connection, np.random.default_rng(5), 1500, days=420, world=0, agency=agency)
        ana = people.open_session(connection, "ana")
        connection.commit()
    shape = lambda *b: shapely.box(*b)  # noqa: E731
    told = zones.ZonesTold("Anvil", START - timedelta(days=60), START, (
        ("operation", "", shape(-97.7, 25.8, -97.3, 26.2)), ("buffer", "", shapely.difference(shape(-97.9, 25.6, -97.1, 26.4), shape(-97.7, 25.8, -97.3, 26.2))),
        ("control", "west", shape(-98.6, 25.8, -98.2, 26.2))), "Alfa")
    pool = environment.pool()
    try:
        number, version = await zones.keep(pool, ana, "live", told)
        words = ("effect", "--method", "displacement", "--zones", "Anvil", *LIVE)
        code, _, err = await asyncio.to_thread(typed, *words)
        assert code == 1 and "is not locked" in err, err
        await zones.lock(pool, ana, number, version)
    finally:
        await pool.close()
    code, out, err = await asyncio.to_thread(typed, *words, "--json")
    assert code == 0, err
    assert json.loads(out)["given"]["zones"]["name"] == "Anvil" and json.loads(out)["knobs"]["start"].startswith((START - timedelta(days=60)).isoformat()[:19])


def test_told_to_stop_it_is_called_off(typed, environment):
    with environment.connect() as connection:  # a worker that lives, and is busy with others'
        connection.execute("INSERT INTO jobs.procrastinate_workers (last_heartbeat) VALUES (now() + interval '1 hour')")
        connection.commit()
    process = subprocess.Popen([sys.executable, str(ROOT / "cli.py"), "analyse", "hotspots", *SQUARES, *LIVE], env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first = process.stderr.readline()
    assert "waits for its turn" in first, first + process.stderr.read()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 130 and out == "" and "is called off" in err, err
    assert rows(environment, "SELECT state FROM run") == [("cancelled",)]
    assert [e["to"] for e in entries(environment) if e["what"] == "change" and str(e.get("of", "")).startswith("analysis:")] == ["called off"]


def test_told_to_stop_before_anybody_waits_for_it_it_is_called_off_too(typed, environment, monkeypatch):
    from commands import analyse_held

    @asynccontextmanager
    async def looking(*told):
        async with disclosing.looking(*told) as held:
            yield held
        signal.raise_signal(signal.SIGINT)  # what was asked is kept

    monkeypatch.setattr(analyse_held, "looking", looking)
    code, out, err = typed("hotspots", *SQUARES, *LIVE)
    assert code == 130 and out == "" and "is called off" in err, err
    assert rows(environment, "SELECT state FROM run") == [("cancelled",)]


def test_a_look_that_fails_leaves_no_session_open(typed, environment):
    before = rows(environment, "SELECT count(*) FROM access.session WHERE revoked_at IS NULL")
    code, _, err = typed("effect", "--method", "displacement", "--zones", "nowhere", *LIVE)
    assert code == 1 and "no zones 'nowhere'" in err, err
    assert rows(environment, "SELECT count(*) FROM access.session WHERE revoked_at IS NULL") == before
