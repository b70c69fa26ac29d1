"""One request on its way to a version, and who carries it there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slipway.records.canary import Arm
from slipway.rollout.client import Reply
from slipway.rollout.target import Over


@dataclass(frozen=True)
class Call:
    """One request on its way to an arm.

    Attributes:
        copy: whether its answer is for nobody.
        unit: whose request it is, by which a route may choose the arm; None asks the arm itself.
    """

    arm: Arm
    body: bytes
    copy: bool = False
    unit: str | None = None


Send = Callable[[Sequence[Call], Over], list[Reply]]
"""Sends requests to their arms until it is over: a reply to each that was sent, in the same order.

Failures are replies too. What is under way when it is over is waited for.
"""
