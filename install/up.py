"""`vigia up`: from whatever is there to a served page, each step skipped when it is done already."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from errors import SettingsInvalid
from install import browser_libraries, postgis, serve
from install.progress import shown
from settings import database as database_settings
from settings import store


def up(host: str, port: int, *, empty: bool, basemap: Path | None) -> None:
    """Set up, then serve until told to stop; our own database is stopped with it."""
    serve.check_host(host)
    serve.check_port(host, port)
    if basemap is not None:
        if not basemap.is_file():
            raise SettingsInvalid(f"--basemap {basemap}: no such file; expected a .pmtiles or a style .json")
        os.environ["VIGIA_BASEMAP_FILE"] = str(basemap.resolve())
    # A stop during set-up unwinds like Ctrl-C, so that the database is stopped as well.
    signal.signal(signal.SIGTERM, _interrupted)
    with shown() as progress:
        browser_libraries.ensure(progress)
        if not database_settings().database_url:
            postgis.ensure()
    from data import addresses

    with addresses.opened() as (owner_url, _):
        with shown() as progress:
            prepare(owner_url, progress, exercise=not empty)
        serve.serve(host, port, lambda: print(f"Vigia is at http://{_shown(host)}:{port}/  (Ctrl-C stops it)", flush=True))


def prepare(owner_url: str, progress, *, exercise: bool) -> None:
    """Tables, basemap, reference data, and on the first start the exercise."""
    import basemap.build
    from data import addresses, migrations, reference
    from feeds import exercise as exercise_feed

    if database_settings().database_url:
        addresses.make_serving_role(owner_url)
    migrations.upgrade(owner_url)
    for line in basemap.build.build(store().basemap, progress):
        print(f"vigia: {line}", file=sys.stderr)
    reference.load(owner_url, store().basemap, progress)
    if exercise:
        exercise_feed.ensure(owner_url, progress)


def _interrupted(number: int, frame) -> None:
    raise KeyboardInterrupt


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
