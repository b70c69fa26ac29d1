"""The rules of a canary, each a check of what was observed, and what its failure does.

A rule with an interval has three answers. Shown bad, and the canary is aborted; shown good, and the rule
passes; not shown, and neither: harm that is merely unproven does not pass.
"""

from dataclasses import dataclass

import numpy as np

from slipway.records.checks import Check, needed
from slipway.records.evidence import MIN_EVENTS, UNBOUNDED, Interval
from slipway.rollout.assumption import kept, outcomes_alike
from slipway.rollout.blocks import broken
from slipway.rollout.events import Events
from slipway.rollout.guardrails import sample_ratio_p
from slipway.rollout.observations import Observations
from slipway.rollout.per_request import different
from slipway.rollout.reference import Reference
from slipway.rollout.triggering import overall, share
from slipway.settings.card import Rollout
from slipway.settings.criterion import answer
from slipway.tasks import Metric


@dataclass(frozen=True)
class Rule:
    """A check, and what its failure does; one that is only undecided does nothing yet.

    Attributes:
        stops: it ends the rollout for the canary's sake.
        voids: it ends it for what it says of the rollout: nothing can be concluded.
    """

    check: Check
    stops: bool
    voids: bool = False


@dataclass(frozen=True)
class Facts:
    """What the rules look at: the observations so far and what follows of them.

    Attributes:
        stable: of the current step.
        canary: of the current step.
        difference: on the decision metric, of the requests on which the versions may differ; None before
            there are enough `events`.
        events: outcomes of the rarer kind among these, in each arm; None where no loss decides.
        shadowed: whether a shadow has decided the quality, for outcomes do not depend on the answer.
        labels: what came of the canary's requests minus what came of stable's, where that is asked.
    """

    plan: Rollout
    metric: Metric
    reference: Reference
    seen: Observations
    stable: Observations
    canary: Observations
    sample_ratio_p: float
    error_rate_rise: Interval
    slow_rise: Interval | None
    unknown_rise: Interval
    late_rise: Interval | None
    difference: Interval | None
    events: Events | None
    shadowed: bool
    labels: Interval | None


def rules(found: Facts) -> list[Rule]:
    """All that a canary is held against, in the order of the report."""
    asked = [
        _sticky(found),
        _sample_ratio(found),
        *([] if found.seen.triggered.all() else [_triggered_ratio(found)]),
        _error_rate(found),
        _latency(found),
        _min_requests(found),
        _min_units(found),
        _metric_known(found),
        *(_of_shadowed(found) if found.shadowed else _of_quality(found)),
    ]
    return asked if found.late_rise is None else [*asked, _outcome_delay(found, found.late_rise)]


def _sticky(found: Facts) -> Rule:
    """A unit that the canary served is never stable's again: every count of units rests on that."""
    served = np.bincount(found.seen.unit, found.seen.canary) > 0
    back = different(found.stable.unit[served[found.stable.unit]])
    text = f"{back:,} units of stable in this step were served by the canary too"
    return _rule("canary.sticky", back == 0, back > 0, text, "0")


def _sample_ratio(found: Facts) -> Rule:
    """It passes unless refuted, but not by a handful of units, which refute nothing."""
    p, least = found.sample_ratio_p, found.plan.guardrails.sample_ratio_alpha
    given, kept = found.canary.units, found.stable.units
    enough, refuted = given + kept >= found.plan.guardrails.min_units, p < least
    text = f"{given:,} of {given + kept:,} units in the canary in this step, p = {p:.2g}"
    passed, shown = enough and not refuted, enough or refuted
    return _rule("canary.sample_ratio", passed, refuted, text, f"p at least {least:g}", shown)


def _triggered_ratio(found: Facts) -> Rule:
    """Of the units on which the versions differ: what triggers one must not depend on its arm."""
    stable, canary = (arm.where(arm.triggered) for arm in (found.stable, found.canary))
    units, level = canary.units + stable.units, found.plan.guardrails.sample_ratio_alpha
    p = sample_ratio_p(stable, canary, found.plan, int(found.seen.step.max(initial=0)))
    enough, refuted = units >= found.plan.guardrails.min_units, p < level
    text = f"{canary.units:,} of {units:,} triggered units in the canary in this step, p = {p:.2g}"
    passed, shown = enough and not refuted, enough or refuted
    return _rule("canary.triggered_ratio", passed, refuted, text, f"p at least {level:g}", shown)


def _error_rate(found: Facts) -> Rule:
    rise, most = found.error_rate_rise, found.reference.most_errors(found.plan.guardrails)
    text = f"rise of {_shown(rise)}"
    gone = broken(found.seen, found.seen.error, found.plan.block_requests, found.plan.decision.alpha)
    return _guardrail("canary.error_rate", found, rise, most, text, gone=gone)


def _latency(found: Facts) -> Rule:
    rise, guardrails = found.slow_rise, found.plan.guardrails
    most = 1 - guardrails.latency_quantile
    if rise is None:
        text = "nothing is known of stable's latency"
        return _rule("canary.latency", False, False, text, f"at most {most:g}", shown=False)
    # What is slow is frozen before the split, and bent where a block, or that warm-up, was slow itself.
    text = f"answers slow beside stable's, of {found.reference.slow_ms:.3g} ms before: rise of {_shown(rise)}"
    return _guardrail("canary.latency", found, rise, most, text)


