"""What to do about a first version that the gate refuses: there is no champion that could stay instead."""

import math
from typing import Any

from slipway.records.checks import Check, WayOut
from slipway.records.evidence import UNBOUNDED, Evidence, Interval
from slipway.settings.card import Gate
from slipway.tasks import Metric, Task

LIGHTER = "a smaller model (fewer rounds, fewer leaves), fewer inputs, or another kind of model"
DIGITS = 100
"""A bound is told to the hundredth."""


def with_way_out(check: Check, evidence: Evidence, task: Task, gate: Gate) -> Check:
    """A check of a first version; where it refuses, with the key that decides and what would admit it."""
    first = evidence.champion is None and evidence.unscored is None
    found = None if check.passed or not first else _way_out(check.code, evidence, task, gate)
    return check if found is None else check.model_copy(update={"way_out": found})


def admitting(metric: Metric, found: Interval, bound: Any) -> Any:
    """The tightest bound, to the hundredth, that lets pass what was found; None where no bound may."""
    low, high = _below(found.low), _above(found.high)
    if metric.rule == "within":
        value: Any = (min(bound[0], low), max(bound[1], high))
    else:
        value = high if metric.rule == "max" else low
    each = value if isinstance(value, tuple) else (value,)
    allowed = all(metric.least <= one < metric.most and abs(one) < UNBOUNDED / 2 for one in each)
    return value if allowed else None


def _below(value: float) -> float:
    return value if abs(value) >= UNBOUNDED / 2 else math.floor(DIGITS * value) / DIGITS


def _above(value: float) -> float:
    """Above and not at it, for an upper bound is not reached by what it admits."""
    return value if abs(value) >= UNBOUNDED / 2 else (math.floor(DIGITS * value) + 1) / DIGITS


def _way_out(code: str, evidence: Evidence, task: Task, gate: Gate) -> WayOut | None:
    metric = next((one for one in task.metrics if code == f"candidate.{one.name}"), None)
    if metric is not None:
        return _of_metric(metric, evidence, task, gate)
    if code == f"baseline.{task.primary.name}":
        return WayOut(
            means="the candidate is not shown to be better than the simplest model",
            helps="`slipway train --baseline`, by which the baseline goes first, and a larger holdout",
        )
    if code.startswith(("slice.", "critical_slice.")):
        kind, column, value = code.split(".", 2)
        return _of_slice(column, value, evidence, task, critical=kind == "critical_slice")
    return _of_cost(code, evidence)


def _of_metric(metric: Metric, evidence: Evidence, task: Task, gate: Gate) -> WayOut | None:
    found = evidence.candidate.metrics.get(metric.name)
    bound = task.bounds(gate.bounds, evidence.holdout)[metric.key]
    value = None if found is None else admitting(metric, found, bound)
    ends = {"low": value[0], "high": value[1]} if isinstance(value, tuple) else {"bound": value}
    return WayOut(
        key=f"gate.{metric.key}",
        value=None if value is None else _written(value),
        means="no value admits it" if value is None else metric.costs.format(**ends),
        helps=metric.mends + _recalibrated(evidence),
    )


def _recalibrated(evidence: Evidence) -> str:
    """What became of the first thing that helps."""
    done = evidence.candidate.recalibration
    if done is None:
        return "; this candidate was not recalibrated"
    return f"; this candidate is {done}"


def _of_slice(column: str, value: str, evidence: Evidence, task: Task, critical: bool) -> WayOut | None:
    compared = next((one for one in evidence.comparisons if one.other == "baseline"), None)
    of = [one for one in compared.slices if (one.column, one.value) == (column, value)] if compared else []
    worse = task.primary.worse(of[0].relative) if of else None
    # A critical one is asked for the end of its interval, any other for the middle.
    bound = None if worse is None else worse.high if critical else worse.value
    if bound is None or abs(bound) >= UNBOUNDED / 2:
        return _of_unmeasured() if critical else None
    return WayOut(
        key="gate.max_slice_regression",
        value=_written(_above(bound)),
        means=f"on a slice, users may be answered worse by {_above(bound):.0%} than by the baseline",
        helps="inputs that tell this slice apart, and more rows of it",
    )


def _of_unmeasured() -> WayOut:
    return WayOut(
        key="gate.critical_slices",
        means="a slice that is not critical there may be answered worse, and nobody sees it",
        helps="a longer holdout, or a wider slice that has more rows",
    )


def _of_cost(code: str, evidence: Evidence) -> WayOut | None:
    latency, size = evidence.candidate.latency, _above(evidence.candidate.size_mb)
    ratio, slowest = _above(latency.ratio.high), math.ceil(latency.p99_ms)
    costs = {
        "candidate.latency_ratio": (
            "gate.max_latency_ratio",
            ratio,
            "times as long as for the baseline",
        ),
        "candidate.latency": ("problem.p99_latency_ms", float(slowest), "ms for one answer in a hundred"),
        "candidate.size": ("gate.max_size_mb", size, "MB to load wherever it is served"),
    }
    if code not in costs or abs(costs[code][1]) >= UNBOUNDED / 2:
        return None
    key, value, unit = costs[code]
    return WayOut(
        key=key, value=_written(value), means=f"users wait for up to {value:g} {unit}", helps=LIGHTER
    )


def _written(value: Any) -> str:
    """As a card would have it, to the hundredth."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    return f"{value:.2f}".rstrip("0").rstrip(".")
