"""Parts of a manifest we signed are read here, of the bytes that were hashed; whatever else lies in a folder is opened as any file from outside."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from data import manifests
from data.audit import signing_key
from errors import FileRefused, PointsRefused
from exports import parts as files
from exports.about import About
from feeds import parts, points

ABOUT = About("exercise", "world=exercise", "TLP:GREEN", datetime(2026, 11, 26, tzinfo=timezone.utc))


@pytest.fixture
def key(tmp_path):
    signing_key(tmp_path / "key")
    return tmp_path / "key"


@pytest.fixture
def folder(tmp_path, key):
    made = tmp_path / "parts"
    made.mkdir()
    rng, rows = np.random.default_rng(2), []
    for i in range(3):
        table = pa.table({"id": np.arange(40), "lon": rng.uniform(-98, -97, 40), "lat": rng.uniform(25, 26, 40), "kg": pa.array([None, *rng.uniform(0, 9, 39)], pa.float64()),
                          "t": pa.array([datetime(2026, 1, 1 + i, tzinfo=timezone.utc)] * 40, pa.timestamp("us", "UTC")), "drug": pa.array(["cocaine", None] * 20), "agency": ["Alfa"] * 40})
        rows.append({"name": files.name(i), "rows": 40, "sha256": files.write(table, made / files.name(i), ABOUT)})
    signed(made, key, files.manifest(ABOUT, of="seizures", rows=120, parts=rows))
    return made


def signed(folder, key, told: dict) -> None:
    (folder / parts.MANIFEST).write_bytes(files.words(told))
    (folder / parts.SIGNATURE).write_bytes(manifests.signature(files.words(told), key))


def test_what_we_signed_is_read_here_as_it_would_be_from_outside(folder, key, monkeypatch):
    held = parts.opened(folder, key)
    assert (held.told["marking"], held.told["rows"], len(held.parts)) == ("TLP:GREEN", 120, 3) and all(part.sha256 for part in held.parts)
    foreign = [parts.read(part) for part in parts.opened(folder).parts]
    monkeypatch.setattr(points, "read", lambda *_: pytest.fail("no process of its own for what is proven"))
    for here, outside in zip(map(parts.read, held.parts), foreign):
        columns = ["lon", "lat", "t", "kg", "drug"]
        assert set(here) == set(outside) == set(columns), "the agency's name is no number of ours"
        pd.testing.assert_frame_equal(here[columns], outside[columns], check_exact=True, check_dtype=False)


def test_a_part_that_was_changed_since_is_refused(folder, key):
    held = parts.opened(folder, key)
    body = bytearray(held.parts[1].path.read_bytes())
    body[len(body) // 2] ^= 1
    held.parts[1].path.write_bytes(body)
    assert len(parts.read(held.parts[0])) == 40
    with pytest.raises(FileRefused, match=r"points-00001.parquet: sha256 is nothing, expected the part that its manifest tells: it was changed"):
        parts.read(held.parts[1])


def test_more_or_fewer_parts_than_the_manifest_tells_are_refused(folder, key):
    (folder / "points-00002.parquet").rename(folder / "points-00007.parquet")
    with pytest.raises(FileRefused, match=r"the 3 parts of its manifest and no other \(2 are too many or missing\)"):
        parts.opened(folder, key)


@pytest.mark.parametrize("how", ["changed", "another's", "no signature", "no key here", "huge"])
def test_a_manifest_that_is_not_ours_proves_nothing(folder, key, tmp_path, how):
    if how == "changed":
        told = json.loads((folder / parts.MANIFEST).read_text())
        (folder / parts.MANIFEST).write_bytes(files.words({**told, "marking": "TLP:CLEAR"}))
    elif how == "another's":
        signing_key(tmp_path / "other")
        signed(folder, tmp_path / "other", json.loads((folder / parts.MANIFEST).read_text()))
    elif how == "no signature":
        (folder / parts.SIGNATURE).unlink()
    elif how == "no key here":
        key = tmp_path / "none"
    else:
        with (folder / parts.MANIFEST).open("ab") as file:
            file.truncate(parts.MANIFEST_MOST + 1)
    held = parts.opened(folder, key)
    assert not held.told and all(part.sha256 is None for part in held.parts) and not (tmp_path / "none").exists()
    assert len(parts.read(held.parts[0])) == 40, "opened as any file is"


def test_too_many_rows_at_once_are_refused(folder, key, monkeypatch):
    monkeypatch.setattr(parts, "ROWS_MOST", 39)
    with pytest.raises(PointsRefused, match="points-00000.parquet has 40 rows, and a part has at most 39"):
        parts.read(parts.opened(folder, key).parts[0])
