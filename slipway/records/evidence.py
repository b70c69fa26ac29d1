"""What was measured on the frozen holdout: the typed input of the gate and of the report."""

import math
import sys
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field

from slipway.base.documents import Document
from slipway.base.strict import Moment, Strict
from slipway.records import older
from slipway.records.environment import Environment, Parity
from slipway.records.labels import Labels
from slipway.records.recalibration import Recalibration

UNBOUNDED = sys.float_info.max
"""In place of infinity, for a side of an interval that has no bound."""
MIN_UNITS = 30
"""With fewer units no interval is believed: resampling five to thirty clusters rejects too often.

Cameron, Gelbach and Miller, Bootstrap-based improvements for inference with clustered errors, Review of
Economics and Statistics 90, 2008.
"""
MIN_EVENTS = 30
"""With fewer outcomes of the rarer kind no loss is believed: before the first of them, a model that denies
that they exist looks better on every row."""


def _bounded(value: object) -> object:
    """Replace infinity, which JSON cannot hold, by the largest float."""
    return math.copysign(UNBOUNDED, value) if isinstance(value, float) and math.isinf(value) else value


Number = Annotated[float, BeforeValidator(_bounded), Field(allow_inf_nan=False)]


class Interval(Strict):
    """A value and its confidence interval; `UNBOUNDED` marks a side that the evidence does not bound."""

    value: Number
    low: Number
    high: Number


Metrics = Annotated[
    dict[str, Interval], Field(description="by the task's name of each; one that is undefined is left out")
]


class Bin(Strict):
    """Rows with similar answers: what was predicted and what happened."""

    rows: int
    predicted: float
    observed: Interval


class SliceMetrics(Strict):
    """One value of one slice column."""

    column: str
    value: str
    rows: int
    metrics: Metrics


class Latency(Strict):
    """One request at a time, in the version's own process, interleaved with the reference model."""

    requests: int
    p50_ms: float
    p99_ms: float
    ratio: Annotated[Interval, Field(description="median over the reference model's median")]


class ModelMetrics(Strict):
    """Everything measured of one model."""

    role: Literal["baseline", "candidate", "champion"]
    model: str
    version: Annotated[int | None, Field(description="number in the registry, None before registration")]
    digest: str
    train_end: Moment
    train_known_until: Annotated[
        Moment | None,
        Field(
            description="the last time at which an outcome became known that it learned from; None: unsaid"
        ),
    ] = None
    finite: Annotated[bool, Field(description="every answer is one by the rules of the task")]
    distinct_scores: int
    metrics: Metrics
    curve: Annotated[list[Bin], Field(description="predicted against observed")]
    slices: list[SliceMetrics]
    latency: Latency
    size_mb: float
    reward: Annotated[
        float | None,
        Field(description="what a request earns on average by the truth, None where nobody knows it"),
    ] = None
    recalibration: Annotated[
        Recalibration | None, Field(description="what its scores are bent by; None where nothing was fitted")
    ] = None
    environment: Annotated[
        Environment | None, Field(description="where it was trained; None: it does not say")
    ] = None
    before: Annotated[
        Metrics, Field(description="what can be told of the scores before; empty where nothing was bent")
    ] = {}

    @property
    def seen_until(self) -> datetime:
        """The last time of which its training knew anything, row or outcome."""
        return max(self.train_end, self.train_known_until or self.train_end)


class SliceDifference(Strict):
    """Candidate minus other within one slice, on the primary metric.

    The intervals of all slices of a comparison that are not critical hold together with the confidence. Those
    of critical ones hold alone: all of them must be shown to be good, so a bad candidate passes no more often
    than one of them errs (Berger, Technometrics 24, 1982).
    """

    column: str
    value: str
    rows: int
    critical: bool = False
    difference: Interval
    relative: Annotated[Interval, Field(description="the difference over the other's metric")]


class SmallSlice(Strict):
    """One value of a slice column that too few rows have for an interval: nothing is shown of it."""

    column: str
    value: str
    rows: int
    units: int
    outcomes: Annotated[int, Field(description="those that the task counts, as the gate's min_outcomes")]
    critical: bool = False
    suffice: Annotated[
        int | None,
        Field(description="rows of a holdout in which it would have enough at its share; None: nobody knows"),
    ]


class SmallSlices(Strict):
    """What the card's slice columns hold beside the slices that were measured."""

    least_rows: Annotated[int, Field(description="of a slice that is measured")]
    least_units: int = MIN_UNITS
    least_outcomes: Annotated[
        int, Field(description="the same; a critical one needs as many as the gate's min_outcomes")
    ] = MIN_EVENTS
    slices: Annotated[list[SmallSlice], Field(description="those that are critical, then the largest")]
    more: Annotated[int, Field(description="how many others there are, which are only counted")] = 0


