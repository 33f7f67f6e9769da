"""A kernel density of the points before, in which older ones count for less."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from analysis.forecast.baselines import Plain, earlier
from analysis.forecast.history import History

STEPS = (0, 1, 2, 6, 16)  # of diffusion: on a square grid bandwidths of 0 (the unit alone), 0.8, 1.2, 2 and 3.3 cells
DECAYS = (30.0, 90.0, 365.0)  # days after which a point counts for 1/e
FLAT = (0.02, 0.1, 0.3)  # share that is laid the same everywhere: where nothing was, something may be


@dataclass(frozen=True)
class DecayedKde(Plain):
    """Points as they decay, diffused over neighbouring units. Bandwidth, decay and flat share are those with the best log score over the last windows before.

    Diffusion stays within the ground asked about, so nothing is lost over its edge. Source: kernel density by diffusion, Botev, Grotowski & Kroese 2010;
    checked against the Gaussian itself on a square grid.
    """

    name: str = "decayed KDE"
    tries: int = 4

    def expected(self, known: History, horizon: int) -> np.ndarray:
        steps, decay, flat = self.chosen(known, horizon)
        return dict(self._all(known, horizon, (decay,)))[steps, decay, flat]

    def why(self, known: History, horizon: int) -> list[str]:
        steps, decay, _ = self.chosen(known, horizon)
        recent = known.counts.window(known.end - 90, known.end)
        around = known.units.neighbours @ recent
        words = f"a point counts for 1/e after {decay:.0f} days, {f'spread over {steps} rings' if steps > 1 else 'spread over its neighbours' if steps else 'not spread'}"
        return [f"{own:.3g} here and {near:.3g} beside it in the last 90 days ({words})" for own, near in zip(recent, around)]

    def chosen(self, known: History, horizon: int) -> tuple[int, float, float]:
        """Steps, decay and flat share."""
        told: dict[tuple, float] = {}
        for cut in earlier(known, horizon, self.tries):
            came, share = known.counts.window(cut, cut + horizon), known.counts.share(cut, cut + horizon)
            some = came > 0
            for which, whole in self._all(known.before(cut), horizon, DECAYS):
                expected = share * whole
                told[which] = told.get(which, 0.0) + float(came[some] @ np.log(expected[some]) - expected.sum())
        return max(told, key=told.get) if told else (2, 90.0, 0.1)

    def _all(self, known: History, horizon: int, decays: tuple[float, ...]):
        walk, even = diffusion(known.units.neighbours), known.size / known.size.sum()
        for decay in decays:
            ages = known.counts.days - 1 - np.arange(known.counts.days)
            weight = np.exp(-ages / decay)
            laid = known.counts.weighted(weight)
            total = max(laid.sum(), 0.5 * weight[-1:].sum()) / max(weight @ known.counts.seen, 1e-12) * horizon
            shape = laid / laid.sum() if laid.sum() > 0 else even
            for step in range(STEPS[-1] + 1):
                shape = walk @ shape if step else shape
                if step in STEPS:
                    for flat in FLAT:
                        yield (step, decay, flat), total * ((1 - flat) * shape + flat * even)


def diffusion(neighbours: sparse.csr_array) -> sparse.csr_array:
    """One step: each unit gives the same part to each of its neighbours and keeps the rest; what there is in all stays."""
    degree = np.asarray(neighbours.sum(axis=1)).ravel()
    part = 1.0 / (degree.max(initial=0.0) + 1)
    return (sparse.diags_array(1 - part * degree) + part * neighbours).tocsr()
