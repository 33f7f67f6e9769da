"""Analysis: frames in, frames out. No database, no HTTP; each method a small class with its knobs, named here."""

from __future__ import annotations


def __getattr__(name: str) -> object:
    # Methods load statistics, which takes seconds: workers that need one small module of this room must not wait for them.
    if name == "METHODS":
        from analysis.hotspots import GiStar

        return {"gi_star": GiStar}
    raise AttributeError(name)
