"""What each seizure counts: one, its kilograms, or how severe its drug is; and what has to be said of it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.methods import knob
from errors import PointsRefused

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
        of, limits = self._kilograms(points) if self.weight == "kg" else _severities(points)
        if len(of) and not of.sum() > 0:
            raise PointsRefused(f"none of {len(points)} seizures has {'a weight' if self.weight == 'kg' else 'a drug'}: weigh by count")
        return Weighed(of, UNITS[self.weight], limits)

    def _kilograms(self, points: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
        kg, limits = points.kg.to_numpy(float), []
        unknown = np.isnan(kg)
        if unknown.any():
            of = f"{int(unknown.sum()):,} of {len(kg):,} seizures have no weight known"
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
        elif kg.sum() > 0 and len(kg) > 1 and kg.max() > LARGE_SHARE * kg.sum():
            limits.append(f"One seizure of {kg.max():,.6g} kg is {_percent(kg.max() / kg.sum())} of all kilograms: where it was found outweighs everything else. "
                          "Set cap to 0.95 to hold it down, or weigh by count.")
        return kg, limits


def _severities(points: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    table = severity()
    of = points.drug.map({drug: row["score"] for drug, row in table.items()}).fillna(0.0).to_numpy(float)
    limits = ["Severity is the harm score of a drug's class, whatever the quantity (Nutt, King & Phillips 2010; one country's judgement)."]
    chosen = sorted(drug for drug in set(points.drug) & set(table) if not table[drug]["judged"])
    if chosen:
        limits.append(f"The score of {' and '.join(chosen)} is a choice of this table's, not the paper's.")
    if (of == 0).any():
        limits.append(f"{int((of == 0).sum()):,} of {len(of):,} seizures have no drug of the table and add nothing.")
    return of, limits


@lru_cache(maxsize=1)
def severity() -> dict[str, dict]:
    """The table: class of drug, its score, and whether the source judged it."""
    return tomllib.loads(TABLE.read_text())


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "under 1 %"
