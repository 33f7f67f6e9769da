"""Made ways: places, seizures with routes and passes of tracks, as planted."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

# Two towns in the south, three crossings on one line, three towns in the north.
TOLD = {"Ayutla": ("town", -99, 20), "Béxar": ("town", -97, 29), "Colón": ("town", -101, 20), "Dallas": ("town", -97, 32), "Essex": ("town", -104, 31),
        "East Gate": ("crossing", -97.5, 25.9), "Mid Gate": ("crossing", -99.5, 27.5), "West Gate": ("crossing", -104.4, 29.5), "Port Haven": ("port", -97.2, 25.5)}
PLACES = gpd.GeoDataFrame({"kind": [k for k, _, _ in TOLD.values()], "name": list(TOLD)}, geometry=gpd.points_from_xy(*zip(*((x, y) for _, x, y in TOLD.values()))), crs=4326)


def at(name: str) -> tuple[float, float]:
    return float(TOLD[name][1]), float(TOLD[name][2])


def seizures(rows: list[tuple[str, str, str, str]], **other) -> pd.DataFrame:
    """(origin, transit, where it was seized, destination), a day each."""
    lon, lat = zip(*(at(here) if here in TOLD else (0.0, 0.0) for _, _, here, _ in rows))
    t = pd.date_range("2025-01-05", periods=len(rows), freq="1D", tz="UTC")
    return pd.DataFrame({"lon": lon, "lat": lat, "t": t, "origin": [r[0] for r in rows], "transit": [r[1] for r in rows], "destination": [r[3] for r in rows]} | other)


def passes(ways: dict[str, list[str]], every: str = "6h", start: str = "2026-01-01") -> gpd.GeoDataFrame:
    """Tracks that are seen at these places, one after the other."""
    rows = [(track, t, *at(place)) for track, way in ways.items() for place, t in zip(way, pd.date_range(start, periods=len(way), freq=every, tz="UTC"))]
    track, t, lon, lat = zip(*rows)
    return gpd.GeoDataFrame({"track": track, "t": t}, geometry=gpd.points_from_xy(lon, lat), crs=4326)


def flow(rng: np.random.Generator, origin: str, destination: str, per_month: list[float], start: str = "2023-01-01") -> pd.DataFrame:
    """Seizures told from one place to another, so many a month on average."""
    frames = []
    for month, mean in zip(pd.date_range(start, periods=len(per_month), freq="MS", tz="UTC"), per_month):
        n = rng.poisson(mean)
        frames.append(pd.DataFrame({"t": month + pd.to_timedelta(rng.uniform(0, 28, n), unit="D"), "lon": 0.0, "lat": 0.0, "origin": origin, "destination": destination}))
    return pd.concat(frames, ignore_index=True)
