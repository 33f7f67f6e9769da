"""One CSV table of every layer, with a header of comments. No cell runs as a formula in a spreadsheet."""

from __future__ import annotations

import csv as rows
import io

import geopandas
import pandas as pd

from exports.about import About

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(frames: dict[str, geopandas.GeoDataFrame], about: About) -> bytes:
    """UTF-8 with a byte-order mark, so that spreadsheets read names right; points as lon and lat, other shapes as WKT."""
    out = io.StringIO()
    out.write("\ufeff")
    for line in about.lines():
        out.write(f"# {line}\r\n")
    columns = list(dict.fromkeys(["layer", *(c for f in frames.values() for c in f.columns if c != "geometry"), "lon", "lat", "wkt"]))
    table = rows.DictWriter(out, columns, restval="", lineterminator="\r\n")
    table.writeheader()
    for layer, frame in frames.items():
        names = [c for c in frame.columns if c != "geometry"]
        for row, shape in zip(frame[names].to_dict("records"), frame.geometry.values):
            told = {"layer": layer, **{k: quiet(v) for k, v in row.items()}}
            if shape is not None and shape.geom_type == "Point":
                told |= {"lon": f"{shape.x:.7f}", "lat": f"{shape.y:.7f}"}
            elif shape is not None:
                told["wkt"] = shape.wkt
            table.writerow(told)
    return out.getvalue().encode()


def quiet(value: object) -> object:
    """A cell as text; one that a spreadsheet would run gets an apostrophe first. Numbers stay numbers."""
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return ""
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value
