"""The gate: a pure function of evidence and policy. Every rule is a check; one failure refuses.

A rule reads the end of an interval that speaks against the candidate: what the holdout is too small to show
is refused. Since every rule must pass, a bad candidate passes no more often than its worst rule errs, with no
correction for their number (Berger, Multiparameter hypothesis testing and acceptance sampling, Technometrics
24, 1982). Slices are the exception, see `slipway.evaluation.slice_rules`. A p99 of some hundred requests is
its few slowest: that rule guards a budget, and the ratio to the baseline, which has an interval, tells a slow
model. A value that is no number passes no rule.
"""

import math
from collections.abc import Iterator

from slipway.base.errors import SlipwayError
from slipway.evaluation.slice_rules import slice_checks
from slipway.evaluation.way_out import with_way_out
from slipway.records.checks import Check, GateVerdict
from slipway.records.environment import Parity
from slipway.records.evidence import MIN_UNITS, Comparison, Evidence, HoldoutUse
from slipway.settings.card import Gate
from slipway.settings.criterion import answer
from slipway.tasks import Metric, Task
from slipway.tasks.merit import bounded, shown

UNREGISTERED = "candidate.unregistered"


def decide(evidence: Evidence, task: Task, gate: Gate, p99_latency_ms: float) -> GateVerdict:
    """Whether the candidate may be registered.

    The first model of a system has no champion to beat and passes on the absolute bounds; a check that
    refuses it says what would admit it. A tie, which is an interval of the difference that holds zero, keeps
    the incumbent, unless the card asks for `not_worse`.

    Args:
        task: whose metrics and bounds the rules are.
        p99_latency_ms: the budget of one request, `problem.p99_latency_ms` of a card.

    Raises:
        SlipwayError: the evidence lacks a comparison that a rule needs.
    """
    checks = [
        *_about(evidence, task),
        *_unregistered(evidence),
        *_sound(evidence, task),
        *_enough(evidence, task, gate),
        *_unseen(evidence),
        *_absolute(evidence, task, gate, p99_latency_ms),
        *_against_baseline(evidence, task),
        *_against_champion(evidence, task, gate),
        *_slices(evidence, task, gate),
    ]
    checks = [with_way_out(check, evidence, task, gate) for check in checks]
    return GateVerdict(passed=not any(check.refuses for check in checks), checks=checks)


def _about(evidence: Evidence, task: Task) -> Iterator[Check]:
    """Evidence of another task or metric would be judged by bounds that say nothing of it."""
    due = (task.name, task.primary.name)
    found = (evidence.task, evidence.primary)
    if found != due:
        yield _check("evidence.task", False, ", ".join(found), ", ".join(due))


def _unregistered(evidence: Evidence) -> Iterator[Check]:
    """What is trained every week on the same rows would be registered every week."""
    if evidence.twin is not None:
        yield _check(
            UNREGISTERED, False, str(evidence.twin), "bits that no version has"
        )  # guard candidate.unregistered


def _sound(evidence: Evidence, task: Task) -> Iterator[Check]:
    candidate = evidence.candidate
    yield _check(
        "candidate.finite",
        candidate.finite,
        "yes" if candidate.finite else "no",
        task.words.sound,
    )
    yield _check(
        "candidate.not_constant",
        candidate.distinct_scores > 1,
        f"{candidate.distinct_scores} distinct scores",
        "at least 2",
    )


def _enough(evidence: Evidence, task: Task, gate: Gate) -> Iterator[Check]:
    """Where the rows are too few for any interval, nothing is shown, whatever the intervals say."""
    units, rows = evidence.holdout.units, evidence.holdout.rows
    yield _check("holdout.units", units >= MIN_UNITS, f"{units} units", f"at least {MIN_UNITS}")
    count, least = task.outcomes_in(rows, units, evidence.holdout.labels), gate.min_outcomes
    suffice = math.ceil(rows * least / count) if count else None
    more = "" if count >= least or suffice is None else f"; a holdout of about {suffice:,} rows would suffice"
    yield _check(
        "holdout.outcomes",
        count >= least,
        f"{count:,} {task.counted} among {rows:,} rows{more}",
        f"at least {least:,} (gate.min_outcomes)",
        known=count >= least,
    )


def _unseen(evidence: Evidence) -> Iterator[Check]:
    """Nobody is judged on rows that it was trained on, or with what only became known among them."""
    start = evidence.holdout.start
    for model in filter(None, (evidence.candidate, evidence.champion)):
        yield _check(
            f"{model.role}.holdout_unseen",
            model.train_end < start,
            f"trained on rows until {model.train_end:%Y-%m-%d %H:%M:%S}",
            f"before the holdout's start {start:%Y-%m-%d %H:%M:%S}",
        )  # guard holdout_unseen
        if model.train_known_until is not None:  # a version from before it was kept cannot say
            yield _check(
                f"{model.role}.outcomes_known",
                model.train_known_until < start,
                f"learned from outcomes known until {model.train_known_until:%Y-%m-%d %H:%M:%S}",
                f"before the holdout's start {start:%Y-%m-%d %H:%M:%S}",
            )  # guard outcomes_known


