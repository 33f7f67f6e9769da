"""The system's packages: what is said and run where there is apt, and where there is none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from data import programs
from errors import ProgramMissing, SetupFailed
from exports import printing
from install import chromium, pango, postgis, system


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """`machine(apt="script", sudo=…)`: a PATH with stand-ins that note how they were called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "env", "grep", "cat"):
        (folder / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(system, "LISTS_UPDATED", set())
    monkeypatch.setattr(system, "store", lambda: SimpleNamespace(home=tmp_path / "home"))

    def put(**scripts: str) -> Path:
        for name, text in scripts.items():
            path = folder / name.replace("_", "-")
            path.write_text(f'#!/bin/sh\necho "{path.name} $*" >> {tmp_path}/told\n{text}\n')
            path.chmod(0o755)
        return tmp_path / "told"

    return put


def test_an_unknown_system_gets_the_exact_commands(machine):
    with pytest.raises(ProgramMissing) as caught:
        system.install("PostGIS", lambda: [])
    told = str(caught.value)
    assert "sudo apt-get install postgresql" in told
    assert "sudo dnf install postgresql-server postgis" in told
    assert "brew install postgresql@18 postgis" in told


def test_root_installs_and_says_first_what(machine, monkeypatch, capfd):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    told = machine(apt_get="echo dlstatus:1:50.5:Retrieving >&3; echo pmstatus:chromium:60.0:Unpacking >&3; echo a question")
    system.install("Chromium", lambda: ["chromium"])
    lines = told.read_text().splitlines()
    assert [line.split(" -o ")[0] for line in lines] == [
        "apt-get update -q", "apt-get install -y -q --no-install-recommends chromium"]
    assert "vigia: installing Chromium by apt-get install chromium" in capfd.readouterr().err
    # All that apt said is kept, without the status lines.
    assert (system.store().home / "apt.log").read_text() == "a question\n" * 2


def test_others_use_sudo(machine, monkeypatch, capfd):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    told = machine(apt_get="exit 0", sudo='exec "$@"')
    system.install("Chromium", lambda: ["chromium"])
    assert " env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium" in told.read_text()
    assert "by sudo apt-get install chromium" in capfd.readouterr().err


def test_without_sudo_it_says_what_root_must_run(machine, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    machine(apt_get="exit 0")
    with pytest.raises(ProgramMissing, match="as root run: apt-get install chromium"):
        system.install("Chromium", lambda: ["chromium"])


def test_a_failure_of_apt_is_one_line(machine, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    machine(apt_get='case "$1" in install) echo "E: Unable to locate package chromium" >&2; exit 100 ;; esac')
    with pytest.raises(SetupFailed, match="apt could not install Chromium: E: Unable to locate package chromium") as caught:
        system.install("Chromium", lambda: ["chromium"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("offered, here, takes", [
    ([13, 15], [], 15),
    ([15, 16, 17], [], 17),
    ([15, 16, 17], [16], 16),  # PostgreSQL is there already, and only PostGIS is not
    ([16], [13], 16),  # one that is there is too old
])
def test_postgis_is_named_by_postgresqls_version(machine, monkeypatch, offered, here, takes):
    machine(apt_cache="\n".join(f'echo "postgresql-{n}-postgis-3 - Geographic objects"' for n in offered))
    monkeypatch.setattr(programs, "installed", lambda: [_programs(n) for n in here])
    assert postgis._packages() == [f"postgresql-{takes}", f"postgresql-{takes}-postgis-3"]


def test_a_system_too_old_is_told_where_newer_ones_are(machine, monkeypatch):
    machine(apt_cache='echo "postgresql-13-postgis-3 - Geographic objects"')
    monkeypatch.setattr(programs, "installed", lambda: [])
    with pytest.raises(ProgramMissing, match="for PostgreSQL 13, and 15 or newer is needed"):
        postgis._packages()


def test_what_is_there_is_not_asked_for(machine, monkeypatch):
    told = machine(apt_get="exit 1")
    fit = _programs(16)
    fit.__dict__["postgis"] = (3, 4)
    monkeypatch.setattr(programs, "installed", lambda: [fit])
    postgis.ensure()
    assert not told.exists()


def _programs(major: int) -> programs.Programs:
    made = programs.Programs(Path("/nowhere"))
    made.__dict__.update(version=(major, 1), postgis=())
    return made


def test_the_machines_own_is_found():
    found = programs.find()
    assert found.fit and subprocess.run([found.folder / "pg_ctl", "--version"], check=True, capture_output=True).returncode == 0


def test_the_browser_gets_what_drives_it(machine, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    told = machine(apt_get="exit 0", chromium="exit 0")
    assert chromium.ensure().endswith("/chromium") and not told.exists()
    monkeypatch.setattr(chromium, "_driver_runs", lambda: False)
    chromium.ensure()
    assert "--no-install-recommends libatomic1 " in told.read_text()


def test_what_reports_are_printed_with_is_here_and_asked_for_by_the_same_names(machine):
    told = machine(apt_get="exit 1")
    assert pango.missing() == [] and list(pango.LIBRARIES) == system.NAMES["Pango"].apt.split()
    pango.tried()
    assert not told.exists()
    assert all(f"{before} {name}" in printing.ABSENT for before, name in zip(("apt-get install", "dnf install", "brew install"), vars(system.NAMES["Pango"]).values()))


def test_pango_is_installed_as_far_as_it_is_offered(machine, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pango, "missing", lambda: ["libpango-1.0-0", "libharfbuzz-subset0"])
    told = machine(apt_get="exit 0", apt_cache='echo "libpango-1.0-0 - Layout and rendering of internationalized text"')
    pango.ensure()
    assert "--no-install-recommends libpango-1.0-0 -o" in told.read_text()


def test_without_pango_a_start_goes_on_and_apt_is_asked_once(machine, monkeypatch, tmp_path, capfd):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pango, "missing", lambda: ["libpango-1.0-0"])
    monkeypatch.setattr(pango, "store", system.store)
    told = machine(apt_get='echo "E: Could not resolve deb.example" >&2; exit 100')
    pango.tried()
    said = capfd.readouterr().err.splitlines()[-1]
    assert said.startswith("vigia: no report can be had as PDF, all else works: apt could not install") and "Could not resolve deb.example" in said
    asked = told.read_text()
    pango.tried()
    assert "Pango is missing (libpango-1.0-0)" in capfd.readouterr().err and told.read_text() == asked


def test_a_library_that_is_not_there_is_seen(monkeypatch):
    monkeypatch.setitem(pango.LIBRARIES, "libnowhere0", ("libnowhere.so.0", "libnowhere.0.dylib"))
    assert pango.missing() == ["libnowhere0"]
