"""What README, CONTRIBUTING and docs/ tell people to type exists: commands, their options, files and folders."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
import typer.main

import cli
from analysis import methods
from commands.analyse import knob_options

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(p for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")] if p.name != "design.md")
OPEN = {"test", "bench", "db psql"}  # their words go on to another program
PLACEHOLDER = re.compile(r"[A-Z_…]+$|<.*>$|\[.*")


def code(page: Path) -> list[str]:
    """Every line of its code blocks, and every word between backquotes."""
    text = page.read_text()
    blocks = re.findall(r"```(?:sh|console|bash)?\n(.*?)```", text, re.S)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
    return [line.strip() for block in blocks for line in block.splitlines()] + spans


def commands(page: Path) -> list[list[str]]:
    """The words of each `vigia …` told on a page."""
    found = []
    for line in code(page):
        line = re.sub(r"\s+#.*$", "", line).removeprefix("$ ")
        line = re.sub(r"^(?:[A-Z_]+=\S+\s+)+", "", line)
        if re.match(r"(?:\./)?vigia\s", line):
            found.append(shlex.split(line.replace("…", ""))[1:])
    return found


def wrong(words: list[str]) -> str | None:
    """Why a command can't be run as told, or None."""
    command: click.Command = typer.main.get_command(cli.cli)
    path: list[str] = []
    words = list(words)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        if any(c in words[0] for c in "|/"):  # `vigia import imagery|tracks`: every one of them
            told = [wrong([*path, name, *words[1:]]) for name in re.split(r"[|/]", words[0])]
            return next((t for t in told if t), None)
        if words[0] not in command.commands:
            return f"no command {' '.join([*path, words[0]])}"
        command = command.commands[words[0]]
        path.append(words.pop(0))
    if " ".join(path) in OPEN:
        return None
    options = {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help"}
    if path[:1] == ["analyse"]:  # options made of the methods' knobs
        options |= {name for method in methods.names(path[-1]) for p in knob_options(method) for name in p.opts}
    for word in words:
        name = re.split(r"[=|\]]", word.lstrip("["))[0]
        if name.startswith("--") and name not in options:
            return f"{' '.join(path)} has no option {name}"
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_exist(page: Path):
    bad = [f"vigia {' '.join(words)}: {why}" for words in commands(page) if (why := wrong(words))]
    assert bad == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path):
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_contributing_names_files_that_exist():
    rooms = re.compile(r"(?<![\w/.-])(?:tests|docs|data|install)/[\w./]+\w")
    told = [word for line in code(ROOT / "CONTRIBUTING.md") for word in rooms.findall(line)]
    assert "tests/conftest.py" in told
    # `tests/feeds/test_ais.py for feeds/ais.py` is an example of naming, and holds all the same.
    assert [word for word in told if not (ROOT / word).exists()] == []


def test_a_wrong_command_is_found():
    assert wrong(["upp"]) == "no command upp"
    assert wrong(["up", "--prot", "1"]) == "up has no option --prot"
    assert wrong(["import", "tracks|seizures", "FILE", "--nope"]) == "import tracks has no option --nope"
    assert wrong(["import", "tracks", "a.csv", "--keep-good"]) is None
    assert wrong(["test", "-q", "--whatever"]) is None
    assert wrong(["db", "upgrade"]) is None


def test_every_command_says_what_it_does():
    def walk(command: click.Command, path: str):
        assert command.help, path
        for name, child in getattr(command, "commands", {}).items():
            walk(child, f"{path} {name}")

    walk(typer.main.get_command(cli.cli), "vigia")


def test_the_licence_is_whole():
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text and "END OF TERMS AND CONDITIONS" in text


def test_the_lock_file_names_no_registry():
    assert "resolved" not in (ROOT / "package-lock.json").read_text()
    for name in ("requirements.txt", "requirements-test.txt", "requirements-bench.txt", "requirements-apprise.txt", "requirements-scale.txt"):
        assert not re.search(r"--(extra-)?index-url|--find-links|https?://", (ROOT / name).read_text())
