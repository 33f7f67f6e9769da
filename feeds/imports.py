"""The frame every import runs in: one file, one transaction, one source row, one report.

A layer's importer is `run(job: Job) -> None`. It reads `job.path`, counts on `job.report`, calls `job.refuse(...)` for
what it can't take, and writes through `job.connection`. The frame commits, or undoes everything.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import importlib
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import psycopg

from data import people
from data.fixes import FixWriter
from data.purge import ERASING
from data.records import COLOURMAPS, CREDIBILITY, KINDS, MARKINGS, RELIABILITY, ImportReport
from data.state import touch
from data.worlds import CODES, NAMES, WORLDS, World
from errors import FileRefused, ImportFull, Refusal, RowRefused, SettingsInvalid, VigiaError, plain
from feeds.wire.plausibility import Judge
from settings import store

# Why a fix is sealed (data/authority.py REASONS), in words.
SEALED = {"none": "of what no authority names", "device": "of another device", "time": "outside the time of its authority", "area": "outside its area"}

FULL = (errno.ENOSPC, errno.EDQUOT)

J = TypeVar("J", bound="Job")
Progress = Callable[[str, float, float | None], None]
"""Called with the step's name, how much is done, and how much there is (None when nobody knows)."""

# The layers, and where the importer of each lives.
LAYERS: dict[str, str] = {"imagery": "feeds.imagery", "tracks": "feeds.tracks", "seizures": "feeds.seizures"}


@dataclass(frozen=True)
class ImportOptions:
    """What a person may say about files being imported."""

    world: World = "live"
    keep_good: bool = False
    mapping: Path | None = None
    agency: str | None = None
    marking: str | None = None
    grade: str | None = None  # Admiralty: a letter for the source, a number for what it says
    handling: str | None = None  # a handling code
    zone: str | None = None  # IANA zone of times that carry none
    date: str | None = None  # AIS logs without any date: the day of the first message
    kind: str | None = None  # tracks that do not say what they are
    captured_at: str | None = None  # imagery without a time
    sortie: str | None = None  # the flight that imagery and telemetry belong to
    platform: str | None = None  # what flew
    sensor: str | None = None  # what took the pictures
    authority: str | None = None  # the reference of what it was flown under
    bands: str | None = None  # of an orthophoto, those that are shown: three for red, green, blue, or one
    colormap: str | None = None  # how one band is coloured
    dem: Path | None = None  # heights of the ground under frames
    turned: int | None = None  # how far frames were turned since they were taken, degrees clockwise
    places: Path | None = None  # code or name -> point
    by: str = "command line"  # who brings it, as the record names them
    within: str | None = None  # the zip it came in


@dataclass
class Job:
    """One file on its way in."""

    path: Path
    layer: str
    options: ImportOptions
    connection: psycopg.Connection
    progress: Progress
    report: ImportReport
    sha256: str
    source_id: int
    agency_id: int | None
    world: int
    ahead: object = None  # what the layer reads of all files of one command together (its `together`)
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    on_abort: list[Callable[[], None]] = field(default_factory=list)
    _rejects: list[Refusal] = field(default_factory=list)

    def fixes(self, *, moving: bool = True) -> FixWriter:
        """What stores this file's fixes, each held against the ones before it; not those of readers, which stand where they are (`moving`)."""
        return FixWriter(self.connection, self.world, self.source_id, Judge().judge_tracks if moving else None)

    def refuse(self, line: int | None, name: str | None, value: object, expected: str) -> None:
        """One row is refused: noted with --keep-good, else the whole file goes back."""
        told = None if value is None else str(value)
        refusal = Refusal(self.path.name, line, name, told, expected)
        if not self.options.keep_good:
            raise RowRefused(refusal)
        self.report.refused += 1
        self._rejects.append(refusal)

    def refuse_file(self, expected: str, name: str | None = None, value: object = None, line: int | None = None) -> None:
        """The file as a whole can't be read; --keep-good does not help."""
        raise FileRefused(Refusal(self.path.name, line, name, None if value is None else str(value), expected))

    def now_us(self, observed_us: np.ndarray) -> int | None:
        """What "now" is for doubtful times: the exercise has a clock of its own, whose end is its newest fix."""
        return int(observed_us.max()) if self.world == CODES["exercise"] and len(observed_us) else None

    def account(self, writer: FixWriter) -> None:
        """What a writer of fixes did, and what of it lies sealed."""
        self.report.stored, self.report.already = writer.stored, writer.already
        if writer.sealed:
            why = ", ".join(f"{number:,} {SEALED[reason]}" for reason, number in sorted(writer.sealed.items()))
            told = f"{sum(writer.sealed.values()):,} of them sealed in quarantine: {why}; see docs/authority.md"
            if writer.handing is not None and writer.handing.offered:
                told += f"; {writer.handing.offered:,} hand-overs offered"
            if writer.handing is not None and writer.handing.unclaimed:
                told += f"; {writer.handing.unclaimed:,} tracks left their area to where no agency is competent"
            if writer.handed:
                told += f"; {writer.handed:,} fixes stored for who accepted a hand-over"
            self.report.note = f"{self.report.note}; {told}" if self.report.note else told

    def agency(self, name: str) -> int:
        """The id of an agency that a row names, made when it is new."""
        return _agency(self.connection, self.world, name)

    def describe_source(self, format: str, mapping: str | None = None) -> None:
        """What the file turned out to be."""
        self.connection.execute(
            "UPDATE source SET format = %s, mapping = %s WHERE id = %s", (format, mapping, self.source_id)
        )

    def write_rejects(self) -> Path | None:
        """The refused rows as a CSV file: line, field, value, expected."""
        if not self._rejects:
            return None
        folder = store().rejects
        folder.mkdir(parents=True, exist_ok=True)
        out = folder / f"{self.path.stem}-{self.sha256[:12]}-rejects.csv"
        with open(out, "w", newline="", encoding="utf-8") as handle:
            rows = csv.writer(handle)
            rows.writerow(["file", "line", "field", "value", "expected"])
            for r in self._rejects:
                rows.writerow([_quiet(c) for c in (r.file, r.line, r.field, r.value, r.expected)])
        return out


