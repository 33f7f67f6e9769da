"""The methods by name, their knobs as people set them, and what each says of its result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from importlib import import_module
from math import isfinite
from typing import Any, ClassVar, Literal, Protocol

import geopandas as gpd
import pandas as pd

from analysis.ground import NOTHING_KNOWN, Ground, Step, unwatched
from errors import KnobRefused

Family = Literal["hotspots", "forecast", "routes", "effect", "allocate"]


class Method(Protocol):
    """A frozen dataclass whose fields are knobs. The same points, ground and knobs give the same result, to the last bit.

    `apply` takes points (analysis/points.py `checked`) and gives a GeoDataFrame in EPSG:4326, a row a place, its columns named in LEGEND; what holds
    for the whole stands in `frame.attrs["told"]`, a dict that JSON can carry: `n`, `words` (one sentence), `limits` (sentences: what it does not
    say), and where they apply `significance`, `effort`, `score`, `tables` (by name, rows of dicts), `charts` (a list of `kind` lines, bars or intervals, `title`,
    `unit`, `x`, and `y` with `low` and `high` or `series` of `name` and `y`), `withheld` with its `verdict`.
    """

    NAME: ClassVar[str]  # as the command line has it: gi-star
    FAMILY: ClassVar[Family]
    TITLE: ClassVar[str]
    VERSION: ClassVar[str]  # another one, another result
    NEEDS: ClassVar[int]  # points
    SOURCE: ClassVar[str]  # the paper, and what it was checked against
    LEGEND: ClassVar[dict[str, str]]  # column: what a value means, in words

    def apply(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN, step: Step = unwatched) -> gpd.GeoDataFrame: ...


# Statistics take seconds to load: a method's module is loaded when somebody asks for it, and its family is told by its folder.
_FAMILIES: dict[str, Family] = {"describe": "hotspots", "forecast": "forecast", "corridors": "routes", "effects": "effect", "allocate": "allocate"}
_WHERE: dict[str, str] = {
    "gi-star": "analysis.describe.gi_star:GiStar", "local-moran": "analysis.describe.local_moran:LocalMoran", "kde": "analysis.describe.kde:Kde",
    "rates": "analysis.describe.rates:Rates", "emerging": "analysis.describe.emerging:Emerging", "knox": "analysis.describe.knox:NearRepeats",
    "st-dbscan": "analysis.describe.st_dbscan:StDbscan", "hdbscan": "analysis.describe.hdbscan:Hdbscan",
    "counts": "analysis.forecast.kinds:CountsForecast", "decayed-kde": "analysis.forecast.kinds:DecayedKdeForecast",
    "hawkes": "analysis.forecast.kinds:HawkesForecast", "boosting": "analysis.forecast.kinds:BoostingForecast",
    "corridors": "analysis.corridors.corridors:Corridors", "shifts": "analysis.corridors.shifts:Shifts",
    "next-crossing": "analysis.corridors.next_crossing:NextCrossing",
    "displacement": "analysis.effects.displacement:Displacement", "interrupted-series": "analysis.effects.series:InterruptedSeries",
    "synthetic-control": "analysis.effects.synthetic:SyntheticControl",
    "allocate": "analysis.allocate.allocate:Allocate",
}


def names(family: Family | None = None) -> list[str]:
    """Methods there are, of one family or of all."""
    return [name for name in _WHERE if family is None or family_of(name) == family]


def family_of(name: str) -> Family:
    """A method's family. Raises KnobRefused."""
    folder = _WHERE.get(name, "..").split(".")[1]
    return _FAMILIES[folder] if folder in _FAMILIES else by_name(name).FAMILY


def by_name(name: str) -> type[Method]:
    """A method's class. Raises KnobRefused."""
    if name not in _WHERE:
        raise KnobRefused(f"no method {name!r}; there are {', '.join(sorted(_WHERE))}")
    module, _, cls = _WHERE[name].partition(":")
    return getattr(import_module(module), cls)


def knob(default: Any, words: str, *, unit: str = "", least: float | None = None, most: float | None = None, choices: Iterable[str] = ()) -> Any:
    """A field that people may set: its words for them, its unit and what it may be."""
    return field(default=default, metadata={"words": words, "unit": unit, "least": least, "most": most, "choices": tuple(choices)})


@dataclass(frozen=True)
class Knob:
    """One knob as a form or the command line shows it."""

    name: str
    default: Any
    kind: Literal["int", "float", "bool", "str"]
    words: str
    unit: str
    least: float | None
    most: float | None
    choices: tuple[str, ...]


def knobs(method: type[Method]) -> list[Knob]:
    """What may be set of a method."""
    return [Knob(f.name, f.default, _kind(f), **f.metadata) for f in fields(method) if f.metadata and f.default is not MISSING]


def made(name: str, told: dict[str, Any]) -> Method:
    """A method with knobs as somebody outside told them (texts or numbers). Raises KnobRefused with what it may be."""
    method = by_name(name)
    known = {k.name: k for k in knobs(method)}
    unknown = sorted(set(told) - set(known))
    if unknown:
        raise KnobRefused(f"{name} has no knob {unknown[0]!r}; it has {', '.join(known) or 'none'}")
    return method(**{key: _set(name, known[key], value) for key, value in told.items()})


def _kind(of: Field) -> str:
    # bool before int: True is an int
    for kind in (bool, int, float, str):
        if isinstance(of.default, kind):
            return kind.__name__
    raise TypeError(f"knob {of.name} has a default of {type(of.default).__name__}: a form can show int, float, bool and str")


def _set(name: str, knob: Knob, told: Any) -> Any:
    where = f"{name}: {knob.name}"
    if knob.kind == "bool":
        if str(told).lower() not in ("true", "false"):
            raise KnobRefused(f"{where} must be true or false, not {told!r}")
        return str(told).lower() == "true"
    if knob.kind == "str":
        if knob.choices and told not in knob.choices:
            raise KnobRefused(f"{where} must be one of {', '.join(knob.choices)}, not {told!r}")
        return str(told)
    try:
        value = int(str(told)) if knob.kind == "int" else float(told)
    except (ValueError, TypeError) as e:
        raise KnobRefused(f"{where} must be a {'whole ' if knob.kind == 'int' else ''}number, not {told!r}") from e
    if not isfinite(value) or (knob.least is not None and value < knob.least) or (knob.most is not None and value > knob.most):
        raise KnobRefused(f"{where} must be from {knob.least} to {knob.most} {knob.unit}".rstrip() + f", not {told}")
    return value


def values(method: Method) -> dict[str, Any]:
    """What a method's knobs stand at, those nobody set too."""
    return {k.name: getattr(method, k.name) for k in knobs(type(method))}


def told(family: Family | None = None) -> list[dict[str, Any]]:
    """The methods as JSON can carry them: for a form, the API, a page of the docs."""
    return [{"name": name, "family": of.FAMILY, "title": of.TITLE, "version": of.VERSION, "needs": of.NEEDS, "source": of.SOURCE, "legend": dict(of.LEGEND),
             "knobs": [asdict(k) for k in knobs(of)]} for name in names(family) for of in (by_name(name),)]


def withheld(said: dict[str, Any]) -> str | None:
    """Why nothing of a result may be shown but its words; None: it may."""
    return str(said["verdict"]) if said.get("withheld") else None
