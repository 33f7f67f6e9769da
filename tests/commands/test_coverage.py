"""`vigia coverage …`: who looks, units and films alike, and what is said of what is none."""

from __future__ import annotations

import json
import sys

import numpy as np

import cli
from data import people
from tests.data.made import tracks, walk
from tests.data.test_coverage import film, square


def test_who_looks_is_listed_units_and_films(environment, capsys, monkeypatch):
    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["vigia", "coverage", *words])
        code = cli.main()
        told = capsys.readouterr()
        return code, told.out + told.err

    with environment.connect() as connection:
        alfa = people.add_agency(connection, "Alfa", None)
        tracks(connection, [walk(np.random.default_rng(1), 20)], world=0, agency=alfa)
        film(connection, {0.0: square(-97.5, 26.4), 1.0: None}, agency="Alfa", name="over the creek")
        film(connection, {0.0: None}, agency="Alfa", name="says no ground")
        connection.commit()
    assert run("look", "--swath-m", "400", "--track", "t:0") == (0, "1 tracks look 400 m to either side\n")
    code, out = run("list", "--json")
    assert code == 0 and json.loads(out) == [
        {"agency": "Alfa", "kind": "film", "swath_m": None, "number": 1, "first": "over the creek", "made_by": "its metadata"},
        {"agency": "Alfa", "kind": "vessel", "swath_m": 400.0, "number": 1, "first": "t:0", "made_by": "command line"},
    ]
    assert run("away", "t:0")[0] == 0 and "kind: film" in run("list")[1] and "vessel" not in run("list")[1]
    code, out = run("look", "--swath-m", "60000", "--track", "t:0")
    assert code == 1 and "60000 m is refused" in out
