"""How a version's scores are bent by what the newest outcomes say: the fitted part beside its model."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from slipway.base.documents import Document

FEWEST = 100
"""Outcomes, of the rarer kind where there are kinds, from which on a slope is believed.

Vergouwe et al., Substantial effective sample sizes were required for external validation studies of
predictive logistic regression models, Journal of Clinical Epidemiology 58, 2005.
"""


SHOWN = 6
"""Intercepts that are told before the rest is counted."""


class Recalibration(Document):
    """A slope above zero and an intercept, or one for each class, on the scale of the task's scores."""

    schema_version: Literal[1] = 1
    slope: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    intercepts: Annotated[
        list[Annotated[float, Field(allow_inf_nan=False)]],
        Field(min_length=1, description="one, or one for each class, in the order of the card"),
    ]
    kept: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="how much of the fitted distance from changing nothing is applied; noise is the rest",
        ),
    ]
    rows: Annotated[int, Field(ge=0, description="of the validation part, by which it was fitted")]
    units: Annotated[int, Field(ge=0)]
    problem: Annotated[
        str | None, Field(description="why nothing is changed, None where something could be shown")
    ] = None

    @model_validator(mode="after")
    def _is_plain_where_not_shown(self) -> Self:
        if (self.problem is not None or self.kept == 0) and not self.is_plain:
            raise ValueError("what is not shown changes nothing: slope 1 and intercepts 0")
        return self

    @property
    def is_plain(self) -> bool:
        """Whether every score stays what it is."""
        return self.slope == 1 and not any(self.intercepts)

    def __str__(self) -> str:
        if self.problem is not None:
            return f"not recalibrated: not shown, {self.problem}"
        shown = ", ".join(f"{one:.4g}" for one in self.intercepts[:SHOWN])
        more = f" and {len(self.intercepts) - SHOWN} more" if len(self.intercepts) > SHOWN else ""
        word = "intercept" if len(self.intercepts) == 1 else "intercepts"
        return f"recalibrated by slope {self.slope:.4g}, {word} {shown}{more}"

    @property
    def undone(self) -> tuple[float, list[float]]:
        """Slope and intercepts that give back what was bent by these."""
        return 1 / self.slope, [-one / self.slope for one in self.intercepts]
