"""The forecasts by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.forecast.baselines import BASELINES, WINDOWS, BestOf, Everywhere
from analysis.forecast.boosting import Boosting, BoostingFit
from analysis.forecast.decayed_kde import DecayedKde
from analysis.forecast.forecasting import Forecasting
from analysis.forecast.history import Model
from analysis.forecast.self_exciting import SelfExciting, SelfExcitingFit


@dataclass(frozen=True)
class CountsForecast(Forecasting):
    """Counts over 28, 90 or 365 days or of the same season, whichever was best lately; shown where it is better than the same everywhere.

    >>> import pandas as pd
    >>> from analysis.methods import made
    >>> few = pd.DataFrame({"lon": [-97.5] * 60, "lat": [25.9] * 60, "t": pd.date_range("2026-01-01", periods=60, freq="D", tz="UTC")})
    >>> made("counts", {"horizon_days": 14}).apply(few).attrs["told"]["words"]
    'No forecast: it could be tried on 0 earlier times, 10 are needed. Take a longer time or a shorter horizon.'
    """

    NAME = "counts"
    TITLE = "Forecast by counts"
    VERSION = "3"
    SOURCE = "Counts drawn together by empirical Bayes (gamma and Poisson; Clayton & Kaldor 1987); checked on made worlds"

    def model(self) -> Model:
        return BestOf(WINDOWS)

    def baselines(self) -> tuple[Model, ...]:
        return (Everywhere(),)


@dataclass(frozen=True)
class DecayedKdeForecast(Forecasting):
    """A kernel density in which older points count for less; shown where it is better than any counts.

    >>> import pandas as pd
    >>> from analysis.methods import made
    >>> few = pd.DataFrame({"lon": [-97.5] * 60, "lat": [25.9] * 60, "t": pd.date_range("2026-01-01", periods=60, freq="D", tz="UTC")})
    >>> made("decayed-kde", {"horizon_days": 14}).apply(few).attrs["told"]["words"]
    'No forecast: it could be tried on 0 earlier times, 10 are needed. Take a longer time or a shorter horizon.'
    """

    NAME = "decayed-kde"
    TITLE = "Forecast by a decaying density"
    VERSION = "3"
    SOURCE = "Kernel density by diffusion, Botev, Grotowski & Kroese 2010; checked against the Gaussian on a square grid"

    def model(self) -> Model:
        return DecayedKde()

    def baselines(self) -> tuple[Model, ...]:
        return BASELINES


@dataclass(frozen=True)
class HawkesForecast(Forecasting):
    """A self-exciting process fitted by EM; shown where it is better than any counts and than the decaying density.

    >>> import pandas as pd
    >>> from analysis.methods import made
    >>> few = pd.DataFrame({"lon": [-97.5] * 60, "lat": [25.9] * 60, "t": pd.date_range("2026-01-01", periods=60, freq="D", tz="UTC")})
    >>> made("hawkes", {"horizon_days": 14}).apply(few).attrs["told"]["words"]
    'No forecast: it could be tried on 0 earlier times, 10 are needed. Take a longer time or a shorter horizon.'
    """

    NAME = "hawkes"
    TITLE = "Forecast by a self-exciting process"
    VERSION = "3"
    SOURCE = "Mohler, Short, Brantingham, Schoenberg & Tita 2011; EM by Veen & Schoenberg 2008; checked on made data of known branching ratio"

    def model(self) -> Model:
        return SelfExciting()

    def baselines(self) -> tuple[Model, ...]:
        return (*BASELINES, DecayedKde())

    def limits(self, fit: SelfExcitingFit) -> list[str]:
        said = ["Seizures of one day in one place count as background, not as one that follows another; so does what is steady over the whole time."]
        if not fit.converged:
            said.append(f"The fit still climbed after {len(fit.trace)} rounds: its shares of background and following are not settled.")
        return said

    def details(self, fit: SelfExcitingFit) -> dict[str, Any]:
        here, beside = fit.weights.sum(axis=1).tolist()
        return {"branching": fit.branching, "follow_here": here, "follow_beside": beside, "rounds": len(fit.trace), "converged": fit.converged}


@dataclass(frozen=True)
class BoostingForecast(Forecasting):
    """Gradient boosting over what counts of the last year expect; shown where it is better than any counts and than the decaying density.

    >>> import pandas as pd
    >>> from analysis.methods import made
    >>> few = pd.DataFrame({"lon": [-97.5] * 60, "lat": [25.9] * 60, "t": pd.date_range("2026-01-01", periods=60, freq="D", tz="UTC")})
    >>> made("boosting", {"horizon_days": 14}).apply(few).attrs["told"]["words"]
    'No forecast: it could be tried on 0 earlier times, 10 are needed. Take a longer time or a shorter horizon.'
    """

    NAME = "boosting"
    TITLE = "Forecast by gradient boosting"
    VERSION = "3"
    SOURCE = "Friedman 2001; scikit-learn's histogram gradient boosting for Poisson numbers (Ke et al. 2017); checked on made worlds with planted causes"

    def model(self) -> Model:
        return Boosting(self.seed)

    def baselines(self) -> tuple[Model, ...]:
        return (*BASELINES, DecayedKde())

    def limits(self, fit: BoostingFit) -> list[str]:
        said = ["Factors in `why` say what a number would be if the unit looked like the middle one in that respect; they are no causes."]
        if fit.trees is None:
            said.append("No round of trees helped at the latest times before: counts of the last year stand as they are.")
        return said

    def details(self, fit: BoostingFit) -> dict[str, Any]:
        return {"rounds": fit.rounds}
