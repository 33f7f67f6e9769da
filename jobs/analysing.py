"""Works off the analyses that wait, one after the other: reads what its asker sees, has a process reckon (jobs/analyst.py), stores all of it or nothing."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import orjson
import pandas as pd
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from analysis import methods
from data import GDAL_ENVIRONMENT, analyses, analysis_ground, analysis_jobs, doors, effort, people, zones
from data.filters import Filter
from data.scope import marking_of
from data.sessions import Database, owner_connection
from data.spans import SEEN_AS
from data.visitor import visiting
from errors import VigiaError, plain
from jobs import analyst
from settings import ROOT
from settings import analysis as settings

log = logging.getLogger("vigia.jobs")

EVERY_S = 0.5  # how often it is asked whether somebody called it off
SESSION_S = 600
PROGRAM = "jobs.analyst"
# What each family is told of the ground, beside the area asked about.
PARTS = {
    "hotspots": ("land", "sections", "effort"), "forecast": ("land", "sections", "effort", "places", "activity"), "routes": ("sections", "places", "passes"), "effect": ("land", "sections"),
    "allocate": ("land", "sections", "effort", "places"),
}
CHANGED = "what you may see has changed since it was asked; ask anew"
FAILED = "the server failed at it; its log says why"
SAID = ("n", "words", "limits", "score", "withheld", "significance", "effort", "given")  # of what is withheld


class Stopped(Exception):
    """The worker is told to end: the run waits for the next one."""


@dataclass(frozen=True)
class Given:
    """What an analysis was given: its points, the ground, and of what that was made."""

    points: pd.DataFrame
    known: dict
    told: dict
    made_of: tuple[str, set[int]]


def run(owner_url: str, app_url: str, go_on: Callable[[], bool] = lambda: True) -> int:
    """Work off all that wait; how many. One at a time: whoever runs this holds the lock of the queue."""
    done = 0
    with owner_connection(owner_url) as connection:
        connection.autocommit = True
        analysis_jobs.again(connection)
        while go_on() and (asked := analysis_jobs.next_one(connection)) is not None:
            try:
                _worked_off(connection, owner_url, app_url, asked, go_on)
            except Stopped:
                connection.execute("UPDATE run SET state = 'waiting', progress = 0, tries = tries - 1 WHERE id = %s AND state = 'running'", (asked["id"],))
                break
            except VigiaError as error:
                analysis_jobs.failed(connection, asked["id"], plain(error))
            except Exception:  # one must not hold up all that come after it
                log.exception("analysis %s", asked["id"])
                analysis_jobs.failed(connection, asked["id"], FAILED)
            done += 1
    return done


def _worked_off(connection, owner_url: str, app_url: str, asked: dict, go_on: Callable[[], bool]) -> None:
    if asked["name"] is None:
        return analysis_jobs.failed(connection, asked["id"], analysis_jobs.GONE)
    method = methods.made(asked["method"], asked["parameters"]["knobs"])
    if method.VERSION != asked["version"]:
        return analysis_jobs.failed(connection, asked["id"], f"{asked['method']} is version {method.VERSION} now, it was asked as {asked['version']}; ask anew")
    given = asyncio.run(_read(owner_url, app_url, asked, method.FAMILY))
    people.tell(connection, "consultation", who=asked["asked_by"], of=f"analysis:{asked['id']}", rows=len(given.points))
    with tempfile.TemporaryDirectory(prefix="vigia-analysis-") as name:
        folder = Path(name)
        analyst.put(folder, {"method": asked["method"], "knobs": asked["parameters"]["knobs"], "memory_mb": settings().analysis_memory_mb}, given.points, given.known)
        given.known.clear()
        if not _reckoned(connection, asked["id"], folder, go_on):
            return
        found, told = analyst.taken(folder)
    asyncio.run(_store(owner_url, app_url, asked, found, _whole(told, given, method), given.made_of))


def _reckoned(connection, run_id: int, folder: Path, go_on: Callable[[], bool]) -> bool:
    """Have it done in a process of its own; False when it was called off or failed, which is written down. Raises Stopped."""
    environment = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "TMPDIR": str(folder), "HOME": str(folder), "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", **GDAL_ENVIRONMENT}
    limits = settings()
    with open(folder / "errors.txt", "wb") as errors:
        process = subprocess.Popen([sys.executable, "-m", PROGRAM, str(folder)], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                                   start_new_session=True)
    told = [0.0]
    reader = threading.Thread(target=_steps, args=(process.stdout, told), daemon=True)
    reader.start()
    until, written = time.monotonic() + 60 * limits.analysis_minutes, 0.0
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                process.wait(EVERY_S)
                break
            if analysis_jobs.called_off(connection, run_id):
                return False
            if not go_on():
                raise Stopped
            if time.monotonic() > until:
                analysis_jobs.failed(connection, run_id, f"it took more than {limits.analysis_minutes:g} minutes; take larger cells, a smaller area or a shorter time")
                return False
            if told[0] > written:
                written = told[0]
                analysis_jobs.progress(connection, run_id, min(written, 0.99))
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdin.close()
        reader.join()
        process.stdout.close()
    if process.returncode == 0:
        return True
    said = (folder / "errors.txt").read_text("utf-8", "replace").strip()
    if process.returncode == analyst.REFUSED:
        words = (folder / "refused.txt").read_text()
    elif process.returncode in (analyst.NO_MEMORY, -9) or any(name in said for name in ("MemoryError", "bad_alloc", "Cannot allocate memory")):
        words = f"it needs more than {limits.analysis_memory_mb:,} MB of memory; take larger cells, a smaller area or a shorter time"
    else:
        log.error("analysis %s ended with %s: %s", run_id, process.returncode, said[-2000:])
        words = FAILED
    analysis_jobs.failed(connection, run_id, words)
    return False


def _steps(lines, told: list[float]) -> None:
    for line in lines:
        with suppress(ValueError):
            told[0] = max(told[0], float(line))


# -- as whoever asked


@asynccontextmanager
async def _looking(owner_url: str, app_url: str, asked: dict, *, write: bool = False) -> AsyncIterator[AsyncConnection]:
    """The database as the asker sees it now. Raises analyses.AnalysisRefused when that is not what they saw when they asked."""
    token = await asyncio.to_thread(people.short_session, owner_url, asked["name"], SESSION_S)
    pool = Database(app_url)
    try:
        visitor, _ = await doors.visitor(pool, token)
        with visiting(visitor):
            async with (pool.writing() if write else pool.snapshot()) as session:
                await session.execute(text("SET LOCAL statement_timeout = '120s'"))
                if await session.scalar(select(SEEN_AS)) != asked["seen_as"]:
                    raise analyses.AnalysisRefused(CHANGED)
                yield session
    finally:
        await doors.closed(pool, token)
        await pool.close()


async def _read(owner_url: str, app_url: str, asked: dict, family: str) -> Given:
    filter = Filter.from_query((k, str(v)) for k, v in asked["filter"].items())
    async with _looking(owner_url, app_url, asked) as session:
        points = await analysis_ground.points(session, filter)
        known = await _ground(session, filter, points, family, asked["parameters"])
    told = {
        "seizures": len(points), "sha256": _hashed(points), "world": filter.world, "filter": filter.query(), "first": None if points.empty else points.t.min(), "last": None if points.empty else points.t.max(),
        "long": int(points.long.sum()), "known": sorted(part for part, value in known.items() if value is not None), "zones": asked["parameters"].get("zones"),
    }
    made_of = marking_of(int(points.level.max()) if len(points) else 0), {int(a) for a in points.agency if a}
    said = {k: (v.isoformat() if hasattr(v, "isoformat") else v) for k, v in told.items()}
    return Given(points.drop(columns="long"), known, said, made_of)


def _hashed(points: pd.DataFrame) -> str:
    """A hash of the points in their order: another one is another input. Of each column its name and, as JSON, its values; times in microseconds."""
    digest = hashlib.sha256()
    for name, column in points.items():
        values = (column.dt.as_unit("us").astype("int64") if isinstance(column.dtype, pd.DatetimeTZDtype) else column).tolist()
        digest.update(orjson.dumps([name, values]))
    return digest.hexdigest()


async def _ground(session: AsyncConnection, filter: Filter, points: pd.DataFrame, family: str, parameters: dict) -> dict:
    area = analysis_ground.area(filter)
    bounds = analysis_ground.box(points, area)
    wanted, known = PARTS[family], {"area": area}
    if "land" in wanted:
        known["land"] = await asyncio.to_thread(analysis_ground.land, bounds)
    for part, read in (("sections", analysis_ground.sections), ("places", analysis_ground.places)):
        if part in wanted:
            known[part] = await read(session, bounds)
    if "effort" in wanted:
        known["effort"] = await effort.looks(session, filter)
    if "passes" in wanted or "activity" in wanted:
        passes = await analysis_ground.passes(session, filter)
        known |= {"passes": passes} if "passes" in wanted else {"activity": await analysis_ground.activity(session, filter, passes)}
    if told := parameters.get("zones"):
        known["zones"] = await zones.frame(session, told["id"], told["version"], told["hash"])
    if told := parameters.get("units"):
        frame = pd.DataFrame(told)
        known["units"] = gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame.lon, frame.lat), crs=4326)
    return known


def _whole(told: dict, given: Given, method: methods.Method) -> dict:
    """What a result tells as a whole: what its method says, what it was given, and what that does not carry."""
    limits = list(told.get("limits", ()))
    if given.told["long"]:
        limits.append(f"{given.told['long']:,} of {given.told['seizures']:,} seizures are told by month or range: they count at its beginning.")
    if "effort" in PARTS[method.FAMILY] and "effort" not in given.told["known"]:
        told.setdefault("effort", "no effort data")
    whole = {**told, "limits": limits, "given": given.told, "knobs": methods.values(method), "title": method.TITLE, "source": method.SOURCE, "legend": dict(method.LEGEND)}
    if why := methods.withheld(told):
        return {k: v for k, v in {**whole, "withheld": why}.items() if k in (*SAID, "knobs", "title", "source")}
    return whole


async def _store(owner_url: str, app_url: str, asked: dict, found: gpd.GeoDataFrame, told: dict, made_of: tuple[str, set[int]]) -> None:
    properties = _plain(found)
    async with _looking(owner_url, app_url, asked, write=True) as session:
        await analyses.keep(session, asked["id"], found.geometry.to_numpy(), properties, told, made_of)


def _plain(frame: gpd.GeoDataFrame) -> list[dict]:
    """Rows as JSON can carry them: a number that is none is null."""
    columns = pd.DataFrame(frame.drop(columns=frame.geometry.name)).astype(object)
    return columns.where(columns.notna(), None).to_dict("records")
