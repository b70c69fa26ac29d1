"""What every decision looks like: the checks that were made, what each found, and what it allows."""

import math
from collections.abc import Iterable
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


class WayOut(Strict):
    """What to do where a first version is refused: nothing is in production that could stay instead."""

    key: Annotated[str | None, Field(description="of the card, that decides; None where none does")] = None
    value: Annotated[
        str | None, Field(description="of the key, that would admit it; None where none would")
    ] = None
    means: Annotated[str, Field(description="what that lets happen to users")]
    helps: Annotated[str, Field(description="what usually helps")]

    def __str__(self) -> str:
        decides = "" if self.key is None else f"{self.key} decides; "
        admits = "" if self.value is None else f"{self.value} would admit it, and then "
        return f"{decides}{admits}{self.means}"


class Check(Strict):
    """One rule held against one observation: shown good, shown bad, or not shown, which is no pass."""

    code: Annotated[str, Field(description="stable and machine-readable, such as candidate.size")]
    passed: bool
    shown: Annotated[bool, Field(description="false: the evidence is too little to tell")] = True
    optional: Annotated[
        bool, Field(description="true: as it is not shown, it passes nothing and refuses nothing")
    ] = False
    found: str
    allowed: str
    needed: Annotated[
        int | None,
        Field(description="about how much evidence, such as requests, would show it one way or the other"),
    ] = None
    way_out: Annotated[
        WayOut | None, Field(description="of a first version that is refused: which key decides, what helps")
    ] = None

    @model_validator(mode="after")
    def _is_shown(self) -> Self:
        if self.passed and not self.shown:
            raise ValueError("what is not shown has not passed")
        if self.optional and self.shown:
            raise ValueError("only what is not shown can refuse nothing")
        return self

    def __str__(self) -> str:
        unshown = "" if self.shown else "not shown: "
        return f"{self.code}: {unshown}{self.found} (allowed: {self.allowed})"

    @property
    def refuses(self) -> bool:
        """Whether it stands in the way."""
        return not self.passed and not self.optional

    @property
    def answer(self) -> Answer:
        """What was shown."""
        return "not shown" if not self.shown else "good" if self.passed else "bad"

    @classmethod
    def at_least(
        cls, code: str, count: int, least: int, found: str, where: str = "", needed: int | None = None
    ) -> Self:
        """A count below which nothing is shown.

        Args:
            where: it is asked for, such as in each arm.
        """
        enough, allowed = count >= least, f"at least {least:,}{where}"
        return cls(code=code, passed=enough, shown=enough, found=found, allowed=allowed, needed=needed)

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


def ways_out(checks: Iterable[Check]) -> list[tuple[str, str]]:
    """What to do about what refused a first version: pairs of a word and a line, of equal advice one."""
    ways = [(check.code, check.way_out) for check in checks if check.way_out]
    lines = [("Way out", f"{code}: {way}") for code, way in ways]
    return lines + [("Usually helps", helps) for helps in dict.fromkeys(way.helps for _, way in ways)]


class GateVerdict(Strict):
    """Whether a candidate may be registered; it may when no check refuses."""

    passed: bool
    checks: list[Check]

    @property
    def failures(self) -> list[Check]:
        """The checks that stopped it."""
        return [check for check in self.checks if check.refuses]


CanaryOutcome = Literal["promote", "abort", "inconclusive"]


class CanaryVerdict(Strict):
    """What the traffic says; `continue` asks for more of it."""

    outcome: CanaryOutcome | Literal["continue"]
    checks: list[Check]
