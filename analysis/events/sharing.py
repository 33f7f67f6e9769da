"""Two objects at once under one identity: tracks that share it, each heard while the other is, too far apart to be one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.events.event import Event
from analysis.events.fixes import Fixes
from analysis.events.geo import geodesic_m, lonlat
from analysis.events.meetings import LINK, SPOT, Meeting
from analysis.events.rules import Context, Rule, fix_at


@dataclass(frozen=True)
class SharedIdentity(Meeting):
    """`identity_conflict` of two tracks: what was heard under one identity (a number, `mmsi:… #2` beside it, or another agency's track of it) is in two places.

    Both are put on the same instants, `step_s` apart, between two fixes at most `silence_s` apart; `instants` of them at which they are over `apart_m` from each
    other begin it, and it goes on as long as both are heard, each silence up to `bridge_s`. Feeds part such tracks (feeds/wire/plausibility.py): this tells of
    it. Defaults are ours.
    """

    apart_m: float = 5_000.0
    instants: int = 2
    step_s: float = 60.0
    silence_s: float = 7_200.0
    bridge_s: float = 7_200.0
    name = "shared_identity"

    def rows(self, rule: Rule, fixes: Fixes, context: Context, since_us: np.ndarray) -> np.ndarray:
        """SPOTs of tracks that share their identity."""
        if not len(fixes):
            return np.zeros(0, SPOT)
        shared = context.tracks.shared[context.tracks.at(fixes.tracks)]
        return super().rows(rule, fixes.of_which(shared), context, since_us[shared])

    def links(self, rule: Rule, new: np.ndarray, every: np.ndarray, context: Context) -> np.ndarray:
        """LINKs between the new rows and every row of the same instant and identity, however far: too near is `found`'s to say."""
        if not len(new):
            return np.zeros(0, LINK)
        instants = np.unique(new["us"])
        every = every[np.isin(every["us"], instants)]
        of = context.tracks.identity[context.tracks.at(every["track_id"])]
        order = np.lexsort((every["track_id"], of, every["us"]))
        every, of = every[order], of[order]
        ids = np.unique(every["track_id"])
        place = [np.searchsorted(instants, rows["us"]) * len(ids) + np.searchsorted(ids, rows["track_id"]) for rows in (every, new)]
        fresh = np.isin(*place)
        parts, away = [], 1
        while away < len(every):
            same = np.flatnonzero((every["us"][away:] == every["us"][:-away]) & (of[away:] == of[:-away]))
            if not len(same):
                break
            parts.append(np.column_stack([same, same + away]))
            away += 1
        i, j = np.concatenate(parts).T if parts else np.zeros((2, 0), int)
        good = (every["track_id"][i] < every["track_id"][j]) & (fresh[i] | fresh[j])
        one, two = every[i[good]], every[j[good]]
        out = np.zeros(len(one), LINK)
        out["a"], out["b"], out["us"] = one["track_id"], two["track_id"], one["us"]
        for w, spot in (("a", one), ("b", two)):
            out[f"lon_{w}"], out[f"lat_{w}"] = lonlat(np.column_stack([spot["x"], spot["y"], spot["z"]]))
            out[f"mps_{w}"] = spot["mps"]
        out["distance_m"] = geodesic_m(out["lon_a"], out["lat_a"], out["lon_b"], out["lat_b"])
        out = out[out["distance_m"] > self.apart_m]
        return out[np.lexsort((out["us"], out["b"], out["a"]))]

    def _event(self, rule: Rule, links: np.ndarray, over: bool, context: Context) -> Event | None:
        if len(links) < self.instants:
            return None
        one, last = links[0], links[-1]
        a, b, us = int(one["a"]), int(one["b"]), int(one["us"])
        facts = {"distance_m": round(float(one["distance_m"]), 1)}
        if over:
            facts |= {"lasted_s": int(last["us"] - us) / 1e6, "furthest_m": round(float(links["distance_m"].max()), 1)}
        return Event("identity_conflict", rule.id, (a, b), us, int(last["us"]) if over else None, float(one["lon_a"]), float(one["lat_a"]),
                     fix_at(a, us, one["lon_a"], one["lat_a"]), fix_at(b, us, one["lon_b"], one["lat_b"]), None, facts, False, rule.severity)
