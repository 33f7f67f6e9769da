"""What each seizure counts: one, its kilograms, or how severe its drug is; and what has to be said of it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.exact import total
from analysis.methods import knob
from errors import KnobRefused, PointsRefused

TABLE = Path(__file__).with_name("severity.toml")
UNITS = {"count": "seizures", "kg": "kg", "severity": "points of severity"}
LARGE_SHARE = 0.1  # of all kilograms, in one seizure: said


@dataclass(frozen=True)
class Weighed:
    """`of` (points,) is what each counts, in `unit`; `limits` are sentences."""

    of: np.ndarray
    unit: str
    limits: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Facts:
    """What has to be said of weights, of a part or of all: how many rows, how many count nothing, all together, the most of one, and drugs of the table."""

    rows: int
    nothing: int
    total: float
    most: float
    drugs: frozenset[str]

    def plus(self, other: Facts) -> Facts:
        return Facts(self.rows + other.rows, self.nothing + other.nothing, self.total + other.total, max(self.most, other.most), self.drugs | other.drugs)


@dataclass(frozen=True)
class Weighing:
    """The knobs of a method that adds something up."""

    weight: str = knob("count", "What is added up: seizures, kilograms, or the severity of their drugs", choices=tuple(UNITS))
    unknown_kg: str = knob("nothing", "What a seizure of unknown weight counts in kilograms: nothing, or the median of its drug", choices=("nothing", "median"))
    cap: float = knob(1.0, "Share of seizures whose kilograms count in full; larger ones count as the largest of these (0.95 is common, 1 counts all in full)",
                      least=0.5, most=1.0)

    def weighed(self, points: pd.DataFrame) -> Weighed:
        """What each point counts. Raises PointsRefused where nothing has a weight.

        >>> tons = pd.DataFrame({"kg": [1.0, 2.0, np.nan, 8000.0], "drug": "cocaine"})
        >>> Weighing("kg").weighed(tons).limits[1]
        'One seizure of 8,000 kg is 100 % of all kilograms: where it was found outweighs everything else. Set cap to 0.95 to hold it down, or weigh by count.'
        >>> Weighing("kg", cap=0.5).weighed(tons).of.tolist()
        [1.0, 2.0, 0.0, 2.0]
        """
        if self.weight == "count":
            return Weighed(np.ones(len(points)), UNITS["count"])
        if self.weight == "severity":
            of, facts = self.weighed_part(points)
            return Weighed(of, UNITS[self.weight], self.said(facts))
        of, limits = self._kilograms(points)
        self._refuse_nothing(len(of), of.sum())
        return Weighed(of, UNITS[self.weight], limits)

    def weighed_part(self, points: pd.DataFrame) -> tuple[np.ndarray, Facts]:
        """What each point of a part counts, and what is to be said of it with all others (`said`). Raises KnobRefused where a knob needs all points at once."""
        drugs: set[str] = set()
        if self.weight == "count":
            of, nothing = np.ones(len(points)), 0
        elif self.weight == "severity":
            of = points.drug.map({drug: row["score"] for drug, row in severity().items()}).fillna(0.0).to_numpy(float)
            nothing, drugs = int((of == 0).sum()), set(points.drug) & set(severity())
        elif self.unknown_kg != "nothing" or self.cap < 1:
            raise KnobRefused("a median and a cap need all weights at once: in parts, leave unknown_kg at nothing and cap at 1")
        else:
            kg = points.kg.to_numpy(float)
            of, nothing = np.where(np.isnan(kg), 0.0, kg), int(np.isnan(kg).sum())
        return of, Facts(len(of), nothing, total(of), float(of.max(initial=0.0)), frozenset(drugs))

    def said(self, facts: Facts) -> list[str]:
        """Sentences of all parts' facts. Raises PointsRefused where nothing has a weight."""
        if self.weight == "count":
            return []
        self._refuse_nothing(facts.rows, facts.total)
        if self.weight == "severity":
            return _of_severity(facts)
        unknown = [f"{_unknown(facts.nothing, facts.rows)} and add no kilograms."] if facts.nothing else []
        return [*unknown, *_of_one(facts.most, facts.total, facts.rows)]

    def _refuse_nothing(self, rows: int, all_: float) -> None:
        if rows and not all_ > 0:
            raise PointsRefused(f"none of {rows} seizures has {'a weight' if self.weight == 'kg' else 'a drug'}: weigh by count")

    def _kilograms(self, points: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
        kg, limits = points.kg.to_numpy(float), []
        unknown = np.isnan(kg)
        if unknown.any():
            of = _unknown(int(unknown.sum()), len(kg))
            if self.unknown_kg == "median" and not unknown.all():
                medians = points.kg.groupby(points.drug).transform("median").fillna(np.nanmedian(kg))
                kg = np.where(unknown, medians, kg)
                limits.append(f"{of}: each counts as the median of its drug, which is a guess.")
            else:
                kg = np.where(unknown, 0.0, kg)
                limits.append(f"{of} and add no kilograms.")
        if self.cap < 1 and (kg > 0).any():
            most = float(np.quantile(kg[kg > 0], self.cap, method="lower"))
            capped = kg > most
            if capped.any():
                left = _percent((kg - most)[capped].sum() / kg.sum())
                limits.append(f"{int(capped.sum()):,} seizures of more than {most:,.6g} kg count as {most:,.6g} kg: {left} of all kilograms is left out.")
            kg = np.minimum(kg, most)
        else:
            limits += _of_one(float(kg.max(initial=0.0)), total(kg), len(kg))
        return kg, limits


def _unknown(unknown: int, rows: int) -> str:
    return f"{unknown:,} of {rows:,} seizures have no weight known"


def _of_one(most: float, all_: float, rows: int) -> list[str]:
    if not (all_ > 0 and rows > 1 and most > LARGE_SHARE * all_):
        return []
    return [f"One seizure of {most:,.6g} kg is {_percent(most / all_)} of all kilograms: where it was found outweighs everything else. "
            "Set cap to 0.95 to hold it down, or weigh by count."]


def _of_severity(facts: Facts) -> list[str]:
    limits = ["Severity is the harm score of a drug's class, whatever the quantity (Nutt, King & Phillips 2010; one country's judgement)."]
    chosen = sorted(drug for drug in facts.drugs if not severity()[drug]["judged"])
    if chosen:
        limits.append(f"The score of {' and '.join(chosen)} is a choice of this table's, not the paper's.")
    if facts.nothing:
        limits.append(f"{facts.nothing:,} of {facts.rows:,} seizures have no drug of the table and add nothing.")
    return limits


@lru_cache(maxsize=1)
def severity() -> dict[str, dict]:
    """The table: class of drug, its score, and whether the source judged it."""
    return tomllib.loads(TABLE.read_text())


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "under 1 %"
