"""Where the traffic of a line flows: what a rollout needs of that place, in three roles."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Protocol, get_args

from pydantic import Field, model_validator

from slipway.base.documents import Document
from slipway.base.strict import Strict
from slipway.records.canary import Arm
from slipway.records.evidence import Evidence
from slipway.rollout.observations import Observations
from slipway.rollout.paired import Pairs
from slipway.rollout.reference import Reference
from slipway.tasks import Metric

Note = Literal["pause", "waiting", "approval"]
NOTES: tuple[Note, ...] = get_args(Note)
Over = Callable[[], bool]
"""Whether nothing more may be sent or waited for; asked again and again."""


class Deployed(Strict):
    """A version by what it consists of, and by its number in the registry."""

    number: int
    digest: Annotated[
        str | None, Field(description="of the version; None where it went live before digests were kept")
    ] = None
    bento: Annotated[
        str | None,
        Field(description="in documents of schema_version 1: its Bento on this machine"),
    ] = None

    @model_validator(mode="after")
    def _is_named(self) -> "Deployed":
        if self.digest is None and self.bento is None:
            raise ValueError("a version needs its digest")
        return self


class TrafficState(Document):
    """Where requests go: the fact that aliases follow."""

    schema_version: Literal[1, 2] = 2
    stable: Deployed
    canary: Deployed | None = None
    weight: Annotated[int, Field(ge=0, le=100, description="percent of units served by the canary")] = 0
    experiment: str | None = None


@dataclass(frozen=True)
class Trial:
    """Two versions side by side, by their numbers; the experiment salts the assignment of units."""

    stable: int
    canary: int
    experiment: str

    @property
    def versions(self) -> dict[Arm, int]:
        """The version of each arm."""
        return {"stable": self.stable, "canary": self.canary}


@dataclass(frozen=True)
class Endpoint:
    """A version that is served away from traffic.

    Attributes:
        url: where it answers.
        alive: whether it still does.
        log: where what it says is kept, for people.
        headers: of every request to it, where others answer at that address too.
    """

    url: str
    alive: Callable[[], bool]
    log: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Placement(Protocol):
    """Puts versions where traffic is. All but `state`, `answers` and `aside` need the lease."""

    def state(self) -> TrafficState | None:
        """Where traffic goes, None where nothing was ever live."""
        ...

    def answers(self) -> dict[str, int | None]:
        """Ask where clients ask: the version that answers, by URL; None where none says that it does."""
        ...

    def aside(self, version: Deployed) -> AbstractContextManager[Endpoint]:
        """Serve a version away from traffic while the block lasts.

        Raises:
            NotReady: it does not get ready.
            SlipwayError: it is not to be had here, or is not what its digest says.
        """
        ...

    def trial(self, canary: Deployed, experiment: str) -> AbstractContextManager[Trial]:
        """Serve a version beside the stable one while the block lasts, at first with no share of the units.

        Raises:
            NotReady: one of them does not get ready.
            SlipwayError: nothing is live, or as for `aside`.
        """
        ...

    def pack(self, version: Deployed, bento: Callable[[], str]) -> str:
        """Make sure that there is what a version is served from; returns its name, for records.

        Args:
            bento: builds the version's Bento and returns its tag, where that is what is served here.

        Raises:
            Refused: it is something else, and nobody has said which.
        """
        ...

    def learn(self, version: Deployed, image: str) -> None:
        """Serve a version from this image from now on.

        Raises:
            UsageError: it is not named by its digest, or versions are served from something else here.
        """
        ...

    def set_weight(self, weight: int) -> None:
        """Give the canary its percent of units.

        Raises:
            SlipwayError: there is no canary.
        """
        ...

    def shift(self, version: Deployed) -> None:
        """Send all traffic to one version.

        Raises:
            SlipwayError: it cannot serve; no traffic was shifted.
        """
        ...

    def restore(self) -> None:
        """Undo the last `shift`.

        Raises:
            SlipwayError: there was none.
        """
        ...

    def answering(self) -> int | None:
        """The version that stable traffic is really answered by, None where nothing answers."""
        ...


class Arena(Protocol):
    """Where the observations of a trial come from: a replay offers requests itself, a live one reads.

    Assignment is by unit, so that it is sticky wherever traffic flows.
    """

    @property
    def live(self) -> bool:
        """Whether requests and outcomes come in real time: then the card's minimum duration holds."""
        ...

    @property
    def metric(self) -> Metric:
        """How outcomes are judged."""
        ...

    @property
    def faults(self) -> dict[Arm, str]:
        """The first error of each arm that had one, in words."""
        ...

    def resume(self, offered: int) -> None:
        """Go on behind the requests that a shadow has used: none is offered twice."""
        ...

    def shadow(self, trial: Trial, requests: int, over: Over) -> int:
        """Have so many more requests answered by both versions, of which users get stable's answer.

        Returns how many were until it was over.
        """
        ...

    def pairs(self, waited: bool) -> Pairs:
        """All that the shadow asked so far, with what is known of it by now.

        Args:
            waited: until the outcomes of the last requests are known, too.
        """
        ...

    def shadow_plan(self, evaluated: Evidence | None = None, stable: int = 0) -> list[str]:
        """What a shadow here is about to do, in a few lines.

        Args:
            evaluated: the gate's evidence about the version on trial, where it is known.
            stable: the number of the version that is live.

        Raises:
            UsageError: there will never be as many requests as it and the card's steps need.
            Refused: the plan can hardly show anything, and the card does not call it exploratory.
        """
        ...

    def plan(
        self, evaluated: Evidence | None = None, stable: int = 0, error_rate: float | None = None
    ) -> list[str]:
        """What a rollout here is about to do, in a few lines.

        Args:
            evaluated: the gate's evidence about the version on trial, where it is known.
            stable: the number of the version that is live.
            error_rate: the share of its answers that failed in its last canary, None where there was none.

        Raises:
            UsageError: the card's steps can never be done here; see `slipway.rollout.feasible`.
            Refused: the plan can hardly show anything, and the card does not call it exploratory.
        """
        ...

    def warm_up(self, trial: Trial, requests: int, over: Over) -> Reference:
        """Let both arms answer so many requests that count for nothing, and say what stable's were like."""
        ...

    def observe(self, trial: Trial, step: int, weight: int, requests: int, over: Over) -> int:
        """Have so many more requests answered in a step; returns how many were until it was over."""
        ...

    def seen(self, waited: bool) -> Observations:
        """All that was observed so far, with what is known of it by now.

        Args:
            waited: until the outcomes of the last requests are known, too.
        """
        ...


