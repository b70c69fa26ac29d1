"""What a turn is: one process moves `production` of a line, and what it has begun outlives it."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from slipway.base.errors import Refused
from slipway.records.seal import Link


class Outlived(Refused):
    """The turn went to somebody else, for this process was not heard of for too long."""


@dataclass(frozen=True)
class Left:
    """What those who had the turn have left for the next one, each as it was written.

    Attributes:
        begun: what has not ended.
        settled: the last that was carried out, where a turn can be lost.
        outlived: what somebody had begun whose turn was taken, and who may still write elsewhere.
        sealed: the seal of the record of what was settled, where that was not signed at once.
    """

    begun: str | None = None
    settled: str | None = None
    outlived: str | None = None
    sealed: Link | None = None


class Turn(Protocol):
    """Had by one process at a time, while it moves production."""

    @property
    def place(self) -> str:
        """Where it is kept what was begun, for people."""

    @property
    def left(self) -> Left:
        """What there is to be seen to."""

    def begin(self, intent: str) -> None:
        """Write down what is about to be done.

        Raises:
            Outlived: the turn is somebody else's.
        """

    def require(self) -> None:
        """Make sure that it is still ours.

        Raises:
            Outlived: it is not.
        """

    def end(self, settled: str | None, answered: bool = False, sealed: Link | None = None) -> None:
        """Nothing is under way any more.

        Args:
            settled: what was carried out, None where it was dropped.
            answered: what somebody who outlived their turn wrote is undone.
            sealed: see `Left`; of what was carried out.

        Raises:
            Outlived: the turn is somebody else's, who may have moved production since.
        """


class Turns(Protocol):
    """The turns of one line."""

    def taken(self, wait: bool = False) -> AbstractContextManager[Turn]:
        """Have the turn while the block lasts.

        Args:
            wait: for whoever has it, else be refused.

        Raises:
            Refused: somebody has it.
        """

    @property
    def place(self) -> str:
        """As `Turn.place`."""

    def look(self) -> Left:
        """What there is to be seen to, by whoever has the turn."""
