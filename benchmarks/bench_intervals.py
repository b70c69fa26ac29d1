"""How often the gate's interval of a difference errs where two models are equal, and one of many passes.

On drawn units: few positives, skewed gains, users of very different sizes. Beside it what percentiles of the
same bootstrap would say, which the gate used before. Then ten equal candidates on one holdout, judged as if
each were the first, and as they are counted. It ends with an error where a scenario with enough outcomes errs
in more than twice the level, beyond noise, or where counting lets one pass too often.

python benchmarks/bench_intervals.py [draws]
"""

import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from slipway.evaluation.resampling import UnitRatio, studentised
from slipway.records.evidence import HoldoutUse, Interval
from slipway.tasks.metrics import wilson

Floats = NDArray[np.float64]
Drawn = Callable[[np.random.Generator], tuple[Floats, Floats]]
LEVEL, RESAMPLES, CANDIDATES = 0.025, 999, 10


def positives(count: int, skewed: bool) -> Drawn:
    """Losses differ where the label is 1, of each third row; on average by nothing.

    Args:
        skewed: the candidate is better on most positives and much worse on a few.
    """

    def draw(random: np.random.Generator) -> tuple[Floats, Floats]:
        rows = 3 * count
        gains = random.exponential(1.0, rows) - 1.0 if skewed else random.normal(0.0, 1.0, rows)
        return np.where(random.random(rows) < 1 / 3, gains, 0.0), np.ones(rows)

    return draw


def users(count: int, spread: float) -> Drawn:
    """Users whose numbers of rows are log-normal, each with a skewed gain on all of its rows."""

    def draw(random: np.random.Generator) -> tuple[Floats, Floats]:
        rows = np.ceil(3 * random.lognormal(0.0, spread, count))
        gains = 0.3 * (random.exponential(1.0, count) - 1.0)
        return rows * gains + np.sqrt(rows) * random.normal(0.0, 1.0, count), rows

    return draw


def units(count: int) -> Drawn:
    """Units that count alike, with skewed gains."""
    return lambda random: (random.exponential(1.0, count) - 1.0, np.ones(count))


SCENARIOS: dict[str, tuple[Drawn, bool]] = {
    "40 units, skewed": (units(40), False),
    "100 units, skewed": (units(100), True),
    "20 positives, symmetric": (positives(20, skewed=False), False),
    "100 positives, symmetric": (positives(100, skewed=False), True),
    "20 positives, skewed": (positives(20, skewed=True), False),
    "50 positives, skewed": (positives(50, skewed=True), False),
    "100 positives, skewed": (positives(100, skewed=True), True),
    "300 users, sizes of deviation 1 (log)": (users(300, 1.0), True),
    "300 users, sizes of deviation 1.5 (log)": (users(300, 1.5), True),
}
"""By name: how a difference is drawn, and whether there are outcomes enough for the gate."""


def percentile(ratio: UnitRatio, seed: int) -> Interval:
    """Quantiles of the resampled differences themselves."""
    weights = np.random.default_rng(seed).poisson(1.0, (RESAMPLES, len(ratio.over))).astype(np.float64)
    resampled = np.sort((weights @ ratio.over) / (weights @ ratio.under))
    beyond = round((RESAMPLES + 1) * LEVEL)
    return Interval(value=ratio.value, low=resampled[beyond - 1], high=resampled[-beyond])


def errs(name: str, draws: int) -> None:
    """Print how often a candidate that is no better would be shown to be better, and to be worse.

    Raises:
        SystemExit: too often, where there are outcomes enough.
    """
    drawn, enough = SCENARIOS[name]
    found: dict[str, list[Interval]] = {"percentiles": [], "studentised": []}
    for seed in range(draws):
        ratio = UnitRatio(*(sums := drawn(np.random.default_rng(seed))), len(sums[0]), LEVEL)
        found["percentiles"].append(percentile(ratio, seed))
        found["studentised"] += studentised([ratio], RESAMPLES, seed)
    for method, intervals in found.items():
        better = wilson(sum(one.high < 0 for one in intervals), draws, 0.95)
        worse = sum(one.low > 0 for one in intervals) / draws
        print(
            f"  {name:40} {method:12} {better.value:6.1%} [{better.low:.1%}, {better.high:.1%}] {worse:6.1%}"
        )
    if enough and better.low > 2 * LEVEL:
        sys.exit(f"{name}: {better.value:.1%} of candidates that are no better are shown to be")


def by_luck(draws: int) -> None:
    """Print how often one of ten equal candidates on one holdout is shown to be better than the champion.

    Raises:
        SystemExit: more often than one time in twenty, as they are counted.
    """
    alone, counted = 0, 0
    for seed in range(draws):
        random = np.random.default_rng(seed)
        champion, rows = random.normal(0.0, 1.0, 300), np.ones(300)
        levels = [HoldoutUse.of(place, 1 - 2 * LEVEL).level for place in range(1, CANDIDATES + 1)]
        gains = [random.normal(0.0, 1.0, 300) - champion for _ in levels]
        first = studentised([UnitRatio(one, rows, 300, LEVEL) for one in gains], RESAMPLES, seed)
        spent = [UnitRatio(one, rows, 300, level) for one, level in zip(gains, levels, strict=True)]
        alone += any(one.high < 0 for one in first)
        counted += any(one.high < 0 for one in studentised(spent, RESAMPLES, seed))
    for text, hits in (("each as the first", alone), ("as they are counted", counted)):
        rate = wilson(hits, draws, 0.95)
        print(f"  one of {CANDIDATES} passes, {text:20} {rate.value:6.1%} [{rate.low:.1%}, {rate.high:.1%}]")
    if rate.low > 2 * LEVEL:
        sys.exit(f"counted, one of {CANDIDATES} candidates passes in {rate.value:.1%}")


def main(draws: int = 1000) -> None:
    """Draw, judge and print."""
    begun = time.monotonic()
    print(f"{draws} draws; allowed on each side {LEVEL:.1%}; better by luck [95 %], worse by luck")
    for name in SCENARIOS:
        errs(name, draws)
    by_luck(max(1, draws // 5))
    print(f"{time.monotonic() - begun:.0f} s, {time.process_time():.0f} s of one core")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
