"""Knobs as somebody outside tells them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import pytest

from analysis import methods
from errors import KnobRefused


@dataclass(frozen=True)
class Made:
    FAMILY = "hotspots"
    cell_m: float = methods.knob(500.0, "How wide a cell is", unit="m", least=10, most=100_000)
    rings: int = methods.knob(1, "Rings of neighbours", least=1, most=9)
    weight: str = methods.knob("count", "What is added up", choices=("count", "kg"))
    clipped: bool = methods.knob(True, "Land alone")


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setitem(methods._WHERE, "made", f"{__name__}:Made")
    monkeypatch.setattr(methods, "import_module", lambda where: type("module", (), {"Made": Made}) if where == __name__ else import_module(where))


def test_texts_become_what_the_knob_is():
    assert methods.made("made", {"cell_m": "250", "rings": "2", "weight": "kg", "clipped": "false"}) == Made(250.0, 2, "kg", False)
    assert methods.made("made", {}) == Made() and [k.kind for k in methods.knobs(Made)] == ["float", "int", "str", "bool"]


@pytest.mark.parametrize("told, words", [
    ({"cell_m": "wide"}, "cell_m must be a number, not 'wide'"), ({"cell_m": "nan"}, "from 10 to 100000 m, not nan"), ({"cell_m": 1e9}, "from 10 to 100000 m"),
    ({"rings": "1.5"}, "rings must be a whole number"), ({"rings": 0}, "from 1 to 9, not 0"), ({"weight": "tons"}, "one of count, kg"), ({"clipped": "yes"}, "true or false"),
    ({"__class__": 1}, "no knob '__class__'; it has cell_m, rings, weight, clipped"),
])
def test_a_knob_that_may_not_be_that_is_refused(told, words):
    with pytest.raises(KnobRefused, match=words):
        methods.made("made", told)


def test_an_unknown_method_is_refused_with_those_there_are():
    with pytest.raises(KnobRefused, match="no method 'os'; there are .*made"):
        methods.by_name("os")


def test_every_method_says_what_it_is():
    """Those of the house, not of this test."""
    for name in sorted(set(methods._WHERE) - {"made"}):
        method = methods.by_name(name)
        assert method.NAME == name and method.FAMILY in ("hotspots", "forecast", "routes", "effect", "allocate")
        assert method.TITLE and method.VERSION and method.NEEDS >= 1 and method.SOURCE and method.LEGEND and methods.made(name, {}) is not None
        assert method.__doc__ and ">>>" in method.__doc__ + (method.apply.__doc__ or ""), f"{name} has no example"
