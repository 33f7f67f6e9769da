"""`vigia analyse dump`, as it is typed: what somebody may see in parts, on record and as releases, whole or not at all; and read back as what it is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import cli
from analysis.describe.gi_star import GiStar
from analysis.ground import Ground
from commands import analyse_dump
from data import marking, parts, people
from data.releases import RECORD
from errors import RecordFailed
from tests.data.made import seizures, touch, tracks, walk

WHY = ("--as", "ana", "--purpose", "Investigation", "--case", "7")
LIVE = ("--filter", "world=live", *WHY)
AREA = shapely.box(-98.6, 25.3, -96.4, 26.7)


@pytest.fixture
def typed(environment, tmp_path, monkeypatch, capsys):
    """2,100 live seizures of Alfa near Brownsville (two with no place), 30 of Bravo, and three tracks of each; ana is Alfa's analyst, vic only looks."""
    rng = np.random.default_rng(5)
    with environment.connect() as connection:
        for name, n in (("Alfa", 2100), ("Bravo", 30)):
            agency = people.add_agency(connection, name, None)
            seizures(connection, rng, n, world=0, agency=agency, unplaced=2)
            tracks(connection, [walk(rng, 500) for _ in range(3)], world=0, agency=agency, prefix=name, kinds=("vessel",))
        people.add(connection, "ana", ["analyst"], agencies=["Alfa"], ceiling="TLP:RED")
        people.add(connection, "vic", ["viewer"], agencies=["Alfa"])
        for layer in ("seizures", "tracks"):
            touch(connection, layer, 0)
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


def test_seizures_in_parts_are_releases_and_read_back_as_they_are(typed, environment, monkeypatch):
    monkeypatch.setattr(parts, "AT_ONCE", 300)  # a part is put together of several fetches, and a fetch is cut between parts
    code, out, err = typed("dump", "out", *LIVE, "--part-rows", "1000", "--recipient", "Alfa", "--json")
    assert code == 0 and "2,100 seizures in 3 parts, TLP:AMBER" in err, err
    told = json.loads(out)
    assert told == json.loads(Path("out/manifest.json").read_text()) and [p["rows"] for p in told["parts"]] == [1000, 1000, 100]
    assert (told["world"], told["marking"], told["of"], told["rows"], told["left_out"], told["filter"]) == ("live", "TLP:AMBER", "seizures", 2100, 2, "world=live")
    found = pd.concat([gpd.read_parquet(p) for p in sorted(Path("out").glob("points-*.parquet"))])
    stored = rows(environment, "SELECT s.id, ST_X(geom), ST_Y(geom), kg, started_at FROM seizure s JOIN agency a ON a.id = agency_id AND a.name = 'Alfa' WHERE geom IS NOT NULL ORDER BY started_at, s.id")
    assert found.id.tolist() == [r[0] for r in stored] and found.geometry.x.tolist() == [r[1] for r in stored] and found.geometry.y.tolist() == [r[2] for r in stored]
    assert found.crs == "OGC:CRS84" and set(found.marking) == {"TLP:AMBER"} and set(found.agency) == {"Alfa"}
    releases = rows(environment, "SELECT r.id, format, row_count, marking, purpose, case_told, recipient, encode(sha256, 'hex'), records FROM release r JOIN release_record ON release_id = r.id ORDER BY 1")
    assert [(r[0], r[2], r[7]) for r in releases] == [(p["release"], p["rows"], p["sha256"]) for p in told["parts"]]
    assert {r[1:2] + r[3:7] for r in releases} == {("parts of seizures", "TLP:AMBER", "Investigation", "7", "Alfa")}
    assert sorted(i for r in releases for i in np.frombuffer(r[8], RECORD)["id"].tolist()) == sorted(found.id)
    said = [e for e in (json.loads(e) for (e,) in rows(environment, "SELECT entry FROM audit.entry ORDER BY seq")) if e["what"] == "disclosure"]
    assert [(e["of"], e["rows"], e["release"], e["case"]) for e in said] == [("parts/seizures", p["rows"], p["release"], "7") for p in told["parts"]]
    # what is counted of them is what is counted of all at once, and says whose it is
    gpd.GeoDataFrame(geometry=[AREA], crs=4326).to_file("area.geojson")
    code, out, err = typed("hotspots", "out", "--grid", "square", "--cell-m", "10000", "--weight", "kg", "--area", "area.geojson", "--json", "--out", "cells.parquet")
    assert code == 0, err
    expected = GiStar(grid="square", cell_m=10_000.0, weight="kg").apply(pd.DataFrame(found.assign(lon=found.geometry.x, lat=found.geometry.y).drop(columns=["geometry", "agency"])), Ground(area=AREA))
    cells = gpd.read_parquet("cells.parquet")
    assert json.loads(out)["marking"] == "TLP:AMBER" and cells.z.tolist() == expected.z.tolist() and cells.unit.tolist() == expected.unit.tolist()
    assert "Marking: TLP:AMBER" in cells.attrs["vigia"]["about"]


