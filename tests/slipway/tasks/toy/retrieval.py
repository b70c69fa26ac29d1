"""Of a catalogue, the few items that a user will want: the label lists what was wanted, the answer items."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slipway.records.labels import Labels
from slipway.tasks.interface import Objective, Task, Terms, Words
from slipway.tasks.merit import Metric, Ratio
from slipway.tasks.requests import Offered, Outcomes, Scores

SHOWN = 5
"""Items in an answer, best first."""


class Retrieval(Task):
    """Judged by recall and by discounted gain; no row has options, for they are retrieved."""

    name = "retrieval"
    primaries = ("recall", "ndcg")
    metrics = (
        Metric("recall", "Recall", Ratio("found", "wanted"), "higher", rule="min", bound=0.01, tracked=True),
        Metric("ndcg", "NDCG", Ratio("gain", "ideal"), "higher", sliced=True),
    )
    words: ClassVar[Words] = Words(
        sound="different items of the catalogue",
        unsound="answers are no items",
        truth="what users will want",
        curve=("", "", ""),
        curved="",
        earned={"recall": "recall of what was wanted"},
    )
    parts_rule = "something wanted"

    def require_columns(self) -> None:
        """The label is a text: the numbers of items with spaces between."""
        self.require_one_row()

    def outcomes(self, labels: NDArray[Any]) -> Outcomes:
        """Sets of items, [rows]."""
        return np.array([frozenset(map(int, text.split())) for text in labels.tolist()], object)

    def allowed(self, column: str) -> tuple[str, str]:
        """Any text."""
        return "true", "a text"

    def described(self, outcomes: Outcomes) -> Labels:
        """How many are wanted."""
        return {"wanted per row": float(np.mean([len(one) for one in outcomes]))}

    def told_apart(self, part: Labels, train: Labels) -> bool:
        """At least something."""
        return part["wanted per row"] > 0

    def expectations(self, label: str) -> list[Any]:
        """None."""
        return []

    def leak_query(self, column: str, label: str, time: str) -> str:
        """None is known."""
        return "SELECT 1 FROM {batch} WHERE false"

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """None of slipway's models retrieves."""
        return (("binary", 0),)

    @property
    def width(self) -> tuple[int, ...]:
        """The items of an answer."""
        return (SHOWN,)

    def sound(self, scores: Scores) -> NDArray[np.bool_]:
        """Which rows are different whole numbers."""
        whole = (scores >= 0) & (scores == np.floor(scores))
        apart = np.diff(np.sort(scores, axis=1), axis=1) > 0
        return np.asarray(whole.all(axis=1) & apart.all(axis=1), np.bool_)

    def facts(self, outcomes: Outcomes) -> Terms:
        """Rows, and how many items are wanted."""
        wanted = np.array([len(one) for one in outcomes], np.float64)
        ideal = np.array([_discounts()[: len(one)].sum() for one in outcomes])
        return {"rows": np.ones(len(outcomes)), "wanted": wanted, "ideal": ideal}

    def terms(self, scores: Scores, outcomes: Outcomes) -> Terms:
        """How many of them are found, and how high up."""
        hits = np.array(
            [[item in wanted for item in row] for row, wanted in zip(scores.tolist(), outcomes, strict=True)],
            np.float64,
        )
        return {"found": hits.sum(axis=1), "gain": hits @ _discounts()}

    def gains(
        self, metric: Metric, offered: Offered, scores: Scores, ranks: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """The recall of each row."""
        facts, terms = self.facts(offered.outcomes), self.terms(scores, offered.outcomes)
        return offered.per_request(terms["found"] / np.maximum(facts["wanted"], 1))

    def constant(self, outcomes: Outcomes) -> Scores:
        """The first items of the catalogue."""
        return np.arange(SHOWN, dtype=np.float64)[None]

    def presumed(self, metric: Metric, offered: Offered) -> NDArray[np.float64]:
        """All of what is wanted, or nothing, in turns."""
        return np.arange(len(offered.starts)) % 2.0


def _discounts() -> NDArray[np.float64]:
    return np.asarray(1 / np.log2(np.arange(2, SHOWN + 2)), np.float64)


TASK = Retrieval
