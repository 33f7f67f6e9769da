"""Inside the sandbox: KML and KMZ, streamed by our own reader.

GDAL's LIBKML driver crashes on some valid files, and its plain one knows neither gx:Track nor TimeStamp nor more than a
folder at a time. Nothing a file points to is followed: no NetworkLink, no overlay, no style.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from feeds.opening import Bad
from feeds.opening_features import VERTICES_MAX, Feature, Trail
from feeds.opening_table import check_zip
from feeds.xml import declared

DEEP_MAX = 200
SIMPLE = ("name", "description", "address", "phoneNumber")
DRAWN = ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Model")


def unpacked(path: Path) -> Path:
    """The main document of a KMZ: doc.kml, else the only one."""
    check_zip(path)
    with zipfile.ZipFile(path) as packed:
        names = [e.filename for e in packed.infolist() if e.filename.lower().endswith(".kml")]
        if "doc.kml" not in names and len(names) != 1:
            raise Bad("a doc.kml, or one .kml, inside the .kmz", "entries", ", ".join(names) or None)
        out = Path("unpacked.kml")  # a name of ours: theirs may point anywhere
        out.write_bytes(packed.read("doc.kml" if "doc.kml" in names else names[0]))
    return out


def features(path: Path) -> Iterator[Feature]:
    """Every Placemark of the file. Raises Bad when it is no KML."""
    refuse_doctype(path)
    folders: list[str | None] = []
    number = deep = 0
    outer: list[str] = []  # names of the elements we are in
    try:
        for event, element in iterparse(path, events=("start", "end"), forbid_dtd=True):
            tag = _tag(element)
            if event == "start":
                if not outer and tag != "kml":
                    raise Bad("KML", "root element", tag)
                deep += 1
                if deep > DEEP_MAX:
                    raise Bad(f"elements nested at most {DEEP_MAX} deep", "element", tag)
                outer.append(tag)
                if tag in ("Folder", "Document"):
                    folders.append(None)
                continue
            deep -= 1
            outer.pop()
            if tag == "name" and outer and outer[-1] in ("Folder", "Document") and folders:
                folders[-1] = _text(element)
            elif tag in ("Folder", "Document"):
                folders.pop()
                element.clear()
            elif tag == "Placemark":
                number += 1
                yield _placemark(element, number, next((f for f in reversed(folders) if f), None))
                element.clear()
    except (ParseError, DefusedXmlException, RecursionError, ValueError) as error:
        raise Bad(f"well-formed KML ({str(error)[:120]})") from None


def refuse_doctype(path: Path) -> None:
    """No entity is ever worth expanding; also when the text is UTF-16. Raises Bad."""
    if found := declared(path.read_bytes()):
        raise Bad("XML without a DOCTYPE or entities", value=found)


def _tag(element: Element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def _text(element: Element | None) -> str | None:
    return (element.text or "").strip() or None if element is not None else None


def _child(element: Element, *names: str) -> Element | None:
    """The first of these among its children, their children and so on, by one name a step."""
    for name in names:
        element = next((c for c in element if _tag(c) == name), None)
        if element is None:
            return None
    return element


def _placemark(element: Element, number: int, folder: str | None) -> Feature:
    feature = Feature(number, _properties(element, folder))
    try:
        for track in _tracks(element):
            feature.trails.append(_trail(track, feature))
        if not feature.trails:
            drawn = next((c for c in element if _tag(c) in DRAWN), None)
            feature.geometry = None if drawn is None else _geometry(drawn, number)
    except Bad as bad:
        feature.trails, feature.refused = [], [bad]
    return feature


def _properties(element: Element, folder: str | None) -> dict[str, object]:
    told: dict[str, object] = {"folder": folder} if folder else {}
    told.update({_tag(c): _text(c) for c in element if _tag(c) in SIMPLE})
    for name, where in (("when", ("TimeStamp", "when")), ("begin", ("TimeSpan", "begin")), ("end", ("TimeSpan", "end"))):
        if value := _text(_child(element, *where)):
            told[name] = value
    extended = _child(element, "ExtendedData")
    for child in extended if extended is not None else ():
        if _tag(child) == "Data" and child.get("name"):
            told[child.get("name")] = _text(_child(child, "value"))
        elif _tag(child) == "SchemaData":
            told.update({c.get("name"): _text(c) for c in child if _tag(c) == "SimpleData" and c.get("name")})
    return told


def _tracks(element: Element) -> list[Element]:
    found = []
    for child in element:
        if _tag(child) == "Track":
            found.append(child)
        elif _tag(child) in ("MultiTrack", "MultiGeometry"):
            found.extend(c for c in child if _tag(c) == "Track")
    return found


def _trail(track: Element, feature: Feature) -> Trail:
    """The positions of a gx:Track; those that are none are refused on their own."""
    times = [_text(c) for c in track if _tag(c) == "when"]
    places = [_text(c) for c in track if _tag(c) == "coord"]
    if len(times) != len(places):
        raise Bad("a <when> for each <gx:coord>", "gx:Track", f"{len(times):,} times, {len(places):,} places", feature.number)
    if len(times) > VERTICES_MAX:
        raise Bad(f"at most {VERTICES_MAX:,} vertices in a shape", "gx:Track", f"{len(times):,} positions", feature.number)
    trail = Trail([], [])
    for n, (time, place) in enumerate(zip(times, places), 1):
        numbers = _numbers((place or "").split())
        if numbers is None:
            feature.refused.append(Bad("longitude, latitude and altitude", f"gx:coord {n}", place, feature.number))
            continue
        trail.positions.append(numbers)
        trail.times.append(time)
    return trail


def _numbers(told: list[str]) -> list[float] | None:
    try:
        numbers = [float(t) for t in told[:3]]
    except ValueError:
        return None
    return numbers if len(numbers) >= 2 and all(math.isfinite(n) for n in numbers) else None


def _geometry(element: Element, number: int) -> dict:
    """As GeoJSON has it."""
    tag = _tag(element)
    if tag == "MultiGeometry":
        return {"type": "GeometryCollection", "geometries": [_geometry(c, number) for c in element if _tag(c) in DRAWN]}
    if tag == "Model":
        raise Bad("a point, a line or an area", "geometry", "Model", number)
    if tag == "Polygon":
        rings = [_child(b, "LinearRing") for side in ("outerBoundaryIs", "innerBoundaryIs") for b in element if _tag(b) == side]
        return {"type": "Polygon", "coordinates": [_positions(r, number) for r in rings if r is not None]}
    positions = _positions(element, number)
    if tag != "Point":
        return {"type": "LineString", "coordinates": positions}
    if len(positions) != 1:
        raise Bad("one position", "coordinates", f"{len(positions)} positions", number)
    return {"type": "Point", "coordinates": positions[0]}


def _positions(element: Element, number: int) -> list[list[float]]:
    told = (_text(_child(element, "coordinates")) or "").split()
    if len(told) > VERTICES_MAX:
        raise Bad(f"at most {VERTICES_MAX:,} vertices in a shape", "coordinates", f"{len(told):,} vertices", number)
    out = []
    for position in told:
        numbers = _numbers(position.split(","))
        if numbers is None:
            raise Bad("longitude,latitude[,altitude]", "coordinates", position, number)
        out.append(numbers)
    return out
