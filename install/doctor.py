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
from install import browser_libraries, chromium
from settings import BUILD, ROOT, store

FREE_MB = 1000


@dataclass(frozen=True)
class Finding:
    """One line: `ok`, `missing` or `wrong` with what to do; `absent` for what serving does not need."""

    what: str
    state: str
    found: str
    remedy: str = ""

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
    told = ", ".join(f"{_dotted(p.version)} with {'PostGIS ' + _dotted(p.postgis) if p.postgis else 'no PostGIS'}" for p in here)
    yield Finding("PostgreSQL", "ok" if fit else "missing", told or "none", "" if fit else "./vigia up")
    node = browser_libraries.installed_node()
    yield Finding("node", "ok" if node else "absent", node or "none", "" if node else "./vigia up takes it from PyPI when it is needed")
    browser = chromium.path()
    yield Finding("Chromium", "ok" if browser else "absent", browser or "none; only tests need it", "" if browser else "./vigia test")
    free_mb = shutil.disk_usage(ROOT).free // 2**20
    yield Finding("free disk", "ok" if free_mb >= FREE_MB else "wrong", f"{free_mb} MB", "" if free_mb >= FREE_MB else "make room")


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
    if not wrong:
        return Finding(name, "ok", f"{len(pins)} packages as pinned")
    state = "wrong" if needed else "absent"
    return Finding(name, state, f"{len(wrong)} not as pinned: {'; '.join(wrong[:3])}", "./vigia up" if needed else "./vigia test")


def _applies(marker: str) -> bool:
    from packaging.markers import Marker

    return Marker(marker).evaluate()


def _made() -> Iterator[Finding]:
    vendor = browser_libraries.up_to_date()
    yield Finding("browser libraries", "ok" if vendor else "missing", "as locked" if vendor else "not as locked", "" if vendor else "./vigia up")
    parts = sorted(p.name for p in store().basemap.glob("*.pmtiles")) if store().basemap.is_dir() else []
    yield Finding("basemap", "ok" if parts else "missing", ", ".join(parts) or "not built", "" if parts else "./vigia basemap build")


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
            yield Finding("database", "ok", where)
            at, head = migrations.standing(owner_url)
            different = migrations.differences(owner_url) if at == head else f"at {at or 'nothing'}, the newest is {head}"
            yield Finding("tables", "wrong" if different else "ok", different or f"at {at}, as expected", "./vigia db upgrade" if different else "")
            if at is not None:
                wrong = roles.problems(owner_url)
                yield Finding("serving role", "wrong" if wrong else "ok", "; ".join(wrong) or "owns nothing, no superuser",
                              "./vigia up" if wrong else "")
    except VigiaError as error:
        yield Finding("database", "wrong", f"{where}: {error}", "./vigia up" if own is None else "correct DATABASE_URL, or start that server")


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
