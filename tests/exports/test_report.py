"""The page of an analysis, and the PDF that is printed of it, read back by pypdf: words, sheets, marking on each; nothing run, nothing fetched."""

from __future__ import annotations

import io
import socket
from datetime import datetime, timezone
from pathlib import Path

import geopandas as gpd
import numpy as np
import pypdf
import pytest
import shapely

from errors import LibraryMissing, WorkerFailed
from exports import printing, report
from exports.about import About

EVIL = "<img src=http://127.0.0.1:9/x onerror=alert(1)>& Ñandú"
ABOUT = About("exercise", "world=exercise&drug=cocaine", "TLP:AMBER", datetime(2026, 11, 24, 15, tzinfo=timezone.utc))
HASH = "5f" * 32
ABSENT = """
import runpy, sys
class Lacks:
    def find_spec(self, name, path=None, target=None):
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
sys.meta_path.insert(0, Lacks())
runpy.run_path({program!r}, run_name="__main__")
"""


def run(**told) -> dict:
    return {"method": "rates", "version": "2", "agencies": ["Alfa", EVIL], "key": "ab" * 32, "zones": None, "told": {
        "title": "Rates", "words": f"Most are near {EVIL}.", "n": 40, "limits": ["It is a toy."], "effort": "no effort data", "significance": "q under 0.05", "source": "Marshall 1991",
        "knobs": {"cell_m": 500.0}, "legend": {"unit": "The section", "n": "Seizures in it", "why": "Why"}, "given": {"seizures": 40, "sha256": HASH, "known": ["land"]},
        "charts": [{"kind": kind, "title": f"Seizures {kind}", "unit": "a day", "x": list(range(30)), "y": np.arange(30.0).tolist(), "low": [0.0] * 30, "high": [40.0] * 30}
                   for kind in ("lines", "bars", "intervals")], **told}}


def places(n: int = 60) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"unit": [EVIL, *(f"section {i}" for i in range(1, n))], "n": np.arange(n, dtype=float), "why": "because of what was found there before, and of how much was looked"},
                            geometry=shapely.box(-98 + np.arange(n) / 100, 25.9, -97.99 + np.arange(n) / 100, 26.0), crs=4326)


@pytest.fixture(scope="module")
def printed() -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(printing.pdf(report.write(run(), places(), ABOUT))))


def lines(reader: pypdf.PdfReader) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in reader.pages)


def test_every_sheet_is_a4_and_says_its_number_and_its_marking(printed):
    n = len(printed.pages)
    assert n > 1
    for number, page in enumerate(printed.pages, 1):
        said = " ".join(page.extract_text().split())
        assert f"page {number} of {n}" in said and "TLP:AMBER" in said and "EXERCISE: all data invented" in said and "Vigia: Rates" in said
        assert [round(float(side) / 72 * 25.4) for side in page.mediabox[2:]] == [210, 297]


def test_it_says_what_the_page_says(printed):
    said = lines(printed)
    for words in ("It is a toy.", "no effort data", "Marshall 1991", "world=exercise&drug=cocaine", "rates, version 2", "section 29", "The first 30 of 60 places", "Made: 2026-11-24 15:00:00 UTC",
                  "Seizures intervals, a day", "Darker: more of n"):
        assert words in said, words
    assert HASH in said.replace(" ", "") and "ab" * 32 in said.replace(" ", ""), "what it was made of"


def test_a_hostile_name_is_text(printed):
    assert EVIL in lines(printed) and not any("/URI" in str(page.get("/Annots", "")) for page in printed.pages)
    assert "<img" not in report.write(run(), places(), ABOUT).decode()


def test_a_cell_is_told_by_where_it_is_and_a_section_by_its_name():
    page = report.write(run(), places(3).assign(unit=["2251797699756125", "8544c1affffffff", "México–Texas 012"]), ABOUT).decode()
    assert all(f"<td>{words}</td>" in page for words in ("25.95 N 98.00 W", "25.95 N 97.98 W", "México–Texas 012"))


def test_figures_are_drawn_and_not_pictures(printed):
    drawn = b"".join(page.get_contents().get_data() for page in printed.pages)
    assert drawn.count(b" re") + drawn.count(b" l\n") > 60 and not any(page.images for page in printed.pages)


def test_many_cells_are_a_shape_a_colour_and_none_is_left_out():
    page = report.write(run(charts=[]), places(report.MANY + 100), ABOUT).decode()
    assert page.count("<path") == 3 and page.count("M") - page.split("<svg")[0].count("M") >= report.MANY + 100
    assert report.write(run(charts=[]), places(50), ABOUT).decode().count("<path") == 50


def test_what_is_withheld_is_on_no_sheet():
    said = lines(pypdf.PdfReader(io.BytesIO(printing.pdf(report.write(run(withheld="no better than counts"), places(), ABOUT)))))
    assert "Withheld: no better than counts" in said and "section 1" not in said and "Seizures bars" not in said


def test_nothing_is_fetched_whatever_a_page_names(tmp_path):
    (tmp_path / "secret").write_text("p{color:red}")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        at = f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.settimeout(0)
        page = f'<link rel=stylesheet href="{at}/a.css"><link rel=attachment href="{(tmp_path / "secret").as_uri()}"><img src="{at}/b.png"><img src="data:image/svg+xml,<svg/>"><p>here'
        made = pypdf.PdfReader(io.BytesIO(printing.pdf(page.encode())))
        with pytest.raises(BlockingIOError):
            listening.accept()
    assert lines(made) == "here" and not made.attachments


def test_without_its_libraries_it_says_what_to_install(tmp_path, monkeypatch):
    lacking = tmp_path / "lacking.py"
    lacking.write_text(ABSENT.format(program=str(printing.PROGRAM)))
    monkeypatch.setattr(printing, "PROGRAM", lacking)
    with pytest.raises(LibraryMissing, match="apt-get install libpango-1.0-0"):
        printing.pdf(b"<p>here")


def test_a_page_that_takes_too_long_or_too_much_is_told_and_leaves_the_machines_fonts(monkeypatch):
    cache = Path("/var/cache/fontconfig")
    before = {path.name: path.stat().st_mtime_ns for path in cache.glob("*")}
    with monkeypatch.context() as patch:
        patch.setattr(printing, "MEMORY_MB", 1)
        with pytest.raises(WorkerFailed, match="could not be printed with 1 MB"):
            printing.pdf(b"<p>here")
    assert {path.name: path.stat().st_mtime_ns for path in cache.glob("*")} == before and lines(pypdf.PdfReader(io.BytesIO(printing.pdf(b"<p>here")))) == "here"
    monkeypatch.setattr(printing, "SECONDS", 0.001)
    with pytest.raises(WorkerFailed, match="took more than 0.001 s"):
        printing.pdf(b"<p>here")
