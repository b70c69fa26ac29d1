"""Answers of several models on the same rows: metrics, slices and paired differences, by unit."""

from collections.abc import Collection, Mapping
from itertools import product

import numpy as np
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError
from slipway.evaluation.resampling import UnitRatio, normal, studentised, unit_sums
from slipway.evaluation.slices import Group
from slipway.records.evidence import Comparison, Interval, SliceDifference, SliceMetrics
from slipway.settings.card import Evaluation
from slipway.tasks import Metric, Outcomes, Scores, Task


class Measurement:
    """The task's metrics of each model and, of the first one, the difference from each other.

    Those over all rows have studentised intervals; one draw of the units weighs them all. Those of slices,
    which are many and small, have normal ones.
    """

    def __init__(
        self,
        task: Task,
        scores: Mapping[str, Scores],
        outcomes: Outcomes,
        units: NDArray[np.int64],
        groups: list[Group],
        settings: Evaluation,
        seed: int,
        levels: Mapping[str, float] | None = None,
        alone: Collection[str] = (),
    ) -> None:
        """Resample once for everything.

        Args:
            scores: by model; [rows] or [rows, k] each.
            outcomes: [rows].
            units: [rows]; codes of the unit of assignment.
            groups: slices to measure beside the whole.
            levels: how often the interval of the difference from a model may miss on each side, where that
                is not what the settings say.
            alone: models that the first one is not compared with.
        """
        self.task, self.groups, self.units = task, groups, units
        self.confidence = settings.confidence
        self.level = (1 - settings.confidence) / 2
        self._levels = dict(levels or {})
        self.first, *others = scores
        self._facts = task.facts(outcomes)
        self._terms = {model: task.terms(given, outcomes) for model, given in scores.items()}
        self._all = Group("", "", np.ones(len(units), np.bool_))
        each = {
            (model, metric.name): self._metric(metric, model) for model in scores for metric in _sums(task)
        }
        ratios: dict[tuple[str | int, ...], UnitRatio] = {
            key: ratio for key, ratio in each.items() if np.isfinite(ratio.value)
        }
        for other in (one for one in others if one not in alone):
            ratios[self.first, other] = self._difference(other, level=self._levels.get(other))
            for metric, sign in product(_ideal(task), (1, -1)):
                if (self.first, metric.name) in ratios and (other, metric.name) in ratios:
                    ratios[self.first, other, metric.name, sign] = self._farther(metric, other, sign)
        found = studentised(list(ratios.values()), settings.resamples, seed)
        self._intervals = dict(zip(ratios, found, strict=True))

    def metrics(self, model: str) -> dict[str, Interval]:
        """Those of the task that are ratios of sums; one that is undefined is left out."""
        names = [metric.name for metric in _sums(self.task)]
        return {name: self._intervals[model, name] for name in names if (model, name) in self._intervals}

    def slices(self, model: str) -> list[SliceMetrics]:
        """The metrics of each slice that slices show."""
        shown = [metric for metric in _sums(self.task) if metric.sliced]
        return [
            SliceMetrics(
                column=group.column,
                value=group.value,
                rows=int(group.rows.sum()),
                metrics={
                    metric.name: normal(ratio)
                    for metric in shown
                    if np.isfinite((ratio := self._metric(metric, model, group)).value)
                },
            )
            for group in self.groups
        ]

    def compare(self, other: str) -> Interval:
        """Paired difference of the primary metric over all rows, the first model minus another."""
        return self._intervals[self.first, other]

    def comparison(self, other: str) -> Comparison:
        """The first model minus another, over all rows and per slice; the slices' intervals hold together.

        A critical slice, which must be shown to be good, has its own, at the level of that over all rows.
        """
        differences, among = [], sum(not group.critical for group in self.groups)
        for group in self.groups:
            alone = group.critical
            level = self._levels.get(other) if alone else None
            absolute = self._difference(other, group, level)
            differences.append(
                SliceDifference(
                    column=group.column,
                    value=group.value,
                    rows=int(group.rows.sum()),
                    critical=alone,
                    difference=normal(absolute, 1 if alone else among),
                    relative=self._relative(other, group, 1 if alone else among, level),
                )
            )
        return Comparison.model_validate(
            {
                "other": other,
                "difference": self.compare(other),
                "slices": differences,
                "farther": self.farther(other),
            }
        )

    def farther(self, other: str) -> dict[str, Interval]:
        """By metric that has an ideal, paired: how much farther from it the first model is than another.

        Distances are per row, so that two models have one unit where each has a denominator of its own, too.
        |a| is the larger of a and -a: the upper end holds whichever sign the truth has.
        """
        found: dict[str, Interval] = {}
        for metric in _ideal(self.task):
            signs = [self._intervals.get((self.first, other, metric.name, sign)) for sign in (1, -1)]
            if both := [each for each in signs if each is not None]:
                high = max(each.high for each in both)
                likelier = max(both, key=lambda each: each.value)
                found[metric.name] = likelier.model_copy(update={"high": high})
        return found

    def _farther(self, metric: Metric, other: str, sign: int) -> UnitRatio:
        """The first model's distance from the ideal, had it this sign, less the other's."""
        mine, theirs = (self._gap(metric, model) for model in (self.first, other))
        return self._ratio(sign * mine - np.sign(theirs.sum()) * theirs, np.ones(len(mine)))

    def _gap(self, metric: Metric, model: str) -> NDArray[np.float64]:
        over, under = self._parts(metric, model)
        return np.asarray(over - metric.ideal * under, np.float64)

    def _ratio(
        self,
        over: NDArray[np.float64],
        under: NDArray[np.float64],
        group: Group | None = None,
        level: float | None = None,
    ) -> UnitRatio:
        """Sums over the rows of a group by unit, of terms [rows]."""
        rows = (group or self._all).rows
        tops, bottoms = (unit_sums(term * rows, self.units) for term in (over, under))
        return UnitRatio(tops, bottoms, len(np.unique(self.units[rows])), level or self.level)

    def _metric(self, metric: Metric, model: str, group: Group | None = None) -> UnitRatio:
        return self._ratio(*self._parts(metric, model), group)

    def _difference(self, other: str, group: Group | None = None, level: float | None = None) -> UnitRatio:
        """Paired: a unit counts by the difference that it makes."""
        (mine, under), (theirs, same) = (
            self._parts(self.task.primary, model) for model in (self.first, other)
        )
        if under is not same:
            raise SlipwayError(
                f"{self.task.primary.name}: its denominator is not a fact of the outcomes alone, so two "
                "models' cannot be compared"
            )
        return self._ratio(mine - theirs, under, group, level)

    def _relative(self, other: str, group: Group, among: int, level: float | None) -> Interval:
        """The difference over the other's metric."""
        (mine, _), (theirs, _) = (self._parts(self.task.primary, model) for model in (self.first, other))
        ratio = self._ratio(mine - theirs, theirs, group, level)
        if np.isfinite(ratio.value):
            return normal(ratio, among)
        # Against a model that makes no error at all, none is no difference and any is without bound.
        if not ratio.over.any():
            return Interval(value=0.0, low=0.0, high=0.0)
        return Interval(value=float(np.copysign(np.inf, ratio.over.sum())), low=-np.inf, high=np.inf)

    def _parts(self, metric: Metric, model: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Numerator and denominator of each row, [rows]; facts of the outcomes belong to every model."""
        if metric.of is None:
            raise SlipwayError(f"{metric.name}: no ratio of sums over rows, so nothing can be compared by it")
        terms = self._facts | self._terms[model]
        return terms[metric.of.over], terms[metric.of.under]


def _sums(task: Task) -> list[Metric]:
    return [metric for metric in task.metrics if metric.of is not None]


def _ideal(task: Task) -> list[Metric]:
    return [metric for metric in _sums(task) if metric.better == "ideal"]