def _guardrail(
    code: str,
    found: Facts,
    interval: Interval,
    most: float,
    text: str,
    stops: bool = True,
    gone: str | None = None,
) -> Rule:
    """What an interval says of a limit, unless the canary is gone, which no interval has to show."""
    check = Check.at_most(code, interval, most, text, len(found.seen))
    if gone is not None:
        told = {"passed": False, "shown": True, "found": f"{text}: {gone}", "needed": None}
        check = check.model_copy(update=told)
    return Rule(check, stops and check.answer == "bad")


def _min_requests(found: Facts) -> Rule:
    canary, stable, least = len(found.canary), len(found.stable), found.plan.guardrails.min_requests
    text = f"canary {canary:,}, stable {stable:,} requests in this step"
    check = Check.at_least("canary.min_requests", min(canary, stable), least, text, " in each arm")
    return Rule(check, stops=False)


def _min_units(found: Facts) -> Rule:
    """Requests of a handful of units are no more answers than units."""
    least = found.plan.guardrails.min_units
    canary, stable = (different(found.seen.unit[arm]) for arm in (found.seen.canary, ~found.seen.canary))
    text = f"canary {canary:,}, stable {stable:,} units"
    check = Check.at_least("canary.min_units", min(canary, stable), least, text, " in each arm")
    return Rule(check, stops=False)


def _metric_known(found: Facts) -> Rule:
    """An answer whose metric is unknown must not hide a loss; errors have a guardrail of their own."""
    rise, most = found.unknown_rise, found.plan.guardrails.max_unknown_rise
    if not (found.seen.canary & found.seen.known).any():
        return _rule("canary.metric_known", False, False, "none is known", f"at most {most:g}", shown=False)
    text = f"unknown outcomes of answers that are due: rise of {_shown(rise)}"
    return _guardrail("canary.metric_known", found, rise, most, text)


def _outcome_delay(found: Facts, rise: Interval) -> Rule:
    """Outcomes that come later are no harm in themselves, but the arms may then differ in what never came."""
    text = f"outcomes in the second half of their window: rise of {_shown(rise)}"
    most = found.plan.guardrails.max_late_rise
    return _guardrail("canary.outcome_delay", found, rise, most, text, stops=False)


def _of_quality(found: Facts) -> list[Rule]:
    """The metric decides; a loss does not before the rarer outcomes have come."""
    return [*([] if found.events is None else [_min_events(found.events)]), _metric(found)]


def _min_events(events: Events) -> Rule:
    """Before that, whoever denies that there are such outcomes looks better, whoever expects them worse."""
    canary, stable = events.counts
    text = f"canary {canary:,}, stable {stable:,} outcomes other than the most frequent one"
    where, least = " in each arm", min(canary, stable)
    check = Check.at_least("canary.min_events", least, MIN_EVENTS, text, where, events.needed)
    return Rule(check, stops=False)


def _metric(found: Facts) -> Rule:
    """By the rule that the card has for the canary, which is that of the gate."""
    gain, unit = found.difference, found.metric.gain
    asked, least = found.plan.decision, found.plan.min_effect
    text, said, more = "too few known in one arm, or all alike", "not shown", None
    if gain is not None:
        # Margin and least gain are of all traffic, whatever part of it may differ.
        whole = overall(gain, found.seen) or gain
        text, said = f"canary - stable {_shown(gain)}{_diluted(found)}", answer(whole, asked, least)
        more = needed(whole, asked.limit, len(found.seen)) if said == "not shown" else None
    if said == "futile":
        text += f", below the {least:g} that is worth it"
    passed, stops, shown = said == "good", said in ("bad", "futile"), said != "not shown"
    allowed = f"lower bound above {asked.limit:g}"
    return _rule("canary.metric", passed, stops, f"{unit}: {text}", allowed, shown, more)


def _of_shadowed(found: Facts) -> list[Rule]:
    """What is left to be shown of the quality, which was decided before."""
    alike, lost = outcomes_alike(found.labels), kept(found.difference, found.metric, found.plan)
    return [Rule(lost, stops=lost.answer == "bad"), Rule(alike, stops=False, voids=alike.answer == "bad")]


def _diluted(found: Facts) -> str:
    if found.seen.triggered.all():
        return ""
    whole = overall(found.difference, found.seen)
    shown = "" if whole is None else f", {_shown(whole)} over all"
    return f" on the {100 * share(found.seen):.3g} % of requests that may differ{shown}"


def _rule(
    code: str,
    passed: bool,
    stops: bool,
    found: str,
    allowed: str,
    shown: bool = True,
    needed: int | None = None,
) -> Rule:
    check = Check(code=code, passed=passed, shown=shown, found=found, allowed=allowed, needed=needed)
    return Rule(check, stops)


def _shown(interval: Interval) -> str:
    high = "no bound" if interval.high >= UNBOUNDED else f"{interval.high:.4g}"
    return f"{interval.value:.4g} [{interval.low:.4g}, {high}]"
