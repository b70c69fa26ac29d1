"""What a canary's traffic showed: the typed input of the analysis and of the report."""

from typing import Annotated, Any, Literal

from pydantic import Field

from slipway.base.documents import Document
from slipway.base.strict import Moment, Strict
from slipway.records import older
from slipway.records.checks import CanaryVerdict
from slipway.records.evidence import Interval
from slipway.records.shadow import ShadowEvidence

Arm = Literal["stable", "canary"]


class ArmStep(Strict):
    """One arm in one step, warm-up excluded."""

    units: int
    requests: int
    errors: Annotated[
        int, Field(description="answers that were not 2xx, timed out, or named another version")
    ]
    mean: Annotated[
        float | None, Field(description="of the decision metric per request; None without answers")
    ]
    latency_ms: Annotated[dict[str, float], Field(description="p50, p90, p99 of answered requests")]


class Look(Strict):
    """The evidence after one batch of requests."""

    at: Moment
    step: int
    weight: Annotated[int, Field(description="percent of units served by the canary")]
    requests: Annotated[int, Field(description="in this step so far, both arms")]
    stable: ArmStep
    canary: ArmStep
    sample_ratio_p: float
    error_rate_rise: Interval
    slow_rise: Annotated[
        Interval | None,
        Field(description="share of slow answers, canary minus stable; None: nobody knows what is slow"),
    ] = None
    late_rise: Annotated[
        Interval | None,
        Field(description="share of outcomes late in their window, canary minus stable; None: cannot differ"),
    ] = None
    latency_ratio: Annotated[
        Interval | None, Field(description="of a quantile, in canaries of before that were judged by it")
    ] = None
    difference: Annotated[
        Interval | None,
        Field(description="canary minus stable, over all steps, always valid; better is up, also for a loss"),
    ]
    triggered: Annotated[
        float, Field(description="share of requests on which the versions may differ, and that it counts")
    ] = 1.0
    overall: Annotated[
        Interval | None, Field(description="the difference over all requests; the rest differ by nothing")
    ] = None
    labels: Annotated[
        Interval | None,
        Field(description="mean label, canary minus stable, where outcomes must not depend on answers"),
    ] = None
    verdict: CanaryVerdict

    @property
    def gain(self) -> Interval | None:
        """The difference per request of the whole traffic; where all may differ, that is the difference."""
        return self.difference if self.overall is None else self.overall


class Exposure(Strict):
    """What the canary earned more, by how often its units had met it."""

    number: Annotated[str, Field(description="of a unit's requests to the canary: 1, 2, 3; 4+ for all later")]
    stable: Annotated[int, Field(description="requests that it was compared with, by their weight")]
    canary: Annotated[int, Field(description="requests with a known metric")]
    lift: Annotated[
        Interval | None, Field(description="canary minus stable, always valid; None: too few units to tell")
    ]


class CanaryEvidence(Document):
    """A whole canary."""

    schema_version: Literal[1, 2, 3] = 3
    system: str
    task: str
    experiment: str
    stable: int
    canary: int
    metric: Annotated[str, Field(description="reward: what shown options earned; else the task's own metric")]
    target: str
    slow_ms: Annotated[float | None, Field(description="what takes longer is slow; frozen before")] = None
    max_error_rate_rise: Annotated[float | None, Field(description="what was allowed; frozen before")] = None
    exposures: Annotated[
        list[Exposure], Field(description="the lift by exposure at the last look; decides nothing")
    ] = []
    looks: list[Look]
    verdict: CanaryVerdict
    shadow: Annotated[ShadowEvidence | None, Field(description="what came before, None in older ones")] = None

    def error_rate(self, version: int) -> float | None:
        """The share of a version's answers that failed here, None where it was in neither arm."""
        if version not in (self.stable, self.canary):
            return None
        # A look counts the requests of its step so far: the last one of each step has all of them.
        last = {look.step: look for look in self.looks}.values()
        arms = [look.canary if version == self.canary else look.stable for look in last]
        requests = sum(arm.requests for arm in arms)
        return sum(arm.errors for arm in arms) / requests if requests else None

    @classmethod
    def renewed(cls, content: dict[str, Any]) -> dict[str, Any]:
        """Version 1 knew one task, version 2 two answers to a check."""
        found = older.canary(content) if content.get("schema_version") == 1 else content
        return found | {"schema_version": 3} if found.get("schema_version") == 2 else found
