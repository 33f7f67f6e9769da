"""The browser's libraries: made once for a lock file, each one file, all of it local."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from errors import SetupFailed
from install import browser_libraries

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "assets" / "vendor"


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Stand-ins for npm and node that note what they are asked; the list of that."""
    told: list[str] = []
    monkeypatch.setattr(browser_libraries, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(browser_libraries, "MADE", (tmp_path / "node_modules",))
    monkeypatch.setattr(browser_libraries, "tools", lambda: (["npm"], ["node"]))
    monkeypatch.setattr(browser_libraries, "_run", lambda command, what: told.append(" ".join(command[:2])))
    return told


def test_they_are_made_once(asked, monkeypatch):
    browser_libraries.ensure(lambda *_: None)
    browser_libraries.ensure(lambda *_: None)
    assert [line.split("/")[0] for line in asked] == ["npm ci", "node "]
    monkeypatch.setattr(browser_libraries, "INPUTS", ("package-lock.json", "install/vendor.mjs", "package.json"))
    browser_libraries.ensure(lambda *_: None)
    assert len(asked) == 4


def test_a_break_is_followed_by_the_same_again(asked, monkeypatch):
    def broken(command, what):
        raise SetupFailed("npm ci failed")

    monkeypatch.setattr(browser_libraries, "_run", broken)
    with pytest.raises(SetupFailed):
        browser_libraries.ensure(lambda *_: None)
    assert not browser_libraries.up_to_date()


def test_what_a_link_leads_to_is_not_emptied(asked, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "node_modules").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SetupFailed, match="^node_modules is a link to .*elsewhere"):
        browser_libraries.ensure(lambda *_: None)
    assert asked == []


def test_a_failure_is_one_line(tmp_path):
    script = tmp_path / "npm"
    script.write_text("#!/bin/sh\necho 'npm notice hello' >&2\necho 'npm error code ENOTFOUND' >&2\nexit 1\n")
    script.chmod(0o755)
    with pytest.raises(SetupFailed, match="^npm ci failed: npm error code ENOTFOUND; check the network"):
        browser_libraries._run([str(script)], "npm ci")


def test_versions_are_pinned_exactly():
    package = json.loads((ROOT / "package.json").read_text())
    for name, version in {**package["dependencies"], **package.get("devDependencies", {})}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name


@pytest.mark.skipif(not VENDOR.exists(), reason="made by `./vigia up` and `./vigia test`")
class TestVendor:
    def test_the_worker_is_of_the_pages_version(self):
        lock = json.loads((ROOT / "package-lock.json").read_text())
        version = lock["packages"]["node_modules/maplibre-gl"]["version"]
        assert version in (VENDOR / "maplibre-gl.mjs").read_text()
        assert version in (VENDOR / "maplibre-gl-worker.mjs").read_text()

    def test_the_map_library_is_there_once(self):
        """A second copy would draw on a second map."""
        assert (VENDOR / "terra-draw.mjs").stat().st_size < 400_000

    def test_modules_import_what_is_there(self):
        for path in VENDOR.glob("*.mjs"):
            for name in re.findall(r"""(?:from|import)\s*["'](\.{1,2}/[^"']+)["']""", path.read_text()):
                assert (path.parent / name).exists(), f"{path.name}: {name}"

    def test_fonts_are_all_there(self):
        css = (VENDOR / "fonts.css").read_text()
        urls = re.findall(r"url\(([^)]+)\)", css)
        assert len(urls) > 20
        assert [u for u in urls if not (VENDOR / u).exists()] == []

    def test_they_run_in_node(self):
        """Each parses as the module it is."""
        _, node = browser_libraries.tools()
        done = subprocess.run([*node, "--check", str(VENDOR / "pmtiles.mjs")], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
