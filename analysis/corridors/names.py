"""Places by the names people write."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial import cKDTree

from analysis.events.geo import RADIUS_M, haversine_m, unit
from errors import PointsRefused

STOPS = ("crossing", "port", "town")  # kinds of places a way can lead over; roads and rivers are not
_BETWEEN = re.compile(r"\s*(?:;|\||→|>|\n)\s*")


@lru_cache(maxsize=65_536)
def folded(name: str) -> str:
    """A name without what people write differently: case, accents, dashes, spaces.

    >>> folded(" Ciudad  JUÁREZ"), folded("Zürich-Hbf.")
    ('ciudad juarez', 'zurich hbf')
    """
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", bare.casefold()))


def told_stops(text: str) -> list[str]:
    """The places of one text, in their order.

    >>> told_stops("Guatemala; Tapachula > Oaxaca, MX")
    ['Guatemala', 'Tapachula', 'Oaxaca, MX']
    """
    return [part for part in _BETWEEN.split(text.strip()) if part]


@dataclass
class Stops:
    """Places a way can lead over: `name`, `kind`, `lon`, `lat` (n,). What no place is called is counted in `unknown`."""

    name: np.ndarray
    kind: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    unknown: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, places: gpd.GeoDataFrame | None, method: str) -> Stops:
        """Raises PointsRefused where there are none, or their CRS is not degrees."""
        if places is None or not len(places):
            raise PointsRefused(f"{method} asks for places: crossings, ports and towns by name; none is given")
        if places.crs is None or places.crs.to_epsg() != 4326:
            raise PointsRefused(f"{method}: places must be in degrees, EPSG:4326")
        kept = places[places["kind"].isin(STOPS) & places["name"].fillna("").astype(str).map(folded).ne("")]
        if len(kept) < 2:
            raise PointsRefused(f"{method} needs 2 places of kind {', '.join(STOPS)} with a name, {len(kept)} are given")
        # In an order of their own, so that the order of a file changes nothing.
        at = shapely.point_on_surface(kept.geometry.to_numpy())
        told = sorted(zip(kept["name"].astype(str), kept["kind"], shapely.get_x(at), shapely.get_y(at)))
        name, kind, lon, lat = (np.array(column) for column in zip(*told))
        return cls(name, kind, lon, lat)

    def __len__(self) -> int:
        return len(self.name)

    def called(self, text: str, lon: float | None = None, lat: float | None = None, *, counted: bool = True) -> int | None:
        """The place somebody meant: of several called so the one nearest to where it was written of, else the first. None is counted."""
        index = self._by_name()
        for form in (text, text.split(",")[0], text.split("(")[0]):
            if found := index.get(folded(form)):
                return found[0] if lon is None or len(found) == 1 else min(found, key=lambda i: (float(haversine_m(lon, lat, self.lon[i], self.lat[i])), i))
        if counted:
            self.unknown[text] = self.unknown.get(text, 0) + 1
        return None

    def nearest(self, lon: np.ndarray, lat: np.ndarray, within_km: float, kinds: tuple[str, ...] = ("crossing", "port")) -> np.ndarray:
        """Index of the nearest place of these kinds to each position, -1 where none is near enough."""
        among = np.flatnonzero(np.isin(self.kind, kinds))
        out = np.full(len(lon), -1)
        if not among.size or not len(lon):
            return out
        chord, at = cKDTree(unit(self.lon[among], self.lat[among])).query(unit(lon, lat))
        return np.where(2 * RADIUS_M * np.arcsin(np.minimum(chord / 2, 1.0)) <= 1000 * within_km, among[at], out)

    def said_unknown(self) -> str | None:
        """How many texts no place was found for, with the most frequent; None where all were."""
        if not self.unknown:
            return None
        most = sorted(self.unknown.items(), key=lambda kv: (-kv[1], kv[0]))[:5]
        return (f"{sum(self.unknown.values()):,} mentions of {len(self.unknown):,} names are no place that is known, and no way was made of them: "
                + ", ".join(f"{name[:40]!r} ({n})" for name, n in most) + ".")

    def _by_name(self) -> dict[str, list[int]]:
        if not hasattr(self, "_index"):
            self._index: dict[str, list[int]] = {}
            for i, name in enumerate(self.name):
                self._index.setdefault(folded(str(name)), []).append(i)
        return self._index