def _quiet(cell: object) -> object:
    """A cell that a spreadsheet would run as a formula gets an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell else cell


def check(options: ImportOptions) -> None:
    """Refuse wrong options before any file is opened. Raises SettingsInvalid."""
    for name, value, allowed in (
        ("--world", options.world, WORLDS), ("--marking", options.marking, MARKINGS), ("--kind", options.kind, KINDS),
        ("--colormap", options.colormap, COLOURMAPS),
    ):
        if value is not None and value not in allowed:
            raise SettingsInvalid(f"{name} {value}: expected one of {', '.join(allowed)}")
    if options.grade is not None and not (len(options.grade) == 2 and options.grade[0] in RELIABILITY and options.grade[1] in CREDIBILITY):
        raise SettingsInvalid(f"--grade {options.grade}: expected a letter A to F and a number 1 to 6, such as B2")
    if options.handling is not None and not (0 < len(options.handling) <= 100 and options.handling.isprintable()):
        raise SettingsInvalid(f"--handling {plain(options.handling)[:40]}: expected 1 to 100 printable characters")
    for name, value in (("--sortie", options.sortie), ("--platform", options.platform), ("--sensor", options.sensor), ("--authority", options.authority), ("--bands", options.bands)):
        if value is not None and not (0 < len(value) <= 100 and value.isprintable()):
            raise SettingsInvalid(f"{name} {plain(value)[:40]}: expected 1 to 100 printable characters")
    for name, value, like in (("--date", options.date, "2026-11-24"), ("--captured-at", options.captured_at, "2026-11-24T13:10:00Z")):
        try:
            datetime.fromisoformat(value or like)
        except ValueError:
            raise SettingsInvalid(f"{name} {value}: expected a time such as {like}") from None
    if options.turned not in (None, 0, 90, 180, 270):
        raise SettingsInvalid(f"--turned {options.turned}: expected 0, 90, 180 or 270, degrees clockwise")
    if options.dem is not None and not options.dem.is_file():
        raise SettingsInvalid(f"--dem {plain(options.dem)}: expected a GeoTIFF of heights that exists")
    if options.zone is not None:
        try:
            ZoneInfo(options.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise SettingsInvalid(f"--zone {options.zone}: expected an IANA zone such as America/Bogota") from None


def summary(reports: list[ImportReport]) -> str:
    """What an import did, a line a file."""
    lines = []
    for r in reports:
        if r.error:
            lines.append(f"refused  {r.error}; nothing of this file is stored")
            continue
        told = f"{plain(r.file)}: {r.read:,} read, {r.stored:,} stored, {r.already:,} already there, {r.refused:,} refused"
        if r.unplaced:
            told += f", {r.unplaced:,} not on the map"
        lines.append(told + (f"; refused rows are in {plain(r.rejects)}" if r.rejects else "") + (f"; {r.note}" if r.note else ""))
    return "\n".join(lines)


def import_files(
    layer: str, paths: list[Path], options: ImportOptions, progress: Progress, *, owner_url: str,
) -> list[ImportReport]:
    """Import each file in its own transaction. A refused file is told in its report's `error`; the others go on. Raises ImportFull, which ends all of it."""
    from data.sessions import owner_connection  # psycopg loads slowly, and `vigia --help` imports this file

    module = importlib.import_module(LAYERS[layer])
    with owner_connection(owner_url) as connection:
        try:
            return _each(module, layer, [Path(path) for path in paths], options, progress, connection)
        except OSError as error:  # what several files are read ahead in
            if error.errno not in FULL:
                raise
            raise _full([Path(path) for path in paths], error) from error


