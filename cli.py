"""The command line: each command calls one function of a room. Exit codes: 0 done, 1 refused or failed, 2 wrong use."""

from __future__ import annotations

import signal

if __name__ == "__main__":  # until `stoppable` there is nothing to undo, and Ctrl-C should not show where the imports were
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import errno
import json
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from commands import access, flights
from commands import events as watching
from commands.analyse import analyse
from commands.audit import audit
from commands.authority import authority
from commands.coverage import coverage
from commands.feed import feed
from commands.imagery import imagery
from commands.release import release
from commands.retention import jobs, retention
from commands.view import view
from data.records import COLOURMAPS
from errors import VigiaError, plain

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Vigia: drone imagery, tracked movements and seizure hotspots on one map.")
db = typer.Typer(no_args_is_help=True, help="The database.")
imports = typer.Typer(no_args_is_help=True, help="Bring files in.")
exercise = typer.Typer(no_args_is_help=True, help="The made-up border world.")
basemap = typer.Typer(no_args_is_help=True, help="The offline basemap.")
cli.add_typer(db, name="db")
cli.add_typer(imports, name="import")
cli.add_typer(exercise, name="exercise")
cli.add_typer(basemap, name="basemap")
for name in ("agency", "user", "screen", "operation"):
    cli.add_typer(getattr(access, name), name=name)
cli.add_typer(watching.events, name="events")
cli.add_typer(watching.watch_area, name="watch-area")
cli.add_typer(watching.rule, name="rule")
cli.add_typer(watching.alert, name="alert")
cli.add_typer(audit, name="audit")
cli.add_typer(authority, name="authority")
cli.add_typer(feed, name="feed")
cli.add_typer(imagery, name="imagery")
for name, command in flights.COMMANDS.items():
    imagery.command(name)(command)
cli.add_typer(retention, name="retention")
cli.add_typer(jobs, name="jobs")
cli.add_typer(release, name="release")
cli.add_typer(coverage, name="coverage")
cli.add_typer(analyse, name="analyse")
cli.add_typer(view, name="view")

Files = Annotated[list[Path], typer.Argument(help="Files to import.")]
World = Annotated[str, typer.Option(help="live or exercise.")]
KeepGood = Annotated[bool, typer.Option("--keep-good", help="Store the good rows; list the refused ones in a file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print what was found or done as JSON.")]
Mapping = Annotated[Path | None, typer.Option(help="A mapping file, for a layout that is not known (docs/formats.md).")]
AgencyName = Annotated[str | None, typer.Option("--agency", help="Whose records these are.")]
MarkingName = Annotated[str | None, typer.Option("--marking", help="Who may see them: a TLP 2.0 marking, TLP:AMBER when not told.")]
Grade = Annotated[str | None, typer.Option(help="What the source is worth: Admiralty, such as B2; F6 when not told.")]
Handling = Annotated[str | None, typer.Option(help="A handling code, in your agency's own words.")]
Zone = Annotated[str | None, typer.Option(help="IANA zone of times that carry none.")]


@cli.command()
def up(
    host: Annotated[str | None, typer.Option(help="Address to serve on: 127.0.0.1, or what VIGIA_HOST says.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="8050, or what VIGIA_PORT says.")] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Start without the exercise.")] = False,
    basemap: Annotated[Path | None, typer.Option(metavar="FILE", help="An own basemap: .pmtiles or a style .json.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(metavar="FILE", help="A certificate (PEM), to serve other machines.")] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its key.")] = None,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help="A proxy in front of it does TLS.")] = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the page in a browser.")] = False,
) -> None:
    """Set up whatever is missing, then serve the map."""
    from install.up import up as run

    run(host, port, empty=empty, basemap=basemap, open_page=not no_open, tls=(tls_cert, tls_key), behind_proxy=behind_proxy)


