"""`vigia analyse`, as it is typed, on plain files and with no database."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import cli
from analysis import methods
from tests.analysis import toy


@pytest.fixture
def points() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame({"lon": rng.uniform(-96, -92, 60), "lat": rng.uniform(25, 28, 60), "t": pd.date_range("2026-01-01", periods=60, tz="UTC").strftime("%Y-%m-%dT%H:%M:%SZ"),
                         "kg": rng.uniform(0, 9, 60), "place": "=1+1"})


@pytest.fixture
def typed(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(methods._WHERE, "toy", toy.WHERE)
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["vigia", "analyse", *words])
        code = cli.main()
        told = capsys.readouterr()
        return code, told.out.strip(), told.err.strip()

    return run


def test_a_file_is_the_same_as_the_method(typed, points):
    points.to_csv("points.csv", index=False)
    code, out, err = typed("hotspots", "points.csv", "--method", "toy", "--cell-deg", "0.5", "--grid", "square", "--json", "--out", "cells.parquet")
    assert code == 0, err
    expected = toy.Toy(cell_deg=0.5).apply(points)
    found = gpd.read_parquet("cells.parquet")
    assert found.n.tolist() == expected.n.tolist() and found.geometry.geom_equals_exact(expected.geometry, 1e-9).all()
    told = json.loads(out)
    assert (told["n"], told["knobs"]["cell_deg"], told["method"], told["limits"]) == (60, 0.5, "toy", ["It is a toy."])


def test_knobs_before_the_file_and_by_name(typed, points):
    points.to_csv("points.csv", index=False)
    expected = len(toy.Toy(cell_deg=2).apply(points))
    for words in (("--method", "toy", "--cell-deg", "2", "points.csv"), ("points.csv", "--method=toy", "--knob", "cell_deg=2"), ("points.csv", "--method", "toy", "--knob", "cell-deg=2")):
        code, out, err = typed("hotspots", *words, "--out", "cells.geojson")
        assert code == 0 and len(gpd.read_file("cells.geojson")) == expected, err


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "parquet", "projected.parquet", "semicolon.csv", "xy.csv", "plain.parquet"])
def test_every_kind_of_file_reads_the_same(typed, points, ending):
    frame = gpd.GeoDataFrame(points.drop(columns=["lon", "lat"]), geometry=gpd.points_from_xy(points.lon, points.lat), crs=4326)
    name = f"in.{ending}"
    extra: tuple[str, ...] = ()
    if ending in ("geojson", "gpkg"):
        frame.to_file(name)
    elif ending == "parquet":
        frame.to_parquet(name)
    elif ending == "projected.parquet":
        frame.to_crs(32615).to_parquet(name)
    elif ending == "plain.parquet":
        points.to_parquet(name)
    elif ending == "semicolon.csv":
        points.to_csv(name, index=False, sep=";")
    else:
        at = frame.geometry.to_crs(32615)
        points.drop(columns=["lon", "lat"]).assign(x=at.x, y=at.y).to_csv(name, index=False)
        extra = ("--crs", "EPSG:32615")
    code, out, err = typed("hotspots", name, "--method", "toy", *extra, "--out", "cells.csv")
    assert code == 0, err
    lines = [line for line in Path("cells.csv").read_text("utf-8-sig").splitlines() if not line.startswith("#")]
    assert len(lines) == 1 + len(toy.Toy().apply(points))


@pytest.mark.parametrize(("body", "words"), [
    ("lon,lat\n1,2\n", "toy needs 2 points, 1 are given"), ("lon,lat\n1,2\n1,95\n", "lat must be a number of degrees from -90 to 90"),
    ("x,y\n1,2\n", "columns lon and lat in degrees; lon and lat is missing"), ("lon,lat,t\n1,2,2026-01-01\n1,2,2026-01-02\n", "time zone"),
    ("lon,lat\n1,2,3\n", "a CSV file that can be read"), ("lon\x00lat\n", "a first line of text"),
])
def test_bad_input_is_refused_in_a_line(typed, tmp_path, body, words):
    (tmp_path / "bad.csv").write_text(body)
    code, out, err = typed("hotspots", "bad.csv", "--method", "toy", "--out", "cells.csv")
    assert code == 1 and words in err and "\n" not in err and not (tmp_path / "cells.csv").exists()


@pytest.mark.parametrize(("words", "code", "said"), [
    (("--cell-deg", "100"), 1, "from 0.01 to 10"), (("--grid", "round"), 1, "one of square, h3"), (("--nowhere", "1"), 2, "No such option"),
    (("--crs", "EPSG:1", ), 1, "CRS that is known"), (("--out", "cells.exe"), 2, "ends with one of"), (("--area", "none.geojson"), 1, "a file that exists"),
])
def test_wrong_words_are_told(typed, points, words, code, said):
    points.rename(columns={"lon": "x", "lat": "y"} if "--crs" in words else {}).to_csv("points.csv", index=False)
    got, out, err = typed("hotspots", "points.csv", "--method", "toy", *words)
    assert got == code and said in err, err


def test_a_method_of_another_family_is_told(typed, points):
    points.to_csv("points.csv", index=False)
    code, _, err = typed("forecast", "points.csv", "--method", "toy")
    assert code == 1 and "toy is a method of hotspots, not of forecast" in err


def test_ground_is_read_from_files(typed, points):
    points.to_csv("points.csv", index=False)
    looks = gpd.GeoDataFrame({"t": ["2026-01-01T00:00:00Z"] * 2, "hours": [1.5, 2], "by": ["drone", "patrol"]}, geometry=gpd.points_from_xy([-95, -94], [26, 27]).buffer(0.1), crs=4326)
    looks.to_file("looks.geojson")
    code, out, err = typed("hotspots", "points.csv", "--method", "toy", "--effort", "looks.geojson", "--area", "looks.geojson", "--json")
    assert code == 0 and json.loads(out)["effort"] == "2 looks" and json.loads(out)["area"].startswith("MULTIPOLYGON"), err


def test_methods_are_listed(typed):
    code, out, _ = typed("methods", "hotspots")
    assert code == 0 and "hotspots --method toy: Counts by square (at least 2 points)" in out and "--cell-deg 1.0 degrees: How wide a square is." in out
    code, out, _ = typed("methods", "--json")
    assert code == 0 and {row["name"] for row in json.loads(out)} == set(methods.names())
    code, out, _ = typed("hotspots", "--method", "toy", "--help")
    assert code == 0 and "--cell-deg" in out


@pytest.mark.skipif("gi-star" not in methods._WHERE, reason="no Gi* here")
def test_the_example_of_the_page(typed, points):
    """docs/analysis.md: squares in a CRS of one's own, of points in degrees."""
    near = pd.concat([points.assign(lon=-93.2 + points.kg / 500, lat=26.5 + points.kg / 700), points], ignore_index=True)
    near.to_csv("points.csv", index=False)
    code, out, err = typed("hotspots", "points.csv", "--method", "gi-star", "--grid", "square", "--cell-m", "500", "--crs", "EPSG:32615", "--out", "cells.parquet")
    assert code == 0, err
    expected = methods.made("gi-star", {"grid": "square", "cell_m": 500, "crs": "EPSG:32615"}).apply(near.drop(columns="place"))
    found = gpd.read_parquet("cells.parquet")
    assert found.z.tolist() == expected.z.tolist() and found.geometry.geom_equals_exact(expected.geometry, 1e-9).all() and len(found) > 5
