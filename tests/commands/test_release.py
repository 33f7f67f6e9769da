"""`vigia export` and `vigia release …`, as they are typed."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import cli
from data import people
from tests.data.made import seizures


@pytest.fixture
def typed(environment, tmp_path, monkeypatch, capsys):
    """`typed("release", "list")` -> exit code, what it printed; over six live seizures of an agency whose supervisor is sue."""
    with environment.connect() as connection:
        number = people.add_agency(connection, "Alfa", None)
        seizures(connection, np.random.default_rng(1), 6, world=0, agency=number)
        for name, role in (("ana", "analyst"), ("sue", "supervisor")):
            people.add(connection, name, [role], agencies=["Alfa"])
        connection.commit()
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["vigia", *words])
        code = cli.main()
        told = capsys.readouterr()
        return code, told.out.strip(), told.err.strip()

    return run


def test_an_export_is_a_release_that_can_be_recalled(typed, environment, tmp_path):
    assert typed("export", "csv", "world=live", "--as", "ana")[0] == 1, "what for?"
    code, path, said = typed("export", "csv", "world=live", "--as", "ana", "--purpose", "Investigation", "--case", "7", "--recipient", "Customs")
    assert code == 0 and (tmp_path / path).read_text("utf-8-sig").count("\n") > 6, said
    [one] = json.loads(typed("release", "list", "--json")[1])
    assert (one["name"], one["taken_by"], one["for"], one["rows"], one["case"]) == ("release 1", "ana", "Customs", 6, "7")
    with environment.connect() as connection:
        entry = connection.execute("SELECT entry::jsonb FROM audit.entry WHERE entry::jsonb ->> 'what' = 'disclosure'").fetchone()[0]
    assert entry["release"] == 1 and "Customs" not in json.dumps(entry)

    assert typed("release", "recall", "--since", "2026-01-01T00:00:00Z")[1:] == ("", "vigia: nothing that was released has changed, or all were told")
    assert typed("mark", "seizure:2", "TLP:RED", "--as", "ana")[0] == 0
    code, told, _ = typed("release", "recall", "seizure:2")
    assert told.splitlines() == ["notice 1  Customs (by ana)", "  seizure:2 of release 1: marking TLP:AMBER -> TLP:RED"]
    assert typed("release", "notified", "1", "--as", "ana")[0] == 1
    assert typed("release", "notified", "1", "--as", "sue")[0] == 0
    assert json.loads(typed("release", "recall", "seizure:2", "--json")[1]) == []
    assert typed("release", "recall")[0] == 2 and typed("release", "recall", "--since", "yesterday")[0] == 1


def test_what_may_not_go_outside_writes_no_file(typed, environment, tmp_path):
    with environment.connect() as connection:
        people.add(connection, "rita", ["analyst"], agencies=["Alfa"], ceiling="TLP:RED")
        connection.commit()
    assert typed("mark", "seizure:2", "TLP:RED", "--as", "rita")[0] == 0
    words = ("export", "csv", "world=live", "--as", "rita", "--purpose", "Investigation", "--case", "7")
    code, _, said = typed(*words, "--recipient", "Customs")
    assert code == 1 and "may not go to Customs: of the records 1 TLP:RED" in said and list(tmp_path.glob("vigia-*")) == []
    assert typed(*words)[0] == 0 and len(list(tmp_path.glob("vigia-*"))) == 1
