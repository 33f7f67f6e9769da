"""The places an analysis found, as a file: CSV, GeoJSON, GeoParquet, and GPX where it says where to go."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

import geopandas as gpd
import pandas as pd

from exports import csv, geojson
from exports.about import About

ENDINGS = ("csv", "geojson", "parquet", "gpx")
MEDIA = {"csv": "text/csv; charset=utf-8", "geojson": "application/geo+json", "parquet": "application/vnd.apache.parquet", "gpx": "application/gpx+xml"}


def write(frame: gpd.GeoDataFrame, told: dict, about: About, ending: str) -> bytes:
    """A file of one of ENDINGS. What holds for the whole (`told`) is in each but CSV as a whole, and in CSV as comments."""
    if ending == "parquet":
        out = io.BytesIO()
        kept = frame.copy()
        kept.attrs = {"vigia": {"about": about.lines(), "told": told}}
        kept.to_parquet(out, index=False)
        return out.getvalue()
    if ending == "gpx":
        return _gpx(frame, told, about).encode()
    if ending == "geojson":
        body = json.loads(geojson.write({"places": frame}, about))
        return json.dumps({**body, "told": told}, ensure_ascii=False).encode()
    lines = [str(line) for line in (told.get("words"), *told.get("limits", ())) if line]
    return csv.write({"places": frame}, Said(**vars(about), said=tuple(lines)))


@dataclass(frozen=True)
class Said(About):
    """An export's header with sentences of the analysis under it."""

    said: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        return [*super().lines(), *(" ".join(line.split()) for line in self.said)]


def _gpx(frame: gpd.GeoDataFrame, told: dict, about: About) -> str:
    """GPX 1.1: points as waypoints, lines as routes, of other shapes a point inside."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<gpx version="1.1" creator="Vigia" xmlns="http://www.topografix.com/GPX/1/1">',
             f"<metadata><desc>{_text('; '.join([*about.lines(), str(told.get('words', ''))]))}</desc></metadata>"]
    routes = []
    for row, shape in zip(frame.drop(columns=frame.geometry.name).to_dict("records"), frame.geometry.values):
        name = next((row[c] for c in ("name", "unit", "id") if row.get(c) not in (None, "")), shape.geom_type)
        words = "; ".join(f"{k}: {csv.quiet(v)}" for k, v in row.items() if csv.quiet(v) != "")
        about_it = f"<name>{_text(name)}</name><desc>{_text(words)}</desc>"
        parts = getattr(shape, "geoms", [shape])
        if shape.geom_type.endswith("LineString"):
            routes += [f"<rte>{about_it}{''.join(_point('rtept', x, y) for x, y, *_ in part.coords)}</rte>" for part in parts]
        else:
            at = shape if shape.geom_type == "Point" else shape.representative_point()
            lines.append(_point("wpt", at.x, at.y, about_it))
    return "\n".join([*lines, *routes, "</gpx>"])


def _point(tag: str, lon: float, lat: float, inside: str = "") -> str:
    return f'<{tag} lat="{lat:.7f}" lon="{lon:.7f}">{inside}</{tag}>'


def _text(value: object) -> str:
    return escape("".join(c if c.isprintable() else " " for c in str(value)))


def plain(frame: gpd.GeoDataFrame) -> list[dict]:
    """Rows as JSON can carry them: a number that is none is null."""
    columns = [c for c in frame.columns if c != frame.geometry.name]
    out = pd.DataFrame(frame[columns]).astype(object)
    return out.where(out.notna(), None).to_dict("records")
