"""What a rollout is about to do, for people, before anything starts."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scipy.special import ndtri

from slipway.base.errors import Refused, UsageError
from slipway.records.evidence import Evidence, ModelMetrics
from slipway.records.labels import told
from slipway.rollout.events import rarer
from slipway.rollout.power import PAIRED, POWER, design_effect, detectable, power
from slipway.rollout.prospects import Basis, Prospect, prospects, shadow_prospects
from slipway.rollout.traffic import Traffic
from slipway.settings import Card
from slipway.settings.card import Rollout
from slipway.tasks import Metric
from slipway.tasks.merit import REWARD

DAY = 86_400e6
"""Microseconds."""


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


def plan(
    card: Card,
    traffic: Traffic,
    expected: Expected | None = None,
    error_rate: float | None = None,
    used: int = 0,
) -> list[str]:
    """The plan of a canary in a few lines.

    Args:
        expected: of the two versions, None where nobody knows.
        error_rate: the share of stable's answers that failed in its last canary, None where there was none.
        used: requests that a shadow has offered before.

    Raises:
        UsageError: the replay part has too few requests; none is offered twice.
        Refused: the plan is hopeless, and the card does not call it exploratory.
    """
    found = basis(card, traffic, expected, error_rate, used)
    each = prospects(card.rollout, found)
    lines = [*heading(card, traffic, expected, found, used), *map(str, each)]
    require_hope(card, each)
    return [*lines, f"{card.rollout.max_duration_minutes:g} minutes at most"]


def shadow_plan(
    card: Card, traffic: Traffic, evaluated: Evidence | None = None, stable: int = 0
) -> list[str]:
    """The plan of a shadow in a few lines.

    Args:
        evaluated: the gate's evidence about the version on trial, where it is known.
        stable: the number of the version that is live.

    Raises:
        UsageError: the replay part has too few requests for it and for the canary.
        Refused: as for `plan`.
    """
    planned = card.rollout.shadow.requests
    # What the canary can never show, no shadow should begin for.
    after = prospects(card.rollout, basis(card, traffic, used=planned))
    each = shadow_prospects(card.rollout, paired_basis(card, traffic, evaluated, stable))
    require_hope(card, [*each, *after])
    return [
        f"{planned:,} of {len(traffic):,} requests at most, asked of both versions; stable's answers count",
        f"decision metric {traffic.metric.name}; {told(traffic.task.described(traffic.outcomes))}",
        *map(str, each),
        f"{card.rollout.max_duration_minutes:g} minutes at most",
    ]


def basis(
    card: Card,
    traffic: Traffic,
    expected: Expected | None = None,
    error_rate: float | None = None,
    used: int = 0,
) -> Basis:
    """What a plan takes for granted, of its arguments as `plan` takes them.

    Raises:
        UsageError: the replay part has too few requests.
    """
    rollout, task = card.rollout, traffic.task
    needed = used + requests_needed(rollout)
    if len(traffic) < needed:
        what, smaller = ("shadow, ", "smaller rollout.shadow.requests, ") if used else ("", "")
        raise UsageError(
            f"systems/{card.name}/system.yaml: rollout: {what}warm-up and steps need {needed:,} requests, "
            f"found {len(traffic):,} in the replay part, none is offered twice; expected {smaller}smaller "
            "steps or more rows"
        )  # guard rollout.requests
    presumed = task.presumed(traffic.metric, traffic.offered)
    deviation = float(presumed.std())
    if expected is not None:
        deviation = task.expected_deviation(traffic.metric, expected.stable, expected.canary, deviation)
    # Of the requests that will be judged: in a longer time each unit has more.
    judged = slice(used + rollout.warmup_requests, needed)
    alike = design_effect(presumed[judged], traffic.unit_codes[judged])
    effect, source = _effect(rollout, expected)
    rare = float(rarer(traffic.labels).mean()) if traffic.metric.is_loss else None
    # Where a shadow decides the quality, the canary finds none.
    if card.problem.outcome_depends_on_answer is False:
        effect, source, rare = None, "", None
    return Basis(deviation * math.sqrt(alike), effect, source, error_rate, per_day(card, traffic), rare)


def paired_basis(card: Card, traffic: Traffic, evaluated: Evidence | None, stable: int) -> Basis:
    """What the plan of a shadow takes for granted.

    The noise of a pair is that of the holdout's pairs, by unit: half the gate's interval is so many standard
    errors, times the root of the holdout's rows. Where the gate compared with another version, nobody knows
    it, and pairs are taken to vary a tenth as much as what the constant answer earns.
    """
    hoped = expected(evaluated, stable, traffic.metric)
    pairs = None if evaluated is None or hoped is None else _paired_deviation(evaluated)
    if pairs is None:
        presumed = traffic.task.presumed(traffic.metric, traffic.offered)
        alike = design_effect(presumed, traffic.unit_codes)
        pairs = float(presumed.std()) * math.sqrt(alike / PAIRED)
    rare = float(rarer(traffic.labels).mean())
    return Basis(pairs, *_effect(card.rollout, hoped), None, per_day(card, traffic), rare)


def _paired_deviation(evaluated: Evidence) -> float | None:
    """Of a request's difference from the champion, on the holdout; None where none was compared."""
    found = next((one.difference for one in evaluated.comparisons if one.other == "champion"), None)
    if found is None:
        return None
    level = (1 - evaluated.confidence) / 2 if evaluated.use is None else evaluated.use.level
    half = (found.high - found.low) / 2
    return half / -float(ndtri(level)) * math.sqrt(evaluated.holdout.rows)