def test_fixes_in_parts(typed, environment):
    last = rows(environment, "SELECT to_char(max(observed_at) - interval '1 second', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM fix")[0][0]
    code, out, err = typed("dump", "out", "--of", "fixes", "--filter", f"world=live&to={last}&kind=vessel", *WHY, "--part-rows", "1000", "--json")
    assert code == 0, err
    told = json.loads(out)
    found = pd.concat([gpd.read_parquet(p) for p in sorted(Path("out").glob("points-*.parquet"))])
    stored = rows(environment, "SELECT track_id, observed_at, ST_X(f.geom) FROM fix f JOIN track t ON t.id = track_id JOIN agency a ON a.id = t.agency_id AND a.name = 'Alfa' "
                               "WHERE observed_at < %s ORDER BY date_trunc('month', observed_at), track_id, observed_at, f.qk", last)
    assert found.track.tolist() == [r[0] for r in stored] and found.geometry.x.tolist() == [r[2] for r in stored] and (found.t == [r[1] for r in stored]).all()
    assert told["rows"] == len(stored) > 1000 and set(found.kind) == {"vessel"} and (found.agency == "Alfa").all()
    hours = {(t, int(at.timestamp()) // 3600) for t, at, _ in stored}
    released = {(int.from_bytes(r[i:i + 8], "big"), int.from_bytes(r[i + 8:i + 16], "big") // 3600)
                for (r,) in rows(environment, "SELECT records FROM release_record WHERE kind = 'hour'") for i in range(0, len(r), 24)}
    assert hours <= released
    gpd.GeoDataFrame(geometry=[shapely.box(*found.total_bounds).buffer(0.2)], crs=4326).to_file("area.geojson")
    code, out, err = typed("hotspots", "out", "--grid", "square", "--cell-m", "20000", "--area", "area.geojson", "--json")
    assert code == 0 and json.loads(out)["n"] == len(stored) and json.loads(out)["limits"][0].startswith("These are fixes"), err


def test_who_may_not_and_what_may_not_leave_leaves_nothing(typed, environment, tmp_path):
    with environment.connect() as connection:
        [(number,)] = connection.execute("SELECT max(s.id) FROM seizure s JOIN agency a ON a.id = agency_id AND a.name = 'Alfa' WHERE geom IS NOT NULL").fetchall()
        marking.change(connection, f"seizure:{number}", "TLP:RED", "ana")
        connection.commit()
    (tmp_path / "there").mkdir()
    for words, code, said in (
        (("--filter", "world=live", "--as", "ana"), 1, "needs --purpose and --case"), (("--filter", "world=live", "--as", "vic", *WHY[2:]), 1, "vic may not take records out"),
        ((*LIVE, "--recipient", "Customs"), 1, "this may not go to Customs: of the records 1 TLP:RED"), (("--filter", "colour=red", *WHY), 1, "colour"),
        (("--filter", "world=live&from=2031-01-01T00:00:00Z", *WHY), 1, "no part is written"), ((*LIVE, "--of", "images"), 2, "one of seizures, fixes"),
    ):
        got, _, err = typed("dump", "out", *words)
        assert got == code and said in err, (words, got, err)
    for name, said in (("there", "is there already"), ("not/there", "would lie in a folder that is not there")):
        got, _, err = typed("dump", name, *LIVE)
        assert got == 1 and said in err
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "home") == ["there"] and rows(environment, "SELECT count(*) FROM release") == [(0,)]


def test_what_fails_in_the_middle_leaves_neither_folder_nor_release(typed, environment, tmp_path, monkeypatch):
    from data import releases

    put, done = releases.put, []

    async def second_fails(*args, **told):
        done.append(await put(*args, **told))
        if len(done) == 2:
            raise RecordFailed(releases.FAILED)
        return done[-1]

    monkeypatch.setattr(releases, "put", second_fails)
    code, _, err = typed("dump", "out", *LIVE, "--part-rows", "1000")
    assert code == 1 and "nothing is given out" in err and len(done) == 2
    assert [p.name for p in tmp_path.iterdir() if p.name != "home"] == [] and rows(environment, "SELECT count(*) FROM release") == [(0,)]


def test_the_exercise_is_no_release_and_still_on_record(typed, environment):
    with environment.connect() as connection:
        seizures(connection, np.random.default_rng(1), 50)
        connection.commit()
    code, out, err = typed("dump", "out", "--filter", "world=exercise", "--as", "ana", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["rows"] == 50 and told["parts"][0]["release"] is None and told["about"][0] == "EXERCISE: all data invented" and rows(environment, "SELECT count(*) FROM release") == [(0,)]
    [entry] = [e for e in (json.loads(e) for (e,) in rows(environment, "SELECT entry FROM audit.entry ORDER BY seq")) if e["what"] == "disclosure"]
    assert (entry["of"], entry["rows"]) == ("parts/seizures", 50)


def test_a_session_outlasts_what_takes_long_and_ends_with_it(typed, environment):
    assert analyse_dump.LONGEST_S > 600
    for words, code in ((LIVE, 0), (("--filter", "world=live&from=2031-01-01T00:00:00Z", *WHY), 1)):
        got, _, err = typed("dump", f"out-{code}", *words)
        assert got == code, err
    assert rows(environment, "SELECT count(*) FROM access.session s JOIN access.person p ON p.id = person_id AND p.name = 'ana'")[0][0] >= 2
    assert rows(environment, "SELECT count(*) FROM access.session s JOIN access.person p ON p.id = person_id AND p.name = 'ana' WHERE revoked_at IS NULL AND expires_at > now()") == [(0,)]
