"""A target without servers: what a cluster's must do and no more, in variables of this process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slipway.base.errors import Refused, SlipwayError
from slipway.records.canary import Arm
from slipway.records.evidence import Evidence
from slipway.rollout.feasible import require_time, window_hours
from slipway.rollout.maturity import NEVER, matured
from slipway.rollout.observations import Observations
from slipway.rollout.paired import Pairs
from slipway.rollout.reference import Reference
from slipway.rollout.target import Deployed, Endpoint, Note, Over, Target, TrafficState, Trial
from slipway.rollout.traffic import decision
from slipway.settings import Card
from slipway.settings.card import Guardrails
from slipway.system.examples import HOUR
from slipway.tasks import Offered

BLOCK = 100
LABELLED = 0.3
"""The share of requests with the label 1, whatever is answered where outcomes do not depend on it."""


@dataclass
class Cluster:
    """What lasts longer than one who has the lease.

    Attributes:
        images: the digests that can be had, by number.
        earns: what a request earns on average, by version.
        fails: the share of answers that fail, by version; else none.
        late: the share of outcomes that come at the end of their window, by version; else none.
        moves: by how much a version's answers move the label, by version; else by nothing.
        notes: what people and the rollout say to each other.
        heard: is told of each note.
        weights: every one that was set.
        seed: of all that users do.
    """

    images: dict[int, str]
    earns: dict[int, float]
    state: TrafficState | None = None
    holder: object = None
    asked: str | None = None
    notes: dict[str, str | None] = field(default_factory=dict)
    heard: Callable[[str, str | None], None] = lambda name, text: None
    aside: set[str] = field(default_factory=set)
    fails: dict[int, float] = field(default_factory=dict)
    late: dict[int, float] = field(default_factory=dict)
    moves: dict[int, float] = field(default_factory=dict)
    weights: list[int] = field(default_factory=list)
    seed: int = 7


class MemoryPlacement:
    """Traffic is a variable, and a version answers as soon as its image is there."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.before: list[TrafficState | None] = []

    def state(self) -> TrafficState | None:
        """Where traffic goes."""
        return self.cluster.state

    def answers(self) -> dict[str, int | None]:
        """One address, for all that clients know."""
        return {} if self.cluster.state is None else {"http://memory": self.answering()}

    def pulled(self, version: Deployed) -> None:
        """Have the image."""
        found = self.cluster.images.get(version.number)
        if version.digest is None or found != version.digest:
            raise SlipwayError(f"image {version.digest}: found {found}")

    @contextmanager
    def aside(self, version: Deployed) -> Iterator[Endpoint]:
        """Serve a version where no traffic goes."""
        self.pulled(version)
        url = f"http://staging/{version.number}"
        self.cluster.aside.add(url)
        try:
            yield Endpoint(url, lambda: url in self.cluster.aside, "the log of the pod")
        finally:
            self.cluster.aside.remove(url)

    @contextmanager
    def trial(self, canary: Deployed, experiment: str) -> Iterator[Trial]:
        """Serve a version beside the stable one."""
        now = self.state()
        if now is None:
            raise SlipwayError("nothing is live")
        self.pulled(canary)
        self.cluster.state = TrafficState(stable=now.stable, canary=canary, experiment=experiment)
        try:
            yield Trial(now.stable.number, canary.number, experiment)
        finally:
            self.cluster.state = TrafficState(stable=now.stable)

    def pack(self, version: Deployed, bento: Callable[[], str]) -> str:
        """The image is the version's digest."""
        self.pulled(version)
        return f"image {version.digest}"

    def learn(self, version: Deployed, image: str) -> None:
        """Have it."""
        self.cluster.images[version.number] = image

    def set_weight(self, weight: int) -> None:
        """Change the route."""
        now = self.state()
        if now is None or now.canary is None:
            raise SlipwayError("there is no canary")
        self.cluster.state = now.model_copy(update={"weight": weight})
        self.cluster.weights.append(weight)

    def shift(self, version: Deployed) -> None:
        """Send all traffic to one version."""
        self.pulled(version)
        self.before.append(self.state())
        self.cluster.state = TrafficState(stable=version)

    def restore(self) -> None:
        """Undo the last shift."""
        if not self.before:
            raise SlipwayError("there was no shift to undo")
        self.cluster.state = self.before.pop()

    def answering(self) -> int | None:
        """The version that answers."""
        now = self.state()
        return None if now is None else now.stable.number


