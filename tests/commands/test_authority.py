"""`vigia authority`, `agency area` and `operation add --area` as typed, from an area of competence to an accepted hand-over and a duty that is done."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
import shapely
from typer.testing import CliRunner

import cli
from data import people
from data.fixes import FixWriter, TrackTold
from tests.data.made import source, us
from tests.data.test_handover import EAST, WEST

NOW = datetime.now(timezone.utc)


def run(*words: str) -> str:
    done = CliRunner().invoke(cli.cli, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def rows(*words: str) -> list[dict]:
    return json.loads(run(*words, "--json"))


@pytest.fixture
def files(tmp_path):
    for name, area in (("east", EAST), ("west", WEST)):
        (tmp_path / f"{name}.geojson").write_text(shapely.to_geojson(area))
    (tmp_path / "none.geojson").write_text("{}")
    return tmp_path


def granted(agency: str, reference: str, area, days: int = 5) -> None:
    run("authority", "add", reference, "--agency", agency, "--kind", "us-warrant", "--issuer", "Court", "--purpose", "Investigation", "--device", "tag:V-1",
        "--from", (NOW - timedelta(days=5)).isoformat(), "--to", (NOW + timedelta(days=days)).isoformat(), "--area", str(area))


def test_from_an_area_of_competence_to_a_duty_that_is_done(environment, files):
    for agency in ("Norte", "Este"):
        run("agency", "add", agency)
    run("agency", "area", "Este", str(files / "east.geojson"))
    for name, agency in (("esther", "Este"), ("lena", "Norte")):
        run("user", "add", name, "--role", "legal", "--agency", agency)
    granted("Norte", "N-1", files / "west.geojson")
    with environment.connect() as connection:
        with FixWriter(connection, 0, source(connection, 0, "feed")) as writer:
            (track,) = writer.tracks([TrackTold("tag:V-1", "tag", agency_id=people.agency_id(connection, "Norte"))])
            writer.write({"track_id": np.array([track]), "observed_us": np.array([us(NOW)]), "lon": np.array([-97.2]), "lat": np.array([26.0])})
        connection.commit()
    (offer,) = rows("authority", "handovers")
    assert (offer["from"], offer["to"], offer["reference"], offer["state"], offer["about"]) == ("Norte", "Este", "N-1", "offered", "about 26.1° N 97.4° W") and "cell" not in offer
    granted("Este", "E-1", files / "east.geojson")
    run("authority", "accept", str(offer["number"]), "--reference", "E-1", "--as", "esther")
    assert [(o["state"], o["by"], o["own_reference"]) for o in rows("authority", "handovers")] == [("accepted", "esther", "E-1")]
    assert "offer" in str(CliRunner().invoke(cli.cli, ["authority", "decline", "1", "--as", "esther"]).exception)
    run("authority", "revoke", "N-1", "--agency", "Norte")
    run("authority", "duty", "N-1", "Return the warrant to its judge", "--agency", "Norte", "--as", "lena", "--note", "by courier")
    assert {(d["name"], d["says"], d["by"]) for d in rows("authority", "duties")} == {
        ("Return the warrant to its judge", "done", "lena"), ("Give notice to the person followed", "due", None), ("Review what was collected, and destroy what may not be kept", "due", None)}


def test_an_operation_has_an_area_until_it_is_taken_away(environment, files):
    dates = ("--from", NOW.isoformat(), "--to", (NOW + timedelta(days=1)).isoformat())
    for more, expected in (((), False), (("--area", str(files / "east.geojson")), True), ((), True), (("--everywhere",), False)):
        run("operation", "add", "Dorado", *dates, *more)
        assert [o["with_area"] for o in rows("operation", "list")] == [expected], more
    assert "polygons" in str(CliRunner().invoke(cli.cli, ["operation", "add", "Dorado", *dates, "--area", str(files / "none.geojson")]).exception)
