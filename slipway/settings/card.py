"""`systems/<name>/system.yaml`: the design card, each section executed by one stage.

What people discuss and nothing executes says so in its description.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from slipway.base.errors import UsageError
from slipway.base.strict import Count, Name, Positive, Share, Strict
from slipway.settings.criterion import Criterion
from slipway.settings.data import Data
from slipway.settings.model import Models
from slipway.settings.problem import Problem
from slipway.tasks import Task, bind


class Features(Strict):
    """Which columns the models see, and how."""

    categorical: list[Name]
    numeric: list[Name]
    crosses: Annotated[list[list[Name]], Field(description="sets of categorical columns taken together")] = []
    hash_bits: Annotated[
        int,
        Field(
            ge=8,
            le=24,
            description="an input of more than 2**hash_bits values is hashed into as many buckets",
        ),
    ]
    time_of_day: Annotated[bool, Field(description="the hour as two more numbers")] = True


class Evaluation(Strict):
    """How models are measured on the frozen holdout."""

    primary: Annotated[Name, Field(description="the metric that decides, one of the task's")]
    confidence: Share
    resamples: Annotated[
        int,
        Field(ge=100, description="bootstrap resamples of the units, at least; a small level takes more"),
    ] = 2000
    slices: list[Name]
    min_slice_rows: Count


# Not strict, as YAML and JSON have lists and no tuples.
Bound = float | Annotated[tuple[float, float], Field(strict=False)]
"""Of a metric: one end, or both."""


class SliceName(Strict):
    """One value of a column of `evaluation.slices`; a value that is missing is `(missing)`."""

    column: Name
    value: Annotated[str, Field(min_length=1)]


class Gate(Strict):
    """What a candidate must show before it is registered; the defaults are strict.

    Beyond these keys, each metric of the task that has a bound takes another: `max_NAME`, `min_NAME`, or
    `NAME` with both.
    """

    # Which other keys there are depends on the task, so `Card` holds them against it.
    model_config = ConfigDict(extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, Bound]

    max_slice_regression: Annotated[
        float,
        Field(
            ge=0,
            description="by how much a slice may be relatively worse than the champion's, or the baseline's, "
            "on the primary metric, beyond the noise of all slices",
        ),
    ] = 0.02
    critical_slices: Annotated[
        list[SliceName],
        Field(
            description="each must be shown to be worse by no more than that: one that is too small to show "
            "it (fewer than min_outcomes), or does not occur in the holdout, refuses"
        ),
    ] = []
    champion: Annotated[
        Criterion, Field(description="how it must compare with the champion on the primary metric")
    ] = Criterion()
    max_latency_ratio: Annotated[
        float, Field(gt=0, description="median single-request time over that of the reference model")
    ] = 10.0
    max_size_mb: Positive = 100.0
    min_outcomes: Annotated[
        int,
        Field(
            gt=0,
            description="of the holdout: rows with the rarer label where the task has two, else units; with "
            "fewer the ends of intervals err more often than they say, so nothing is shown",
        ),
    ] = 100

    @property
    def bounds(self) -> dict[str, Any]:
        """What it says of the task's own metrics, by key."""
        return dict(self.model_extra or {})


class Serving(Strict):
    """Bounds of the online service."""

    max_rows: Annotated[int, Field(gt=0, description="options in one HTTP request, all requests together")]


class Step(Strict):
    """One step of a rollout: the canary's share of units and the requests to see before moving on."""

    weight: Annotated[int, Field(gt=0, le=100, description="percent of units served by the canary")]
    requests: Count


class Guardrails(Strict):
    """What the canary must not do, whatever it earns."""

    max_error_rate_rise: Annotated[
        float, Field(ge=0, lt=1, description="canary minus stable; it must be shown that it is no higher")
    ] = 0.005
    max_error_rate_growth: Annotated[
        float,
        Field(ge=0, description="the same as a share of stable's own error rate, where that allows more"),
    ] = 0.5
    max_unknown_rise: Annotated[
        float, Field(ge=0, lt=1, description="the same of answers whose outcome is due and unknown")
    ] = 0.005
    max_late_rise: Annotated[
        float,
        Field(
            ge=0,
            lt=1,
            description="the same of known outcomes that come in the second half of their maturity window, "
            "where arms can differ in that; beyond it nothing is promoted, and nothing stopped",
        ),
    ] = 0.05
    latency_quantile: Annotated[float, Field(ge=0.5, lt=1)] = 0.9
    max_latency_ratio: Annotated[
        float,
        Field(
            gt=1,
            description="an answer is slow that takes so many times stable's latency at that quantile in its "
            "warm-up; of the canary's answers at most 1 - latency_quantile more than of stable's may be",
        ),
    ] = 2.0
    sample_ratio_alpha: Annotated[float, Field(gt=0, lt=0.1, description="level of the mismatch test")] = (
        0.001
    )
    min_requests: Annotated[
        int, Field(gt=0, description="of each arm in the last step, before it can be promoted")
    ] = 200
    min_units: Annotated[int, Field(ge=2, description="of each arm, before it can be promoted")] = 30


class Decision(Criterion):
    """What evidence promotes: how the canary must compare with stable, as `gate.champion` asks offline."""

    metric: Annotated[
        Name,
        Field(
            description="auto: the reward where it is known what the shown option earned (drawn from the "
            "truth of a generator, or observed), else the primary metric; only some tasks have a reward"
        ),
    ] = "auto"
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05


