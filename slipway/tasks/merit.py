"""A figure of merit: its name, how it is made of sums, which way is better, and what the gate asks of it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from slipway.base.errors import UsageError
from slipway.records.checks import Check
from slipway.records.evidence import UNBOUNDED, Holdout, Interval
from slipway.tasks import advice
from slipway.tasks.bounds import CALIBRATION

Totals = Mapping[str, float]
"""Terms summed over rows."""
REWARD = "reward"
"""The decision metric of a canary whose answers have consequences; any other one is a metric of the task."""
Seen = Literal["drawn", "logged", "observed"]
"""How the traffic of a canary knows outcomes.

drawn: by the truth of a generator, of whatever an answer chooses; the logged ones are known as well.
logged: of what was shown when the rows were logged, whatever an answer chooses now.
observed: of what the answer itself chose, of nothing else, as in live traffic.
"""


@dataclass(frozen=True)
class Ratio:
    """One total over another, by the names of their terms; NaN where the other is zero."""

    over: str
    under: str

    def value(self, totals: Totals) -> float:
        """Of these totals."""
        return totals[self.over] / totals[self.under] if totals[self.under] else math.nan


@dataclass(frozen=True)
class Metric:
    """One figure of merit.

    Attributes:
        name: in evidence, codes of checks, and keys of the gate.
        of: the totals that it is made of; None for one that is measured as a whole.
        rule: how the gate bounds the interval: by `max_NAME` or `min_NAME`, or by both ends of `NAME`.
        bound: what the gate asks where the card says nothing; None for nothing.
        widened: the same on a holdout that may be too small for `bound`; None where size does not matter.
        least: no bound is below it: it would stop nothing.
        most: every bound is below it: it would let nothing pass.
        ideal: where neither up nor down is better.
        costs: what a bound lets happen to users, in a sentence; `{low}`, `{high}` or `{bound}` is the bound.
        mends: what usually helps where it is not kept.
        sliced: whether each slice shows it.
        tracked: whether the run is known by it in the registry.
    """

    name: str
    title: str
    of: Ratio | None = None
    better: Literal["lower", "higher", "ideal"] = "lower"
    rule: Literal["max", "min", "within"] | None = None
    bound: Any = None
    widened: Callable[[Holdout], Any] | None = None
    least: float = -math.inf
    most: float = math.inf
    ideal: float = 0.0
    costs: str = ""
    mends: str = ""
    sliced: bool = False
    tracked: bool = False

    @property
    def key(self) -> str:
        """What the gate of a card calls its bound."""
        return self.name if self.rule == "within" else f"{self.rule}_{self.name}"

    @property
    def words(self) -> str:
        """The title within a sentence."""
        return self.title if self.title.isupper() else self.title[:1].lower() + self.title[1:]

    @property
    def gain(self) -> str:
        """What a canary earns by it, for up is better there."""
        return f"minus {self.words}" if self.better == "lower" else self.words

    @property
    def is_loss(self) -> bool:
        """Whether it is what answers cost, which those to rare outcomes dominate."""
        return self.better == "lower"

    @property
    def sign(self) -> int:
        """1 where up is worse, else -1."""
        return 1 if self.better == "lower" else -1

    def gained(self, difference: Interval) -> Interval:
        """A difference turned so that above zero is better."""
        if self.better == "higher":
            return difference
        # Not checked anew: what is no number must reach the rule, which it does not pass.
        return Interval.model_construct(value=-difference.value, low=-difference.high, high=-difference.low)

    def default(self, holdout: Holdout | None) -> Any:
        """The bound where the card says nothing, by the size of the holdout where it is known."""
        return self.bound if holdout is None or self.widened is None else self.widened(holdout)

    def worse(self, difference: Interval) -> Interval:
        """A difference turned so that above zero is worse."""
        if self.better == "lower":
            return difference
        return Interval(value=-difference.value, low=-difference.high, high=-difference.low)


def calibration(
    predicted: str,
    observed: str,
    widened: Callable[[Holdout], tuple[float, float]],
    title: str = "Calibration",
) -> Metric:
    """What was predicted over what came, by the names of their terms: 1 is ideal."""
    return Metric(
        "calibration",
        title,
        Ratio(predicted, observed),
        better="ideal",
        rule="within",
        bound=CALIBRATION,
        widened=widened,
        least=0.0,
        ideal=1.0,
        costs=advice.RATIO,
        mends=advice.NEWER,
        sliced=True,
    )


def normalised_entropy(loss: str, constant: str) -> Metric:
    """Log loss over that of always answering the base rates; at 1 or above the model tells nothing.

    The rates are those of the rows that judge and not of training: no constant does better on them. They are
    estimated too, which moves their loss by nothing, to first order: it is at its least there.

    He et al., Practical lessons from predicting clicks on ads at Facebook, ADKDD 2014.
    """
    return Metric(
        "normalised_entropy",
        "Normalised entropy",
        Ratio(loss, constant),
        rule="max",
        bound=1.0,
        least=0.0,
        costs=advice.CONSTANT,
        mends=advice.NEWER,
    )


def shown(interval: Interval) -> str:
    """An interval in the line of a check."""
    return f"{interval.value:.4f} [{_end(interval.low)}, {_end(interval.high)}]"


def _end(value: float) -> str:
    return f"{value:.4f}" if abs(value) < UNBOUNDED else "unbounded"


def bounded(metric: Metric, found: Interval | None, bound: Any, farther: Interval | None = None) -> Check:
    """The check of a bound, by the end of the interval that speaks against the candidate.

    A metric that is undefined does not pass. One that has an ideal passes beyond its bounds too where it is
    shown to be closer to the ideal than the champion's: refusing it would keep the worse one in production.

    Args:
        farther: how much farther from the ideal the candidate is than the champion; None without a champion.
    """
    more = ""
    if metric.rule == "max":
        # Strictly below: a normalised error of 1 is that of a constant.
        passed = found is not None and found.high < bound
        allowed = f"upper bound below {bound:g}"
    elif metric.rule == "min":
        passed = found is not None and found.low >= bound
        allowed = f"lower bound at least {bound:g}"
    else:
        low, high = bound
        passed = found is not None and low <= found.low and found.high <= high
        allowed = f"both bounds within {low:g} to {high:g}"
        if farther is not None:
            allowed += f", or shown to be closer to {metric.ideal:g} than the champion's"
            if not passed and found is not None:
                passed = farther.high < 0
                more = f"; its distance from {metric.ideal:g} less the champion's {shown(farther)}"
    return Check(
        code=f"candidate.{metric.name}",
        passed=passed,
        found="undefined" if found is None else f"{shown(found)}{more}",
        allowed=allowed,
    )


def require_bound(key: str, metric: Metric, bound: Any) -> None:
    """Refuse a bound that is not of the metric's kind, or that stops nothing.

    Raises:
        UsageError: the line names the key.
    """
    pair = isinstance(bound, tuple)
    if pair != (metric.rule == "within"):
        # guard settings.task
        raise UsageError(f"gate.{key}: found {bound!r}, expected {'one number' if pair else 'two numbers'}")
    for value in bound if pair else (bound,):
        if not metric.least <= value < metric.most:
            # guard settings.task
            raise UsageError(
                f"gate.{key}: found {value:g}, expected {metric.least:g} or more, and below {metric.most:g}"
            )
    if pair and not bound[0] < metric.ideal < bound[1]:
        # guard settings.gate.calibration
        raise UsageError(
            f"gate.{key}: found {list(bound)}; a bound below {metric.ideal:g} and one above it are needed"
        )
