"""Of each row, a number: the label is one, and so is the answer."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError, UsageError
from slipway.records.evidence import Bin, Holdout
from slipway.records.labels import Labels
from slipway.tasks import advice, bounds, leak
from slipway.tasks.interface import Objective, Task, Terms, Words
from slipway.tasks.merit import Metric, Ratio
from slipway.tasks.metrics import means_by_score
from slipway.tasks.recalibration import Scale
from slipway.tasks.requests import Offered, Outcomes, Scores
from slipway.tasks.scales import Numbers

SQUARED, ABSOLUTE = "squared_error", "absolute_error"
WORST = 1e15
"""In place of an answer that is no number: far from any label, and still finite when it is squared."""


def _bias(holdout: Holdout) -> tuple[float, float]:
    return bounds.of_bias(holdout.rows)


class Regression(Task):
    """Judged by squared or absolute error, whichever the card names.

    An error is normalised by that of the constant forecast that is best for these very rows, the mean or the
    median: no constant known before, that of training included, does better on them.
    """

    name = "regression"
    primaries = (SQUARED, ABSOLUTE)
    metrics = (
        Metric(SQUARED, "Mean squared error", Ratio("squared", "rows"), sliced=True, tracked=True),
        Metric(ABSOLUTE, "Mean absolute error", Ratio("absolute", "rows"), sliced=True, tracked=True),
        Metric(
            "normalised_error",
            "Error over that of a constant",
            Ratio("loss", "constant"),
            rule="max",
            bound=1.0,
            least=0.0,
            costs=advice.CONSTANT,
            mends=advice.NEWER,
        ),
        Metric(
            "bias",
            "Bias in mean deviations of the label",
            Ratio("error", "spread"),
            better="ideal",
            rule="within",
            bound=bounds.BIAS,
            widened=_bias,
            costs=advice.OFF,
            mends=advice.NEWER,
            sliced=True,
        ),
    )
    words: ClassVar[Words] = Words(
        sound="every answer a finite number",
        unsound="answers are no finite numbers",
        truth="the true expectations",
        curve=("Mean label over mean prediction", "predicted", "observed"),
        curved="Mean label over mean prediction, in tenths of the rows by prediction; off the diagonal, "
        "predictions of that size are biased.",
        earned={SQUARED: "squared error of logged outcomes", ABSOLUTE: "absolute error of logged outcomes"},
    )
    form = "number"
    parts_rule = "labels that differ"
    truth = "expected"
    leaks = (
        f"alone it tells more than {leak.BOUND:g} of the label's variance; drop it, or set its severity to "
        "warning"
    )

    def require_columns(self) -> None:
        """The label is a number, and a row is a request."""
        label = self.columns.required("label")
        if self.columns.columns[label].type not in ("integer", "number"):
            # guard settings.task
            raise UsageError(f"data.columns.{label}: the label of a regression is an integer or a number")
        self.require_one_row()

    def outcomes(self, labels: NDArray[Any]) -> Outcomes:
        """The labels, float64 [rows].

        Raises:
            SlipwayError: one is missing or no finite number.
        """
        found = labels.astype(np.float64)
        if not np.isfinite(found).all():
            raise SlipwayError("the label column: found a value that is missing or no number")
        return found

    def allowed(self, column: str) -> tuple[str, str]:
        """Any finite number."""
        return f"isfinite(CAST({column} AS DOUBLE))", "a finite number"

    def described(self, outcomes: Outcomes) -> Labels:
        """Mean and standard deviation."""
        return {"mean": float(outcomes.mean()), "deviation": float(outcomes.std())}

    def told_apart(self, part: Labels, train: Labels) -> bool:
        """More than one value."""
        return part["deviation"] > 0

    def expectations(self, label: str) -> list[Any]:
        """More than one value."""
        from great_expectations import expectations as gxe

        return [gxe.ExpectColumnUniqueValueCountToBeBetween(column=label, min_value=2)]

    def leak_query(self, column: str, label: str, time: str) -> str:
        """By the correlation of the column alone."""
        return leak.of_a_number(column, label, time)

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """The error that decides; squared error for a kind that learns no other."""
        return (("squared", 0),) if self.primary.name == SQUARED else (("absolute", 0), ("squared", 0))

    @property
    def scale(self) -> Scale:
        """The numbers as they are; a median stays one where the absolute error decides."""
        return Numbers(absolute=self.primary.name == ABSOLUTE)

    def sound(self, scores: Scores) -> NDArray[np.bool_]:
        """Which answers are finite."""
        return np.isfinite(scores)

    def facts(self, outcomes: Outcomes) -> Terms:
        """Rows, the error of the best constant, and how far labels lie from their median."""
        return {
            "rows": np.ones(len(outcomes)),
            "constant": self._losses(self.constant(outcomes), outcomes),
            "spread": np.abs(outcomes - np.median(outcomes)),
        }

    def terms(self, scores: Scores, outcomes: Outcomes) -> Terms:
        """Errors: signed, absolute, squared, and the one that decides."""
        error = np.where(np.isfinite(scores), scores, WORST) - outcomes
        absolute, squared = np.abs(error), np.square(error)
        loss = squared if self.primary.name == SQUARED else absolute
        return {"error": error, "absolute": absolute, "squared": squared, "loss": loss}

    def _losses(self, scores: Scores, outcomes: Outcomes) -> NDArray[np.float64]:
        return self.terms(scores, outcomes)["loss"]

    def constant(self, outcomes: Outcomes) -> Scores:
        """The mean has the least squared error of all constants, the median the least absolute one."""
        best = np.mean if self.primary.name == SQUARED else np.median
        return np.array([best(outcomes)], np.float64)

    def curve(self, scores: Scores, outcomes: Outcomes, confidence: float) -> list[Bin]:
        """Bias by tenths of the predictions."""
        return means_by_score(scores, outcomes, confidence)

    def gains(
        self, metric: Metric, offered: Offered, scores: Scores, ranks: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Minus the error."""
        return -offered.per_request(self._losses(scores, offered.outcomes))


TASK = Regression