def _effect(rollout: Rollout, expected: Expected | None) -> tuple[float | None, str]:
    """The gain per request that is to be found, and who says so.

    Where more than the least is expected, a plan that finds only that much is no hopeless one.
    """
    least = rollout.min_effect
    if expected is not None and (least is None or expected.difference > least):
        return expected.difference, "as on the holdout"
    return (None, "") if least is None else (least, "the card's min_effect")


def per_day(card: Card, traffic: Traffic) -> float | None:
    """Requests of a day, over the time that the replay part spans; None where its rows have no time."""
    if card.data.columns[card.data.required("time")].made or len(traffic) < 2:
        return None
    days = float(traffic.times[-1] - traffic.times[0]) / DAY
    return len(traffic) / days if days > 0 else None


def require_hope(card: Card, each: Sequence[Prospect]) -> None:
    """Stop before anything starts where the truth is likelier not to be shown than to be.

    Raises:
        Refused: names the check; a card that is exploratory is let through.
    """
    for one in each:
        if one.hopeless and not card.rollout.exploratory:
            raise Refused(
                f"systems/{card.name}/system.yaml: rollout: this plan can hardly promote anything; {one}; "
                "expected that many requests, or rollout.exploratory: true, to try it all the same"
            )  # guard rollout.hopeless


def heading(
    card: Card, traffic: Traffic, expected: Expected | None, found: Basis, used: int = 0
) -> Iterator[str]:
    """Lines on what will be done, and at what rate; those on what it can show follow."""
    rollout, metric = card.rollout, traffic.metric
    steps = ", ".join(f"{step.requests:,} at {step.weight} %" for step in rollout.steps)
    yield (
        f"{requests_needed(rollout):,} of {len(traffic) - used:,} requests: {rollout.warmup_requests:,} to "
        f"warm up, then {steps}"
    )
    yield f"decision metric {metric.name}; {told(traffic.task.described(traffic.outcomes))}"
    if card.problem.outcome_depends_on_answer is False:
        yield "it proves errors, latency and assignment; the shadow decides the quality"
    else:
        least = detectable(rollout, found.deviation)
        yield f"a true difference of {least:.2g} per request is found with power {POWER:g}"
    if found.effect is not None and expected is not None and found.effect != expected.difference:
        chance = power(rollout, expected.difference, found.deviation)
        yield f"on the holdout it was {expected.difference:+.2g}, which is found with power {chance:.2f}"
    if found.per_day is not None:
        yield f"{found.per_day:,.0f} requests a day, as the replay part has them"
    if rollout.exploratory:
        yield "exploratory: it may well end inconclusive"


def requests_needed(rollout: Rollout) -> int:
    """Warm-up and all steps."""
    return rollout.warmup_requests + sum(step.requests for step in rollout.steps)