class Shadow(Strict):
    """Requests that both versions score before the canary, where outcomes do not depend on the answer."""

    model_config = ConfigDict(allow_inf_nan=False)

    requests: Annotated[
        int, Field(gt=0, description="scored by both versions at most; it ends as soon as they decide")
    ] = 10_000
    canary_margin: Annotated[
        float,
        Field(
            ge=0,
            description="of the decision metric: the canary is aborted that is shown to be worse by more; "
            "its quality was decided before",
        ),
    ] = 0.0


class Rollout(Strict):
    """How traffic moves to a canary."""

    model_config = ConfigDict(allow_inf_nan=False)

    shadow: Shadow = Shadow()
    steps: Annotated[list[Step], Field(min_length=1)]
    warmup_requests: Annotated[
        int, Field(ge=0, description="answered by both arms first; stable's latency there says what is slow")
    ] = 200
    batch_requests: Annotated[int, Field(gt=0, description="requests between two looks at the evidence")] = (
        500
    )
    block_requests: Annotated[
        int,
        Field(
            ge=50,
            description="consecutive requests within which errors and latency of the arms are compared; "
            "at least twice as many as a spell of failed or slow answers lasts",
        ),
    ] = 500
    guardrails: Guardrails = Guardrails()
    decision: Decision = Decision()
    min_effect: Annotated[
        Positive | None,
        Field(
            description="the smallest difference of the decision metric per request that is worth finding; "
            "null: the one that the gate found on the holdout"
        ),
    ] = None
    exploratory: Annotated[
        bool,
        Field(
            description="true: begin also where the plan shows too little, with a power below 0.5; false: "
            "refuse to"
        ),
    ] = False
    approval: Annotated[
        Literal["none", "promotion", "each_step"],
        Field(
            description="what `slipway rollout approve` has to approve first: nothing, the promotion, or "
            "each step and the promotion"
        ),
    ] = "none"
    approval_hours: Annotated[
        Positive, Field(description="that an approval may take; then the rollout is inconclusive")
    ] = 24.0
    max_duration_minutes: Annotated[
        Positive, Field(description="of shadow and canary together: what the one took the other has not")
    ]
    min_duration_days: Annotated[
        float,
        Field(
            ge=0,
            description="of a rollout in live traffic, for a day is no week and what is new wears off; a "
            "replay prints how long its rows span instead",
        ),
    ] = 7.0
    maturity_hours: Annotated[
        float | None,
        Field(
            ge=0,
            description="from a request until its outcome counts, in both arms alike; null: "
            "data.label_delay_hours, or in a replay the known_at of each row",
        ),
    ] = None
    on_inconclusive: Annotated[
        Literal["abort", "hold"],
        Field(description="abort: traffic returns to stable; hold: the same, and the alias `canary` stays"),
    ] = "abort"

    @model_validator(mode="after")
    def _weights_rise(self) -> "Rollout":
        weights = [step.weight for step in self.steps]
        if weights != sorted(set(weights)):
            raise ValueError(f"the weights of the steps must rise, found {weights}")
        if weights[-1] == 100:
            raise ValueError("a step of weight 100 leaves no stable arm to compare with; promotion does that")
        return self

    @model_validator(mode="after")
    def _last_step_suffices(self) -> "Rollout":
        last, least = self.steps[-1], self.guardrails.min_requests
        expected = last.requests * min(last.weight, 100 - last.weight) // 100
        if expected < least:
            raise ValueError(
                f"the last step gives the smaller arm {expected} requests, guardrails.min_requests is {least}"
            )
        return self


class Card(Strict):
    """A system design as data."""

    schema_version: Literal[1]
    name: Name
    problem: Problem
    data: Data
    features: Features
    models: Models
    evaluation: Evaluation
    gate: Gate = Gate()
    serving: Serving
    rollout: Rollout

    @property
    def task(self) -> Task:
        """What a label of this system is and what good means, for its columns and its primary metric."""
        return bind(self.problem.task, self.data, self.evaluation.primary)

    def depends_on_answer(self) -> bool:
        """Whether outcomes depend on the answer.

        Raises:
            UsageError: it does not say.
        """
        if self.problem.outcome_depends_on_answer is None:
            # guard rollout.declared
            raise UsageError(
                f"systems/{self.name}/system.yaml: problem.outcome_depends_on_answer: not said, and a "
                "rollout is judged by it; expected true where what comes of a request depends on what is "
                "answered (a click on what was shown), false where it does not (churn, demand)"
            )
        return self.problem.outcome_depends_on_answer

    @model_validator(mode="after")
    def _fits_the_task(self) -> "Card":
        try:
            self.task.require_fit(self.gate.bounds, self.rollout.decision.metric)
        except UsageError as error:
            # Pydantic turns a ValueError into a fault of the card, and `read` puts the file before it.
            raise ValueError(str(error)) from error
        return self

    @model_validator(mode="after")
    def _columns_exist(self) -> "Card":
        named: dict[str, list[Any]] = {
            "features.categorical": self.features.categorical,
            "features.numeric": self.features.numeric,
            "features.crosses": [name for cross in self.features.crosses for name in cross],
            "evaluation.slices": self.evaluation.slices,
        }
        # A row's number or place in a shuffle is no feature: no request carries one.
        known = {name for name in self.data.inputs if not self.data.columns[name].made}
        for place, names in named.items():
            for name in names:
                if name not in known:
                    raise ValueError(f"{place} names {name!r}; data.columns has {sorted(known)}")
        for cross in self.features.crosses:
            for name in cross:
                if name not in self.features.categorical:
                    raise ValueError(f"features.crosses names {name!r}, which is not in features.categorical")
                if self.data.columns[name].separator is not None:
                    raise ValueError(f"features.crosses names {name!r}, which has any number of values")
        return self