def _absolute(evidence: Evidence, task: Task, gate: Gate, p99_latency_ms: float) -> Iterator[Check]:
    candidate, bounds = evidence.candidate, task.bounds(gate.bounds, evidence.holdout)
    farther = _compared(evidence, "champion").farther if evidence.champion else {}
    for metric in task.metrics:
        if metric.rule and bounds[metric.key] is not None:
            found = candidate.metrics.get(metric.name)
            yield bounded(metric, found, bounds[metric.key], farther.get(metric.name))
    latency = candidate.latency
    yield _check(
        "candidate.latency_ratio",
        latency.ratio.high <= gate.max_latency_ratio,
        shown(latency.ratio),
        f"upper bound at most {gate.max_latency_ratio:g} times the baseline",
    )
    yield _check(
        "candidate.latency",
        latency.p99_ms <= p99_latency_ms,
        f"p99 {latency.p99_ms:.1f} ms of {latency.requests} requests",
        f"at most {p99_latency_ms:g} ms",
    )
    yield _check(
        "candidate.size",
        candidate.size_mb <= gate.max_size_mb,
        f"{candidate.size_mb:.1f} MB",
        f"at most {gate.max_size_mb:g} MB",
    )


def _against_baseline(evidence: Evidence, task: Task) -> Iterator[Check]:
    # A baseline that is its own candidate, as a first version may be, cannot be better than itself.
    if evidence.candidate.digest == evidence.baseline.digest:
        return
    metric, difference = task.primary, _compared(evidence, "baseline").difference
    passed, end = metric.worse(difference).high < 0, _bad_end(metric)
    yield _check(f"baseline.{metric.name}", passed, shown(difference), f"{end} 0")


def _against_champion(evidence: Evidence, task: Task, gate: Gate) -> Iterator[Check]:
    if evidence.champion_problem:
        yield _check("champion.scored", False, evidence.champion_problem, "a champion that can be scored")
    if evidence.champion is not None or evidence.parity is not None:
        yield _parity(evidence.parity)
    if evidence.champion is None:
        return
    use = evidence.use
    yield _check(
        "holdout.counted",
        use is not None and math.isclose(use.level, HoldoutUse.of(use.place, evidence.confidence).level),
        "the use of the holdout was not counted" if use is None else str(use),
        "the k-th candidate at level alpha / (k (k + 1)) per side",
    )
    metric, policy = task.primary, gate.champion
    difference = _compared(evidence, "champion").difference
    # A copy of the champion would pass `not_worse`, and production would move for nothing.
    another = evidence.candidate.digest != evidence.champion.digest
    yield _check("candidate.new", another, evidence.candidate.digest[:12], "other bits than the champion's")
    said = answer(metric.gained(difference), policy)
    where = f"{_bad_end(metric)} {metric.sign * policy.margin or 0.0:g}"
    why = "a tie keeps the incumbent" if policy.rule == "better" else "not worse by the margin"
    yield _check(
        f"champion.{metric.name}", said == "good", shown(difference), f"{where}; {why}", said != "not shown"
    )


def _parity(found: Parity | None) -> Check:
    """A champion that does not give its own scores any more is another model than the one that serves."""
    return _check(
        "champion.parity",
        found is not None and found.passed,
        "its kept scores were not asked for" if found is None else str(found),
        "its kept scores" if found is None else f"its kept scores within {found.tolerance:g}",
        found is not None and found.shown,
    )


def _slices(evidence: Evidence, task: Task, gate: Gate) -> Iterator[Check]:
    """Against the champion; a first version that is the baseline itself differs from nobody."""
    if evidence.candidate.digest == evidence.baseline.digest and evidence.champion is None:
        return
    compared = _compared(evidence, "champion" if evidence.champion else "baseline")
    yield from slice_checks(compared, evidence.small_slices, task, gate)


def _compared(evidence: Evidence, other: str) -> Comparison:
    for comparison in evidence.comparisons:
        if comparison.other == other:
            return comparison
    raise SlipwayError(f"the evidence holds no comparison with the {other}")  # guard evidence.comparison


def _check(code: str, passed: bool, found: str, allowed: str, known: bool = True) -> Check:
    return Check(code=code, passed=passed, shown=known, found=found, allowed=allowed)


def _bad_end(metric: Metric) -> str:
    """The end of an interval that speaks against the candidate, and where it may lie."""
    return "upper bound below" if metric.better == "lower" else "lower bound above"
