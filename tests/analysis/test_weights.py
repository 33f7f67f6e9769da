"""What a seizure counts, and that one of tons, unknown weights and choices of a table are said, not hidden."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.points import checked
from analysis.weights import Weighing, severity
from data.records import DRUGS
from errors import PointsRefused


def seizures(**columns) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    return checked(pd.DataFrame({"lon": np.zeros(n), "lat": np.zeros(n), **columns}), method="test")


def test_a_count_is_one_each_and_says_nothing():
    weighed = Weighing().weighed(seizures(kg=[8000.0, None]))
    assert weighed.of.tolist() == [1, 1] and weighed.unit == "seizures" and weighed.limits == []


def test_unknown_weights_count_nothing_and_are_told():
    weighed = Weighing("kg").weighed(seizures(kg=[1.0, None, 2.0, None] * 10))
    assert weighed.of.sum() == 30 and weighed.limits == ["20 of 40 seizures have no weight known and add no kilograms."]
    guessed = Weighing("kg", unknown_kg="median").weighed(seizures(kg=[1.0, 3.0, None, 50.0, None, None], drug=["cocaine"] * 3 + ["cannabis"] * 2 + ["heroin"]))
    assert guessed.of.tolist() == [1, 3, 2, 50, 50, 3] and "which is a guess" in guessed.limits[0]


def test_eight_tons_among_grams_are_said_and_can_be_held_down():
    kg = [0.005] * 99 + [8000.0]
    loud = Weighing("kg").weighed(seizures(kg=kg))
    assert loud.of.max() == 8000 and loud.limits[0].startswith("One seizure of 8,000 kg is 100 % of all kilograms")
    held = Weighing("kg", cap=0.95).weighed(seizures(kg=kg))
    assert held.of.max() == 0.005 and held.limits == ["1 seizures of more than 0.005 kg count as 0.005 kg: 100 % of all kilograms is left out."]


def test_no_weights_at_all_are_refused():
    with pytest.raises(PointsRefused, match="none of 2 seizures has a weight: weigh by count"):
        Weighing("kg").weighed(seizures(kg=[None, 0.0]))
    with pytest.raises(PointsRefused, match="has a drug"):
        Weighing("severity").weighed(seizures(kg=[1.0]))


def test_scores_are_the_papers_highest_of_a_class():
    # ref: Nutt, King & Phillips 2010, figure 2, by the authors' data for it
    paper = {"heroin": 55.2, "crack cocaine": 54.1, "methamphetamine": 32.8, "cocaine": 27.3, "amphetamine": 23.2, "cannabis": 20.0, "ecstasy": 9.1}
    judged = {drug: row for drug, row in severity().items() if row["judged"]}
    assert {k: v for row in judged.values() for k, v in row["paper"].items()} == paper and all(row["score"] == round(max(row["paper"].values())) for row in judged.values())
    assert not any("paper" in row for drug, row in severity().items() if drug not in judged)


def test_every_drug_has_a_score_with_its_reason():
    assert set(severity()) == set(DRUGS) and all(0 < row["score"] <= 100 and row["why"] and isinstance(row["judged"], bool) for row in severity().values())
    weighed = Weighing("severity").weighed(seizures(drug=["heroin", "opioid", ""]))
    assert weighed.of.tolist() == [55, 55, 0] and any("opioid is a choice" in s for s in weighed.limits) and any("1 of 3" in s for s in weighed.limits)
