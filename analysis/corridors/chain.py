"""What comes next on a way: counts of what followed, with longer memories backed off to shorter ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np


class Chain:
    """A Markov chain of the second order over `n` places, smoothed by Dirichlet priors: each memory leans on the next shorter one with the weight of `lean` sights.

    Source: hierarchical Dirichlet smoothing as MacKay & Bauman Peto 1995. A way never goes on to where it is.

    >>> chain = Chain(3, [(0, 1, 2), (0, 1, 2), (2, 1, 0)], lean=1.0)
    >>> chain.next((0, 1)).round(2).tolist(), chain.next((2, 1)).round(2).tolist()
    ([0.1, 0.0, 0.9], [0.69, 0.0, 0.31])
    """

    def __init__(self, n: int, ways: Iterable[Sequence[int]], lean: float):
        self.n, self.lean = n, lean
        self.after: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
        for way in ways:
            for i, stop in enumerate(way):
                if i:
                    self.after[()][stop] += 1
                    self.after[(way[i - 1],)][stop] += 1
                if i > 1:
                    self.after[(way[i - 2], way[i - 1])][stop] += 1

    def next(self, last: Sequence[int]) -> np.ndarray:
        """(n,) probabilities of what comes after the last places."""
        p = np.full(self.n, 1.0 / self.n)
        for length in range(min(2, len(last)) + 1):
            seen = self.after.get(tuple(last[len(last) - length:]), Counter())
            p = self.lean * p
            for stop, times in seen.items():
                p[stop] += times
            p /= p.sum()
        if len(last) and self.n > 1:
            p[last[-1]] = 0.0
        return p / p.sum()

    def seen(self, last: Sequence[int]) -> int:
        """How often a way went on from the last place."""
        return sum(self.after.get(tuple(last[-1:]), Counter()).values())

    def naive(self, last: Sequence[int]) -> np.ndarray:
        """The answer anybody could give: what is gone to most often, wherever one comes from."""
        p = np.zeros(self.n)
        for stop, times in self.after.get((), Counter()).items():
            p[stop] = times
        if len(last):
            p[last[-1]] = -1.0
        return p


def rank(p: np.ndarray, true: int) -> float:
    """Which guess is right, 1 for the first; equals share their ranks, so that order wins nothing.

    >>> rank(np.array([0.5, 0.25, 0.25]), 2)
    2.5
    """
    return float((p > p[true]).sum() + 1 + ((p == p[true]).sum() - 1) / 2)
