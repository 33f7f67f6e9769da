"""Imagery's import beside `rio cogeo create`: one GeoTIFF to a COG with its mask; ours also keeps the original, hashes, and finds the footprint. And frames, without a peer."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg

import settings
from benchmarks import made_frames
from benchmarks.arguments import parser
from benchmarks.made_raster import painted
from benchmarks.tables import show
from data import GDAL_ENVIRONMENT, cluster as clusters, migrations

PARTS = ("orthophoto", "frames")


def main(args: list[str]) -> int:
    asked = parser("imagery-import", __doc__.split("\n")[0])
    asked.add_argument("--side", type=int, default=22_000, help="pixels of the image's side: 22,000 are about 1 GB of GeoTIFF")
    asked.add_argument("--frames", type=int, default=1_000, help="JPEGs of 12 megapixels, imported by one command")
    asked.add_argument("--parts", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}")
    asked = asked.parse_args(args)
    parts = asked.parts.split(",")
    if wrong := set(parts) - set(PARTS):
        raise SystemExit(f"--parts {', '.join(sorted(wrong))}: expected some of {', '.join(PARTS)}")
    home = asked.home / "imagery-import"
    home.mkdir(parents=True, exist_ok=True)
    os.environ["VIGIA_HOME"] = str(home)
    settings.store.cache_clear()
    with clusters.running(home) as cluster:
        migrations.upgrade(cluster.owner_url)
        if "orthophoto" in parts:
            _orthophoto(cluster, home, asked.side, asked.runs, asked.no_peer)
        if "frames" in parts:
            _frames(cluster, home, asked.frames, asked.runs)
    return 0


def _orthophoto(cluster: clusters.Cluster, home: Path, side: int, runs: int, no_peer: bool) -> None:
    path = home / f"made_{side}.tif"
    if not path.exists():
        print(f"making a GeoTIFF of {side:,} by {side:,} pixels, once …", flush=True)
        painted(path, side)
    rows, seconds = [], {"vigia": [], "rio cogeo": []}
    for number in range(runs):
        # In turn, and each the first every other time.
        for name in ("vigia", "rio cogeo") if number % 2 else ("rio cogeo", "vigia"):
            if name == "rio cogeo" and no_peer:
                continue
            took, used, peak_mb, made = _ours(cluster, home, [path], "--captured-at", "2026-09-01T10:15:00Z") if name == "vigia" else _theirs(home, path)
            seconds[name].append(took)
            rows.append((f"{name} {number + 1}", took, used, peak_mb, made / 1e6))
    show(["run", "seconds", "CPU s", "peak MB", "COG MB"], rows, title=f"{path.stat().st_size / 1e9:.2f} GB of GeoTIFF to a COG of JPEG with a mask")
    if not no_peer:
        print(f"\nthe fastest of each: {min(seconds['vigia']) / min(seconds['rio cogeo']):.2f} times rio cogeo's time")


def _frames(cluster: clusters.Cluster, home: Path, count: int, runs: int) -> None:
    """Each with its footprint, overlay, preview and row, and its original kept; the command's own start is in it."""
    rows = []
    with tempfile.TemporaryDirectory(dir=home) as folder:
        paths = list(made_frames.written(Path(folder), count))
        size = sum(p.stat().st_size for p in paths)
        for number in range(runs):
            took, used, peak_mb, made = _ours(cluster, home, paths, "--sortie", "Frames", "--zone", "UTC")
            with psycopg.connect(cluster.owner_url.replace("+psycopg", "")) as connection:
                laid = connection.execute("SELECT count(*) FROM vigia.image WHERE product = 'frame' AND cog IS NOT NULL AND ST_Area(footprint) > 0").fetchone()[0]
            if laid != count:
                raise SystemExit(f"{laid:,} of {count:,} frames lie on the ground: these seconds say nothing")
            rows.append((f"vigia {number + 1}", took, used, peak_mb, made / 1e6, count / took))
    show(["run", "seconds", "CPU s", "peak MB", "served MB", "frames a second"], rows, title=f"{count:,} frames of 12 megapixels, {size / 1e9:.2f} GB, by one command")
    _emptied(cluster)


def _emptied(cluster: clusters.Cluster) -> None:
    with psycopg.connect(cluster.owner_url.replace("+psycopg", "")) as connection:
        connection.execute("DELETE FROM vigia.image")
        connection.commit()
    for folder in (settings.store().imagery, settings.store().originals):
        for old in folder.iterdir() if folder.exists() else ():
            old.unlink()


def _ours(cluster: clusters.Cluster, home: Path, paths: list[Path], *words: str) -> tuple[float, float, float, int]:
    _emptied(cluster)
    took, used, peak = _watched([sys.executable, str(settings.ROOT / "cli.py"), "import", "imagery", *words, *map(str, paths)],
                          {"DATABASE_URL": cluster.owner_url, "VIGIA_APP_URL": cluster.app_url, "VIGIA_HOME": str(home)})
    return took, used, peak, sum(p.stat().st_size for p in settings.store().imagery.iterdir())


def _theirs(home: Path, path: Path) -> tuple[float, float, float, int]:
    """As ours: JPEG of the same quality, blocks and overviews, with a mask."""
    out = home / "peer.tif"
    out.unlink(missing_ok=True)
    took, used, peak = _watched([str(Path(sys.executable).with_name("rio")), "cogeo", "create", "--cog-profile", "jpeg", "--co", "JPEG_QUALITY=85", "--add-mask",
                                 "--blocksize", "512", "--overview-resampling", "average", "--quiet", str(path), str(out)], {"GDAL_TIFF_INTERNAL_MASK": "TRUE", "TMPDIR": str(home)})
    size = out.stat().st_size
    out.unlink()
    return took, used, peak, size


def _watched(command: list[str], environment: dict[str, str]) -> tuple[float, float, float]:
    """Seconds, seconds of processor, and the most memory (MB) that it and all its children held at one moment."""
    began = time.perf_counter()
    # What we tell GDAL in our own processes is not for the peer.
    process = subprocess.Popen(command, env={**{k: v for k, v in os.environ.items() if k not in GDAL_ENVIRONMENT}, **environment}, stdout=subprocess.DEVNULL)
    peak, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(0.2):
            peak[0] = max(peak[0], sum(_pss_mb(pid) for pid in _family(process.pid)))

    watch = threading.Thread(target=look)
    watch.start()
    _, status, used = os.wait4(process.pid, 0)
    code = process.returncode = os.waitstatus_to_exitcode(status)
    done.set()
    watch.join()
    if code:
        raise SystemExit(f"{' '.join(command[:4])} ended with code {code}")
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, peak[0]


def _family(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        try:
            for task in Path(f"/proc/{each}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def _pss_mb(pid: int) -> float:
    """What it holds, with pages of several processes shared out among them."""
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in told.splitlines() if line.startswith("Pss:")), 0.0)
