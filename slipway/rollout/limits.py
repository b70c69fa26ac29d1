"""What ends a canary from outside its evidence: somebody asks for the traffic, or the time is up."""

from typing import Literal

from slipway.records.canary import Look
from slipway.records.checks import CanaryVerdict, Check


def limits(asked: str | None, seconds: float, minutes: float) -> list[Check]:
    """Whether a canary may go on; once one of these fails, no further request is sent.

    Args:
        asked: why somebody asks it to stop, None where nobody does.
        seconds: that it took so far, and what a shadow took before it.
        minutes: the most that its card allows the whole rollout.
    """
    nobody, spent = "nobody asks it to stop", f"{seconds / 60:.1f} minutes"
    return [
        Check(code="canary.not_stopped", passed=asked is None, found=asked or nobody, allowed=nobody),
        Check(
            code="canary.in_time", passed=seconds < 60 * minutes, found=spent, allowed=f"below {minutes:g}"
        ),
    ]


def min_duration(seconds: float, days: float) -> Check:
    """Whether live traffic was watched as long as the card asks, whatever it has shown.

    Args:
        seconds: since the canary began.
        days: the least that its card asks of live traffic.
    """
    return Check(
        code="canary.min_duration",
        passed=seconds >= 86_400 * days,
        found=f"{seconds / 86_400:.3g} days",
        allowed=f"at least {days:g} days of live traffic",
    )


def not_before(look: Look, check: Check, ended: bool) -> Look:
    """The look of a canary in live traffic that has run too short a time: it goes on, unless it has ended.

    What is shown to be harmful is stopped at once all the same.

    Args:
        check: of `min_duration`.
        ended: nothing more may be sent.
    """
    if check.passed or look.verdict.outcome not in ("promote", "inconclusive"):
        return look
    outcome: Literal["inconclusive", "continue"] = "inconclusive" if ended else "continue"
    verdict = CanaryVerdict(outcome=outcome, checks=[check, *look.verdict.checks])
    return look.model_copy(update={"verdict": verdict})


def within(look: Look, limits: list[Check]) -> Look:
    """The look with the verdict that time and stop requests leave.

    Who asks for the traffic gets it, whatever the evidence says. A canary whose time is up is judged by what
    it has shown; where that is not enough, the limit is told first. One whose next step nobody approved is
    inconclusive, unless it was shown to do harm.

    Args:
        limits: those of `limits`, and an approval that is missing.
    """
    unasked, in_time, *missing = limits
    verdict = look.verdict
    if not unasked.passed:
        verdict = CanaryVerdict(outcome="abort", checks=[unasked, *verdict.checks])
    elif missing and verdict.outcome != "abort":
        verdict = CanaryVerdict(outcome="inconclusive", checks=[*missing, *verdict.checks])
    elif not in_time.passed and verdict.outcome == "inconclusive":
        verdict = CanaryVerdict(outcome="inconclusive", checks=[in_time, *verdict.checks])
    return look.model_copy(update={"verdict": verdict})
