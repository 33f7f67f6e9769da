"""The page on analysis names every method there is, as the registry has it."""

from __future__ import annotations

import re
from pathlib import Path

from analysis import methods

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "analysis.md").read_text()


def test_every_method_has_its_row():
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*?) \|", PAGE.split("## The methods", 1)[1].split("\n## ")[0], re.M))
    assert {m["name"]: m["title"] for m in methods.told()}.items() <= rows.items()


def test_the_methods_own_row_is_whole():
    for told in methods.told():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{told['name']}` |"))
        assert [cell.strip() for cell in row.strip("|").split("|")][2:] == [told["family"], str(told["needs"]), told["source"].replace("|", "/")], told["name"]
