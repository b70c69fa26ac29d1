"""What a shadow showed: both versions on the same requests, of which the candidate answered nobody."""

from typing import Annotated, Literal

from pydantic import Field

from slipway.base.documents import Document
from slipway.base.strict import Moment, Strict
from slipway.records.checks import Check
from slipway.records.evidence import Interval

ShadowOutcome = Literal["pass", "abort", "inconclusive"]


class ShadowVerdict(Strict):
    """What the pairs say; `continue` asks for more of them."""

    outcome: ShadowOutcome | Literal["continue"]
    checks: list[Check]


class ShadowLook(Strict):
    """The evidence after one batch of requests."""

    at: Moment
    requests: Annotated[int, Field(description="asked of both versions so far")]
    known: Annotated[int, Field(description="of these, how many have an outcome that counts")]
    units: Annotated[int, Field(description="who sent those")]
    stable_errors: int
    candidate_errors: Annotated[int, Field(description="copies that failed; nobody waited for them")]
    stable: Annotated[float | None, Field(description="mean decision metric per request; None: none known")]
    candidate: float | None
    difference: Annotated[
        Interval | None,
        Field(description="candidate minus stable, by unit, always valid; better is up, also for a loss"),
    ]
    verdict: ShadowVerdict


class ShadowEvidence(Document):
    """A whole shadow, or why there was none."""

    schema_version: Literal[1] = 1
    system: str
    task: str
    stable: int
    candidate: int
    metric: Annotated[str | None, Field(description="None where nothing was asked")]
    target: str
    decides: Annotated[
        bool,
        Field(description="whether the quality is decided here, for outcomes do not depend on the answer"),
    ]
    offered: Annotated[int, Field(description="requests that are used up, and are not offered again")]
    planned: Annotated[int, Field(description="requests at most")]
    seconds: Annotated[
        float, Field(ge=0, description="it took, of the maximum duration of the rollout; 0 in older ones")
    ] = 0.0
    looks: list[ShadowLook]
    verdict: ShadowVerdict
