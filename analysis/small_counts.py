"""Numbers that may be given to somebody outside without telling a small one of another agency."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.hexes import cells_of
from analysis.hotspots import GiStar

K = 5  # a number under this tells of single events
RESOLUTION = 5  # hexagons of about 15 km; one size for all, so that no two files can be held against each other by size


def given_out(points: pd.DataFrame, own: set[int]) -> pd.DataFrame:
    """Points (`lon`, `lat`, `agency`, `level`) to hexagons: h3 (int), level, at_least (a multiple of K; 0 is under K), closed (of what counts in them).

    `own` are the agencies that give it out (0: nobody's rows). What another agency has in a hexagon counts from K on; under it, it is left
    out before anything is made of the numbers, so that nothing in the file, not even how strong a hotspot is, depends on it. Numbers are
    rounded down to a multiple of K: two files held against each other never tell of one to K-1 events either.

    >>> one = pd.DataFrame({"lon": [-97.5] * 9, "lat": [25.9] * 9, "agency": [1] * 7 + [2] * 2, "level": 2})
    >>> given_out(one, {1}).at_least.tolist(), given_out(one[:7], {1}).at_least.tolist()
    ([5], [5])
    """
    parts = pd.DataFrame({"cell": cells_of(points.lon, points.lat, RESOLUTION), "agency": points.agency.to_numpy(), "closed": points.level.to_numpy()}).groupby(["cell", "agency"]).agg(
        n=("closed", "size"), closed=("closed", "max")).reset_index()
    told = parts[parts.agency.isin(own | {0}) | (parts.n >= K)]
    per_cell = told.groupby("cell").agg(n=("n", "sum"), closed=("closed", "max"))
    per_cell["n"] = per_cell.n // K * K
    found = GiStar(RESOLUTION).of_counts(per_cell.assign(kg=0.0)).set_index("h3")
    out = pd.DataFrame({"at_least": per_cell.n.to_numpy(), "closed": per_cell.closed.to_numpy()}, index=pd.Index(per_cell.index, dtype=np.int64, name="h3"))
    out["level"] = found.level.reindex(out.index)  # none: too few to say
    return out.sort_index().reset_index()
