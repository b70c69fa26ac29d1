"""Requests under way at once, each over a connection that takes one at a time."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TypeVar

from slipway.rollout.call import Call, Send
from slipway.rollout.client import Reply
from slipway.rollout.target import Over

FLIGHT = 4
"""Requests under way at once, over both arms, of which none looks slow by its share (see `bench_arms.py`)."""

Connected = TypeVar("Connected")


@contextmanager
def flight(connections: Sequence[Connected], ask: Callable[[Connected, Call], Reply]) -> Iterator[Send]:
    """Send requests over connections while the block lasts; what is under way at its end is waited for.

    Args:
        connections: as many requests are under way at once.
        ask: has one request answered over one of them.
    """
    idle: SimpleQueue[Connected] = SimpleQueue()
    for one in connections:
        idle.put(one)

    def carried(connection: Connected, call: Call) -> Reply:
        try:
            return ask(connection, call)
        finally:
            idle.put(connection)

    def send(calls: Sequence[Call], over: Over) -> list[Reply]:
        sent = []
        for call in calls:
            connection = idle.get()
            # Asked after the wait for a free connection, which may have taken as long as an answer.
            if over():
                idle.put(connection)
                break
            sent.append(pool.submit(carried, connection, call))
        return [reply.result() for reply in sent]

    with ThreadPoolExecutor(len(connections)) as pool:
        yield send
