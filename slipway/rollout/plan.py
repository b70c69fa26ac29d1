"""What a rollout is about to do, for people, before anything starts."""

import numpy as np
from scipy.stats import norm

from slipway.errors import UsageError
from slipway.evaluation.metrics import log_loss_terms
from slipway.rollout.sequential import confidence_sequence
from slipway.rollout.traffic import Traffic
from slipway.settings import Card
from slipway.settings.card import Rollout

POWER = 0.8


def plan(card: Card, traffic: Traffic) -> list[str]:
    """The plan in a few lines.

    Raises:
        UsageError: the replay part has too few requests; none is offered twice.
    """
    rollout = card.rollout
    needed = requests_needed(rollout)
    if len(traffic) < needed:
        raise UsageError(
            f"systems/{card.name}/system.yaml: rollout: warm-up and steps need {needed:,} requests, found "
            f"{len(traffic):,} in the replay part, none is offered twice; expected smaller steps or more rows"
        )
    steps = ", ".join(f"{step.requests:,} at {step.weight} %" for step in rollout.steps)
    seen = detectable(rollout, deviation(traffic))
    return [
        f"{needed:,} of {len(traffic):,} requests: {rollout.warmup_requests:,} to warm up, then {steps}",
        f"decision metric {traffic.metric}, base rate {traffic.base_rate:.4f} per option",
        f"a true difference of {seen:.2g} per request is found {POWER:.0%} of the time",
        f"{rollout.max_duration_minutes:g} minutes at most",
    ]


def requests_needed(rollout: Rollout) -> int:
    """Warm-up and all steps."""
    return rollout.warmup_requests + sum(step.requests for step in rollout.steps)


def deviation(traffic: Traffic) -> float:
    """About the standard deviation of the metric of one request.

    Reward: of a click, as if the best option were always shown. Log loss: of the logged labels, as if every
    score were the base rate.
    """
    firsts = traffic.bounds[:-1]
    if traffic.metric == "reward" and traffic.probability is not None:
        rate = float(np.maximum.reduceat(traffic.probability, firsts).mean())
        return float(np.sqrt(rate * (1 - rate)))
    scores = np.full(len(traffic.labels), traffic.base_rate)
    losses = np.add.reduceat(log_loss_terms(scores, traffic.labels), firsts) / np.diff(traffic.bounds)
    return float(losses.std())


def detectable(rollout: Rollout, deviation: float) -> float:
    """Smallest difference per request that the interval at the end excludes zero for with power 0.8.

    (b + z[power]) * deviation / sqrt(sum of n w (1 - w) over the steps): the two-sample formula (Kohavi, Tang
    and Xu, Trustworthy Online Controlled Experiments, 2020, chapter 15) for arms compared within steps of n
    requests with a share w for the canary; b is the half width of the confidence sequence in standard errors.
    A unit's requests are taken as independent.
    """
    information = sum(step.requests * step.weight / 100 * (1 - step.weight / 100) for step in rollout.steps)
    boundary = confidence_sequence(0.0, 1.0, information, information, rollout.decision.alpha).high
    return (boundary + float(norm.ppf(POWER))) * deviation / float(np.sqrt(information))
