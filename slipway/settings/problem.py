"""What a design card says of its problem, before anything of data or models."""

from typing import Annotated

from pydantic import Field

from slipway.base.strict import Count, Name, Strict


class Problem(Strict):
    """What is decided, for whom, how often and how fast."""

    objective: Annotated[str, Field(min_length=1)]
    task: Annotated[
        Name,
        Field(
            description="click: of the options on offer, the one to show; binary: of each row, yes or no; "
            "regression: of each row, a number; multiclass: of each row, one of several classes"
        ),
    ]
    daily_active_users: Annotated[Count, Field(description="to be discussed; nothing reads it")]
    peak_queries_per_second: Annotated[
        Count, Field(description="to be discussed; only the plan of a rollout in live traffic reads it")
    ]
    p99_latency_ms: Annotated[float, Field(gt=0, description="budget of one served request")]
    outcome_depends_on_answer: Annotated[
        bool | None,
        Field(
            description="whether what comes of a request depends on what was answered, as a click does on "
            "what was shown; where not, both versions are judged on the same requests, in a shadow. "
            "A rollout asks for it"
        ),
    ] = None
