"""What one body costs: the most memory that the service holds above what it held before, and the time.

python -m tests.slipway.serving.peaks > peaks.json

Each body is sent to a fork of one process that has served already, so that no body finds memory which another
has left. Rust's memory counts, which tracemalloc does not see. Linux counts the pages of a fork so.
"""

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from pydantic import TypeAdapter

from slipway.release.bento import lay_out
from slipway.serving.app import build
from slipway.serving.served import load
from slipway.serving.warm import freeze
from slipway.settings import Card, load_card
from tests.slipway.root import ROOT
from tests.slipway.serving.browser import Browser
from tests.slipway.serving.shapes import SHAPES, VALID, Shape
from tests.slipway.tiny import registered, tiny_version

ALLOWED_MIB, ALLOWED_TIMES = 16, 40
"""What a body may cost: so much, and so many times itself."""


@dataclass(frozen=True)
class Cost:
    """What came of a body of `size` bytes; memory in bytes above idle."""

    size: int
    status: int
    answered: int
    peak: int
    seconds: float
    said: str

    @property
    def allowed(self) -> int:
        """The most that may be held for it."""
        return ALLOWED_MIB * 2**20 + ALLOWED_TIMES * self.size


def costs(browser: Browser, bodies: Mapping[str, Shape]) -> Iterator[tuple[str, Cost]]:
    """Send each once."""
    path, warm = VALID["v2, 1,000 rows"]
    for name, (at, content) in bodies.items():
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            # Threads of Arrow and BLAS are no part of a fork: they are started once more before it is idle.
            browser.post(path, content=warm)
            cost = _cost(browser, at, content)
            os.write(writing, json.dumps(asdict(cost)).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            said = pipe.read()
        os.waitpid(child, 0)
        yield name, TypeAdapter(Cost).validate_json(said)


def _cost(browser: Browser, path: str, content: bytes) -> Cost:
    idle = psutil.Process().memory_info().rss
    begun = time.perf_counter()
    answer = browser.post(path, content=content)
    seconds = time.perf_counter() - begun
    # Kilobytes in Linux.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    said = answer.text[:200]
    return Cost(len(content), answer.status_code, len(answer.content), peak - idle, seconds, said)


def served() -> Browser:
    """The application of a small version, which has answered before."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        manifest = tiny_version(ROOT, folder / "version", "logistic", card=of_any_device())
        lay_out(folder / "version", manifest, registered(folder / "version", 7), folder / "src")
        browser = Browser(build(load(folder / "src", None)))
        for path, content in VALID.values():
            assert browser.post(path, content=content).status_code == 200
    freeze()
    return browser


def of_any_device() -> Card:
    """The card of a system in which a text may be of any length."""
    card = load_card(ROOT, "ad_click")
    device = card.data.columns["device"].model_copy(update={"values": None})
    columns = card.data.columns | {"device": device}
    return card.model_copy(update={"data": card.data.model_copy(update={"columns": columns})})


def main() -> None:
    """One JSON object by the name of each body."""
    found = {name: asdict(cost) for name, cost in costs(served(), VALID | SHAPES)}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
