"""What a rollout is about to do, for people, before anything starts."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from slipway.base.errors import UsageError
from slipway.records.evidence import Evidence, ModelMetrics
from slipway.records.labels import told
from slipway.rollout.sequential import confidence_sequence
from slipway.rollout.traffic import Traffic
from slipway.settings import Card
from slipway.settings.card import Rollout
from slipway.tasks import Metric
from slipway.tasks.merit import REWARD

POWER = 0.8


@dataclass(frozen=True)
class Expected:
    """What a request earned on average on the holdout, of either version; better is up."""

    stable: float
    canary: float

    @property
    def difference(self) -> float:
        """Canary minus stable."""
        return self.canary - self.stable


def expected(evidence: Evidence | None, stable: int, metric: Metric) -> Expected | None:
    """What the gate's evidence lets expect of the canary; None where it compared with another version.

    The reward is that of the truth, so None where nobody knows it.
    """
    champion = None if evidence is None else evidence.champion
    if evidence is None or champion is None or champion.version != stable:
        return None
    canary = evidence.candidate
    live, tried = (_earned(model, metric) for model in (champion, canary))
    return None if live is None or tried is None else Expected(live, tried)


def _earned(model: ModelMetrics, metric: Metric) -> float | None:
    if metric.name == REWARD:
        return model.reward
    found = model.metrics.get(metric.name)
    return None if found is None else -metric.sign * found.value


def shadow_plan(card: Card, traffic: Traffic) -> list[str]:
    """The plan of a shadow in a few lines.

    Raises:
        UsageError: the replay part has too few requests for it and for the canary.
    """
    planned, needed = card.rollout.shadow.requests, requests_needed(card.rollout)
    if len(traffic) < planned + needed:
        raise UsageError(
            f"systems/{card.name}/system.yaml: rollout: shadow, warm-up and steps need {planned:,} + "
            f"{needed:,} requests, found {len(traffic):,} in the replay part, none is offered twice; "
            "expected a smaller rollout.shadow.requests, smaller steps or more rows"
        )  # guard rollout.shadow_requests
    return [
        f"{planned:,} of {len(traffic):,} requests at most, asked of both versions; stable's answers count",
        f"decision metric {traffic.metric.name}; {told(traffic.task.described(traffic.outcomes))}",
        f"{card.rollout.max_duration_minutes:g} minutes at most",
    ]


def plan(card: Card, traffic: Traffic, expected: Expected | None = None, used: int = 0) -> list[str]:
    """The plan in a few lines.

    Args:
        expected: of the two versions, None where nobody knows.
        used: requests that a shadow has offered before.

    Raises:
        UsageError: the replay part has too few requests; none is offered twice.
    """
    rollout = card.rollout
    needed, left = requests_needed(rollout), len(traffic) - used
    if left < needed:
        raise UsageError(
            f"systems/{card.name}/system.yaml: rollout: warm-up and steps need {needed:,} requests, found "
            f"{left:,} in the replay part, none is offered twice; expected smaller steps or more rows"
        )  # guard rollout.requests
    steps = ", ".join(f"{step.requests:,} at {step.weight} %" for step in rollout.steps)
    noise = traffic.task.deviation(traffic.metric, traffic.offered)
    lines = [
        f"{needed:,} of {left:,} requests: {rollout.warmup_requests:,} to warm up, then {steps}",
        f"decision metric {traffic.metric.name}; {told(traffic.task.described(traffic.outcomes))}",
    ]
    if card.problem.outcome_depends_on_answer is False:
        lines.append("it proves errors, latency and assignment; the shadow decided the quality")
        return [*lines, f"{rollout.max_duration_minutes:g} minutes at most"]
    lines.append(
        f"a true difference of {detectable(rollout, noise):.2g} per request is found with power {POWER:g}"
    )
    if expected is not None:
        noise = traffic.task.expected_deviation(traffic.metric, expected.stable, expected.canary, noise)
        found = power(rollout, expected.difference, noise)
        lines.append(
            f"on the holdout it was {expected.difference:+.2g}, which is found with power {found:.2f}"
        )
    return [*lines, f"{rollout.max_duration_minutes:g} minutes at most"]


def requests_needed(rollout: Rollout) -> int:
    """Warm-up and all steps."""
    return rollout.warmup_requests + sum(step.requests for step in rollout.steps)


def power(rollout: Rollout, difference: float, deviation: float) -> float:
    """The chance that a canary that is better by so much per request is promoted.

    Phi(difference / s - b), s being the standard error at the end, and b the half width of the confidence
    sequence there in standard errors: the two-sample formula (Kohavi, Tang and Xu, Trustworthy Online
    Controlled Experiments, 2020, chapter 15) for arms compared within steps. A unit's requests are taken as
    independent, and nothing else as keeping the canary from its promotion.
    """
    error, boundary = _at_the_end(rollout, deviation)
    return float(norm.cdf(difference / error - boundary))


def detectable(rollout: Rollout, deviation: float) -> float:
    """The difference per request that has the power 0.8: `power` solved for the difference."""
    error, boundary = _at_the_end(rollout, deviation)
    return error * (boundary + float(norm.ppf(POWER)))


def _at_the_end(rollout: Rollout, deviation: float) -> tuple[float, float]:
    """Standard error and, in standard errors, half width: 1 / sum of n w (1 - w) over steps of n requests.

    w is the canary's share of a step.
    """
    information = sum(step.requests * step.weight / 100 * (1 - step.weight / 100) for step in rollout.steps)
    boundary = confidence_sequence(0.0, 1.0, information, information, rollout.decision.alpha).high
    return deviation / float(np.sqrt(information)), boundary
