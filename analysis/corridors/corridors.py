"""Corridors: how often one place follows another on the way, by drug and month."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar

import geopandas as gpd
import pandas as pd

from analysis.corridors.graph import Ways, line, ways
from analysis.ground import NOTHING_KNOWN, Ground, Step, unwatched
from analysis.methods import knob
from analysis.points import checked
from data.records import DRUG_WORD

LARGE = 0.5  # of a corridor's kilograms in one seizure: said


@dataclass(frozen=True)
class Corridors:
    """Which place follows which on the ways of seizures (origin, transit, where it was seized, destination) and of tracks, as lines with how many."""

    NAME: ClassVar = "corridors"
    FAMILY: ClassVar = "routes"
    TITLE: ClassVar = "Corridors"
    VERSION: ClassVar = "1"
    NEEDS: ClassVar = 1
    SOURCE: ClassVar = "A count of legs between places; geodesic lines by PROJ. Checked against graphs worked by hand and planted flows in made worlds."
    LEGEND: ClassVar = {
        "start": "from", "end": "to", "n": "legs in all", "seizures": "of them told with seizures", "tracks": "of them of tracks", "kg": "kilograms of these seizures, where known",
        "drug": "what most of these seizures were of", "drugs": "seizures by drug, as JSON", "months": "legs by month, as JSON", "first": "when first", "last": "when last",
    }

    snap_km: float = knob(15.0, "How near to a crossing or port a seizure or track is at it", unit="km", least=0.1, most=200)
    gap_days: float = knob(30.0, "A track unseen for longer began a new way", unit="days", least=0.04, most=366)
    least: int = knob(3, "Fewer legs than this are not drawn", least=1, most=1000)

    def apply(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN, step: Step = unwatched) -> gpd.GeoDataFrame:
        """A row a leg, most frequent first. Raises PointsRefused where no places are known.

        >>> points = pd.DataFrame({"lon": -97.5, "lat": 25.9, "t": "2026-11-20T10:00:00Z", "origin": ["Ayutla", "AYUTLA"], "destination": "Béxar", "drug": "cocaine"})
        >>> places = gpd.GeoDataFrame({"kind": ["town", "crossing", "town"], "name": ["Ayutla", "Gate", "Bexar"]}, geometry=gpd.points_from_xy([-99, -97.5, -96], [20, 25.9, 29]), crs=4326)
        >>> Corridors(least=2).apply(points, Ground(places=places))[["start", "end", "n", "drug"]].values.tolist()
        [['Ayutla', 'Gate', 2, 'cocaine'], ['Gate', 'Bexar', 2, 'cocaine']]
        """
        points = checked(points, method=self.NAME, needs=self.NEEDS, in_time=True)
        found = ways(points, ground.places, ground.passes, self.NAME, snap_km=self.snap_km, gap_days=self.gap_days)
        step(0.6)
        edges, limits = _edges(found), list(found.limits)
        few = edges[edges.n < self.least]
        if len(few):
            limits.append(f"{len(few):,} legs of fewer than {self.least} ({int(few.n.sum()):,} in all) are not drawn.")
        drawn = edges[edges.n >= self.least].sort_values(["n", "start", "end"], ascending=[False, True, True], kind="stable").reset_index(drop=True)
        if len(heavy := drawn[drawn.largest_share > LARGE]):
            limits.append(f"In {len(heavy)} corridors one seizure is more than half of all kilograms: read them by number.")
        limits.append("A line joins two places; the road between them is not known.")
        limits.append("Ways of seizures are those that failed: what was not found may go elsewhere.")
        stops, out = found.stops, drawn.drop(columns=["largest_share"])
        geometry = [line(stops.lon[a], stops.lat[a], stops.lon[b], stops.lat[b]) for a, b in zip(out.start, out.end)]
        out = gpd.GeoDataFrame(out.assign(start=stops.name[out.start.to_numpy(int)], end=stops.name[out.end.to_numpy(int)])[list(self.LEGEND)], geometry=geometry, crs=4326)
        n = int(edges.n.sum())
        most = f"; most from {out.start[0]} to {out.end[0]} ({out.n[0]})" if len(out) else ""
        out.attrs["told"] = {
            "n": n, "words": f"{n:,} legs between {len(set(found.legs.start) | set(found.legs.end))} places, {len(out):,} corridors of {self.least} and more{most}.", "limits": limits,
            "effort": "no effort data: where more is looked for, more ways are known", "charts": _charts(out),
        }
        step(1.0)
        return out


def _edges(found: Ways) -> pd.DataFrame:
    legs = found.legs.assign(month=found.legs.t.dt.strftime("%Y-%m"))
    rows = []
    for (start, end), one in legs.groupby(["start", "end"], sort=True):
        seized = one[one.by == "seizure"]
        drugs = seized.drug[seized.drug != ""].value_counts().sort_index()
        kg = float(seized.kg.sum())
        rows.append({"start": start, "end": end, "n": len(one), "seizures": len(seized), "tracks": int((one.by == "track").sum()), "kg": kg, "largest_share": float(seized.kg.max()) / kg if kg and len(seized) > 1 else 0.0,
                     "drug": "" if drugs.empty else str(drugs.idxmax()), "drugs": json.dumps({k: int(v) for k, v in drugs.items()}),
                     "months": json.dumps({k: int(v) for k, v in one.month.value_counts().sort_index().items()}), "first": one.t.min().isoformat(), "last": one.t.max().isoformat()})
    return pd.DataFrame(rows, columns=["start", "end", "n", "seizures", "tracks", "kg", "largest_share", "drug", "drugs", "months", "first", "last"])


def _charts(out: gpd.GeoDataFrame) -> list[dict]:
    most = out.head(8)
    months = sorted(set().union(*(json.loads(m) for m in most.months))) if len(most) else []
    drugs: dict[str, int] = {}
    for told in out.drugs:
        for drug, n in json.loads(told).items():
            drugs[drug] = drugs.get(drug, 0) + n
    return [
        {"kind": "lines", "title": "Legs a month in the most frequent corridors", "unit": "", "x": months,
         "series": [{"name": f"{a} → {b}", "y": [json.loads(m).get(month, 0) for month in months]} for a, b, m in zip(most.start, most.end, most.months)]},
        {"kind": "bars", "title": "Legs of seizures by drug", "unit": "", "x": [DRUG_WORD.get(d, d) for d in sorted(drugs)], "y": [drugs[d] for d in sorted(drugs)]},
    ]
