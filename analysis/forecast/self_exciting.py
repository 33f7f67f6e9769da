"""A self-exciting process: a background in each unit, and finds that make more finds likely for a while, there and beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from analysis.forecast.baselines import alike, shrunk
from analysis.forecast.counts_in_time import Counts
from analysis.forecast.history import History
from analysis.forecast.threads import one_thread

DECAYS = (2.0, 7.0, 30.0)  # mean days after which a find is followed
PLACES = ("here", "beside")
MOST_ROUNDS = 500
CLOSE = 1e-6  # gain in log likelihood a find at which it has converged
HELD = 8  # rounds after which how alike backgrounds are is held, so that every later round climbs


@dataclass(frozen=True)
class SelfExciting:
    """Expected on a day in a unit: its background, and for each find before it a number that decays by days (exponential, a mixture of DECAYS), in the same unit
    and shared out over its neighbours. Fitted by EM: each find is divided among what may have made it.

    Day by day, so finds of one day in one unit count as background, not as one made by the other. The background of a unit is drawn towards the mean as
    far as chance goes. Source: Mohler et al. 2011, EM by Veen & Schoenberg 2008; checked on made data of known branching ratio.
    """

    name: str = "self-exciting"
    KEEPS = True

    def fitted(self, known: History, horizon: int) -> SelfExcitingFit:
        with one_thread():
            return self._fitted(known)

    def _fitted(self, known: History) -> SelfExcitingFit:
        unit, day, n = known.counts.events()
        # Of the newest days not all is known: each find stands for as many as there are likely to be, and the days for as much as is seen of them.
        seen, (_, _, made) = known.counts.seen, known.counts.filled().events()
        days, total = known.counts.days_seen(known.counts.first, known.end), float(n.sum())
        place = beside(known.units.neighbours)
        if total <= 0:
            return SelfExcitingFit(shrunk(np.zeros(len(known.units)), known.size) / days, np.zeros((len(PLACES), len(DECAYS))), place, (), True)
        before = excitement(known.counts.filled(), place).reshape(len(PLACES) * len(DECAYS), -1)
        # What each part would give in all by now, of one made by each find: the part of it that lies in the days known, and is seen of them.
        left = np.array([_left(np.exp(-1 / d), seen)[day] for d in DECAYS])
        reach = np.tile((left * made).sum(axis=1), len(PLACES))
        background = shrunk(np.bincount(unit, n, len(known.units)), known.size) / days * 0.8
        weights = np.full(len(before), 0.2 / len(before))
        shape, trace, converged = np.nan, [], False
        rate = background[unit] + weights @ before
        while len(trace) < MOST_ROUNDS and not converged:
            own = np.bincount(unit, n * background[unit] / rate, len(known.units))
            if len(trace) < HELD:
                shape = alike(own, known.size)
            weight = known.size / known.size.mean()
            mean = max(own.sum() / weight.sum(), 1e-12)
            background = (own + shape * weight) / (1 + shape / mean) / days
            weights = weights * (before @ (n / rate)) / np.maximum(reach, 1e-12)
            # The prior's part as well: it is the sum that EM climbs.
            prior = float((shape * weight * np.log(np.maximum(background, 1e-300) / mean) - shape * days * background / mean).sum())
            rate = background[unit] + weights @ before
            trace.append(float(n @ np.log(rate)) - background.sum() * days - float(weights @ reach) + prior)
            converged = len(trace) > HELD and bool(trace[-1] - trace[-2] < CLOSE * total)
        return SelfExcitingFit(background, weights.reshape(len(PLACES), len(DECAYS)), place, tuple(trace), converged)


@dataclass(frozen=True)
class SelfExcitingFit:
    """`background` (units,) a day; `weights` (PLACES, DECAYS): how many one find makes, there and beside it, soon and later; their sum is the branching ratio.
    `trace` is the log likelihood, with what draws backgrounds together, after each round; `converged` that it climbed no more."""

    background: np.ndarray
    weights: np.ndarray
    place: sparse.csr_array
    trace: tuple[float, ...]
    converged: bool

    @property
    def branching(self) -> float:
        return float(self.weights.sum())

    def expected(self, known: History, horizon: int) -> np.ndarray:
        return self.background * horizon + self.triggered(known, horizon)

    def triggered(self, known: History, horizon: int) -> np.ndarray:
        """What follows from what was found, and from what is expected to be, on its way through the horizon: shape (units,)."""
        kept = np.exp(-1 / np.array(DECAYS))
        ages = known.counts.days - 1 - np.arange(known.counts.days)
        filled = known.counts.filled()
        state = np.stack([filled.weighted((1 - k) * k**ages) for k in kept], axis=1)
        made = np.zeros(len(self.background))
        for _ in range(horizon):
            rate = state @ self.weights[0] + self.place @ (state @ self.weights[1])
            made += rate
            state = state * kept + (self.background + rate)[:, None] * (1 - kept)
        return made

    def why(self, known: History, horizon: int) -> list[str]:
        followed = self.triggered(known, horizon)
        share = followed / (followed + self.background * horizon)
        recent = known.counts.window(known.end - 28, known.end)
        around = known.units.neighbours @ recent
        return [f"{1 - s:.0%} background of this place, {s:.0%} follows finds before: {own:.3g} here and {near:.3g} beside it in the last 28 days"
                for s, own, near in zip(share, recent, around)]


def beside(neighbours: sparse.csr_array) -> sparse.csr_array:
    """Shares what is in a unit out over its neighbours; one that has none keeps it."""
    degree = np.asarray(neighbours.sum(axis=0)).ravel()
    alone = (degree == 0).astype(float)
    return (neighbours @ sparse.diags_array(1 / np.maximum(degree, 1)) + sparse.diags_array(alone)).tocsr()


def _left(kept: float, seen: np.ndarray) -> np.ndarray:
    """(days,): how much of what follows a find of each day, in shares that sum to 1, lies in the days after it up to now and is seen of them."""
    if (seen == 1).all():
        return 1 - kept ** (seen.size - 1 - np.arange(seen.size))
    out = np.zeros(seen.size)
    for day in range(seen.size - 2, -1, -1):
        out[day] = kept * out[day + 1] + (1 - kept) * seen[day + 1]
    return out


def excitement(counts: Counts, place: sparse.csr_array) -> np.ndarray:
    """At each find (unit and day), what the finds of the days before it add up to by PLACES and DECAYS, each find's share of time summing to 1."""
    table, kept = counts.table, np.exp(-1 / np.array(DECAYS))
    out = np.zeros((len(PLACES), len(DECAYS), table.nnz))
    state, last = np.zeros((table.shape[0], len(DECAYS))), 0
    for day in np.flatnonzero(np.diff(table.indptr)):
        a, b = table.indptr[day], table.indptr[day + 1]
        state *= kept ** (day - last)
        at = table.indices[a:b]
        out[0, :, a:b] = state[at].T
        out[1, :, a:b] = (place[at] @ state).T
        state[at] += table.data[a:b, None] * (1 - kept) / kept
        last = day
    return out

