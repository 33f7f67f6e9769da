"""What every analysis is given: where and when something was found, checked at the door."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from errors import PointsRefused, TooFew

# Column: what stands in it. Only the first two must be there.
COLUMNS: dict[str, str] = {
    "lon": "degrees, EPSG:4326", "lat": "degrees, EPSG:4326", "t": "when, UTC",
    "recorded_at": "when somebody knew, UTC; t where it is not told", "kg": "kilogram equivalent; NaN is unknown", "drug": "class (data/records.py); '' is unknown",
    "precision_m": "how far off the place may be, metres", "found_by": "'patrol', 'report' or ''", "conveyance": "how it was carried; '' is unknown",
    "origin": "as told, '' unknown", "transit": "as told, '' unknown", "destination": "as told, '' unknown", "agency": "whose row it is; 0 nobody's", "level": "how closed it is (data/scope.py)",
}
_NUMBERS = {"kg": np.nan, "precision_m": 0.0}
_TEXTS = ("drug", "found_by", "conveyance", "origin", "transit", "destination")
_WHOLE = ("agency", "level")
_ZONED = r"(?:Z|[+-]\d\d:?\d\d)$"


def checked(frame: pd.DataFrame, *, method: str, needs: int = 1, in_time: bool = False) -> pd.DataFrame:
    """The points as every method reads them: all of COLUMNS (`t` where it is told), by time where there is one, rows numbered anew.

    `frame` has columns `lon` and `lat` in degrees, or is a GeoDataFrame of points in a CRS it names. Raises TooFew under `needs` rows and
    PointsRefused with how many rows are wrong, and the first: nothing is left out in silence.

    >>> checked(pd.DataFrame({"lon": [1.0], "lat": [2.0]}), method="any").precision_m.tolist()
    [0.0]
    """
    out = _placed(frame, method)
    if len(out) < needs:
        raise TooFew(f"{method} needs {needs} points, {len(out)} are given: take a longer time, a larger area or fewer conditions")
    for column, unknown in _NUMBERS.items():
        out[column] = _number(out[column], column, method) if column in out else unknown
    for column in _TEXTS:
        out[column] = out[column].fillna("").astype(str) if column in out else ""
    for column in _WHOLE:
        out[column] = out[column].astype(np.int64) if column in out else 0
    if "t" in out:
        out["t"] = _when(out["t"], "t", method)
        out["recorded_at"] = _known(out, method)
        out = out.sort_values("t", kind="stable")
    elif in_time:
        raise PointsRefused(f"{method} asks when each point was: give a column t with date, time and zone")
    return out[[c for c in COLUMNS if c in out]].reset_index(drop=True)


def _placed(frame: pd.DataFrame, method: str) -> pd.DataFrame:
    out = pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
    if isinstance(frame, gpd.GeoDataFrame):
        if frame.crs is None:
            raise PointsRefused(f"{method}: the points' CRS is not told; say which, for instance EPSG:4326")
        at = frame.geometry.to_crs(4326)
        if not (at.geom_type == "Point").all():
            raise PointsRefused(f"{method} reads points; {int((at.geom_type != 'Point').sum())} of {len(at)} shapes are not")
        out["lon"], out["lat"] = at.x.to_numpy(), at.y.to_numpy()
    missing = [c for c in ("lon", "lat") if c not in out]
    if missing:
        raise PointsRefused(f"{method} reads columns lon and lat in degrees; {' and '.join(missing)} is missing")
    for column, most in (("lon", 180), ("lat", 90)):
        out[column] = pd.to_numeric(out[column], errors="coerce").astype(float)
        _refuse(~(out[column].abs() <= most), f"{method}: {column} must be a number of degrees from -{most} to {most}")
    return out


def _number(column: pd.Series, name: str, method: str) -> pd.Series:
    out = pd.to_numeric(column, errors="coerce").astype(float)
    _refuse(out.isna() & column.notna() | (out < 0) | np.isinf(out), f"{method}: {name} must be a number from 0 up, or empty where it is unknown")
    return out.fillna(_NUMBERS[name])


def _known(out: pd.DataFrame, method: str) -> pd.Series:
    told = out["recorded_at"].notna() if "recorded_at" in out else pd.Series(False, out.index)
    known = out["t"].copy()
    if told.any():
        known[told] = _when(out["recorded_at"][told], "recorded_at", method)
    return known


def _when(column: pd.Series, name: str, method: str) -> pd.Series:
    if column.dtype == object or pd.api.types.is_string_dtype(column):
        told = column.fillna("").astype(str)
        _refuse(~told.str.contains(_ZONED), f"{method}: {name} must end with its time zone, as 2026-11-20T10:15:00Z")
        column = pd.to_datetime(told, format="ISO8601", utc=True, errors="coerce")
    if getattr(column.dtype, "tz", None) is None:
        raise PointsRefused(f"{method}: {name} has no time zone; write 2026-11-20T10:15:00Z")
    _refuse(column.isna(), f"{method}: {name} must be a date and time with zone, as 2026-11-20T10:15:00Z")
    return column.dt.tz_convert("UTC").astype("datetime64[us, UTC]")


def _refuse(wrong: pd.Series, words: str) -> None:
    if wrong.any():
        raise PointsRefused(f"{words}; {int(wrong.sum())} of {len(wrong)} rows are not, the first is row {int(np.flatnonzero(wrong)[0]) + 1}")
