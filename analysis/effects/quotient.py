"""The numbers of displacement: six counts to a quotient, net effects, and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

DRAWS = 20_000  # of parts: under many tests a chance of one in ten thousand must be told from one in a thousand
WHOLE_DRAWS = 4000
LITTLE = 0.5  # what a zero is worth: Jeffreys' prior for a Poisson rate


@dataclass(frozen=True)
class Six:
    """Counts before and during: in the operation's area, in the buffer, in the control areas together."""

    operation_before: float
    operation_during: float
    buffer_before: float
    buffer_during: float
    control_before: float
    control_during: float
    length: float = 1.0  # of the operation, in lengths of what is before it

    @property
    def more(self) -> float:
        """What is added to each count before it is divided: nothing, unless a control has none or all stays as it was without."""
        return LITTLE if min(self.control_before, self.control_during) == 0 else 0.0

    @property
    def gross(self) -> float:
        """Fewer in the operation's area than before, at one length. Source: Guerette 2009."""
        return self.operation_before * self.length - self.operation_during

    @property
    def prevented(self) -> float:
        """Fewer in the operation's area than the controls let expect. Source: the first part of Guerette's total net effect."""
        return _fewer(self.operation_before, self.operation_during, self)

    @property
    def moved(self) -> float:
        """Fewer in the buffer than the controls let expect; under 0 is more. Source: the second part of it."""
        return _fewer(self.buffer_before, self.buffer_during, self)

    @property
    def total(self) -> float:
        """Total net effect: what was prevented in both together. Source: Guerette 2009."""
        return self.prevented + self.moved

    @property
    def wdq(self) -> float:
        """Weighted displacement quotient; NaN where the operation's area changed as the controls did. Source: Bowers & Johnson 2003.

        >>> round(Six(100, 50, 60, 75, 200, 200).wdq, 9), Six(100, 50, 60, 75, 200, 200).total
        (-0.3, 35.0)
        """
        a, b, more = self.control_during + self.more, self.control_before + self.more, self.more
        success = (self.operation_during + more) / a - (self.operation_before + more) / b
        beside = (self.buffer_during + more) / a - (self.buffer_before + more) / b
        return float("nan") if abs(success) < 1e-12 else beside / success


def _fewer(before: float, during: float, six: Six) -> float:
    more = six.more
    return (before + more) * (six.control_during + more) / (six.control_before + more) - (during + more)


def drawn(counts: np.ndarray, phi: float, rng: np.random.Generator, draws: int = DRAWS) -> np.ndarray:
    """Rates that counts may have come from, shape (draws, n): a gamma each with the count's mean (and a half) and `phi` times its spread.

    A parametric bootstrap that stays whole at zero, where drawing again from nothing gives nothing.
    """
    return rng.gamma((np.asarray(counts, float) + LITTLE) / phi, phi, size=(draws, len(counts)))


def overdispersion(before: np.ndarray, during: np.ndarray, blocks: tuple[int, ...] = (1, 4, 8, 13)) -> float:
    """How much more counts (areas × steps, of each period) scatter than chance, 1 or more, once levels and the common course are taken out.

    Pearson's statistic of independence over its degrees of freedom, with the steps taken by one and in longer blocks, as what lingers shows in sums; made
    larger by Student's t where it is known from few of them. The largest counts: a claim that is wrong costs more than one that is not made.
    """
    largest = 1.0
    for block in blocks:
        parts = [_table(before[:, before.shape[1] % block:], block), _table(during, block)]
        statistic, free = (sum(values) for values in zip(*(_independence(p) for p in parts)))
        if free > 0:
            largest = max(largest, statistic / free * float(t.ppf(0.975, free) / norm.ppf(0.975)) ** 2)
    return largest


def drift(places: np.ndarray) -> float:
    """How much more places where nothing was done changed from before to during than chance, 1 or more, of counts (places, 2).

    What no look at weeks shows: that places drift apart for good. Of real seizures this is most of it.
    """
    statistic, free = _independence(places)
    return max(1.0, statistic / free * float(t.ppf(0.975, free) / norm.ppf(0.975)) ** 2) if free else 1.0


def _table(counts: np.ndarray, block: int) -> np.ndarray:
    areas, whole = counts.shape[0], counts.shape[1] // block
    return counts[:, :whole * block].reshape(areas, whole, block).sum(axis=2)


def _independence(table: np.ndarray) -> tuple[float, int]:
    # Areas or steps with nothing say nothing.
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    free = (table.shape[0] - 1) * (table.shape[1] - 1)
    if free < 1:
        return 0.0, 0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(((table - expected) ** 2 / expected).sum()), free


def interval(draws: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """The middle share of draws."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def two_sided(logs: np.ndarray) -> float:
    """How seldom draws lie on the other side of 0, both ways; never under what so many draws can tell."""
    n = len(logs)
    return min(1.0, 2 * (min(int((logs >= 0).sum()), int((logs <= 0).sum())) + 1) / (n + 1))


class Effect:
    """What six counts say of an operation, by draws."""

    def __init__(self, six: Six, phi: float, rng: np.random.Generator):
        self.six = six
        rates = drawn(np.array([six.operation_before, six.operation_during, six.buffer_before, six.buffer_during, six.control_before, six.control_during]), phi, rng, WHOLE_DRAWS)
        rb, ra, db, da, cb, ca = rates.T
        self.logs = np.log(ra * cb / (rb * ca))
        self.wdq = (da / ca - db / cb) / (ra / ca - rb / cb)
        self.prevented, self.moved = rb * ca / cb - ra, db * ca / cb - da

    def score(self, carried: bool) -> dict:
        """What is told of the whole; a quotient only where there is something to be a quotient of."""
        low, high = interval(self.logs)
        claimed = ("fell" if high < 0 else "rose" if low > 0 else "none") if carried else "none"
        out = {"effect_claimed": claimed, "gross": self.six.gross, "prevented": self.six.prevented, "prevented_95": list(interval(self.prevented)),
               "total": self.six.total, "total_95": list(interval(self.prevented + self.moved)), "change_pct_95": [100 * float(np.expm1(v)) for v in (low, high)],
               "wdq": None, "wdq_95": None, "displacement_claimed": "none"}
        if claimed == "fell" and self.six.buffer_before + self.six.buffer_during > 0:
            quotient = interval(self.wdq)
            out |= {"wdq": self.six.wdq, "wdq_95": list(quotient), "displacement_claimed": "displacement" if quotient[1] < 0 else "diffusion" if quotient[0] > 0 else "none"}
        return out


# ref: the scale of Bowers & Johnson 2003, as Clarke & Eck tell people to read it; words are ours.
LADDER: tuple[tuple[float, str], ...] = (
    (1.05, "the ground beside it gained more than the operation's own area"), (0.95, "the ground beside it gained as much as the operation's own area"),
    (0.05, "the ground beside it gained too, less than the operation's own area"), (-0.05, "the ground beside it stayed as the controls did"),
    (-0.95, "a part of what was gained moved to the ground beside it"), (-1.05, "as much as was gained moved to the ground beside it"),
)


def read(wdq: float) -> str:
    """What a quotient says, where the operation's own area did better than the controls.

    >>> read(-0.3), read(-2)
    ('a part of what was gained moved to the ground beside it', 'the ground beside it lost more than was gained')
    """
    return next((words for least, words in LADDER if wdq >= least), "the ground beside it lost more than was gained")
