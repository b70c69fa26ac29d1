"""Of each row, one of several classes: the label is a word, the answer a probability for each class.

The classes are the `values` of the label column, in the order of the card.
"""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError, UsageError
from slipway.records.evidence import Bin, Holdout, Interval
from slipway.records.labels import Labels
from slipway.tasks import advice, bounds, leak
from slipway.tasks.interface import Objective, Task, Terms, Words
from slipway.tasks.merit import Metric, Ratio, calibration, normalised_entropy
from slipway.tasks.metrics import CLIP, auc_of_classes, calibration_curve
from slipway.tasks.recalibration import Scale
from slipway.tasks.requests import Offered, Outcomes, Scores
from slipway.tasks.scales import Logs

FEWEST, MOST = 3, 50
"""Classes; two are the task `binary`."""
SUM = 1e-6
"""How far the probabilities of a row may be from 1 together."""


def _calibration(holdout: Holdout) -> tuple[float, float]:
    # Right answers are at least as many as of always naming the most frequent class.
    return bounds.of_calibration(holdout.rows, max(holdout.labels.values()) * holdout.rows)


class Multiclass(Task):
    """Judged by log loss; classes are ranked by their probability."""

    name = "multiclass"
    primaries = ("log_loss",)
    metrics = (
        Metric("log_loss", "Log loss", Ratio("loss", "rows"), sliced=True, tracked=True),
        Metric(
            "accuracy",
            "Accuracy",
            Ratio("hits", "rows"),
            better="higher",
            rule="min",
            least=0.0,
            most=1.0,
            costs=advice.RIGHT,
            mends=advice.NEWER,
            sliced=True,
            tracked=True,
        ),
        Metric(
            "auc",
            "AUC, one against the rest",
            better="higher",
            rule="min",
            bound=0.55,
            least=0.5,
            most=1.0,
            costs=advice.PAIRS,
            mends=advice.NEWER,
        ),
        normalised_entropy("loss", "constant"),
        calibration("best", "hits", _calibration, "Calibration of the best class"),
    )
    words: ClassVar[Words] = Words(
        sound="every probability in [0, 1], those of a row together 1",
        unsound="answers are no probabilities of classes",
        truth="the true probabilities",
        curve=("Calibration curves over all classes", "predicted, %", "of this class, %"),
        curved="Each class against the rest, all classes together: of the answers that give a class 10 %, on "
        "the diagonal 10 % are of that class.",
        factor=100.0,
        earned={"log_loss": "log loss of logged outcomes"},
    )
    form = "classes"
    parts_rule = "every class"
    leaks = (
        f"alone it tells the class of more than {leak.BOUND:g} of the rows; drop it, or set its severity to "
        "warning"
    )

    @property
    def classes(self) -> list[str]:
        """In the order of the card."""
        return self.columns.columns[self.columns.required("label")].values or []

    def require_columns(self) -> None:
        """The label is a string that lists its values, and a row is a request."""
        label = self.columns.required("label")
        column, count = self.columns.columns[label], len(self.classes)
        if column.type != "string" or not FEWEST <= count <= MOST or len(set(self.classes)) < count:
            # guard settings.task
            raise UsageError(
                f"data.columns.{label}: the label of the task 'multiclass' has the type string and its "
                f"classes as values, {FEWEST} to {MOST} different ones; found {column.type}, {count} values"
            )
        self.require_one_row()

    def outcomes(self, labels: NDArray[Any]) -> Outcomes:
        """Places in the list of classes, int64 [rows].

        Raises:
            SlipwayError: a label is missing or no class.
        """
        places = {name: place for place, name in enumerate(self.classes)}
        try:
            return np.array([places[name] for name in labels.tolist()], np.int64)
        except KeyError as error:
            raise SlipwayError(
                f"the label column: found {error.args[0]!r}, expected one of the card's classes"
            ) from error

    def allowed(self, column: str) -> tuple[str, str]:
        """One of the classes."""
        return (
            f"{column} IN ({', '.join(map(quoted, self.classes))})",
            "one of the classes that the card lists",
        )

    def described(self, outcomes: Outcomes) -> Labels:
        """The share of each class."""
        counts = np.bincount(outcomes, minlength=len(self.classes))
        return dict(zip(self.classes, (counts / len(outcomes)).tolist(), strict=True))

    def told_apart(self, part: Labels, train: Labels) -> bool:
        """Every class has rows: one that has none could be neither learned nor judged."""
        return all(part.get(name, 0.0) > 0 for name in self.classes)

    def expectations(self, label: str) -> list[Any]:
        """Every class and no other value."""
        from great_expectations import expectations as gxe

        return [gxe.ExpectColumnDistinctValuesToEqualSet(column=label, value_set=self.classes)]

    def leak_query(self, column: str, label: str, time: str) -> str:
        """By the class that each value of the column had most often."""
        return leak.of_classes(column, label, time)

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """Log loss of the classes."""
        return (("classes", len(self.classes)),)

    @property
    def width(self) -> tuple[int, ...]:
        """A probability for each class."""
        return (len(self.classes),)

    @property
    def scale(self) -> Scale:
        """Logarithms of the classes' probabilities."""
        return Logs(len(self.classes))

    def sound(self, scores: Scores) -> NDArray[np.bool_]:
        """Which rows are distributions."""
        each = ((scores >= 0) & (scores <= 1)).all(axis=1)
        return np.asarray(each & (np.abs(scores.sum(axis=1) - 1) <= SUM), np.bool_)

    def facts(self, outcomes: Outcomes) -> Terms:
        """Rows, and the log loss of the classes' shares."""
        shares = np.repeat(self.constant(outcomes), len(outcomes), axis=0)
        return {"rows": np.ones(len(outcomes)), "constant": _log_loss(shares, outcomes)}

    def terms(self, scores: Scores, outcomes: Outcomes) -> Terms:
        """Log loss; whether the best class is the right one, and its probability."""
        known = np.nan_to_num(scores, nan=0.0)
        return {
            "loss": _log_loss(known, outcomes),
            "hits": (known.argmax(axis=1) == outcomes).astype(np.float64),
            "best": known.max(axis=1),
        }

    def ranked(
        self, scores: Scores, outcomes: Outcomes, units: NDArray[np.int64], confidence: float
    ) -> dict[str, Interval]:
        """The mean over classes of the AUC of one against the rest."""
        return {"auc": auc_of_classes(scores, outcomes, units, confidence)}

    def curve(self, scores: Scores, outcomes: Outcomes, confidence: float) -> list[Bin]:
        """Of each class against the rest, all of them together."""
        right = (outcomes[:, None] == np.arange(*self.width)).astype(np.int8)
        return calibration_curve(scores.ravel(), right.ravel(), confidence)

    def gains(
        self, metric: Metric, offered: Offered, scores: Scores, ranks: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Minus the log loss."""
        return -offered.per_request(_log_loss(scores, offered.outcomes))

    def observed(self, offered: Offered) -> NDArray[np.float64]:
        """How frequent the class is that came, for its place in the list means nothing."""
        return offered.per_request(self.constant(offered.outcomes)[0][offered.outcomes])

    def constant(self, outcomes: Outcomes) -> Scores:
        """The share of each class."""
        return np.bincount(outcomes, minlength=len(self.classes))[None] / len(outcomes)


def quoted(text: str) -> str:
    """Text as an SQL string."""
    # `slipway.data` has the same, but comes after tasks in the order of imports.
    return "'" + text.replace("'", "''") + "'"


def _log_loss(scores: Scores, outcomes: Outcomes) -> NDArray[np.float64]:
    right = scores[np.arange(len(outcomes)), outcomes]
    return np.asarray(-np.log(np.clip(np.nan_to_num(right, nan=0.0), CLIP, 1 - CLIP)), np.float64)


TASK = Multiclass
