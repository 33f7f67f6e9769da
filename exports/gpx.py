"""GPX 1.1 for a hand-held receiver: seizures as waypoints, movements as tracks. It has no areas: images are left out, and that is said."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as xml

import geopandas
import pandas as pd
import shapely

from exports.about import About
from exports.xml import PLACES, named, parts, text, told

SPACE = "http://www.topografix.com/GPX/1/1"


def write(frames: dict[str, geopandas.GeoDataFrame], about: About) -> bytes:
    """Waypoints carry their time; a line of a movement is drawn from many fixes and carries none."""
    rows = [(layer, row, shape) for layer, frame in frames.items() for row, shape in zip(frame[[c for c in frame.columns if c != "geometry"]].to_dict("records"), frame.geometry.values)]
    placed = [(named(row, layer), told(row), row.get("started_at"), shape) for layer, row, shape in rows if layer != "images" and shape is not None]
    left = {"images": len(frames.get("images", ())), "rows without a place": sum(shape is None for _, _, shape in rows)}
    said = [f"Left out: {', '.join(f'{n:,} {what}' for what, n in left.items() if n)}"] if any(left.values()) else []
    return document([*about.lines(), *said], placed, line="trk")


def document(about: list[str], rows: Iterable[tuple[str, dict[str, str], object, shapely.Geometry]], *, line: str) -> bytes:
    """Rows of name, what is told, when, shape. Lines are tracks (`trk`) or routes (`rte`); of another shape it is a point inside. In the order the schema has: wpt, rte, trk."""
    root = xml.Element("gpx", {"version": "1.1", "creator": "Vigia", "xmlns": SPACE})
    xml.SubElement(xml.SubElement(root, "metadata"), "desc").text = text("; ".join(about))
    lines = []
    for name, facts, at, shape in rows:
        if found := parts(shape, "LineString"):
            lines.append((name, facts, found))
            continue
        x, y = shapely.get_coordinates(shape if shape.geom_type == "Point" else shape.representative_point())[0]
        point = _point(root, "wpt", x, y)
        if isinstance(at, pd.Timestamp):
            xml.SubElement(point, "time").text = at.tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%SZ")
        _said(point, name, facts)
    for name, facts, found in lines:
        if line == "trk":
            whole = xml.SubElement(root, "trk")
            _said(whole, name, facts)
            for part in found:
                piece = xml.SubElement(whole, "trkseg")
                for x, y in part[:, :2]:
                    _point(piece, "trkpt", x, y)
        else:
            for part in found:
                whole = xml.SubElement(root, "rte")
                _said(whole, name, facts)
                for x, y in part[:, :2]:
                    _point(whole, "rtept", x, y)
    return xml.tostring(root, encoding="UTF-8", xml_declaration=True)


def _point(within: xml.Element, tag: str, lon: float, lat: float) -> xml.Element:
    return xml.SubElement(within, tag, {"lat": f"{lat:.{PLACES}f}", "lon": f"{lon:.{PLACES}f}"})


def _said(element: xml.Element, name: str, facts: dict[str, str]) -> None:
    xml.SubElement(element, "name").text = name
    xml.SubElement(element, "desc").text = "; ".join(f"{k}: {v}" for k, v in facts.items())
