"""Predictors by kind; each is imported only when used."""

from slipway.models.interface import Params, Predictor


def predictor(kind: str) -> type[Predictor]:
    """The class of one kind of predictor."""
    if kind == "logistic":
        from slipway.models.logistic import Logistic

        return Logistic
    if kind == "boosting":
        from slipway.models.boosting import Boosting

        return Boosting
    raise KeyError(kind)


__all__ = ["Params", "Predictor", "predictor"]
