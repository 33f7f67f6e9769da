"""Analysis: frames in, frames out. No database, no HTTP; each method a small class with its knobs, named here."""

from __future__ import annotations

from analysis.hotspots import GiStar

METHODS = {"gi_star": GiStar}
