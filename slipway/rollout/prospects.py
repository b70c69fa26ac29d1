"""What each check of a plan is likely to show, and after how many requests and days."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from slipway.records.evidence import MIN_EVENTS
from slipway.rollout.power import (
    HOPELESS,
    POWER,
    events_power,
    exact_power,
    paired_events_power,
    paired_power,
    power,
    requests_for,
    rise_power,
)
from slipway.rollout.reference import Reference
from slipway.settings.card import Rollout


@dataclass(frozen=True)
class Basis:
    """What a plan takes for granted.

    Attributes:
        deviation: of what a request earns, times the root of the design effect of units.
        effect: the difference per request that is to be found, None where nobody states one.
        source: of the effect, in words.
        error_rate: stable's recorded share of failed answers, None where no canary recorded any.
        per_day: requests of one day, None where nobody knows.
        rarer: the share of outcomes other than the most frequent one; None where no loss decides here.
    """

    deviation: float
    effect: float | None
    source: str
    error_rate: float | None
    per_day: float | None
    rarer: float | None = None


@dataclass(frozen=True)
class Prospect:
    """One check with an interval.

    Attributes:
        assumed: of both arms, in words.
        power: the chance that it is shown good at the end of the plan.
        requests: about how many, in steps of the same proportions, have the power 0.8; None where no number
            that anybody would send does.
        days: the same at the rate of the traffic, None where nobody knows it.
        worst: whether the assumption is the worst case, so that the power may be higher.
    """

    code: str
    assumed: str
    power: float
    requests: int | None
    days: float | None
    worst: bool = False

    @property
    def hopeless(self) -> bool:
        """Whether the plan should not begin: the check is likelier not to be shown than to be."""
        return self.power < HOPELESS and not self.worst

    def __str__(self) -> str:
        least = "at least " if self.worst else ""
        return f"{self.code}: power {least}{self.power:.2f}; {self.size} for {POWER:g}, if {self.assumed}"

    @property
    def size(self) -> str:
        """Requests, and days where they are known."""
        if self.requests is None:
            return "no number of requests"
        days = "" if self.days is None else f" ({in_days(self.days)})"
        return f"{self.requests:,} requests{days}"


def in_days(days: float) -> str:
    """Days in two digits, less than a tenth of one in minutes."""
    return f"{days:.2g} days" if days >= 0.1 else f"{1440 * days:.0f} minutes"


def prospects(rollout: Rollout, basis: Basis) -> list[Prospect]:
    """Every check with an interval, in the order of the verdict."""
    return [*_guardrails(rollout, basis), *_metric(rollout, basis)]


def _guardrails(rollout: Rollout, basis: Basis) -> Iterator[Prospect]:
    rate, guardrails = basis.error_rate or 0.0, rollout.guardrails
    planned = sum(step.requests for step in rollout.steps)
    limit = Reference(error_rate=rate).most_errors(guardrails)
    recorded = "as recorded" if basis.error_rate is not None else "no canary has recorded any"
    yield _prospect(
        "canary.error_rate",
        f"{100 * rate:.2g} % of answers fail in both arms ({recorded}; {limit:g} more are allowed)",
        planned,
        basis,
        partial(rise_power, rollout, rate, limit),
    )
    slow = 1 - guardrails.latency_quantile
    yield _prospect(
        "canary.latency",
        f"{100 * slow:.2g} % are slow in both arms (the most that stable's can be; "
        f"{slow:.2g} more are allowed)",
        planned,
        basis,
        partial(rise_power, rollout, slow, slow),
        worst=True,
    )
    most = guardrails.max_unknown_rise
    yield _prospect(
        "canary.metric_known",
        f"every outcome comes in both arms ({most:g} more may not)",
        planned,
        basis,
        partial(exact_power, rollout, 0.0, most),
    )


def _metric(rollout: Rollout, basis: Basis) -> Iterator[Prospect]:
    if basis.rarer is not None:
        planned, chance = (
            sum(step.requests for step in rollout.steps),
            partial(events_power, rollout, basis.rarer),
        )
        yield _prospect("canary.min_events", _rare(basis.rarer, "in each arm"), planned, basis, chance)
    if basis.effect is not None:
        yield _prospect(
            "canary.metric",
            f"it gains {basis.effect:+.2g} per request ({basis.source})",
            sum(step.requests for step in rollout.steps),
            basis,
            partial(power, rollout, basis.effect, basis.deviation),
        )


def shadow_prospects(rollout: Rollout, basis: Basis) -> list[Prospect]:
    """What a shadow of the card is likely to show; of the metric nothing where nobody states an effect."""
    planned, found = rollout.shadow.requests, []
    if basis.rarer is not None:
        events = partial(paired_events_power, rollout, basis.rarer)
        found.append(_prospect("shadow.min_events", _rare(basis.rarer), planned, basis, events))
    if basis.effect is not None:
        chance = partial(paired_power, rollout, basis.effect, basis.deviation)
        assumed = f"it gains {basis.effect:+.2g} per request ({basis.source})"
        found.append(_prospect("shadow.metric", assumed, planned, basis, chance))
    return found


def _rare(share: float, where: str = "") -> str:
    place = f" {where}" if where else ""
    rare = f"{100 * share:.2g} % of outcomes are other than the most frequent one"
    return f"{rare} ({MIN_EVENTS}{place} are asked for)"


def _prospect(
    code: str,
    assumed: str,
    planned: int,
    basis: Basis,
    chance: "partial[float]",
    worst: bool = False,
) -> Prospect:
    requests = requests_for(planned, chance)
    days = None if requests is None or basis.per_day is None else requests / basis.per_day
    return Prospect(code, assumed, chance(1.0), requests, days, worst)
