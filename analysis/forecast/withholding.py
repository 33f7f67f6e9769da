"""The one rule by which a forecast is withheld: where it does not surely say more than the best plain baseline, it says nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.forecast.scores import Tried, blocks, gain

LEAST_ORIGINS = 10  # scored; fewer carry no interval


@dataclass(frozen=True)
class Verdict:
    """Whether a forecast is shown. `gain` is how much it is better than the best baseline: value, low, high, by 'log' and 'pai'; `best` its name by each, as it
    stands at the end; `scored` which origins are scored, after those the baseline is first chosen on."""

    withheld: bool
    words: str
    best: dict[str, str]
    gain: dict[str, tuple[float, float, float]]
    scored: slice


def warm(origins: int) -> int:
    """How many of the first origins are for choosing alone: a quarter of them, four at least."""
    return min(max(4, origins // 4), origins)


def judged(ours: Tried, baselines: dict[str, Tried], share: float, seed: int = 0) -> Verdict:
    """Held against the best baseline by log score and the best by PAI, with the lower end of both paired intervals above zero.

    Which baseline is best is told anew at each origin by those before it, never by what it is held against.
    """
    origins = len(ours)
    scored = slice(warm(origins), origins)
    names = sorted(baselines)
    left = origins - scored.start
    chosen = {measure: _best(np.array([getattr(baselines[n], part) for n in names])) for measure, part in (("log", "log"), ("pai", "hit"))}
    best = {measure: names[at[-1]] for measure, at in chosen.items()}
    if left < LEAST_ORIGINS:
        words = f"no forecast: it could be tried on {left} earlier times, {LEAST_ORIGINS} are needed. Take a longer time or a shorter horizon"
        return Verdict(True, words, best, {}, scored)
    if not ours.found[scored].sum() > 0:
        return Verdict(True, "no forecast: nothing was found at any of the times it was tried on", best, {}, scored)
    theirs = {measure: Tried.all([baselines[names[k]].only(slice(i, i + 1)) for i, k in enumerate(at[:-1])]).only(scored) for measure, at in chosen.items()}
    taken = blocks(left, seed=seed)
    gains = {measure: gain(ours.only(scored), theirs[measure], share, taken)[measure] for measure in theirs}
    lost = [measure for measure, (_, low, _) in gains.items() if not low > 0]
    if not lost:
        words = f"better than {_and(best)} at {left} times it was tried on"
    else:
        words = f"no better than {best[lost[0]]}: {' and '.join(_lost(m, gains[m]) for m in lost)}, at {left} times it was tried on"
    return Verdict(bool(lost), words, best, gains, scored)


def _best(values: np.ndarray) -> np.ndarray:
    """Of values (baselines, origins) the best by all origins before each, and after the last: shape (origins + 1,)."""
    before = np.cumsum(np.concatenate([np.zeros((len(values), 1)), values], axis=1), axis=1)
    return before.argmax(axis=0)


def _lost(measure: str, gain: tuple[float, float, float]) -> str:
    value, low, high = gain
    name = "log score a find" if measure == "log" else "PAI"
    return f"{name} differs by {value:+.3f} ({low:+.3f} to {high:+.3f})"


def _and(best: dict[str, str]) -> str:
    return " and ".join(dict.fromkeys(best.values()))