def _each(module, layer: str, paths: list[Path], options: ImportOptions, progress: Progress, connection) -> list[ImportReport]:
    """A report for each file, and for each in a zip, in the order of `paths`. A layer may read files ahead together (its `together`) and say whose turn it is first (`turn`)."""
    zips = {path for path in paths if layer == "imagery" and path.suffix.lower() == ".zip" and options.within is None}
    together, turn = getattr(module, "together", None), getattr(module, "turn", lambda path: 0)
    reports: dict[int, list[ImportReport]] = {}
    with together([p for p in paths if p not in zips], options) if together else nullcontext() as ahead:
        for number, path in sorted(enumerate(paths), key=lambda told: turn(told[1])):
            if path in zips:
                reports[number] = _import_zip(module, layer, path, options, progress, connection)
            else:
                reports[number] = [_import_one(module.run, layer, path, options, progress, connection, ahead)]
    return [report for number in range(len(paths)) for report in reports[number]]


def _import_zip(module, layer: str, path: Path, options: ImportOptions, progress: Progress, connection) -> list[ImportReport]:
    """A report for each file in a zip; one for all when the zip is refused."""
    from feeds import zipped  # which reads this file

    try:
        _digest(path)
        within = zipped.options_within(path, options)
        with zipped.opened(path) as entries:
            reports = _each(module, layer, [entry for entry, _ in entries], within, progress, connection)
            return [replace(report, file=f"{path}/{name}") for report, (_, name) in zip(reports, entries, strict=True)]
    except ImportFull:
        raise
    except VigiaError as refused:
        return [ImportReport(file=str(path), refused=1, error=str(refused))]


def _import_one(run, layer: str, path: Path, options: ImportOptions, progress: Progress, connection, ahead: object = None) -> ImportReport:
    report = ImportReport(file=str(path))
    job: Job | None = None
    try:
        job = begun(Job, layer, path, options, progress, connection, report)
        job.ahead = ahead
        run(job)
        if report.read != report.stored + report.already + report.refused:
            raise AssertionError(f"{path.name}: {report.read} rows read, but "
                                 f"{report.stored} + {report.already} + {report.refused} accounted for")
        _finish_source(job)
        connection.commit()
    except (VigiaError, psycopg.DataError) as caught:
        error = caught if isinstance(caught, VigiaError) else _not_held(path, caught)
        connection.rollback()
        undo(job)
        report.error = str(error)
        report.stored = report.already = report.unplaced = 0
        report.refused = report.refused or 1
        return report
    except BaseException as error:
        connection.rollback()
        undo(job)
        if isinstance(error, OSError) and error.errno in FULL:
            raise _full([path], error) from error
        raise
    for step in job.after_commit:
        step()
    rejects = job.write_rejects()
    report.rejects = str(rejects) if rejects else None
    return report


def begun(kind: type[J], layer: str, path: Path, options: ImportOptions, progress: Progress, connection, report: ImportReport) -> J:
    """A file on its way in, with its source. Raises FileRefused."""
    sha256 = _digest(path)
    # Until this ends no file is erased: it may be one that is taken up here again.
    connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (ERASING,))
    world = CODES[options.world]
    agency_id = _agency(connection, world, options.agency)
    source_id = _source(connection, layer, path, sha256, world, agency_id, options)
    return kind(path, layer, options, connection, progress, report, sha256, source_id, agency_id, world)


def undo(job: Job | None) -> None:
    """Take back what an import that is given up left outside of the database."""
    for step in reversed(job.on_abort if job else []):
        step()


