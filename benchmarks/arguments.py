"""The options every benchmark takes."""

from __future__ import annotations

import argparse
from pathlib import Path

from settings import store


def parser(name: str, about: str) -> argparse.ArgumentParser:
    """A parser with the options all share."""
    made = argparse.ArgumentParser(prog=f"vigia bench {name}", description=about)
    made.add_argument("--home", type=Path, default=store().home / "bench", help="where the made world is kept between runs")
    made.add_argument("--fixes", type=int, default=10_000_000)
    made.add_argument("--tracks", type=int, default=20_000)
    made.add_argument("--seizures", type=int, default=200_000)
    made.add_argument("--runs", type=int, default=3)
    made.add_argument("--no-peer", action="store_true", help="measure ourselves alone")
    return made
