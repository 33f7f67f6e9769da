"""Gradient boosting: how many times more or fewer than counts alone say, learnt from what units looked like before and what came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from analysis.forecast.baselines import YEAR, Window
from analysis.forecast.features import features
from analysis.forecast.history import History
from analysis.forecast.threads import one_thread

CUTS = 24  # times of the past that are learnt from, a month or a horizon apart
ROWS = 120_000  # learnt from at most; of rows where nothing came some stand for others
ROUNDS = 100
CHECKED = 0.25  # share of the latest cuts by which is told how many rounds are good
LEAST_TOLD = 1.05  # a factor nearer to one is not told


@dataclass(frozen=True)
class Boosting:
    """Trees for Poisson numbers over what counts of the last year expect (scikit-learn's histogram gradient boosting).

    How many rounds is told by the latest cuts before the end of what is known; where none helps, counts stand as they are. What a row looks like is
    what was known before its cut. Source: Friedman 2001; Ke et al. 2017; features as in Flaherty et al. and HunchLab's public slides.
    """

    seed: int = 0
    name: str = "boosting"
    KEEPS = True

    def fitted(self, known: History, horizon: int) -> BoostingFit:
        rows = [self._cut(known, cut, horizon) for cut in self._cuts(known, horizon)]
        rows = [r for r in rows if r is not None]
        checked = max(1, round(CHECKED * len(rows)))
        if len(rows) - checked < 2:
            return BoostingFit(None, 0)
        trees = self._trees(ROUNDS, rows[:-checked])
        if trees is None:
            return BoostingFit(None, 0)
        told = np.zeros(ROUNDS + 1)
        for table, base, came, _ in rows[-checked:]:
            with one_thread():
                told += [-base.sum(), *(came @ np.log(times) - base @ times for times in trees.staged_predict(table))]  # Poisson's, but for what all rounds share
        rounds = int(told.argmax())
        return BoostingFit(self._trees(rounds, rows) if rounds else None, rounds)

    def _cuts(self, known: History, horizon: int) -> list[int]:
        """Days, the earliest first; each horizon is over by the end, and half a year lies before."""
        first = known.counts.first + min(YEAR // 2, max(known.counts.days // 3, 1))
        return list(range(known.end - horizon, first - 1, -max(horizon, 30)))[:CUTS][::-1]

    def _cut(self, known: History, cut: int, horizon: int) -> tuple | None:
        then = known.before(cut)
        base = Window(YEAR).expected(then, horizon)
        came = known.counts.window(cut, cut + horizon)
        return features(then, horizon, base)[0], base * known.counts.share(cut, cut + horizon), came, cut

    def _trees(self, rounds: int, rows: list[tuple]) -> HistGradientBoostingRegressor | None:
        tables, bases, cames, weights = [], [], [], []
        for table, base, came, cut in rows:
            taken, weight = self._taken(came, len(rows), cut)
            tables.append(table[taken])
            bases.append(base[taken])
            cames.append(came[taken])
            weights.append(weight)
        base, came = np.concatenate(bases), np.concatenate(cames)
        if not came.sum() > 0:
            return None
        trees = HistGradientBoostingRegressor(loss="poisson", learning_rate=0.06, max_iter=rounds, max_leaf_nodes=8, min_samples_leaf=200, l2_regularization=1.0,
                                              early_stopping=False, random_state=self.seed)
        # Weighted by what counts expect, the deviance of came / base is that of came with the logarithm of base as its offset.
        with one_thread():
            return trees.fit(np.concatenate(tables), came / base, sample_weight=base * np.concatenate(weights))

    def _taken(self, came: np.ndarray, cuts: int, cut: int) -> tuple[np.ndarray, np.ndarray]:
        some = came > 0
        room = max(ROWS // cuts - int(some.sum()), ROWS // cuts // 4)
        share = min(1.0, room / max(int((~some).sum()), 1))
        drawn = some | (np.random.default_rng((self.seed, cut)).random(came.size) < share)
        return drawn, np.where(some, 1.0, 1 / share)[drawn]


@dataclass(frozen=True)
class BoostingFit:
    """The trees, or none where nothing helped."""

    trees: HistGradientBoostingRegressor | None
    rounds: int

    def expected(self, known: History, horizon: int) -> np.ndarray:
        base = Window(YEAR).expected(known, horizon)
        return base * self._times(features(known, horizon, base)[0]) if self.trees is not None else base

    def why(self, known: History, horizon: int) -> list[str]:
        base = Window(YEAR).expected(known, horizon)
        told = [f"{b:.2g} by counts of the last year" for b in base]
        if self.trees is None:
            return told
        names, factors = self.factors(known, horizon, base)
        order = np.argsort(-np.abs(np.log(factors)), axis=1)[:, :3]
        for i, best in enumerate(order):
            said = [f"× {factors[i, k]:.2g} {names[k]}" for k in best if abs(np.log(factors[i, k])) >= np.log(LEAST_TOLD)]
            told[i] = ", ".join([told[i], *said])
        return told

    def factors(self, known: History, horizon: int, base: np.ndarray) -> tuple[list[str], np.ndarray]:
        """Groups of features, and how many times more is expected than if a unit looked as the median unit does in that group: shape (units, groups)."""
        table, groups = features(known, horizon, base)
        whole, middle = self._times(table), np.median(table, axis=0)
        names = list(dict.fromkeys(groups))
        factors = np.empty((len(table), len(names)))
        for k, name in enumerate(names):
            which = np.array([g == name for g in groups])
            hidden = np.where(which, middle, table)
            factors[:, k] = whole / self._times(hidden)
        return names, factors

    def _times(self, table: np.ndarray) -> np.ndarray:
        with one_thread():
            return self.trees.predict(table)