class Lease(Protocol):
    """One rollout of a line at a time."""

    def held(self, stop: str | None = None) -> AbstractContextManager[None]:
        """Have the traffic of the line while the block lasts; what a killed holder left on trial is ended.

        Args:
            stop: why whoever has it must give it up, which is waited for; None to be refused instead.

        Raises:
            Refused: somebody has it, and does not let go.
        """
        ...

    def stop_asked(self) -> str | None:
        """Why somebody asks the holder for the traffic, None where nobody does."""
        ...

    def note(self, name: Note) -> str | None:
        """What was noted for the holder, or by it, since it took the traffic; None where nothing was."""
        ...

    def write(self, name: Note, text: str | None) -> None:
        """Note it, or take a note away; anybody may."""
        ...

    def left(self) -> str | None:
        """Who had the traffic and died with it, in words; None where that is nobody."""
        ...


def silent(what: str, text: str) -> None:
    """Announce nothing."""


@dataclass(frozen=True)
class Target:
    """A place where two versions of a line can serve side by side; `bind` makes the one of `project.yaml`.

    Attributes:
        name: how evidence and reports name it.
        arena: of the folder with the data of a run.
        announce: tells whoever watches the place what has happened, by a word and a line; it never fails.
    """

    name: str
    placement: Placement
    lease: Lease
    arena: Callable[[Path], Arena]
    announce: Callable[[str, str], None] = silent