class MemoryLease:
    """One holder, who can be asked."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    @contextmanager
    def held(self, stop: str | None = None) -> Iterator[None]:
        """Have the traffic; nobody lets go here, for all of it is one thread."""
        if self.cluster.holder is not None:
            self.cluster.asked = stop
            raise Refused("somebody has the traffic")
        self.cluster.holder = self
        self.cluster.notes = {}
        try:
            yield
        finally:
            self.cluster.holder = self.cluster.asked = None

    def stop_asked(self) -> str | None:
        """Why somebody asks."""
        return self.cluster.asked

    def note(self, name: Note) -> str | None:
        """What was noted."""
        return self.cluster.notes.get(name)

    def write(self, name: Note, text: str | None) -> None:
        """Note it; somebody may have been waiting for that."""
        self.cluster.notes[name] = text
        self.cluster.heard(name, text)

    def left(self) -> str | None:
        """Nobody dies here alone."""
        return None


class LiveArena:
    """Requests come by themselves, a second apart, and are only read: a user in two each sends the next one.

    Each has two options, of which stable shows the first and the canary the second; whether the option shown
    is clicked is seen some time later, and what the other one would have got is never known.
    """

    live = True

    def __init__(self, cluster: Cluster, card: Card) -> None:
        self.cluster, self.card = cluster, card
        self.random = np.random.default_rng(cluster.seed)
        self.metric = decision(card, "observed")
        self.faults: dict[Arm, str] = {}
        self.parts: list[Observations] = []
        self.came = np.empty(0, np.int64)
        self.asked: list[Pairs] = []

    def resume(self, offered: int) -> None:
        """Requests come by themselves, so none comes twice."""

    def shadow_plan(self, evaluated: Evidence | None = None, stable: int = 0) -> list[str]:
        """As many come as one waits for, here and in the canary."""
        return require_time(self.card)

    def shadow(self, trial: Trial, requests: int, over: Over) -> int:
        """Read both answers to the next requests, and what comes of the one that counts."""
        sent = 0 if over() else requests
        label = self.random.random(sent) < LABELLED
        fails = [
            self.random.random(sent) < self.cluster.fails.get(one, 0.0) for one in trial.versions.values()
        ]
        noise = self.random.normal(0, 0.1, (2, sent))
        earns = [self.cluster.earns[one] for one in trial.versions.values()]
        stable, candidate = (
            np.where(failed, 0.0, earned + label + own)
            for failed, earned, own in zip(fails, earns, noise, strict=True)
        )
        self.asked.append(
            Pairs(
                unit=self.random.integers(0, 100_000, sent),
                stable=stable,
                candidate=candidate,
                stable_failed=fails[0],
                candidate_failed=fails[1],
                label=label.astype(np.float64),
                due=np.zeros(sent, np.bool_),
            )
        )
        return sent

    def pairs(self, waited: bool) -> Pairs:
        """An outcome is there at once."""
        found = Pairs.concat(self.asked)
        return replace(found, due=np.ones(len(found), np.bool_))

    def plan(
        self, evaluated: Evidence | None = None, stable: int = 0, error_rate: float | None = None
    ) -> list[str]:
        """As many come as one waits for."""
        return require_time(self.card)

    def warm_up(self, trial: Trial, requests: int, over: Over) -> Reference:
        """What stable answered before."""
        return Reference.of(self.random.gamma(20.0, 0.5, 500), Guardrails())

    def observe(self, trial: Trial, step: int, weight: int, requests: int, over: Over) -> int:
        """Read the answers to the next requests, and what they earned."""
        sent, before = 0 if over() else requests, len(self.came)
        unit = self.random.integers(0, 100_000, sent)
        canary = unit % 100 < weight
        arms = (trial.stable, trial.canary)
        fails = np.array([self.cluster.fails.get(one, 0.0) for one in arms])[canary.astype(int)]
        error = self.random.random(sent) < fails
        moves = np.where(canary, *(self.cluster.moves.get(one, 0.0) for one in (trial.canary, trial.stable)))
        self.parts.append(
            Observations(
                step=np.full(sent, step, np.int32),
                block=np.arange(before, before + sent) // BLOCK,
                unit=unit.astype(np.int64),
                canary=canary,
                error=error,
                latency_ms=np.where(error, np.nan, self.random.gamma(20.0, 0.5, sent)),
                due=np.zeros(sent, np.bool_),
                metric=self._earned(canary, error, [self.cluster.earns[one] for one in arms]),
                label=(self.random.random(sent) < LABELLED + moves).astype(np.float64),
            )
        )
        late = np.array([self.cluster.late.get(one, 0.0) for one in arms])[canary.astype(int)]
        self.came = np.append(self.came, self._sent()[before:] + self._waited(sent, late))
        return sent

    def seen(self, waited: bool) -> Observations:
        """An outcome counts once its window has passed; only what came until then is known."""
        found, sent = Observations.concat(self.parts), self._sent()
        window = window_hours(self.card)
        now = int(sent.max(initial=0)) + (round(window * HOUR) if waited else 0)
        # What lies in the future has not come.
        came = np.where(self.came <= now, self.came, NEVER)
        counted = matured(sent, came, now, window)
        return replace(
            found,
            due=counted.due,
            metric=np.where(counted.known | found.error, found.metric, np.nan),
            late=counted.late,
        )

    def _sent(self) -> NDArray[np.int64]:
        return np.arange(sum(map(len, self.parts)), dtype=np.int64) * 1_000_000

    def _waited(self, size: int, late: NDArray[np.float64]) -> NDArray[np.int64]:
        """From the request to its outcome: a tenth of the window at most, or a late one's nine tenths."""
        window = window_hours(self.card) * HOUR
        share = np.where(self.random.random(size) < late, 0.9, 0.1 * self.random.random(size))
        return np.asarray(share * window, np.int64)

    def _earned(
        self, canary: NDArray[np.bool_], error: NDArray[np.bool_], earns: list[float]
    ) -> NDArray[np.float64]:
        """By the task, which is told of the option shown alone."""
        size = len(canary)
        clicked = self.random.random(size) < np.where(canary, earns[1], earns[0])
        shown = np.stack([~canary, canary], axis=1)
        offered = Offered(
            outcomes=(shown & clicked[:, None]).astype(np.int8).ravel(),
            truth=None,
            luck=np.zeros(2 * size),
            starts=np.arange(0, 2 * size, 2),
            shown=shown.ravel(),
        )
        task = self.card.task
        ranks = np.where(shown, 1, 2).ravel()
        answered = task.gains(self.metric, offered, 1.0 / ranks, ranks)
        return np.where(error, task.failed(self.metric, offered, np.array([0.5])), answered)


def memory(cluster: Cluster, card: Card) -> Target:
    """Bind a line to it."""

    def arena(data: Path) -> LiveArena:
        return LiveArena(cluster, card)

    return Target("memory", MemoryPlacement(cluster), MemoryLease(cluster), arena)
