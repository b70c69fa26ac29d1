"""What a task says: what a label is, what is measured of answers, what the gate asks, what a canary earns."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from slipway.base.errors import UsageError
from slipway.records.evidence import Bin, Holdout, Interval
from slipway.records.labels import Labels
from slipway.tasks.columns import Columns
from slipway.tasks.merit import REWARD, Metric, Seen, require_bound
from slipway.tasks.recalibration import Scale
from slipway.tasks.requests import Answered, Offered, Outcomes, Scores

Terms = dict[str, NDArray[np.float64]]
"""Named numerators and denominators, [rows] each."""
# No `models.Objective`: in the order of imports models come after tasks.
Objective = tuple[Literal["binary", "squared", "absolute", "classes"], int]
"""What training minimises: its name, and the number of classes, 0 where there are none."""
Form = Literal["options", "number", "classes"]
"""What the service answers to a request: its options ranked, one number, or classes with probabilities."""


@dataclass(frozen=True)
class Words:
    """How reports speak of a task.

    Attributes:
        sound: what each answer must be.
        unsound: what is said of answers that are not.
        truth: the best that any model could know, where the data was generated.
        curve: title, horizontal and vertical axis of what was predicted against what came.
        curved: what the curve shows, in a sentence.
        factor: what values of the curve are multiplied by on its axes, such as 100 for percent.
        earned: the decision metrics of a canary, by name.
    """

    sound: str
    unsound: str
    truth: str
    curve: tuple[str, str, str]
    curved: str
    factor: float = 1.0
    earned: Mapping[str, str] = field(default_factory=dict)


class Task(ABC):
    """One kind of problem; a module of this package declares a subclass as `TASK`.

    The default methods suit a task whose metrics are ratios of sums over rows and whose primary metric is a
    loss of each row.
    """

    name: ClassVar[str]
    metrics: ClassVar[tuple[Metric, ...]]
    primaries: ClassVar[tuple[str, ...]]
    """The metrics that a card may choose to decide by, the default first."""
    words: ClassVar[Words]
    form: ClassVar[Form] = "options"
    parts_rule: ClassVar[str]
    """What `told_apart` asks of the labels of a part, in words."""
    part_code: ClassVar[str] = "labels"
    """The check of it is called `parts.CODE.PART`."""
    tracked_labels: ClassVar[frozenset[str]] = frozenset()
    """The figures of `described` that the run in the registry shows as metrics."""
    counted: ClassVar[str] = "units"
    """What `outcomes_in` counts, in words."""
    truth: ClassVar[str] = "truth"
    """The column of `truth.parquet` that a generator writes."""
    leaks: ClassVar[str] = "alone it tells the label; drop it, or set its severity to warning"
    """What is said of a column that `leak_query` finds."""

    def __init__(self, columns: Columns, primary: str | None = None) -> None:
        """Bind the task to a table.

        Args:
            primary: the metric that decides, by default the task's first.

        Raises:
            UsageError: it is none of the task's.
        """
        self.columns = columns
        chosen = primary or self.primaries[0]
        if chosen not in self.primaries:
            # guard settings.task
            raise UsageError(
                f"evaluation.primary: found {chosen!r}; for the task {self.name!r} there is "
                f"{' or '.join(self.primaries)}"
            )
        self.primary = self.metric(chosen)

    @classmethod
    def metric(cls, name: str) -> Metric:
        """One of its metrics by name, the reward included."""
        if name == REWARD:
            return Metric(REWARD, "Reward", better="higher")
        return next(one for one in cls.metrics if one.name == name)

    def require_fit(self, bounds: Mapping[str, Any], decision: str) -> None:
        """Refuse columns that do not make this task, and bounds and a decision metric that are not of it.

        Args:
            bounds: what the card's gate says beyond what every task has.
            decision: `rollout.decision.metric`.

        Raises:
            UsageError: the line names the key.
        """
        self.require_columns()
        self.bounds(bounds)
        # How outcomes are seen is only known with the traffic; a card is held to the name alone.
        self.decision(decision, "drawn")

    def require_columns(self) -> None:
        """Refuse columns that do not make this task.

        Raises:
            UsageError: the line names the column.
        """
        label = self.columns.required("label")
        if self.columns.columns[label].type != "integer":
            # guard settings.task
            raise UsageError(
                f"data.columns.{label}: the label of the task {self.name!r} has the type integer"
            )

    def require_one_row(self) -> None:
        """Refuse options, for each row is a request.

        Raises:
            UsageError: the line names the column.
        """
        for name, column in self.columns.columns.items():
            if column.level == "option" or column.role == "option":
                # guard settings.task
                raise UsageError(f"data.columns.{name}: a request of the task {self.name!r} has no options")

    # What a label is

    @abstractmethod
    def outcomes(self, labels: NDArray[Any]) -> Outcomes:
        """The values of the label column as numbers, [rows].

        Raises:
            SlipwayError: a value is no label of this task.
        """

    @abstractmethod
    def allowed(self, column: str) -> tuple[str, str]:
        """SQL that is true where the label column has a label, and the same in words.

        Args:
            column: its name, quoted for SQL.
        """

    @abstractmethod
    def described(self, outcomes: Outcomes) -> Labels:
        """What the labels of some rows are, in a few figures."""

    @abstractmethod
    def told_apart(self, part: Labels, train: Labels) -> bool:
        """Whether models can be judged on a part, by its labels and those of training: see `parts_rule`."""

    def outcomes_in(self, rows: int, units: int, labels: Labels) -> int:
        """How many outcomes models can be judged by in a part with these figures: see `counted`."""
        return units

    @abstractmethod
    def expectations(self, label: str) -> list[Any]:
        """What Great Expectations must find in the label column."""

    @abstractmethod
    def leak_query(self, column: str, label: str, time: str) -> str:
        """SQL, with `{batch}` for the table, that finds a row only if the column alone tells the label."""

    # What is trained

    @property
    @abstractmethod
    def objectives(self) -> tuple[Objective, ...]:
        """What training may minimise, best first; each kind of model takes the first that it can learn."""

    # What good means

    @abstractmethod
    def sound(self, scores: Scores) -> NDArray[np.bool_]:
        """Which answers are valid ones, bool [rows]; `Words.sound` says it in words."""

    @property
    def width(self) -> tuple[int, ...]:
        """The shape of the answer to one row."""
        return ()

    @property
    def classes(self) -> list[str]:
        """The class of each value in the answer to a row; empty where an answer is one number."""
        return []

    @property
    def scale(self) -> Scale | None:
        """Where scores are recalibrated, an order of them staying what it is; None: they never are."""
        return None

    @property
    def ranks(self) -> bool:
        """Whether an answer is a ranking: of the options of a request, or of the classes of a row."""
        return self.form != "number"

    @abstractmethod
    def facts(self, outcomes: Outcomes) -> Terms:
        """Terms of the outcomes alone; `rows` is always among them."""

    @abstractmethod
    def terms(self, scores: Scores, outcomes: Outcomes) -> Terms:
        """Terms of one model's answers."""

    def ranked(
        self, scores: Scores, outcomes: Outcomes, units: NDArray[np.int64], confidence: float
    ) -> dict[str, Interval]:
        """The metrics that are no ratio of sums, such as those of ranks."""
        return {}

    def curve(self, scores: Scores, outcomes: Outcomes, confidence: float) -> list[Bin]:
        """What was predicted against what came, in groups of rows with similar answers."""
        return []

    def score(self, scores: Scores, outcomes: Outcomes) -> float:
        """The primary metric of some rows."""
        if self.primary.of is None:
            # guard settings.task
            raise UsageError(f"evaluation.primary: {self.primary.name!r} is no ratio of sums")
        terms = self.facts(outcomes) | self.terms(scores, outcomes)
        return self.primary.of.value({name: float(term.sum()) for name, term in terms.items()})

    def best(self, truth: NDArray[np.float64], outcomes: Outcomes) -> float:
        """The primary metric that no model can beat, by what the generator of the data knows."""
        return self.score(truth, outcomes)

    def earned(self, scores: Scores, truth: NDArray[np.float64], starts: NDArray[np.int64]) -> float | None:
        """The mean reward of a request by the truth, None where the task has none."""
        return None

    # What the gate asks

    def bounds(self, given: Mapping[str, Any], holdout: Holdout | None = None) -> dict[str, Any]:
        """The bound of each metric that has a rule, by the card's key.

        Args:
            given: what the card's gate says beyond what every task has; the rest is left to the defaults.
            holdout: by whose size a default is widened where so few rows need it.

        Raises:
            UsageError: a key is unknown, or a bound is not of its kind.
        """
        known = {one.key: one for one in self.metrics if one.rule}
        if unknown := sorted(given.keys() - known.keys()):
            raise UsageError(
                f"gate.{unknown[0]}: unknown key; for the task {self.name!r} bounds are {', '.join(known)}"
            )  # guard settings.task
        found = {key: given.get(key, one.default(holdout)) for key, one in known.items()}
        for key, one in known.items():
            if found[key] is not None:
                require_bound(key, one, found[key])
        return found

    # What a canary earns

    def decision(self, asked: str, seen: Seen) -> Metric:
        """The metric by which a canary is judged.

        Args:
            asked: `auto`, or the name of one.
            seen: how the traffic knows outcomes; no matter where an outcome is that of the row, as here.

        Raises:
            UsageError: there is none of this name, or the traffic cannot show it.
        """
        if asked in ("auto", self.primary.name):
            return self.primary
        raise UsageError(
            f"rollout.decision.metric: found {asked!r}; expected 'auto' or {self.primary.name!r} "
            f"for the task {self.name!r}"
        )  # guard settings.task

    @abstractmethod
    def gains(
        self, metric: Metric, offered: Offered, scores: Scores, ranks: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """What each request earned by the answers it got, [requests]; up is better.

        Args:
            metric: the one that `decision` chose.
            scores: [rows], or [rows, classes].
            ranks: of the same shape, 1 for the best; all 1 where an answer is a number.
        """

    @abstractmethod
    def constant(self, outcomes: Outcomes) -> Scores:
        """The best answer that is the same for every row, [1] or [1, k]."""

    def failed(self, metric: Metric, offered: Offered, constant: Scores) -> NDArray[np.float64]:
        """What each request earned whose answer failed, [requests]: by the `constant` of the traffic."""
        scores = np.repeat(constant, len(offered.outcomes), axis=0)
        return self.gains(metric, offered, scores, np.ones(scores.shape, np.int64))

    def presumed(self, metric: Metric, offered: Offered) -> NDArray[np.float64]:
        """What each request might earn, before anything is known of the versions: by the constant answer."""
        return self.failed(metric, offered, self.constant(offered.outcomes))

    def differs(self, metric: Metric, one: Answered, other: Answered) -> NDArray[np.bool_]:
        """Which requests two versions answer so differently that the metric may differ, bool [requests]."""
        apart = one.scores != other.scores
        return np.logical_or.reduceat(apart.reshape(len(apart), -1).any(axis=1), one.starts)

    def observed(self, offered: Offered) -> NDArray[np.float64]:
        """What came of each request in one number, whatever was answered, [requests]: its mean label."""
        return offered.per_request(np.asarray(offered.outcomes, np.float64))

    def expected_deviation(self, metric: Metric, stable: float, canary: float, deviation: float) -> float:
        """Of what a request earns, where that of each version is expected; by default `deviation`."""
        return deviation
