"""Parts counted by workers of a real Dask cluster on this machine: the same as here, to the bit."""

from __future__ import annotations

import json
import socket
import sys

import geopandas as gpd
import pytest

import cli
from analysis.describe.gi_star import GiStar
from errors import PointsRefused, SchedulerRefused
from feeds import parts
from jobs import scattered
from tests.analysis.test_in_parts import GROUND, points, same

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1", scheduler_port=0) as made:
        yield made.scheduler_address


@pytest.fixture
def folder(tmp_path):
    told = points()
    for i in range(3):
        told[i::3].to_parquet(tmp_path / f"points-{i:03d}.parquet", index=False)
    return tmp_path


def test_two_workers_give_what_one_process_gives(cluster, folder):
    method, done = GiStar(grid="square", cell_m=5000.0, weight="kg", discovered="by effort"), []
    assert same(scattered.over(method, parts.opened(folder).parts, GROUND, cluster, done.append), method.apply(points(), GROUND))
    assert done == sorted(done) and len(done) == 4 and done[-1] == 1.0
    with distributed.Client(cluster, set_as_default=False) as client:
        assert len(client.run(lambda: 1)) == 2, "both are still there"


def test_a_wrong_part_is_named_and_nothing_comes_of_it(cluster, folder):
    points(10).assign(lat=95.0).to_parquet(folder / "points-009.parquet", index=False)
    with pytest.raises(PointsRefused, match=r"points-009.parquet: gi-star: lat must be a number of degrees.* 10 of 10 rows"):
        scattered.over(GiStar(), parts.opened(folder).parts, GROUND, cluster)


def test_nobody_there_is_told(folder, monkeypatch):
    monkeypatch.setattr(scattered, "WAIT_S", 0.5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(SchedulerRefused, match="no scheduler of Dask answers"):
            scattered.over(GiStar(), parts.opened(folder).parts, GROUND, f"tcp://127.0.0.1:{taken.getsockname()[1]}")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SchedulerRefused, match="pip install -r requirements-scale.txt"):
        scattered.over(GiStar(), parts.opened(folder).parts, GROUND, "tcp://127.0.0.1:1")


def test_as_it_is_typed(cluster, folder, monkeypatch, capsys):
    gpd.GeoDataFrame(geometry=[GROUND.area], crs=4326).to_file(folder / "area.geojson")
    monkeypatch.chdir(folder)

    def typed(*words: str) -> dict:
        monkeypatch.setattr(sys, "argv", ["vigia", "analyse", "hotspots", *words, "--grid", "square", "--area", "area.geojson", "--json"])
        code = cli.main()
        out, err = capsys.readouterr()
        return json.loads(out) if code == 0 else {"code": code, "err": err}

    here, there = typed(".", "--out", "here.parquet"), typed(".", "--scheduler", cluster, "--out", "there.parquet")
    found = [gpd.read_parquet(name) for name in ("here.parquet", "there.parquet")]
    for frame in found:
        frame.attrs["vigia"].pop("about")  # when it was made
    assert here == there and here["n"] == 3000 and same(*found)
    assert "is one file" in typed("area.geojson", "--scheduler", cluster)["err"]
    (folder / "none").mkdir()
    assert "at least one part points-*.parquet" in typed("none")["err"]
