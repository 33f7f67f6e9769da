"""docs/formats.md names every mapping and field there is, and nothing else; its example is a mapping."""

from __future__ import annotations

import re

from feeds.mapping import FIELDS, FOLDER, known, load
from settings import ROOT

TEXT = (ROOT / "docs" / "formats.md").read_text()


def test_every_mapping_is_named_and_loads():
    told = set(re.findall(r"`(\w+\.toml)`", TEXT.split("## Mappings")[1]))
    there = {p.name for p in FOLDER.glob("*.toml")}
    assert told == there
    assert len(known()) == len(there)


def test_no_two_mappings_know_one_header():
    seen = [(m.layer, m.recognise) for m in known()]
    assert len(set(seen)) == len(seen)


def test_every_field_is_named():
    words = set(re.findall(r"\w+", TEXT))
    assert [f for layer in ("tracks", "seizures") for f in FIELDS[layer] if f not in words] == []


def test_the_example_is_a_mapping(tmp_path):
    path = tmp_path / "m.toml"
    path.write_text(re.search(r"```toml\n(.*?)```", TEXT, re.DOTALL)[1])
    assert load(path).layer == "tracks"
