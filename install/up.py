"""`vigia up`: from whatever is there to a served page, each step skipped when it is done already."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser
from contextlib import ExitStack, suppress
from importlib import import_module
from pathlib import Path

from data import own_basemap
from errors import SettingsInvalid
from install import aside, before, browser_libraries, pango, postgis
from install.progress import shown
from install.stopping import Stopped
from settings import access as access_settings
from settings import serve as serve_settings
from settings import store


def up(host: str | None, port: int | None, *, empty: bool, basemap: Path | None, open_page: bool, tls: tuple[Path | None, Path | None] = (None, None),
       behind_proxy: bool = False) -> None:
    """Set up, then serve until told to stop; our own database is stopped with it."""
    host, port = host or serve_settings().host, port or serve_settings().port
    before.check_host(host, secured=all(tls) or behind_proxy, origin=access_settings().public_origin)
    certificate(tls)
    with before.bound(host, port) as listening:
        if basemap is not None:
            _own_basemap(basemap)
        from data import addresses

        own = addresses.own() is not None
        prepare_machine(database=not own)
        with ExitStack() as held:
            with shown() as progress:
                owner_url = _database(held, progress, new=not own and not (store().home / "postgres").exists())
                prepare_data(owner_url, progress, own=own, exercise=not empty)
            outside = not before.is_loopback(host) or behind_proxy
            link = way_in(owner_url, outside=outside)
            here = f"http{'s' if all(tls) else ''}://{f'[{host}]' if ':' in host else host}:{port}/"
            _serve(listening, f"{access_settings().public_origin}/" if outside else here, open_page, link, tls=tls, behind_proxy=behind_proxy)


def prepare_machine(*, database: bool) -> None:
    """The browser's libraries, PostGIS unless there is an own server, and what reports are printed with."""
    with shown() as progress:
        browser_libraries.ensure(progress)
    if database:
        postgis.ensure()
    pango.tried()


def _database(held: ExitStack, progress, *, new: bool) -> str:
    """The owner's address of a database that runs for as long as `held`. Making one takes long enough to be told."""
    from data import addresses, cluster

    if new:
        progress("Database", 0, 1)
    owner_url, _ = held.enter_context(addresses.opened())
    if addresses.own() is None:
        held.enter_context(cluster.kept(store().home))
    if new:
        progress("Database", 1, 1)
    return owner_url


def prepare_data(owner_url: str, progress, *, own: bool, exercise: bool) -> None:
    """Whatever is missing in database and folder, aside; meanwhile the page's modules are loaded here.

    A start that finds all as the last one left it asks nothing but the rights of the serving role.
    """
    from data import prepared, roles

    threading.Thread(target=_load_app, daemon=True).start()
    if prepared.held(owner_url) == prepared.stamp(store().basemap, exercise=exercise):
        if own:
            roles.prepare(owner_url)
        roles.ensure_safe(owner_url)
        return
    for line in aside.run("install.prepare:everything", progress, owner_url=owner_url, own=own, exercise=exercise):
        print(f"vigia: {line}", file=sys.stderr)


def _load_app() -> None:
    with suppress(Exception):  # told when the server loads it again
        import_module("app")


def _own_basemap(path: Path) -> None:
    own_basemap.check(path)
    os.environ["VIGIA_BASEMAP_FILE"] = str(path.resolve())
    serve_settings.cache_clear()


def certificate(tls: tuple[Path | None, Path | None]) -> None:
    """Raises SettingsInvalid unless both files of a certificate are there, or none is told."""
    if any(tls) and not all(tls):
        raise SettingsInvalid("--tls-cert and --tls-key go together")
    for option, path in zip(("--tls-cert", "--tls-key"), tls):
        if path is not None and not path.is_file():
            raise SettingsInvalid(f"{option} {path}: expected a file in PEM format")


def way_in(owner_url: str, *, outside: bool = False) -> str | None:
    """A link's token for the first account, as long as nobody has given it a password.

    With `outside`, other machines are served: then somebody must be able to sign in. Raises SettingsInvalid.
    """
    from data import people
    from data.sessions import owner_connection

    with owner_connection(owner_url) as connection:
        if outside and not people.any_with_password(connection):
            raise SettingsInvalid("nobody could sign in from another machine yet: give an account a password first, with ./vigia user password NAME")
        if outside:
            return None
        name = people.keeper_without_password(connection)
        token = people.link(connection, name) if name else None
        connection.commit()
    return token


def _serve(listening, address: str, open_page: bool, link: str | None, *, tls: tuple[Path | None, Path | None], behind_proxy: bool) -> None:
    from install.background import beside
    from install.serve import serve

    def ready() -> None:
        for one in background:
            one.start()
        print(f"Vigia is at {address}  (Ctrl-C stops it)", flush=True)
        if link:
            print(f"This link signs you in, once: {address}sign-in/link/{link}", flush=True)
        shown_somewhere = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        if open_page and sys.stdout.isatty() and shown_somewhere:
            threading.Thread(target=webbrowser.open, args=(f"{address}sign-in/link/{link}" if link else address,), daemon=True).start()

    try:
        with beside() as background:
            serve(listening, ready, tls=tls, behind_proxy=behind_proxy)
    except Stopped:
        print("vigia: stopped", file=sys.stderr, flush=True)
