"""How often effects of an operation are claimed where there is none, and how often a planted one lies within its interval, over made worlds.

Counts a week of four areas with a common season: the operation's, its buffer and two controls. Worlds differ in how counts scatter, how each area's own ups and
downs linger, how many there are. In the planted ones 60 % of the area's seizures are prevented and 30 % of these turn up in the buffer.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from analysis.effects.quotient import Effect, Six, overdispersion
from analysis.effects.series import broken
from analysis.effects.synthetic import SURE, placebo
from benchmarks.tables import show

EFFECT, MOVED = 0.6, 0.3
BASE = {"operation": 6.0, "buffer": 4.0, "north": 6.0, "west": 6.0}
FEW, MANY = dict.fromkeys(BASE, 1.0), dict.fromkeys(BASE, 40.0)
WORLDS: dict[str, dict] = {
    "chance": {}, "few: 1 a week": {"base": FEW}, "scatter 1/k 0.3": {"scatter": 0.3}, "linger 0.5": {"linger": 0.5}, "linger 0.8": {"linger": 0.8},
    "many: 40 a week, linger 0.5": {"base": MANY, "linger": 0.5}, "short: 26 and 8 weeks": {"before": 26, "during": 8},
}


def main(args: list[str]) -> int:
    asked = argparse.ArgumentParser(prog="vigia bench effects", description=__doc__.split("\n")[0])
    asked.add_argument("--worlds", type=int, default=1000, help="of each kind")
    worlds = asked.parse_args(args).worlds
    _displacement(worlds)
    _series(worlds)
    _synthetic(worlds)
    return 0


def _displacement(worlds: int) -> None:
    rows = []
    for name, knobs in WORLDS.items():
        begin = time.perf_counter()
        none, planted = ([quotient(seed, knobs, effect) for seed in range(worlds)] for effect in (0.0, EFFECT))
        fell = [s for s in planted if s["effect_claimed"] == "fell"]
        rows.append([name, _share(s["effect_claimed"] != "none" for s in none), _share(s["effect_claimed"] == "fell" for s in planted),
                     _share(s["wdq_95"][0] <= -MOVED <= s["wdq_95"][1] for s in fell), _share(s["displacement_claimed"] == "displacement" for s in fell),
                     f"{1000 * (time.perf_counter() - begin) / worlds / 2:.0f} ms"])
    show(["world", "claimed, none planted", "claimed, planted", "30 % within its interval", "called displacement", "a world"], rows,
         title=f"Displacement: {worlds:,} worlds of each kind; a quotient is given where a fall is claimed")


def _series(worlds: int) -> None:
    rows = []
    for name, knobs in WORLDS.items():
        none, planted = ([series(seed, knobs, effect) for seed in range(worlds)] for effect in (0.0, EFFECT))
        rows.append([name, _share(b.low > 0 or b.high < 0 for b in none), _share(b.high < 0 for b in planted), _share(b.low <= np.log(1 - EFFECT) <= b.high for b in planted)])
    show(["world", "claimed, none planted", "claimed, planted", "60 % within its interval"], rows, title=f"Interrupted series: {worlds:,} worlds of each kind")


def _synthetic(worlds: int) -> None:
    rows = [[name, _share(synthetic(seed, knobs, 0.0) for seed in range(worlds)), _share(synthetic(seed, knobs, EFFECT) for seed in range(worlds))]
            for name, knobs in WORLDS.items()]
    show(["world", "claimed, none planted", "claimed, planted"], rows, title=f"Synthetic control of 39 other areas, steps of 4 weeks: {worlds:,} worlds of each kind")


def weeks(rng: np.random.Generator, base: dict[str, float], before: int, during: int, effect: float, displaced: float, scatter: float, linger: float) -> dict[str, np.ndarray]:
    """Counts a week by zone. `effect` of what the operation's area would have had is prevented, `displaced` of that turns up in the buffer; a season is common to
    all; `scatter` is a negative binomial's 1/k, `linger` the correlation from week to week of each area's own ups and downs (spread 0.3)."""
    total = before + during
    season = 1 + 0.3 * np.sin(2 * np.pi * np.arange(total) / 52 + rng.uniform(0, 6))
    out = {}
    for zone, level in base.items():
        mean = np.full(total, float(level))
        if zone == "operation":
            mean[before:] -= level * effect
        if zone == "buffer":
            mean[before:] += base["operation"] * effect * displaced
        if linger:
            noise = rng.standard_normal(total)
            for i in range(1, total):
                noise[i] = linger * noise[i - 1] + np.sqrt(1 - linger**2) * noise[i]
            mean = mean * np.exp(0.3 * noise - 0.045)
        mean = mean * season
        out[zone] = rng.negative_binomial(1 / scatter, 1 / (1 + scatter * mean)) if scatter else rng.poisson(mean)
    return out


def _world(seed: int, knobs: dict, effect: float) -> tuple[dict[str, np.ndarray], int]:
    told = {"base": BASE, "before": 52, "during": 26, "scatter": 0.0, "linger": 0.0} | knobs
    rng = np.random.default_rng(seed)
    return weeks(rng, told["base"], told["before"], told["during"], effect, MOVED, told["scatter"], told["linger"]), told["before"]


def quotient(seed: int, knobs: dict, effect: float) -> dict:
    """What the displacement method says of a world's counts."""
    n, before = _world(seed, knobs, effect)
    table = np.array(list(n.values()))
    both = np.array([table[0], table[1], table[2:].sum(axis=0)])
    six = Six(*(float(row[part].sum()) for row in both for part in (slice(0, before), slice(before, None))), (table.shape[1] - before) / before)
    phi = overdispersion(table[:, :before], table[:, before:])
    return Effect(six, phi, np.random.default_rng(1)).score(min(six.operation_before, six.control_before) >= 10)


def series(seed: int, knobs: dict, effect: float):
    """What the interrupted series says of it."""
    n, before = _world(seed, knobs, effect)
    return broken(n["operation"], n["north"] + n["west"], before)


def synthetic(seed: int, knobs: dict, effect: float) -> bool:
    """Whether a synthetic control claims that it fell or rose."""
    base = (knobs.get("base") or BASE)["operation"]
    n, before = _world(seed, knobs | {"base": {"operation": base, "buffer": 0.0} | {f"place {i}": base for i in range(39)}}, effect)
    table = np.array([counts for zone, counts in n.items() if zone != "buffer"], float)
    table = table[:, before % 4:][:, :(table.shape[1] - before % 4) // 4 * 4].reshape(len(table), -1, 4).sum(axis=2)
    at = before // 4
    table = table[table[:, :at].sum(axis=1) > 0]
    ratios = placebo(table / table[:, :at].mean(axis=1, keepdims=True), at)[1]
    return bool((ratios >= ratios[0]).mean() <= SURE)


def _share(of) -> str:
    told = list(of)
    return f"{np.mean(told):.1%}" if told else "none"
