"""`vigia analyse …`: any method on a plain file, with no database, or on its records (commands/analyse_held.py); its knobs are options, made of the registry (analysis/methods.py)."""

from __future__ import annotations

import inspect
import json
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from commands.access import AsJson
from commands.analyse_dump import dump
from errors import InputRefused

analyse = typer.Typer(no_args_is_help=True, help="Analyse with any method there is: a file of points, where no database is touched, or the records a filter shows.")
FAMILIES = {
    "hotspots": "Where there is more than elsewhere, clusters, and what changes.", "forecast": "Where the next days' are likeliest, scored against simple counts.",
    "routes": "Corridors, flows by drug and time, and likely next crossings.", "effect": "What an operation changed, and where it went instead.",
    "allocate": "Where to send the units there are.",
}
FIRST = {"hotspots": "gi-star"}  # else the family's first
FIXES = "These are fixes of tracks: where seizures are spoken of, it is fixes."
METHOD = "vigia.method"
KNOBS = "vigia.knobs"


class Knobbed(TyperCommand):
    """A command whose options are its own and those of the method that is named among the words."""

    def parse_args(self, ctx, args):
        ctx.meta[METHOD] = _named(self.name, args)
        return super().parse_args(ctx, args)

    def get_params(self, ctx):
        own = super().get_params(ctx)
        taken = {option for p in own for option in p.opts}
        return [*own, *(o for o in knob_options(ctx.meta.get(METHOD)) if not taken & set(o.opts))]


def knob_options(method: str | None) -> list:
    """A method's knobs as options: cell_m is --cell-m. What each may be is said by the method itself when it is made."""
    from analysis import methods

    if method is None or method not in methods.names():
        return []
    panel = f"Knobs of {method} ({methods.by_name(method).TITLE})"
    told = {k.name: Annotated[str | None, typer.Option(f"--{k.name.replace('_', '-')}", help=_help(k), metavar=k.kind.upper(), expose_value=False, callback=_keep, rich_help_panel=panel)]
            for k in methods.knobs(methods.by_name(method))}

    def command(**_: str) -> None:
        """Only its options are wanted."""

    command.__annotations__ = told
    command.__signature__ = inspect.Signature([inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=of) for name, of in told.items()])
    app = typer.Typer(add_completion=False)
    app.command()(command)
    return typer.main.get_command(app).params


def _help(knob) -> str:
    bounds = ", ".join(knob.choices) or " to ".join(f"{b:g}" for b in (knob.least, knob.most) if b is not None)
    return f"{knob.words}{f' ({bounds} {knob.unit}'.rstrip() + ')' if bounds else ''} Default: {knob.default if knob.default != '' else 'none'}."


def _keep(context: typer.Context, param: typer.CallbackParam, value: str | None) -> None:
    if value is not None:
        context.meta.setdefault(KNOBS, {})[param.name] = value


def _named(family: str, args: list[str]) -> str | None:
    """The method told by --method, else the family's first."""
    from analysis import methods

    for i, word in enumerate(args):
        if word == "--method" and i + 1 < len(args):
            return args[i + 1]
        if word.startswith("--method="):
            return word.partition("=")[2]
    there = methods.names(family)
    return FIRST.get(family) if FIRST.get(family) in there else next(iter(there), None)


GROUND, HELD = "What is known of the ground (GeoJSON, GeoPackage)", "Of the database, without FILE"
Shapes = Annotated[Path | None, typer.Option(metavar="FILE", rich_help_panel=GROUND)]


def _told(help: str):
    return Annotated[str | None, typer.Option(help=help, rich_help_panel=HELD)]


def _command(family: str):
    def command(
        context: typer.Context,
        file: Annotated[Path | None, typer.Argument(help="Points: CSV, Parquet (lon, lat, and t, kg, drug … where told), GeoJSON, GeoPackage, GeoParquet; or a folder of parts points-*.parquet. None: the database.")] = None,
        method: Annotated[str | None, typer.Option(help="Which method; `vigia analyse methods` lists them.")] = None,
        knob: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A knob of the method, as its own option is; may be given several times.")] = None,
        crs: Annotated[str | None, typer.Option(help="The CRS of columns x and y, such as EPSG:32615, where there are no lon and lat; also the CRS of a square grid.")] = None,
        out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write the places: .csv, .geojson, .parquet or .gpx; of the database the report too: .html or .pdf.")] = None,
        area: Shapes = None, land: Shapes = None, sections: Shapes = None, effort: Shapes = None, places: Shapes = None, units: Shapes = None,
        zones: Annotated[str | None, typer.Option(metavar="FILE|NAME", help="Of the database: the name or number of zones that are locked.", rich_help_panel=GROUND)] = None,
        scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Count the parts of a folder on the workers of this scheduler of Dask, such as tcp://127.0.0.1:8786; else here.")] = None,
        filter: _told("As in the page's address, such as 'world=exercise&drug=cocaine'.") = None,
        whose: Annotated[str | None, typer.Option("--as", help="Whose look it is: a sign-in name; else the keeper of this installation.", rich_help_panel=HELD)] = None,
        purpose: _told("What for; needed for live records, as it is on the page.") = None,
        case: _told("In which case; needed with it.") = None,
        recipient: _told("For whom outside --out is, an agency or a person; else it stays with whose look it is.") = None,
        as_json: AsJson = False,
    ) -> None:
        knobs = {**dict(_pair(told) for told in knob or ()), **context.meta.get(KNOBS, {})}
        shapes = dict(area=area, land=land, sections=sections, effort=effort, places=places)
        name = _method(family, context.meta.get(METHOD))
        if file is None:
            if scheduler is not None:
                raise typer.BadParameter("--scheduler is of a folder of parts: name the folder")
            _held(name, dict(query=filter or "", zones=zones, units=units, whose=whose, purpose=purpose, case=case, recipient=recipient), knobs, crs, shapes, out, as_json)
            return
        if told := [o for o, v in {"--filter": filter, "--as": whose, "--purpose": purpose, "--case": case, "--recipient": recipient}.items() if v is not None]:
            raise typer.BadParameter(f"{told[0]} is of the database: leave out {file.name}, or {told[0]}")
        _done(name, file, knobs, crs, out, {**shapes, "units": units, "zones": Path(zones) if zones is not None else None}, scheduler, as_json)

    command.__doc__ = FAMILIES[family]
    return command