def _full(paths: list[Path], error: OSError) -> ImportFull:
    """No room: for what, how much there was when all that was begun is gone again, and where."""
    place = Path(error.filename2 or error.filename or tempfile.gettempdir())  # of a copy the second is the one being written
    folder = next(p for p in (place, *place.parents, Path("/")) if p.is_dir())
    size, free = sum(p.stat().st_size for p in paths if p.is_file()), shutil.disk_usage(folder).free
    of = plain(paths[0].name) if len(paths) == 1 else f"{len(paths):,} files"
    return ImportFull(f"no room left on the disk of {plain(folder)}: {of} has {size / 1e6:,.1f} MB, and what is made of it may need as much again; "
                      f"{free / 1e6:,.1f} MB are free there. Nothing of it is kept: make room and run it again")


def _digest(path: Path) -> str:
    try:
        path.name.encode()
        if not path.is_file():
            expected = "a file, not a folder" if path.is_dir() else "a file" if path.exists() else "a file that exists"
        elif path.stat().st_size == 0:
            expected = "a file that is not empty"
        else:
            with open(path, "rb") as handle:
                return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        expected = f"a file that can be read ({error.strerror})"
    except UnicodeEncodeError:
        expected = "a name in UTF-8; rename the file"
    raise FileRefused(Refusal(path.name, None, None, None, expected))


def _not_held(path: Path, error: psycopg.DataError) -> FileRefused:
    """What no check of ours foresaw and the database refused to hold."""
    told = str(error).strip().splitlines()[0]
    line = None
    if "NUL" in told or "0x00" in told:
        with open(path, "rb") as handle:
            line = next((number for number, text in enumerate(handle, 1) if b"\0" in text), None)
    return FileRefused(Refusal(path.name, line, None, None, f"values the database can hold ({told[:160]})"))


def _agency(connection, world: int, name: str | None) -> int | None:
    if name is None:
        return None
    # Looked up first: an insert that meets the row would hold it until this import ends, and others would wait.
    found = connection.execute("SELECT id FROM agency WHERE world = %s AND name = %s", (world, name)).fetchone()
    if found:
        return found[0]
    return connection.execute(
        "INSERT INTO agency (world, name) VALUES (%s, %s) ON CONFLICT (world, name) DO UPDATE SET name = excluded.name "
        "RETURNING id", (world, name),
    ).fetchone()[0]


def _source(connection, layer: str, path: Path, sha256: str, world: int, agency_id: int | None, options) -> int:
    # The same file again is the same source: what it gave before is found by content, and nothing new is stored.
    return connection.execute(
        """
        INSERT INTO source (world, layer, kind, name, sha256, size_bytes, format, agency_id, marking, grade, handling, options)
        VALUES (%s, %s, 'file', %s, %s, %s, %s, %s, coalesce(%s, 'TLP:AMBER'), coalesce(%s, 'F6'), %s, jsonb_strip_nulls(jsonb_build_object('by', %s::text, 'within', %s::text)))
        ON CONFLICT (world, layer, sha256, agency_id) DO UPDATE SET name = source.name
        RETURNING id
        """,
        (world, layer, path.name, sha256, path.stat().st_size, path.suffix.lstrip(".").lower(), agency_id, options.marking,
         options.grade, options.handling, options.by, options.within),
    ).fetchone()[0]


def _finish_source(job: Job) -> None:
    r = job.report
    job.connection.execute(
        # A second import of a file tells of itself; `stored` keeps what the file gave in all.
        "UPDATE source SET read = %s, stored = stored + %s, already = %s, refused = %s, unplaced = greatest(unplaced, %s) "
        "WHERE id = %s", (r.read, r.stored, r.already, r.refused, r.unplaced, job.source_id),
    )
    if r.stored:
        touch(job.connection, job.world, job.layer)
        # Last before the commit: until then nobody else can write to the record.
        people.tell(job.connection, "collection", who=job.options.by, of=f"source:{job.source_id}", layer=job.layer, world=NAMES[job.world], rows=r.stored)


def keep_original(job: Job) -> Path:
    """The file as it came, read-only, under its sha256. Undone when the import is."""
    folder = store().originals
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{job.sha256}{job.path.suffix.lower()}"
    if not kept.exists():
        put_whole(job, job.path, kept)
    return kept


def put_whole(job: Job, made: Path, target: Path) -> None:
    """A copy of a file, read-only, there as a whole or not at all. Undone when the import is."""
    part = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        shutil.copyfile(made, part)
        part.chmod(0o444)
        part.rename(target)
    except BaseException:  # a disk that is full, above all
        part.unlink(missing_ok=True)
        raise
    job.on_abort.append(lambda: target.unlink(missing_ok=True))