@cli.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Set up, then run every test; words after it go to pytest."""
    from install.testing import run

    raise typer.Exit(run(context.args))


@cli.command()
def doctor(as_json: AsJson = False) -> None:
    """What is installed, what is missing, whether the database is right."""
    from install.doctor import run

    raise typer.Exit(run(as_json))


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the database to today's tables."""
    from data import addresses, migrations

    with addresses.opened() as (owner_url, _):
        migrations.upgrade(owner_url)


@db.command("check")
def db_check() -> None:
    """Say whether the tables are what the code expects."""
    from data import addresses, migrations

    with addresses.opened() as (owner_url, _):
        at, head = migrations.standing(owner_url)
        different = migrations.differences(owner_url) if at == head else f"it is at {at or 'nothing'}, the newest is {head}"
    if different:
        raise VigiaError(f"the database is not as expected: {different}; run `./vigia db upgrade`")
    print(f"The database is at {at}, as expected.")


@db.command("reset")
def db_reset(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Empty the database: every track, image and seizure of both worlds is gone, and what feeds told and is not stored yet."""
    from data import addresses, migrations
    from settings import store

    if not yes:
        typer.confirm("Everything in the database will be gone. Go on?", abort=True, err=True)
    with addresses.opened() as (owner_url, _):
        migrations.downgrade(owner_url)
        for left in (store().spool, store().home / "recordings"):  # a new feed has an old one's number, and must not read what that one was told
            shutil.rmtree(left, ignore_errors=True)
        migrations.upgrade(owner_url)


@db.command("psql", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def db_psql(context: typer.Context) -> None:
    """SQL as the owner; words after it go to psql."""
    from data import addresses
    from install.postgis import psql

    with addresses.opened() as (owner_url, _):
        raise typer.Exit(psql(owner_url, context.args))


@imports.command("imagery")
def import_imagery(
    files: Files, world: World = "live", keep_good: KeepGood = False, as_json: AsJson = False, agency: AgencyName = None,
    marking: MarkingName = None, grade: Grade = None, handling: Handling = None, zone: Zone = None,
    captured_at: Annotated[str | None, typer.Option(help="When it was taken, for files that do not say.")] = None,
    sortie: Annotated[str | None, typer.Option(help="The flight it is of; made when it is new.")] = None,
    platform: Annotated[str | None, typer.Option(help="What flew, told with --sortie.")] = None,
    sensor: Annotated[str | None, typer.Option(help="What took the pictures, told with --sortie.")] = None,
    authority: Annotated[str | None, typer.Option(help="Reference of what it was flown under, told with --sortie.")] = None,
    bands: Annotated[str | None, typer.Option(help="Bands of an orthophoto that are shown: red, green and blue such as 3,2,1, or one, by number or name.")] = None,
    colormap: Annotated[str | None, typer.Option(help=f"How one band is coloured: {', '.join(COLOURMAPS)}.")] = None,
    dem: Annotated[Path | None, typer.Option(metavar="FILE", help="Heights of the ground (GeoTIFF) that frames are laid on; else it is flat.")] = None,
    turned: Annotated[int | None, typer.Option(help="0, 90, 180 or 270: by how much a program turned frames clockwise since they were taken.")] = None,
) -> None:
    """What drones bring: orthophotos (GeoTIFF, raster MBTiles and PMTiles), frames (JPEG), telemetry (SRT, ULog, GPX), films with MISB KLV, zips of these."""
    _import("imagery", files, as_json, world=world, keep_good=keep_good, agency=agency, marking=marking, grade=grade, handling=handling, zone=zone,
            captured_at=captured_at, sortie=sortie, platform=platform, sensor=sensor, authority=authority, bands=bands, colormap=colormap, dem=dem, turned=turned)


@imports.command("tracks")
def import_tracks(
    files: Files, world: World = "live", keep_good: KeepGood = False, as_json: AsJson = False, mapping: Mapping = None,
    agency: AgencyName = None, marking: MarkingName = None, grade: Grade = None, handling: Handling = None, zone: Zone = None,
    date: Annotated[str | None, typer.Option(help="Day of the first message of an AIS log that has no times.")] = None,
    kind: Annotated[str | None, typer.Option(help="What moved, for files that do not say.")] = None,
    places: Annotated[Path | None, typer.Option(help="Reader to point (reader,name,lat,lon), for reads of RFID tags.")] = None,
    sortie: Annotated[str | None, typer.Option(help="The flight whose path this is: telemetry of a drone.")] = None,
    captured_at: Annotated[str | None, typer.Option(help="When the film began, for subtitles without a day.")] = None,
) -> None:
    """Movements: AIS logs, GPX, GeoJSON, KML, CSV, Parquet, RFID reads, telemetry of drones."""
    _import("tracks", files, as_json, world=world, keep_good=keep_good, mapping=mapping, agency=agency, marking=marking,
            grade=grade, handling=handling, zone=zone, date=date, kind=kind, places=places, sortie=sortie, captured_at=captured_at)


@imports.command("seizures")
def import_seizures(
    files: Files, world: World = "live", keep_good: KeepGood = False, as_json: AsJson = False, mapping: Mapping = None,
    agency: AgencyName = None, marking: MarkingName = None, grade: Grade = None, handling: Handling = None, zone: Zone = None,
    places: Annotated[Path | None, typer.Option(help="Code or name to point, for rows without coordinates.")] = None,
) -> None:
    """Seizures: CSV, XLSX, GeoJSON, GeoPackage."""
    _import("seizures", files, as_json, world=world, keep_good=keep_good, mapping=mapping, agency=agency, marking=marking,
            grade=grade, handling=handling, zone=zone, places=places)


def _import(layer: str, files: list[Path], as_json: bool, **options) -> None:
    from data import addresses, migrations
    from feeds.imports import ImportOptions, check, import_files, summary
    from install.progress import shown

    told = ImportOptions(**options)
    check(told)
    with addresses.opened() as (owner_url, _), shown() as progress:
        migrations.upgrade(owner_url)
        reports = import_files(layer, files, told, progress, owner_url=owner_url)
    print(json.dumps([r.as_dict() for r in reports], indent=2) if as_json else summary(reports))
    if any(r.error for r in reports):
        raise typer.Exit(1)


@exercise.command("build")
def exercise_build(
    out: Annotated[Path, typer.Option(help="Folder to write into.")],
    seed: Annotated[int, typer.Option(help="Another number is another world.")] = 7,
    days: Annotated[int, typer.Option(help="How many days it tells of, 1 to 366.")] = 60,
    scale: Annotated[float, typer.Option(help="How much of everything: 0.1 is a tenth of the tracks and seizures.")] = 1.0,
) -> None:
    """Write the exercise as files: same seed, same bytes."""
    from exercise.build import build
    from install.progress import shown

    with shown() as progress:
        build(out, seed=seed, days=days, scale=scale, progress=progress)


@exercise.command("load")
def exercise_load(folder: Annotated[Path, typer.Argument(help="What `exercise build` wrote.")]) -> None:
    """Import a built exercise."""
    from data import addresses, migrations
    from feeds import exercise as feed
    from install.progress import shown

    with addresses.opened() as (owner_url, _), shown() as progress:
        migrations.upgrade(owner_url)
        feed.load(folder, progress, owner_url=owner_url)


@exercise.command("drop")
def exercise_drop() -> None:
    """Remove every trace of the exercise."""
    from data import addresses, migrations
    from feeds import exercise as feed

    with addresses.opened() as (owner_url, _):
        migrations.upgrade(owner_url)
        feed.drop(owner_url=owner_url)


@basemap.command("build")
def basemap_build() -> None:
    """Build the offline basemap again from the installed packages."""
    import basemap.build as made
    from install.progress import shown
    from settings import store

    with shown() as progress:
        for line in made.build(store().basemap, progress, again=True):
            print(line, file=sys.stderr)


@cli.command()
def export(
    format: Annotated[str, typer.Argument(help="geojson, csv, gpkg, kml, gpx, briefing, or hotspots: hexagons alone, for somebody outside.")],
    filter: Annotated[str, typer.Argument(help="As in the page's address, such as 'world=exercise&drug=cocaine'.")] = "",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write it.")] = None,
    whose: Annotated[str | None, typer.Option("--as", help="Whose look it is: a sign-in name; else the keeper of this installation.")] = None,
    purpose: Annotated[str | None, typer.Option(help="What for; needed for live records, as it is on the page.")] = None,
    case: Annotated[str | None, typer.Option(help="In which case; needed with it.")] = None,
    recipient: Annotated[str | None, typer.Option(help="For whom outside it is, an agency or a person; else it stays with whose look it is.")] = None,
) -> None:
    """Write what a filter shows to a file, the same as the page's export."""
    from commands.release import export_file

    print(export_file(format, filter, out, whose, purpose, case, recipient))


@cli.command()
def mark(
    record: Annotated[str, typer.Argument(help="track:NUMBER, seizure:NUMBER, image:NUMBER, video:NUMBER or sortie:NUMBER.")],
    marking: Annotated[str, typer.Argument(help="A TLP 2.0 marking.")],
    whose: Annotated[str, typer.Option("--as", help="Who changes it: a sign-in name.")],
) -> None:
    """Give a record another marking; only somebody of its own agency may open it."""
    from data.marking import change

    with access.owner() as connection:
        change(connection, record, marking, whose)


BENCHES = {
    "tiles": "benchmarks.tiles", "import": "benchmarks.imports", "raster": "benchmarks.raster", "page": "benchmarks.page", "play": "benchmarks.play",
    "access": "benchmarks.access", "imagery-import": "benchmarks.imagery_import", "fuzz-imagery": "benchmarks.fuzz_imagery", "live": "benchmarks.live", "events": "benchmarks.events",
    "fleet": "benchmarks.fleet", "wall": "benchmarks.wall", "change": "benchmarks.change",
    "hotspots": "benchmarks.hotspots", "forecast": "benchmarks.forecast",
    "effects": "benchmarks.effects", "allocate": "benchmarks.allocate", "scale": "benchmarks.scale",
}


@cli.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(context: typer.Context, name: Annotated[str, typer.Argument(help=f"{', '.join(BENCHES)}.")]) -> None:
    """Measure ourselves beside a peer, and print a table."""
    import importlib

    if name not in BENCHES:
        raise typer.BadParameter(f"{name}: one of {', '.join(BENCHES)}")
    raise typer.Exit(importlib.import_module(BENCHES[name]).main(context.args))


def main() -> int:
    """Run the command of `sys.argv`; what a person can act on is one line."""
    from install.stopping import Stopped, stoppable

    try:
        with stoppable():
            code = cli(prog_name="vigia", standalone_mode=False)
    except VigiaError as error:
        return _say(error, 1)
    except Stopped:
        return _say("stopped", 130)
    except typer.Abort:
        return _say("not done", 1)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        full = error.filename2 or error.filename or "this installation"  # of a copy the second is the one being written
        return _say(f"no room left on the disk of {full}; make room and run it again", 1)
    except Exception as error:  # click's own errors carry their message and their code
        if hasattr(error, "show"):
            error.show()
            return error.exit_code
        if told := _of_the_database(error):
            return _say(told, 1)
        raise
    return code if isinstance(code, int) else 0


def _of_the_database(error: Exception) -> str | None:
    """What a person can act on when the database failed in the middle of something, else None: then it is a fault of ours."""
    psycopg = sys.modules.get("psycopg")  # not loaded, not its error
    cause = getattr(error, "orig", error)
    if psycopg is None or not isinstance(cause, psycopg.OperationalError):
        return None
    if isinstance(cause, psycopg.errors.DiskFull):
        return "no room left on the database's disk, nothing was stored; make room and run it again"
    return f"the database failed: {str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__}"


def _say(line: object, code: int) -> int:
    print("\n".join(plain(part) for part in f"vigia: {line}".split("\n")), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
