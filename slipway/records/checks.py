"""What every decision looks like: the checks that were made, what each found, and what it allows."""

from typing import Annotated, Literal

from pydantic import Field

from slipway.base.strict import Strict


class Check(Strict):
    """One rule held against one observation."""

    code: Annotated[str, Field(description="stable and machine-readable, such as candidate.size")]
    passed: bool
    found: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.code}: {self.found} (allowed: {self.allowed})"


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