def ordinal(place: int) -> str:
    """1st, 2nd, 3rd, 4th."""
    suffix = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{suffix}"


class HoldoutUse(Strict):
    """Which of the candidates this is that were compared with a champion on these rows, and what it spends.

    Each look at the same rows is one more chance to pass by luck. The k-th candidate spends
    alpha / (k (k + 1)) of alpha = 1 - confidence on each side: the first one has the usual interval, and
    however many come, they spend alpha together. That bounds candidates that were made without the figures of
    these rows; who tunes by them learns the rows themselves (Dwork et al., The reusable holdout, Science 349,
    2015).
    """

    place: Annotated[int, Field(ge=1, description="1 for the first candidate")]
    level: Annotated[
        float,
        Field(gt=0, lt=0.5, description="how often the interval of the difference may miss on each side"),
    ]

    @classmethod
    def of(cls, place: int, confidence: float) -> Self:
        """What the candidate in this place spends."""
        return cls(place=place, level=(1 - confidence) / (place * (place + 1)))

    def __str__(self) -> str:
        return f"the {ordinal(self.place)} candidate on this holdout: level {self.level:.2%} per side"


class Comparison(Strict):
    """Candidate minus other on the primary metric, paired by unit."""

    other: Literal["baseline", "champion"]
    difference: Interval
    slices: list[SliceDifference]
    farther: Annotated[
        dict[str, Interval],
        Field(description="by metric: how much farther from its ideal the candidate is than the other"),
    ] = {}


class Holdout(Strict):
    """The rows that everything here was measured on."""

    fingerprint: Annotated[str, Field(description="the DVC hash of the split")]
    rows: int
    units: int
    labels: Annotated[Labels, Field(description="what they are, in the figures of the task")]
    start: Moment
    end: datetime
    best: Annotated[
        float | None,
        Field(description="primary metric of the truth, where it is known: no model can do better"),
    ]


class ValidationScore(Strict):
    """One trained model on the validation part, by which the candidate was chosen."""

    model: str
    kind: str
    score: Annotated[float, Field(description="the primary metric")]
    seconds: float
    chosen: bool
    gains: Annotated[
        dict[str, float] | None,
        Field(
            description="by input, the share of what splits by it took from the loss of the training rows; "
            "None: its kind has no splits, or an older slipway did not say"
        ),
    ] = None


class Twin(Strict):
    """A version that is registered and has the bits of the candidate."""

    version: int
    barred: Annotated[str | None, Field(description="why, None where it is not")]

    def __str__(self) -> str:
        if self.barred is not None:
            return f"those of version {self.version}, which is barred: {self.barred}"
        return f"those of version {self.version}; `slipway rollout --version {self.version}` tries it"


class Evidence(Document):
    """All that the gate may look at."""

    schema_version: Literal[1, 2] = 2
    system: str
    task: str
    primary: Annotated[str, Field(description="the metric of the comparisons")]
    confidence: float
    holdout: Holdout
    baseline: ModelMetrics
    candidate: ModelMetrics
    champion: ModelMetrics | None
    comparisons: list[Comparison]
    small_slices: Annotated[SmallSlices | None, Field(description="None: an older slipway did not say")] = (
        None
    )
    validation: list[ValidationScore]
    champion_problem: Annotated[
        str | None,
        Field(description="why the champion could not be scored, None where it could or there is none"),
    ] = None
    parity: Annotated[
        Parity | None,
        Field(
            description="whether the champion gave its kept scores before it scored these rows; None: nobody "
            "asked, as there is none, it is not whole, or an older slipway did not ask"
        ),
    ] = None
    use: Annotated[
        HoldoutUse | None,
        Field(
            description="of the holdout by the comparison with the champion, whose interval it widens; None: "
            "there is none, or an older slipway did not count"
        ),
    ] = None

    twin: Annotated[
        Twin | None,
        Field(description="but the champion; None: there is none, or an older slipway did not ask"),
    ] = None

    @property
    def unscored(self) -> str | None:
        """Why there is a champion that was not scored; None where it was, or there is none."""
        failed = self.parity is not None and not self.parity.passed
        return self.champion_problem or (str(self.parity) if failed else None)

    @classmethod
    def renewed(cls, content: dict[str, Any]) -> dict[str, Any]:
        """Version 1 knew one task and had a field for each of its metrics."""
        return older.evidence(content) if content.get("schema_version") == 1 else content
