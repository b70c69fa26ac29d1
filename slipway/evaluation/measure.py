"""Answers of several models on the same rows: metrics, slices and paired differences by one resampling."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError
from slipway.evaluation.resampling import interval, resample, simultaneous, unit_sums
from slipway.records.evidence import MIN_UNITS, Comparison, Interval, SliceDifference, SliceMetrics
from slipway.settings.card import Evaluation
from slipway.tasks import Metric, Outcomes, Scores, Task


@dataclass(frozen=True)
class Group:
    """Rows that are measured together: all of them, or one value of one slice column."""

    column: str
    value: str
    rows: NDArray[np.bool_]


def slices(requests: pa.Table, settings: Evaluation) -> list[Group]:
    """Every value of every slice column that enough rows have, largest first."""
    found = []
    for column in settings.slices:
        values = pc.fill_null(requests[column].cast(pa.string()), "(missing)").to_numpy()
        names, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
        # Stable: slices of equal size keep the order of their names.
        for place in np.argsort(-counts, kind="stable"):
            if counts[place] >= settings.min_slice_rows:
                found.append(Group(column, str(names[place]), codes == place))
    return found


class Measurement:
    """Resampled totals of the task's terms, for all rows and each slice."""

    def __init__(
        self,
        task: Task,
        scores: Mapping[str, Scores],
        outcomes: Outcomes,
        units: NDArray[np.int64],
        groups: list[Group],
        settings: Evaluation,
        seed: int,
    ) -> None:
        """Resample once for everything.

        Args:
            scores: by model; [rows] or [rows, k] each.
            outcomes: [rows].
            units: [rows]; codes of the unit of assignment.
            groups: slices to measure beside the whole.
        """
        self.task = task
        self.confidence = settings.confidence
        self.models = frozenset(scores)
        self.groups = [Group("", "", np.ones(len(units), np.bool_)), *groups]
        # Facts of the outcomes belong to every model, so they stand under no name.
        terms = {("", name): term for name, term in task.facts(outcomes).items()}
        for model, given in scores.items():
            terms |= {(model, name): term for name, term in task.terms(given, outcomes).items()}
        self.names = list(terms)
        columns = np.stack(list(terms.values()), axis=1)
        by_group = [unit_sums(columns * group.rows[:, None], units) for group in self.groups]
        totals = resample(np.concatenate(by_group, axis=1), settings.resamples, seed)
        self.totals = totals.reshape(len(totals), len(self.groups), len(self.names))
        few = [len(np.unique(units[group.rows])) < MIN_UNITS for group in self.groups]
        # The value itself stays; without resamples its interval has no bounds, and so shows nothing.
        self.totals[1:, few] = np.nan

    def _values(self, metric: Metric, model: str, group: int) -> NDArray[np.float64]:
        """The metric of the sample and of each resample."""
        if metric.of is None:
            raise SlipwayError(f"{metric.name}: no ratio of sums over rows, so nothing can be compared by it")
        totals = {
            name: self.totals[:, group, place]
            for place, (owner, name) in enumerate(self.names)
            if owner in ("", model)
        }
        return metric.of(totals)

    def metric(self, metric: Metric, model: str, group: int = 0) -> Interval | None:
        """One metric; None where it is undefined."""
        values = self._values(metric, model, group)
        return interval(values, self.confidence) if np.isfinite(values[0]) else None

    def metrics(self, model: str, group: int = 0) -> dict[str, Interval]:
        """Those of the task that are ratios of sums; within a slice only the ones that slices show."""
        shown = [one for one in self.task.metrics if one.of is not None and (one.sliced or not group)]
        found = {one.name: self.metric(one, model, group) for one in shown}
        return {name: value for name, value in found.items() if value is not None}

    def slices(self, model: str) -> list[SliceMetrics]:
        """The metrics of each slice."""
        return [
            SliceMetrics(
                column=group.column,
                value=group.value,
                rows=int(group.rows.sum()),
                metrics=self.metrics(model, place),
            )
            for place, group in enumerate(self.groups)
            if place
        ]

    def _difference(self, model: str, other: str, group: int = 0) -> NDArray[np.float64]:
        """Paired: every resample draws the same units for both."""
        primary = self.task.primary
        return self._values(primary, model, group) - self._values(primary, other, group)

    def compare(self, model: str, other: str) -> Interval:
        """Paired difference of the primary metric over all rows, model minus other."""
        return interval(self._difference(model, other), self.confidence)

    def comparison(self, model: str, other: str) -> Comparison:
        """Model minus other, over all rows and per slice; the slices' intervals hold together."""
        among, differences = len(self.groups) - 1, []
        for place, group in enumerate(self.groups[1:], start=1):
            absolute = self._difference(model, other, place)
            with np.errstate(divide="ignore", invalid="ignore"):
                relative = absolute / self._values(self.task.primary, other, place)
            differences.append(
                SliceDifference(
                    column=group.column,
                    value=group.value,
                    rows=int(group.rows.sum()),
                    difference=simultaneous(absolute, self.confidence, among),
                    relative=simultaneous(_defined(relative, absolute), self.confidence, among),
                )
            )
        return Comparison.model_validate(
            {
                "other": other,
                "difference": self.compare(model, other),
                "slices": differences,
                "farther": self.farther(model, other),
            }
        )

    def farther(self, model: str, other: str) -> dict[str, Interval]:
        """By metric that has an ideal, paired: how far from it the model is, less how far the other is."""
        found: dict[str, Interval] = {}
        for one in self.task.metrics:
            if one.away is not None:
                values = one.away(self._values(one, model, 0)) - one.away(self._values(one, other, 0))
                found |= {one.name: interval(values, self.confidence)} if np.isfinite(values[0]) else {}
        return found


def _defined(relative: NDArray[np.float64], absolute: NDArray[np.float64]) -> NDArray[np.float64]:
    """Against another model that makes no error at all, none is no difference and any is without bound."""
    same = np.where(absolute == 0, 0.0, np.copysign(np.inf, absolute))
    return np.where(np.isnan(absolute) | np.isfinite(relative), relative, same)
