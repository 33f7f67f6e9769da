"""Next crossings: where a way is likely to lead next, tried on months it had not seen, and withheld where that is no better than the most frequent answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import geopandas as gpd
import numpy as np
import pandas as pd

from analysis.corridors.chain import Chain, rank
from analysis.corridors.graph import Ways, line, ways
from analysis.corridors.names import told_stops
from analysis.ground import NOTHING_KNOWN, Ground, Step, unwatched
from analysis.methods import knob
from analysis.points import checked
from errors import KnobRefused, PointsRefused

LEAST_TRIED = 20
DRAWS = 2000
TOPS = (1, 3, 5)


@dataclass(frozen=True)
class NextCrossing:
    """Where a track or a seizure's way is likely to lead next, with probabilities. It tells of places: nobody and nothing that moves is scored."""

    NAME: ClassVar = "next-crossing"
    FAMILY: ClassVar = "routes"
    TITLE: ClassVar = "Next crossing"
    VERSION: ClassVar = "1"
    NEEDS: ClassVar = 1
    SOURCE: ClassVar = ("A Markov chain of second order with hierarchical Dirichlet smoothing (MacKay & Bauman Peto 1995). "
                        "Checked by hand, and on months held out beside the most frequent answer; shuffled ways are withheld.")
    LEGEND: ClassVar = {
        "start": "where it is", "end": "where it may lead next", "probability": "how likely, by ways before; open where withheld", "seen": "ways known to have gone on from there", "rank": "1 is the likeliest",
    }

    track: str = knob("", "Of which track; its newest places count")
    after: str = knob("", "Or after which places, in order: Tapachula > Oaxaca")
    held_months: int = knob(6, "The newest months it is tried on", unit="months", least=1, most=60)
    lean: float = knob(2.0, "How many sights a longer memory must have to outweigh the shorter", least=0.1, most=100)
    most: int = knob(5, "How many likely next places are told", least=1, most=20)
    snap_km: float = knob(15.0, "How near to a crossing or port a seizure or track is at it", unit="km", least=0.1, most=200)
    gap_days: float = knob(30.0, "A track unseen for longer began a new way", unit="days", least=0.04, most=366)
    seed: int = knob(1, "What drawing begins with", least=0, most=2**31 - 1)

    def apply(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN, step: Step = unwatched) -> gpd.GeoDataFrame:
        """A row a likely next place, of the track or places asked about; of all places with ways from them where nothing is asked. Raises PointsRefused, KnobRefused.

        >>> t = pd.date_range("2025-01-01", periods=300, freq="36h", tz="UTC")
        >>> points = pd.DataFrame({"lon": 0.0, "lat": 50.0, "t": t, "origin": ["A", "B"] * 150, "transit": "M", "destination": ["X", "Y"] * 150})
        >>> places = gpd.GeoDataFrame({"kind": "town", "name": list("ABMXY")}, geometry=gpd.points_from_xy([0, 1, 2, 3, 4], [0, 1, 0, 1, 0]), crs=4326)
        >>> found = NextCrossing(after="A > M", most=1).apply(points, Ground(places=places))
        >>> found[["start", "end"]].values.tolist(), found.attrs["told"]["withheld"]
        ([['M', 'X']], False)
        """
        points = checked(points, method=self.NAME, needs=self.NEEDS, in_time=True)
        found = ways(points, ground.places, ground.passes, self.NAME, snap_km=self.snap_km, gap_days=self.gap_days)
        if not len(found.legs):
            raise PointsRefused(f"{self.NAME}: no way is known: {' '.join(found.limits)}")
        asked = self._asked(found)
        step(0.2)
        score = self._tried(found)
        step(0.8)
        chain = Chain(len(found.stops), [w for w, _ in _sequences(found)], self.lean)
        out = self._rows(found, chain, asked, score["withheld"])
        out.attrs["told"] = self._told(found, score, out, asked)
        step(1.0)
        return out

    def _asked(self, found: Ways) -> tuple[int, ...] | None:
        if self.track and self.after:
            raise KnobRefused(f"{self.NAME}: ask of a track or after places, not of both")
        if self.track:
            legs = found.legs[(found.legs.by == "track") & (found.legs.key == self.track)]
            if not len(legs):
                raise KnobRefused(f"{self.NAME}: track {self.track!r} is not known to have gone from one crossing or port to another")
            newest = legs.sort_values(["t", "at"], kind="stable").iloc[-1]
            return int(newest.start), int(newest.end)
        if self.after:
            at = [found.stops.called(name, counted=False) for name in told_stops(self.after)]
            if None in at or not at:
                wrong = told_stops(self.after)[at.index(None)] if at else self.after
                raise KnobRefused(f"{self.NAME}: after names {wrong!r}, and no crossing, port or town is called so")
            return tuple(at[-2:])
        return None

    def _tried(self, found: Ways) -> dict:
        """Each of the newest months by what was before it; hits beside those of the most frequent answer, and whether ranks are surely better."""
        sequences = _sequences(found)
        newest = max(t[-1] for _, t in sequences)
        first = (newest.normalize().replace(day=1) - pd.DateOffset(months=self.held_months - 1))
        rows = []
        for month in pd.date_range(first, newest, freq="MS"):
            # A way counts as known by what of it was before the month.
            known = [w[:n] for w, t in sequences if (n := sum(x < month for x in t)) > 1]
            chain = Chain(len(found.stops), known, self.lean)
            if not known:
                continue
            for key, (way, t) in enumerate(sequences):
                for i in range(1, len(way)):
                    if month <= t[i] < month + pd.DateOffset(months=1):
                        last = way[max(0, i - 2):i]
                        rows.append((key, rank(chain.next(last), way[i]), rank(chain.naive(last), way[i])))
        if len(rows) < LEAST_TRIED:
            return {"withheld": True, "tried": len(rows), "verdict": f"It could be tried on {len(rows)} legs of the newest {self.held_months} months only; {LEAST_TRIED} are needed."}
        key, ours, naive = (np.array(column) for column in zip(*rows))
        gain = 1 / ours - 1 / naive
        rng = np.random.default_rng(self.seed)
        # Legs of one way are not independent: whole ways are drawn.
        whole, at = np.unique(key, return_inverse=True)
        sums, counts = np.bincount(at, gain), np.bincount(at)
        drawn = rng.integers(0, len(whole), size=(DRAWS, len(whole)))
        means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
        low, high = (float(v) for v in np.quantile(means, [0.025, 0.975]))
        hits = {f"top{k}": [float((r <= k).mean()) for r in (ours, naive)] for k in TOPS}
        words = ", ".join(f"top {k} {a:.0%} (most frequent answer {b:.0%})" for k, (a, b) in zip(TOPS, hits.values()))
        return {"withheld": low <= 0, "tried": len(rows), "hits": hits, "gain_95": [low, high],
                "verdict": f"{'No better than the most frequent answer' if low <= 0 else 'Better than the most frequent answer'} on {len(rows):,} legs of months it had not seen: {words}."}

    def _rows(self, found: Ways, chain: Chain, asked: tuple[int, ...] | None, withheld: bool) -> gpd.GeoDataFrame:
        stops = found.stops
        at = [asked] if asked is not None else [(start,) for start in sorted(set(found.legs.start))]
        rows = []
        for last in at:
            p, seen = chain.next(last), chain.seen(last)
            for place, end in enumerate(np.lexsort((np.arange(len(p)), -p))[:min(self.most, len(stops) - 1)], start=1):
                if not withheld:
                    rows.append({"start": stops.name[last[-1]], "end": stops.name[end], "probability": float(p[end]), "seen": seen, "rank": place,
                                 "geometry": line(stops.lon[last[-1]], stops.lat[last[-1]], stops.lon[end], stops.lat[end])})
        return gpd.GeoDataFrame(rows, columns=[*self.LEGEND, "geometry"], geometry="geometry", crs=4326)

    def _told(self, found: Ways, score: dict, out: gpd.GeoDataFrame, asked: tuple[int, ...] | None) -> dict:
        limits = [*found.limits, "Probabilities are of places, from ways that were found or tracked; who avoids being found goes elsewhere.",
                  "It advises people and acts on nothing; no person or vehicle is scored."]
        if asked is not None and len(out) and not out.seen[0]:
            limits.append(f"No way is known to have gone on from {out.start[0]}: what is told is where ways go in general.")
        if score["withheld"]:
            words = f"Withheld. {score['verdict']}"
        elif asked is not None:
            words = f"After {' > '.join(str(found.stops.name[i]) for i in asked)}: {', '.join(f'{e} {p:.0%}' for e, p in zip(out.end, out.probability))}. {score['verdict']}"
        else:
            words = f"Likely next places from {out.start.nunique()} places. {score['verdict']}"
        charts = [] if "hits" not in score else [{"kind": "bars", "title": "Right within so many guesses, on months it had not seen", "unit": "%", "x": [f"top {k}" for k in TOPS],
                                                  "series": [{"name": name, "y": [round(100 * h[i], 1) for h in score["hits"].values()]} for i, name in enumerate(("ours", "most frequent answer"))]}]
        return {"n": len(found.legs), "words": words, "limits": limits, "withheld": score["withheld"], "verdict": score["verdict"], "score": {k: v for k, v in score.items() if k != "verdict"},
                "effort": "no effort data: where more is looked for, more ways are known", "charts": charts}


def _sequences(found: Ways) -> list[tuple[list[int], list[pd.Timestamp]]]:
    """Each way's places and when it was at them; a leg that does not begin where the last ended begins a new way."""
    out: list[tuple[list[int], list[pd.Timestamp]]] = []
    legs = found.legs.sort_values(["by", "key", "t", "at"], kind="stable")
    before = None
    for by, key, start, end, t in zip(legs.by, legs.key, legs.start, legs.end, legs.t):
        if before != (by, key, start):
            out.append(([int(start)], [t]))
        out[-1][0].append(int(end))
        out[-1][1].append(t)
        before = (by, key, end)
    return out