analyse.command("dump")(dump)
for _family in FAMILIES:
    analyse.command(_family, cls=Knobbed, help=FAMILIES[_family])(_command(_family))


@analyse.command("methods")
def listed(family: Annotated[str | None, typer.Argument(help=", ".join(FAMILIES))] = None, as_json: AsJson = False) -> None:
    """The methods there are, with their knobs."""
    from analysis import methods

    if family not in (None, *FAMILIES):
        raise typer.BadParameter(f"{family}: one of {', '.join(FAMILIES)}")
    rows = methods.told(family)
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print(f"{row['family']} --method {row['name']}: {row['title']} (at least {row['needs']} points)")
        for k in row["knobs"]:
            print(f"    --{k['name'].replace('_', '-')} {k['default']}{' ' + k['unit'] if k['unit'] else ''}: {k['words']}")


def _pair(told: str) -> tuple[str, str]:
    name, equals, value = told.partition("=")
    if not equals:
        raise typer.BadParameter(f"--knob {told}: write it as name=value")
    return name.replace("-", "_"), value


def _method(family: str, method: str | None) -> str:
    """A method of this family. Raises InputRefused."""
    from analysis import methods

    if method is None:
        raise InputRefused(f"there is no method of the family {family}")
    if methods.by_name(method).FAMILY != family:
        raise InputRefused(f"{method} is a method of {methods.by_name(method).FAMILY}, not of {family}; of {family} there are {', '.join(methods.names(family)) or 'none'}")
    return method


def _held(method: str, asked: dict, knobs: dict, crs: str | None, shapes: dict, out: Path | None, as_json: bool) -> None:
    from analysis import methods
    from commands import analyse_held

    if told := [name for name, path in shapes.items() if path is not None]:
        raise typer.BadParameter(f"--{told[0]} is of a file of points: the database knows its own {told[0]}")
    if crs is not None:
        if "crs" not in {k.name for k in methods.knobs(methods.by_name(method))}:
            raise typer.BadParameter(f"--crs is of a file of points: {method} has no knob of that name")
        knobs.setdefault("crs", crs)
    analyse_held.done(analyse_held.Asked(method=method, knobs=knobs, **asked), out, as_json)


def _done(method: str, file: Path, knobs: dict, crs: str | None, out: Path | None, ground: dict, scheduler: str | None, as_json: bool) -> None:
    from analysis import methods
    from exports import places
    from exports.about import About
    from feeds import points

    if out is not None and out.suffix.lower().lstrip(".") not in places.ENDINGS:
        raise typer.BadParameter(f"{out.name}: ends with one of {', '.join('.' + e for e in places.ENDINGS)}")
    if crs is not None and "crs" in {k.name for k in methods.knobs(methods.by_name(method))}:
        knobs.setdefault("crs", crs)
    made = methods.made(method, knobs)
    known = points.ground(ground)
    frame, of = _in_parts(made, file, known, scheduler) if file.is_dir() or scheduler is not None else (made.apply(points.read(file, crs), known), {})
    told = frame.attrs["told"] | {"method": method, "version": made.VERSION, "knobs": methods.values(made)} | ({"marking": of["marking"], "filter": of["filter"]} if of else {})
    if of.get("of") == "fixes":
        told["limits"] = [FIXES, *told.get("limits", ())]
    if out is not None:
        about = About(of.get("world", "file"), of.get("filter", file.name), of.get("marking", "none told"), datetime.now(timezone.utc))
        out.write_bytes(places.write(frame, told, about, out.suffix.lower().lstrip(".")))
    print(json.dumps(told, indent=2, ensure_ascii=False, default=str) if as_json else told["words"])
    if not as_json:
        for limit in told.get("limits", ()):
            print(f"- {limit}")
    print(f"{len(frame):,} places{f' -> {out}' if out else ', written nowhere: give --out'}", file=sys.stderr)


def _in_parts(method, folder: Path, ground, scheduler: str | None):
    """What is found, and what the manifest of the parts tells where it is ours."""
    from analysis import in_parts
    from feeds import parts
    from jobs import scattered
    from settings import store

    if not folder.is_dir():
        raise InputRefused(f"{folder.name} is one file, and --scheduler shares out the parts of a folder ({parts.PATTERN}): leave it out, or give the folder")
    held = parts.opened(folder, store().audit_key)
    return scattered.over(method, held.parts, ground, scheduler) if scheduler is not None else in_parts.over(method, map(parts.read, held.parts), ground), dict(held.told)
