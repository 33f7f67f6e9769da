"""The places an analysis found, as a file: CSV, GeoJSON, GeoParquet, and GPX where it says where to go."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from exports import csv, geojson, gpx, xml
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
        return _gpx(frame, told, about)
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


def _gpx(frame: gpd.GeoDataFrame, told: dict, about: About) -> bytes:
    """Points as waypoints, lines as routes, of other shapes a point inside."""
    rows = frame.drop(columns=frame.geometry.name).to_dict("records")
    return gpx.document([*about.lines(), str(told.get("words", ""))], ((xml.named(r, shape.geom_type), xml.told(r), None, shape) for r, shape in zip(rows, frame.geometry.values)), line="rte")


def plain(frame: gpd.GeoDataFrame) -> list[dict]:
    """Rows as JSON can carry them: a number that is none is null."""
    columns = [c for c in frame.columns if c != frame.geometry.name]
    out = pd.DataFrame(frame[columns]).astype(object)
    return out.where(out.notna(), None).to_dict("records")
