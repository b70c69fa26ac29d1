"""Of each row, yes or no: the label is 0 or 1, the answer the probability of a 1."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slipway.records.evidence import Bin, Holdout, Interval
from slipway.records.labels import Labels
from slipway.tasks import advice, bounds, leak
from slipway.tasks.interface import Objective, Task, Terms, Words
from slipway.tasks.merit import Metric, Ratio, calibration, normalised_entropy
from slipway.tasks.metrics import auc, calibration_curve, log_loss_terms
from slipway.tasks.recalibration import Scale
from slipway.tasks.requests import Offered, Outcomes, Scores
from slipway.tasks.scales import Logit


def _calibration(holdout: Holdout) -> tuple[float, float]:
    return bounds.of_calibration(holdout.rows, holdout.labels["base_rate"] * holdout.rows)


class Binary(Task):
    """Judged by log loss on probabilities; a part of the split needs both classes."""

    name = "binary"
    primaries = ("log_loss",)
    metrics = (
        Metric("log_loss", "Log loss", Ratio("loss", "rows"), sliced=True, tracked=True),
        Metric(
            "auc",
            "AUC",
            better="higher",
            rule="min",
            bound=0.55,
            least=0.5,
            most=1.0,
            costs=advice.PAIRS,
            mends=advice.NEWER,
            tracked=True,
        ),
        normalised_entropy("loss", "constant"),
        calibration("score", "labels", _calibration),
    )
    words: ClassVar[Words] = Words(
        sound="every score a number in [0, 1]",
        unsound="scores are no probabilities",
        truth="the true probabilities",
        curve=("Calibration curves, observed over predicted rate", "predicted, %", "label 1, %"),
        curved="Observed over predicted rate of the label 1, in groups of rows with similar scores; on the "
        "diagonal a score of 10 % comes true 10 % of the time.",
        factor=100.0,
        earned={"log_loss": "log loss of logged outcomes"},
    )
    part_code = "base_rate"
    tracked_labels = frozenset({"base_rate"})
    parts_rule = "above 0 and below 1"
    counted = "rows with the rarer label"
    truth = "probability"
    leaks = (
        f"alone it separates the classes with an AUC above {leak.BOUND:g}; drop it, or set its severity to "
        "warning"
    )

    def outcomes(self, labels: NDArray[Any]) -> Outcomes:
        """The labels, int8 [rows], 0 or 1."""
        return labels.astype(np.int8)

    def allowed(self, column: str) -> tuple[str, str]:
        """0 or 1, whatever the source calls them."""
        told = self.columns.columns[self.columns.required("label")].positive is not None
        return f"{column} IN (0, 1)", "one of two values" if told else "0 or 1"

    def described(self, outcomes: Outcomes) -> Labels:
        """The base rate: the share of rows with the label 1."""
        return {"base_rate": float(outcomes.sum()) / len(outcomes)}

    def told_apart(self, part: Labels, train: Labels) -> bool:
        """Both classes."""
        return 0 < part["base_rate"] < 1

    def outcomes_in(self, rows: int, units: int, labels: Labels) -> int:
        """Rows of the rarer label, which tell nearly all there is to know."""
        rate = labels.get("base_rate", 0.0)  # the evidence may be another task's
        return round(rows * min(rate, 1 - rate))

    def expectations(self, label: str) -> list[Any]:
        """Both values and no other."""
        from great_expectations import expectations as gxe

        return [gxe.ExpectColumnDistinctValuesToEqualSet(column=label, value_set=[0, 1])]

    def leak_query(self, column: str, label: str, time: str) -> str:
        """By the AUC of the column alone."""
        return leak.of_two_classes(column, label, time)

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """Log loss of 0 and 1."""
        return (("binary", 0),)

    def sound(self, scores: Scores) -> NDArray[np.bool_]:
        """Which scores can be probabilities."""
        return (scores >= 0) & (scores <= 1)  # false for NaN

    @property
    def scale(self) -> Scale:
        """Logits."""
        return Logit()

    def facts(self, outcomes: Outcomes) -> Terms:
        """Rows, those with the label 1, and the log loss of the base rate."""
        constant = log_loss_terms(np.repeat(self.constant(outcomes), len(outcomes)), outcomes)
        labels = outcomes.astype(np.float64)
        return {"rows": np.ones(len(outcomes)), "labels": labels, "constant": constant}

    def terms(self, scores: Scores, outcomes: Outcomes) -> Terms:
        """Scores and log losses."""
        # One NaN would make every total NaN; that there is one, the gate learns from `sound`.
        return {"score": np.nan_to_num(scores), "loss": log_loss_terms(scores, outcomes)}

    def ranked(
        self, scores: Scores, outcomes: Outcomes, units: NDArray[np.int64], confidence: float
    ) -> dict[str, Interval]:
        """The AUC."""
        return {"auc": auc(scores, outcomes, units, confidence)}

    def curve(self, scores: Scores, outcomes: Outcomes, confidence: float) -> list[Bin]:
        """The calibration curve."""
        return calibration_curve(scores, outcomes, confidence)

    def gains(
        self, metric: Metric, offered: Offered, scores: Scores, ranks: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Minus the mean log loss over the options of a request."""
        return -offered.per_request(log_loss_terms(scores, offered.outcomes))

    def constant(self, outcomes: Outcomes) -> Scores:
        """The base rate."""
        return np.array([outcomes.mean()], np.float64)


TASK = Binary
