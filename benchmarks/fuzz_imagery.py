"""Mutated GeoTIFFs, as many as are asked for, each opened in the sandbox by a process of its own: what became of them. For the night."""

from __future__ import annotations

import time
from collections import Counter

from benchmarks.arguments import parser
from benchmarks.tables import show
from feeds import mutating

AT_ONCE = 500


def main(args: list[str]) -> int:
    """0: each was made or refused, or ended its own process; 1: one raised an error that nobody foresaw, or the sandbox itself did not answer."""
    asked = parser("fuzz-imagery", __doc__.split("\n")[0])
    asked.add_argument("--count", type=int, default=20_000, help="how many files")
    asked.add_argument("--seed", type=int, default=0, help="another number is other files; 0: the day's")
    asked = asked.parse_args(args)
    seed = asked.seed or int(time.time() // 86_400)
    folder = asked.home / "fuzz"
    became: Counter[str] = Counter()
    surprises: list[str] = []
    began = time.monotonic()
    for start in range(0, asked.count, AT_ONCE):
        files = list(mutating.mutated(min(AT_ONCE, asked.count - start), seed + start))
        for number, told in enumerate(mutating.opened(files)):
            what = told.partition(":")[0]
            became[what] += 1
            if what not in ("made", "refused"):  # kept, to be looked at
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{seed}-{start + number}.tif").write_bytes(files[number])
                surprises.append(f"{seed}-{start + number}.tif: {told[:200]}")
        print(f"{start + len(files):,} of {asked.count:,}, {time.monotonic() - began:.0f} s", flush=True)
    show(["what became of it", "files"], sorted(became.items()), title=f"{asked.count:,} mutated GeoTIFFs, seed {seed}; the process that asked lived on")
    if surprises:
        print(f"\nkept in {folder}:\n" + "\n".join(surprises[:50]))
    return 1 if any(what.startswith("failed") for what in became) else 0
