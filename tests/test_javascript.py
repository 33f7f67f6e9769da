"""The browser's modules, tested by node's own runner: each file of tests/js is one test here."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from install import browser_libraries

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "tests" / "js").rglob("*.test.*js"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_in_node(path: Path):
    _, node = browser_libraries.tools()
    done = subprocess.run(
        [*node, "--test", "--test-reporter=spec", str(path)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_each_of_our_modules_is_one(tmp_path):
    """No test in node loads the page's entry: two imports of one name there would be found by nothing but a browser."""
    _, node = browser_libraries.tools()
    bundler = ROOT / "node_modules" / "esbuild" / "bin" / "esbuild"
    files = sorted(map(str, (ROOT / "assets" / "js").rglob("*.mjs")))
    done = subprocess.run([*node, str(bundler), *files, f"--outdir={tmp_path}", "--log-level=warning"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert files and done.returncode == 0, done.stderr[-4000:]


def test_there_are_some():
    assert FILES, "tests/js holds no *.test.js"
