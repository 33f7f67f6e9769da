"""The house plan's table of rooms (docs/design.md, section 2) holds: an import that it does not allow fails."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DESIGN = (ROOT / "docs" / "design.md").read_text()
EVERYTHING = "all"


def rooms() -> dict[str, set[str]]:
    """Each room or module of the table, with what it may touch: rooms, or modules such as `data.records`."""
    table = DESIGN.split("| room | may touch |", 1)[1].split("\n\n", 1)[0]
    found: dict[str, set[str]] = {}
    for line in table.splitlines()[2:]:
        names, touched, _ = (cell.strip() for cell in line.strip().strip("|").split("|"))
        if touched == "nothing of ours":
            allowed: set[str] = set()
        else:
            allowed = {word.replace("/", ".") for word in re.findall(r"[a-z][a-z_./]*", re.sub(r"\(.*?\)", "", touched))}
        for name in re.findall(r"[a-z_/]+", names):
            found[name] = allowed
    return found


ROOMS = rooms()
OWN = {p.stem for p in ROOT.glob("*.py")} | {p.parent.name for p in ROOT.glob("*/*.py") if not p.parent.name.startswith(".")}
FILES = sorted(
    path for room in ROOMS for path in ([ROOT / f"{room}.py"] if (ROOT / f"{room}.py").exists() else (ROOT / room).rglob("*.py"))
)


def imported(path: Path) -> list[tuple[int, str]]:
    """Every module of ours that a file imports, at its top or inside a function, as (line, dotted name)."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are written from the root"
            # `from data import records` names the module data.records.
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return [(line, name) for line, name in found if name.split(".")[0] in OWN]


def may(room: str, name: str) -> bool:
    """True when the table lets `room` import `name`."""
    allowed = ROOMS[room]
    if EVERYTHING in allowed or name.split(".")[0] in (room, "settings", "errors"):
        return EVERYTHING in allowed or ROOMS[room] != set() or name.split(".")[0] == room
    return any(name == a or name.startswith(f"{a}.") for a in allowed)


def test_the_table_names_the_rooms():
    assert set(ROOMS) >= {"data", "feeds", "routes", "layouts", "callbacks", "analysis", "exports", "exercise", "basemap"}
    assert ROOMS["app"] == ROOMS["cli"] == {EVERYTHING}
    assert ROOMS["settings"] == ROOMS["errors"] == set()
    # `data` is listed by itself for some, and by one module for others.
    assert "data" in ROOMS["feeds"] and "data.records" in ROOMS["analysis"] and "data" not in ROOMS["analysis"]


def test_what_the_table_does_not_allow_is_found():
    for room, name in (("feeds", "data.sessions.owner_connection"), ("analysis", "data.records.BBox"), ("cli", "routes.api")):
        assert may(room, name)
    for room, name in (
        ("analysis", "data.sessions.Database"), ("data", "analysis.hotspots"), ("errors", "settings.ROOT"),
        ("layouts", "data.sessions.Database"), ("layouts", "callbacks.counts"), ("routes", "layouts.page"),
    ):
        assert not may(room, name)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path: Path):
    room = path.relative_to(ROOT).parts[0].removesuffix(".py")
    wrong = [f"line {line}: {name}" for line, name in imported(path) if not may(room, name)]
    assert not wrong, f"{path.relative_to(ROOT)} imports what its room may not touch: {'; '.join(wrong)}"


def test_no_cycle_between_rooms():
    """Told by what is imported, not by what is allowed."""
    arrows: dict[str, set[str]] = {}
    for path in FILES:
        room = path.relative_to(ROOT).parts[0].removesuffix(".py")
        arrows.setdefault(room, set()).update(n.split(".")[0] for _, n in imported(path))
    done: set[str] = set()

    def walk(room: str, way: tuple[str, ...]) -> None:
        assert room not in way, f"rooms in a circle: {' -> '.join((*way, room))}"
        if room in done:
            return
        for other in sorted(arrows.get(room, set()) - {room}):
            walk(other, (*way, room))
        done.add(room)

    for room in sorted(arrows):
        walk(room, ())


def test_no_file_is_too_long_to_read_in_one_sitting():
    lines = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in FILES if "versions" not in p.parts}
    assert {name: n for name, n in lines.items() if n > 400} == {}
