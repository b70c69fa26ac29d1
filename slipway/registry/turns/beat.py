"""Says again and again that somebody is still there, in a thread beside what they do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from slipway.base.errors import SlipwayError


@contextmanager
def beating(every_s: float, beat: Callable[[], None]) -> Iterator[None]:
    """Call `beat` every so many seconds while the block lasts; none is under way once this returns.

    An answer that does not come is asked for again at the next one: whoever depends on it has to ask.
    """
    ended = Event()

    def beats() -> None:
        while not ended.wait(every_s):
            with suppress(SlipwayError):
                beat()

    thread = Thread(target=beats, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
