"""What a rollout needs of the place where traffic flows, and how an answer is read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

import numpy as np
import orjson
from pydantic import Field

from slipway.base.strict import Strict
from slipway.records.canary import Arm
from slipway.rollout.client import Reply
from slipway.rollout.traffic import Answer


class Deployed(Strict):
    """A version in the registry and the Bento that serves it."""

    number: int
    bento: str


class TrafficState(Strict):
    """Where requests go: the fact that aliases follow."""

    schema_version: Literal[1] = 1
    stable: Deployed
    canary: Deployed | None = None
    weight: Annotated[int, Field(ge=0, le=100, description="percent of units served by the canary")] = 0
    experiment: str | None = None


@dataclass(frozen=True)
class Call:
    """One request on its way to an arm."""

    arm: Arm
    body: bytes


class Target(Protocol):
    """A place where two versions can serve side by side.

    Assignment is the client's: it hashes the unit and names the arm (on a cluster: in a header that the route
    matches exactly), and the target carries the request there. So it is sticky wherever traffic flows.
    """

    @property
    def name(self) -> str:
        """How evidence and reports name it."""
        ...

    def serve(self, calls: Sequence[Call], over: Callable[[], bool]) -> list[Reply]:
        """Send requests to their arms until it is over: a reply to each that was sent, in the same order.

        Failures are replies too. What is under way when it is over is waited for.
        """
        ...

    def stop_asked(self) -> str | None:
        """Why another process asks for the traffic, None where none does."""
        ...

    def set_weight(self, weight: int) -> None:
        """Give the canary its percent of units."""
        ...

    def shift(self, version: int, bento: str) -> None:
        """Send all traffic to one version.

        Raises:
            SlipwayError: it cannot serve; no traffic was shifted.
        """
        ...

    def restore(self) -> None:
        """Undo the last `shift`."""
        ...

    def answering(self) -> int | None:
        """The version that stable traffic is really answered by, None where nothing answers."""
        ...


def read_answer(reply: Reply, rows: int, version: int) -> Answer | str:
    """The answer to a request of so many options, or in one line why it is an error.

    An answer that names another version than the arm's is an error: it says nothing about this version.
    """
    if not 200 <= reply.status < 300:
        return f"status {reply.status}: {reply.content[:120].decode(errors='replace')}"
    try:
        content = orjson.loads(reply.content)
        named = content["model_version"]
        tensors = {tensor["name"]: tensor["data"] for tensor in content["outputs"]}
        scores, ranks = np.asarray(tensors["score"], np.float64), np.asarray(tensors["rank"])
    except (ValueError, KeyError, TypeError) as error:
        return f"not an answer of the Open Inference Protocol: {type(error).__name__}: {error}"
    if named != str(version):
        return f"version {named} answered, not {version}"
    if scores.shape != (rows,) or not np.isfinite(scores).all():
        return f"scores of shape {list(scores.shape)}, expected {rows} finite numbers"
    if ranks.shape != (rows,) or not np.array_equal(np.sort(ranks), np.arange(1, rows + 1)):
        return f"ranks {ranks.tolist()!s:.60}, expected 1 to {rows}"
    return Answer(scores, ranks)
