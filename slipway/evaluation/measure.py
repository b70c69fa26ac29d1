"""Scores of several models on the same rows: metrics, slices and paired differences by one resampling."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from slipway.evaluation.resampling import interval, resample, simultaneous, unit_sums
from slipway.records.evidence import MIN_UNITS, Comparison, Interval, SliceDifference, SliceMetrics
from slipway.settings.card import Evaluation
from slipway.tasks.metrics import entropy, log_loss_terms


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
        for place in np.argsort(-counts, kind="stable"):
            if counts[place] >= settings.min_slice_rows:
                found.append(Group(column, str(names[place]), codes == place))
    return found


class Measurement:
    """Resampled totals of rows, labels, and per model of scores and log loss, for all rows and each slice."""

    def __init__(
        self,
        scores: Mapping[str, NDArray[np.float64]],
        labels: NDArray[np.int8],
        units: NDArray[np.int64],
        groups: list[Group],
        settings: Evaluation,
        seed: int,
    ) -> None:
        """Resample once for everything.

        Args:
            scores: by model, [rows].
            labels: [rows], 0 or 1.
            units: [rows]; codes of the unit of assignment.
            groups: slices to measure beside the whole.
        """
        self.confidence = settings.confidence
        self.groups = [Group("", "", np.ones(len(labels), np.bool_)), *groups]
        terms = [np.ones(len(labels)), labels.astype(np.float64)]
        for model in scores:
            terms += [np.nan_to_num(scores[model]), log_loss_terms(scores[model], labels)]
        self.names = [
            "rows",
            "labels",
            *(f"{kind} {model}" for model in scores for kind in ("score", "loss")),
        ]
        columns = np.stack(terms, axis=1)
        by_group = [unit_sums(columns * group.rows[:, None], units) for group in self.groups]
        totals = resample(np.concatenate(by_group, axis=1), settings.resamples, seed)
        self.totals = totals.reshape(len(totals), len(self.groups), len(self.names))
        few = [len(np.unique(units[group.rows])) < MIN_UNITS for group in self.groups]
        self.totals[1:, few] = np.nan

    def _total(self, name: str, group: int) -> NDArray[np.float64]:
        return self.totals[:, group, self.names.index(name)]

    def _ratio(self, over: str, under: str, group: int) -> NDArray[np.float64]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._total(over, group) / self._total(under, group)

    def log_loss(self, model: str, group: int = 0) -> Interval:
        """Mean log loss per row."""
        return interval(self._ratio(f"loss {model}", "rows", group), self.confidence)

    def calibration(self, model: str, group: int = 0) -> Interval | None:
        """Mean score over mean label; None where no label is 1."""
        if not self._total("labels", group)[0]:
            return None
        return interval(self._ratio(f"score {model}", "labels", group), self.confidence)

    def normalised_entropy(self, model: str) -> Interval:
        """Log loss over the entropy of the base rate.

        He et al., Practical lessons from predicting clicks on ads at Facebook, ADKDD 2014.
        """
        loss = self._ratio(f"loss {model}", "rows", 0)
        return interval(loss / entropy(self._ratio("labels", "rows", 0)), self.confidence)

    def slices(self, model: str) -> list[SliceMetrics]:
        """The metrics of each slice."""
        return [
            SliceMetrics(
                column=group.column,
                value=group.value,
                rows=int(group.rows.sum()),
                log_loss=self.log_loss(model, place),
                calibration=self.calibration(model, place),
            )
            for place, group in enumerate(self.groups)
            if place
        ]

    def _difference(self, model: str, other: str, group: int = 0) -> NDArray[np.float64]:
        """Paired: every resample draws the same units for both."""
        return self._ratio(f"loss {model}", "rows", group) - self._ratio(f"loss {other}", "rows", group)

    def compare(self, model: str, other: str) -> Interval:
        """Paired difference of log loss over all rows, model minus other."""
        return interval(self._difference(model, other), self.confidence)

    def comparison(self, model: str, other: str) -> Comparison:
        """Model minus other, over all rows and per slice; the slices' intervals hold together."""
        among, differences = len(self.groups) - 1, []
        for place, group in enumerate(self.groups[1:], start=1):
            absolute = self._difference(model, other, place)
            relative = absolute / self._ratio(f"loss {other}", "rows", place)
            differences.append(
                SliceDifference(
                    column=group.column,
                    value=group.value,
                    rows=int(group.rows.sum()),
                    log_loss=simultaneous(absolute, self.confidence, among),
                    relative=simultaneous(relative, self.confidence, among),
                )
            )
        return Comparison.model_validate(
            {"other": other, "log_loss": self.compare(model, other), "slices": differences}
        )
