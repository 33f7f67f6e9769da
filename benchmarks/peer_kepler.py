"""kepler.gl for `vigia bench play`: its pinned bundle and what that needs, got with npm into the benchmark's folder, and a server of it on this machine."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg

from data.cluster import Cluster

# MIT, all of them. The newest kepler.gl that was no preview in November 2026; React 18 is the last with a bundle to load by a tag.
VERSION = "3.2.6"
INTEGRITY = "sha512-IUaxkVjfC36yFMjK3GfBJS6Ro48eL9/Q+Sc10NqYhpKPPju4R85DCmGhSmyZFMb1MKU3M/2oj4cT55wwl1eIdg=="
NEEDS = ("react@18.3.1", "react-dom@18.3.1", "redux@4.2.1", "react-redux@8.1.3", "styled-components@6.1.8")
BUNDLE = "package/umd/"
PAGE = Path(__file__).with_name("peer_kepler.html")
TRACKS = "tracks.json"


def installed(folder: Path) -> Path:
    """The folder with every script of the peer's page; got from npm's registry when it is not there yet."""
    modules = folder / "node_modules"
    folder.mkdir(parents=True, exist_ok=True)
    wanted, told = json.dumps([VERSION, INTEGRITY, *NEEDS]), folder / "installed.json"
    if not told.exists() or told.read_text() != wanted:
        (folder / "package.json").write_text('{"private": true}')
        _npm(folder, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact", *NEEDS)
        _bundle(folder, modules / "kepler.gl")  # after: an install removes what it did not bring
        told.write_text(wanted)
    shutil.copy(PAGE, modules / PAGE.name)
    return modules


def _bundle(folder: Path, into: Path) -> None:
    """The bundle alone: an install would bring hundreds of packages that are inside of it already."""
    [packed] = json.loads(_npm(folder, "pack", "--json", "--ignore-scripts", f"kepler.gl@{VERSION}"))
    if packed["integrity"] != INTEGRITY:
        raise SystemExit(f"kepler.gl {VERSION} is {packed['integrity']}, not what was measured with before ({INTEGRITY})")
    archive = folder / packed["filename"]
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            if member.isfile() and member.name.startswith((BUNDLE, "package/LICENSE")):
                path = into / member.name.removeprefix("package/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(tar.extractfile(member).read())
    archive.unlink()


def _npm(folder: Path, *words: str) -> str:
    done = subprocess.run(["npm", *words], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"npm {words[0]} failed: {done.stderr.strip()[-1000:]}")
    return done.stdout


def tracks(cluster: Cluster, path: Path) -> int:
    """Write every fix as GeoJSON that kepler.gl takes as trips: a line a track, [lon, lat, 0, epoch s] a fix. Returns how many fixes."""
    with psycopg.connect(cluster.owner_url.replace("+psycopg", "")) as connection, open(path, "w") as out:
        rows = connection.execute("""
            SELECT track_id, min(kind),
                   array_agg(round(ST_X(geom)::numeric, 6)::float8 ORDER BY observed_at), array_agg(round(ST_Y(geom)::numeric, 6)::float8 ORDER BY observed_at),
                   array_agg(extract(epoch FROM observed_at)::float8 ORDER BY observed_at)
            FROM vigia.fix JOIN vigia.track ON track.id = track_id GROUP BY track_id ORDER BY track_id""").fetchall()
        features = [{"type": "Feature", "properties": {"id": track, "kind": kind},
                     "geometry": {"type": "LineString", "coordinates": [[x, y, 0, int(at)] for x, y, at in zip(lon, lat, t)]}}
                    for track, kind, lon, lat, t in rows]
        json.dump({"type": "FeatureCollection", "features": features}, out)
    return sum(len(row[2]) for row in rows)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a plain server of the folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_) -> None:
        """Nobody reads it."""
