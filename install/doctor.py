"""`vigia doctor`: what is installed, which versions, what is missing and the command for it, whether the database is right."""

from __future__ import annotations

import json
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata

from data import programs
from errors import SettingsInvalid, VigiaError
from install import browser_libraries, chromium, pango, system
from settings import BUILD, ROOT, store

FREE_MB = 1000


@dataclass(frozen=True)
class Finding:
    """One line: `ok`, `missing` or `wrong` with what to do; `absent` for what serving does not need."""

    what: str
    state: str
    found: str
    remedy: str = ""

    @classmethod
    def of(cls, what: str, good: bool, found: str, remedy: str, *, otherwise: str = "wrong") -> Finding:
        """`ok`, or `otherwise` with its remedy."""
        return cls(what, "ok", found) if good else cls(what, otherwise, found, remedy)

    @property
    def bad(self) -> bool:
        return self.state in ("missing", "wrong")


def run(as_json: bool) -> int:
    """Print the findings on stdout; 1 when something needed is missing or wrong."""
    findings = [*_machine(), *_made(), *_database()]
    if as_json:
        print(json.dumps([asdict(f) for f in findings], indent=2))
    else:
        _table(findings)
    return int(any(f.bad for f in findings))


# -- what is looked at --------------------------------------------------------------------------------------------------


def _machine() -> Iterator[Finding]:
    yield Finding("Vigia", "ok", BUILD)
    yield Finding("Python", "ok", platform.python_version())
    yield _packages("requirements.txt", needed=True)
    yield _packages("requirements-test.txt", needed=False)
    here = programs.installed()
    fit = [p for p in here if p.fit]
    told = ", ".join(
        f"{_dotted(p.version)} with {'PostGIS ' + _dotted(p.postgis) if p.postgis else 'no PostGIS'}" for p in here
    )
    yield Finding.of("PostgreSQL", bool(fit), told or "none", "./vigia up", otherwise="missing")
    node = browser_libraries.installed_node()
    yield Finding.of("node", bool(node), node or "none; taken from PyPI when needed", "./vigia up", otherwise="absent")
    browser = chromium.path()
    yield Finding.of("Chromium", bool(browser), browser or "none; only tests need it", "./vigia test", otherwise="absent")
    lacking = pango.missing()
    yield Finding.of("Pango", not lacking, f"missing: {', '.join(lacking)}; only reports as PDF need it" if lacking else "there, for reports as PDF",
                     f"apt-get install {system.NAMES['Pango'].apt}", otherwise="absent")
    home = next(folder for folder in (store().home.absolute(), *store().home.absolute().parents) if folder.exists())
    free_mb = shutil.disk_usage(home).free // 2**20
    yield Finding.of("free disk", free_mb >= FREE_MB, f"{free_mb:,} MB under {home}", f"make room: {FREE_MB:,} MB")


def _packages(name: str, *, needed: bool) -> Finding:
    pins = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;]+)\s*(?:;\s*(.*))?$", (ROOT / name).read_text(), re.M)
    wrong = []
    for package, version, marker in pins:
        if marker and not _applies(marker):
            continue
        try:
            there = metadata.version(package)
        except metadata.PackageNotFoundError:
            there = "missing"
        if there != version:
            wrong.append(f"{package} {there}, not {version}")
    found = f"{len(wrong)} not as pinned: {'; '.join(wrong[:3])}" if wrong else f"{len(pins)} packages as pinned"
    if needed:
        return Finding.of(name, not wrong, found, "./vigia up")
    return Finding.of(name, not wrong, found, "./vigia test", otherwise="absent")


def _applies(marker: str) -> bool:
    from packaging.markers import Marker

    return Marker(marker).evaluate()


def _made() -> Iterator[Finding]:
    vendor = browser_libraries.up_to_date()
    yield Finding.of("browser libraries", vendor, "as locked" if vendor else "not as locked", "./vigia up", otherwise="missing")
    parts = store().basemap / "parts.json"
    if not parts.exists():
        yield Finding("basemap", "missing", "not built", "./vigia up")
        return
    told = json.loads(parts.read_text())
    found = "; ".join(told["failed"]) or f"{len(told['layers'])} layers"
    yield Finding.of("basemap", not told["failed"], found, "./vigia basemap build")


def _database() -> Iterator[Finding]:
    from data import addresses, migrations, roles

    try:
        own = addresses.own()
    except SettingsInvalid as error:
        yield Finding("database", "wrong", str(error), "correct DATABASE_URL")
        return
    if own is None and not (store().home / "postgres" / "users").exists():
        yield Finding("database", "missing", "not made yet", "./vigia up")
        return
    where = own.render_as_string(hide_password=True) if own is not None else "private, under " + str(store().home)
    try:
        with addresses.opened() as (owner_url, _):
            at, head = migrations.standing(owner_url)
            yield Finding("database", "ok", where)
            different = migrations.differences(owner_url) if at == head else f"at {at or 'nothing'}, the newest is {head}"
            yield Finding.of("tables", not different, different or f"at {at}, as expected", "./vigia db upgrade")
            if at is not None:
                wrong = roles.problems(owner_url)
                yield Finding.of("serving role", not wrong, "; ".join(wrong) or "owns nothing, no superuser", "./vigia up")
    except VigiaError as error:
        told, _, act = str(error).partition("; ")
        yield Finding("database", "wrong", f"{where}: {told}", act or ("./vigia up" if own is None else "correct DATABASE_URL, or start that server"))


# -- how it is shown ----------------------------------------------------------------------------------------------------


def _table(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("", "", "found", "what to do"):
        table.add_column(name, overflow="fold")
    colours = {"ok": "green", "absent": "yellow", "missing": "red", "wrong": "red"}
    for f in findings:
        table.add_row(f.what, Text(f.state, colours[f.state]), Text(f.found), Text(f.remedy))
    # On no terminal a line is never broken, so that a program or a mail keeps it whole.
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 200).print(table)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version)) or "?"
