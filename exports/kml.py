"""KML 2.2 for globes: a folder a layer, what is told of each thing as its data, times where it has one. Nothing in it asks anybody for anything."""

from __future__ import annotations

from xml.etree import ElementTree as xml

import geopandas
import numpy as np
import pandas as pd
import shapely

from exports.about import About
from exports.briefing import COLOURS, KIND_COLOURS
from exports.xml import PLACES, named, parts, text, told

SPACE = "http://www.opengis.net/kml/2.2"
WORDS = {"seizures": "Seizures", "tracks": "Movements", "images": "Images"}
LINE, FOOTPRINT = "#2A2F33", "#10181C"


def write(frames: dict[str, geopandas.GeoDataFrame], about: About) -> bytes:
    """Rows without a place are placemarks without one, as KML allows."""
    root = xml.Element("kml", {"xmlns": SPACE})
    document = xml.SubElement(root, "Document")
    xml.SubElement(document, "name").text = about.name("kml")
    xml.SubElement(document, "description").text = text("; ".join([*about.lines(), *([f"Map: {', '.join(about.attribution)}"] if about.attribution else [])]))
    for style, colour in {**COLOURS, **KIND_COLOURS, "line": LINE, "footprint": FOOTPRINT}.items():
        _style(document, style, colour)
    for layer, frame in frames.items():
        folder = xml.SubElement(document, "Folder")
        xml.SubElement(folder, "name").text = WORDS.get(layer, layer)
        names = [c for c in frame.columns if c != "geometry"]
        for row, shape in zip(frame[names].to_dict("records"), frame.geometry.values):
            _placemark(folder, layer, row, shape)
    return xml.tostring(root, encoding="UTF-8", xml_declaration=True)


def _placemark(folder: xml.Element, layer: str, row: dict, shape: shapely.Geometry | None) -> None:
    mark = xml.SubElement(folder, "Placemark")
    xml.SubElement(mark, "name").text = named(row, layer)
    _times(mark, row)
    style = {"seizures": row.get("drug"), "tracks": row.get("kind") if row.get("kind") in KIND_COLOURS else "line"}.get(layer, "footprint")
    xml.SubElement(mark, "styleUrl").text = f"#{text(style)}"
    data = xml.SubElement(mark, "ExtendedData")
    for name, value in told(row).items():
        xml.SubElement(xml.SubElement(data, "Data", {"name": name}), "value").text = value
    if shape is not None and not shape.is_empty:
        _shape(mark, shape)


def _times(mark: xml.Element, row: dict) -> None:
    first, last = row.get("started_at", row.get("captured_at", row.get("first_at"))), row.get("ended_at", row.get("last_at"))
    if not isinstance(first, pd.Timestamp) or pd.isna(first):
        return
    if isinstance(last, pd.Timestamp) and not pd.isna(last) and last > first:
        span = xml.SubElement(mark, "TimeSpan")
        xml.SubElement(span, "begin").text, xml.SubElement(span, "end").text = _time(first), _time(last)
    else:
        xml.SubElement(xml.SubElement(mark, "TimeStamp"), "when").text = _time(first)


def _time(at: pd.Timestamp) -> str:
    return at.tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%SZ")


def _shape(mark: xml.Element, shape: shapely.Geometry) -> None:
    simple = shapely.get_parts(shape)
    within = mark if len(simple) == 1 else xml.SubElement(mark, "MultiGeometry")
    for part in simple:
        element = xml.SubElement(within, part.geom_type)
        if part.geom_type == "Polygon":
            for tag, ring in (("outerBoundaryIs", part.exterior), *(("innerBoundaryIs", hole) for hole in part.interiors)):
                _coordinates(xml.SubElement(xml.SubElement(element, tag), "LinearRing"), shapely.get_coordinates(ring))
        else:
            _coordinates(element, *parts(part, part.geom_type))


def _coordinates(element: xml.Element, at: np.ndarray) -> None:
    xml.SubElement(element, "coordinates").text = " ".join(f"{x:.{PLACES}f},{y:.{PLACES}f}" for x, y in at[:, :2])


def _style(document: xml.Element, name: str, colour: str) -> None:
    """KML writes a colour backwards: opacity, blue, green, red."""
    told = f"ff{colour[5:7]}{colour[3:5]}{colour[1:3]}".lower()
    style = xml.SubElement(document, "Style", {"id": name})
    xml.SubElement(xml.SubElement(style, "IconStyle"), "color").text = told
    line = xml.SubElement(style, "LineStyle")
    xml.SubElement(line, "color").text, xml.SubElement(line, "width").text = told, "1.4"
    xml.SubElement(xml.SubElement(style, "PolyStyle"), "color").text = f"10{told[2:]}"
