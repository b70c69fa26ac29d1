"""What every decision looks like: the checks that were made, what each found, and what it allows."""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from slipway.base.strict import Strict
from slipway.records.evidence import Interval

TOO_MUCH = 1e4
"""Times the evidence at hand, beyond which nobody is told how much would decide."""
ANYTHING = (-1.0, 1.0)
"""The ends of a rise of a share of which nothing is known."""
Answer = Literal["good", "bad", "not shown"]
"""What an interval says of a rule."""


class Check(Strict):
    """One rule held against one observation: shown good, shown bad, or not shown, which is no pass."""

    code: Annotated[str, Field(description="stable and machine-readable, such as candidate.size")]
    passed: bool
    shown: Annotated[bool, Field(description="false: the evidence is too little to tell")] = True
    found: str
    allowed: str
    needed: Annotated[
        int | None,
        Field(description="about how much evidence, such as requests, would show it one way or the other"),
    ] = None

    @model_validator(mode="after")
    def _is_shown(self) -> Self:
        if self.passed and not self.shown:
            raise ValueError("what is not shown has not passed")
        return self

    def __str__(self) -> str:
        unshown = "" if self.shown else "not shown: "
        return f"{self.code}: {unshown}{self.found} (allowed: {self.allowed})"

    @property
    def answer(self) -> Answer:
        """What was shown."""
        return "not shown" if not self.shown else "good" if self.passed else "bad"

    @classmethod
    def at_most(cls, code: str, interval: Interval, most: float, text: str, count: int) -> Self:
        """A rise that must not exceed a limit: bad where all of the interval does, good where none does.

        Args:
            count: of what the evidence holds now, such as requests.
        """
        good, bad = interval.high <= most, interval.low > most
        return cls(
            code=code,
            passed=good,
            shown=good or bad,
            found=text,
            allowed=f"at most {most:g}",
            needed=None if good or bad else needed(interval, most, count),
        )


def needed(interval: Interval, limit: float, count: int) -> int | None:
    """About how much evidence would lie on one side of the limit, if the estimate stays what it is.

    An interval's half width falls with the root of the evidence.
    """
    if (interval.low, interval.high) == ANYTHING:
        return None
    far = abs(limit - interval.value)
    half = interval.high - interval.value if interval.value <= limit else interval.value - interval.low
    if far <= TOO_MUCH**-0.5 * half:  # as for an end without a bound, or an estimate at the very limit
        return None
    much = count * (half / far) ** 2
    # Two digits: it rests on an estimate that will move.
    step: int = 10 ** max(0, math.floor(math.log10(max(much, 1))) - 1)
    return math.ceil(much / step) * step


class GateVerdict(Strict):
    """Whether a candidate may be registered; it may when every check passed."""

    passed: bool
    checks: list[Check]

    @property
    def failures(self) -> list[Check]:
        """The checks that stopped it."""
        return [check for check in self.checks if not check.passed]


CanaryOutcome = Literal["promote", "abort", "inconclusive"]


class CanaryVerdict(Strict):
    """What the traffic says; `continue` asks for more of it."""

    outcome: CanaryOutcome | Literal["continue"]
    checks: list[Check]
