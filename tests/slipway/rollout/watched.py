"""The local placement with a diary, and two versions of a project in it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from slipway.rollout.call import Call
from slipway.rollout.client import Reply
from slipway.rollout.replay import Replay
from slipway.rollout.target import Over, Target, TrafficState
from slipway.rollout.targets.local import LocalPlacement
from slipway.rollout.targets.local_lease import LocalLease
from slipway.settings import Line
from slipway.settings.data import Size
from tests.slipway.rollout.live import SYSTEM, Live


class Watched(LocalPlacement):
    """The placement of a line whose stable version is 1, with a diary; at full size as of older versions."""

    def __init__(self, live: Live, size: Size) -> None:
        super().__init__(Line(live.project, SYSTEM, size))
        named = (live.first, live.second)
        self.stable, self.canary = named if size == "small" else map(live.by_tag, named)
        self.diary: list[tuple[str, Any]] = []
        self.copies: list[Call] = []
        self.target = Target("local", self, LocalLease(self.line, self.settle), self.no_arena)
        self.line.traffic.parent.mkdir(parents=True, exist_ok=True)
        self.line.traffic.write_text(TrafficState(stable=self.stable).model_dump_json(), encoding="utf-8")

    def no_arena(self, data: Path) -> Replay:
        """What a trial is observed by is said by each test."""
        raise AssertionError(data)

    @contextmanager
    def standing(self) -> Iterator[Self]:
        """Version 2 on trial; none of them is left over."""
        with self.target.lease.held(), self.trial(self.canary, "experiment"):
            yield self
            super().set_weight(0)

    def send(self, calls: Sequence[Call], over: Over) -> list[Reply]:
        """Write down the calls that were sent; of copies, which are for nobody, apart."""
        replies = super().send(calls, over)
        sent = list(calls)[: len(replies)]
        if any(call.copy for call in sent):
            self.copies += sent
        else:
            self.diary.append(("calls", sent))
        return replies

    def set_weight(self, weight: int) -> None:
        """Write down the weight."""
        super().set_weight(weight)
        self.diary.append(("weight", weight))

    @property
    def weight(self) -> int:
        """The canary's weight, of the state file."""
        found = self.state()
        assert found is not None
        return found.weight
