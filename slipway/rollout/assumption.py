"""What a canary still has to show of quality where a shadow decided it: that its assumption holds.

The pairs of a shadow mean something only if what comes of a request does not depend on what is answered. The
canary's answers are the first that anybody gets, so its arms tell: their outcomes must be alike, whatever
the versions said.
"""

from dataclasses import replace

from slipway.records.checks import Check
from slipway.records.evidence import Interval
from slipway.rollout.difference import difference
from slipway.rollout.observations import Observations
from slipway.settings.card import Rollout
from slipway.tasks import Metric


def outcome_difference(seen: Observations, plan: Rollout) -> Interval | None:
    """The mean label of the canary's requests minus that of stable's; None where nothing can be said.

    It is zero where outcomes do not depend on answers, for units are assigned by a hash.
    """
    return difference(replace(seen, metric=seen.label), plan)


def outcomes_alike(found: Interval | None) -> Check:
    """It passes unless refuted: an assumption of the card, which a person answers for."""
    refuted = found is not None and (found.low > 0 or found.high < 0)
    text = "too few are known" if found is None else f"{found.value:.4g} [{found.low:.4g}, {found.high:.4g}]"
    text = f"mean label, canary - stable: {text}"
    if refuted:
        text += "; so outcomes do depend on the answer, which the card denies, and the shadow decides nothing"
    return Check(
        code="canary.outcomes_alike", passed=not refuted, found=text, allowed="an interval that holds 0"
    )


def kept(gain: Interval | None, metric: Metric, plan: Rollout) -> Check:
    """The metric of the live split, which decides nothing here but must not be shown to be lost."""
    margin = plan.shadow.canary_margin
    lost = gain is not None and gain.high < -margin
    text = "too few known to speak against it" if gain is None else _told(gain)
    return Check(
        code="canary.metric_kept",
        passed=not lost,
        found=f"{metric.gain}: {text}",
        allowed=f"not shown to be below {-margin or 0:g}",
    )


def _told(gain: Interval) -> str:
    return f"canary - stable {gain.value:.4g} [{gain.low:.4g}, {gain.high:.4g}]"
