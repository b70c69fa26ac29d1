"""What a difference of two versions must show: one rule, with one meaning in the gate and in the canary."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from slipway.base.strict import Strict
from slipway.records.checks import Answer
from slipway.records.evidence import Interval


class Criterion(Strict):
    """How a version must compare with the one in production.

    `better` is a test of superiority. `not_worse` is one of non-inferiority: it lets an equal version pass,
    such as a simpler or a fresher one, and takes a loss of less than the margin for equal (Piaggio et al.,
    Reporting of noninferiority and equivalence randomized trials, JAMA 308, 2012).
    """

    model_config = ConfigDict(allow_inf_nan=False)

    rule: Annotated[
        Literal["better", "not_worse"],
        Field(description="better: beyond noise; not_worse: shown to be worse by less than the margin"),
    ] = "better"
    margin: Annotated[
        float, Field(ge=0, description="in units of the metric that is compared; only for not_worse")
    ] = 0.0

    @model_validator(mode="after")
    def _margin_is_explicit(self) -> "Criterion":
        if (self.rule == "not_worse") != (self.margin > 0):
            # guard settings.criterion
            raise ValueError("not_worse needs a margin above 0, and better takes none")
        return self

    @property
    def limit(self) -> float:
        """Where the lower bound of a gain must lie above: 0, or minus the margin."""
        return -self.margin if self.margin else 0.0


def answer(
    gain: Interval, criterion: Criterion, min_effect: float | None = None
) -> Answer | Literal["futile"]:
    """What the interval of a gain shows, asked in this order.

    Good where its lower bound is above minus the margin; bad where its upper bound is below that; futile
    where `better` is asked and all of it is below the least gain that is worth having, so that more evidence
    would change nothing. Anything else, also what is no number, is not shown.

    Args:
        gain: new minus old; up is better.
        min_effect: the least gain that is worth having; None for any.
    """
    if gain.low > criterion.limit:
        return "good"
    if gain.high < criterion.limit:
        return "bad"
    if criterion.rule == "better" and min_effect is not None and gain.high < min_effect:
        return "futile"
    return "not shown"
