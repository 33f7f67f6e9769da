"""The command line's own edge: what a person can act on is one line and a code, what is our fault is a traceback."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

import cli
import settings
from errors import DiskFull
from install.stopping import Stopped

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("raised, code, line", [
    (DiskFull("9 MB free"), 1, "vigia: 9 MB free\n"),
    (Stopped(), 130, "vigia: stopped\n"),
    (OSError(errno.ENOSPC, "No space left on device", "/srv/x"), 1,
     "vigia: no room left on the disk of /srv/x; make room and run it again\n"),
    (OSError(errno.ENOSPC, "No space left on device", "/home/a/picture.tif", None, "/srv/x/originals/1.tif"), 1,
     "vigia: no room left on the disk of /srv/x/originals/1.tif; make room and run it again\n"),
    (psycopg.errors.DiskFull("could not extend file"), 1,
     "vigia: no room left on the database's disk, nothing was stored; make room and run it again\n"),
    (OperationalError("INSERT …", {}, psycopg.OperationalError("server closed the connection\nhint")), 1,
     "vigia: the database failed: server closed the connection\n"),
])
def test_each_is_one_line(raised, code, line, monkeypatch, capsys):
    def command(**_):
        raise raised

    monkeypatch.setattr(cli, "cli", command)
    assert cli.main() == code
    assert capsys.readouterr() == ("", line)


@pytest.mark.parametrize("raised", [KeyError("x"), OSError(errno.EIO, "I/O error"), psycopg.errors.UndefinedColumn("x")])
def test_a_fault_of_ours_is_not_hidden(raised, monkeypatch):
    def command(**_):
        raise raised

    monkeypatch.setattr(cli, "cli", command)
    with pytest.raises(type(raised)):
        cli.main()


def test_help_loads_no_room():
    """It is asked for often, and must come at once."""
    rooms = {"dash", "geopandas", "sqlalchemy", "psycopg", "rasterio", "app", "feeds"}
    code = ("import sys; sys.argv = ['vigia', '--help']\nimport cli\ntry:\n    cli.main()\nexcept SystemExit:\n    pass\n"
            f"print(sorted({{m.split('.')[0] for m in sys.modules}} & {rooms}))")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n"), done.stdout[-300:]


def test_a_reset_leaves_nothing_that_a_feed_told(environment):
    """Numbers begin anew: the next feed would read what another was told."""
    told = settings.store().spool / "1" / "x.spool"
    told.parent.mkdir(parents=True)
    told.write_bytes(b"VIGIASP1")
    cli.db_reset(yes=True)
    assert not told.exists() and not settings.store().spool.exists()
