"""How long what serves goes on with the old version once production has moved, and whether a request fails.

python -m benchmarks.bench_follow [rounds]
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

import httpx
import numpy as np

from slipway.base.provenance import now
from slipway.records.decision import record_id
from slipway.rollout.targets.local_production import LOOK_S
from slipway.stages.clear import clear
from slipway.stages.move import move
from slipway.stages.rollback import roll_back
from tests.slipway.cli.conftest import environment
from tests.slipway.report import sample
from tests.slipway.report.sample_canary import canary
from tests.slipway.rollout.live import traffic
from tests.slipway.root import ROOT
from tests.slipway.stages.packaged import RUN, Packaged, packaged
from tests.slipway.tiny import tiny_version

CLIENTS = 4
"""Connections that ask all the time, each the next request as soon as it has an answer."""


@dataclass(frozen=True)
class Answer:
    """One answer: when it was asked for and when it came, seconds since 1970, its status and version."""

    asked: float
    came: float
    status: int
    version: str


def main(rounds: int = 10) -> None:
    """Print the seconds of each way, and how many requests failed."""
    with tempfile.TemporaryDirectory() as temporary:
        line = _line(Path(temporary))
        [offer] = traffic(line.line.card, Path(temporary), 1).offers(0, 1)
        with chdir(line.root), _serving(line) as url:
            found = [_round(line, url, offer.body) for _ in range(rounds)]
    print(
        f"{rounds} rollbacks and {rounds} promotions, {CLIENTS} clients, a look each {LOOK_S} s; "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}"
    )
    for number, way in enumerate(("rollback", "promotion")):
        lags, counts = zip(*(one[number] for one in found), strict=True)
        requests, failed, late = np.sum(counts, axis=0)
        print(
            f"{way}: {requests} requests, {failed} failed; the old version was last asked "
            f"{np.median(lags):.2f} s after traffic moved (median), at most {max(lags):.2f} s: {late} times"
        )


def _line(folder: Path) -> Packaged:
    def written(number: int, out: Path) -> None:
        tiny_version(ROOT, out, "logistic", skew=number * 1e-9)

    made = packaged(folder / "a project", {number: partial(written, number) for number in (1, 2)})
    with chdir(made.root):
        made.went_live(1, 2)
    made.send_traffic(2)
    return made


@contextmanager
def _serving(line: Packaged) -> Iterator[str]:
    command = [sys.executable, "-m", "slipway", "serve", "--size", "small", "--port", "0", "--json"]
    process = subprocess.Popen(  # noqa: S603 - our own interpreter, no user input
        command, cwd=line.root, env=environment({}), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        yield str(json.loads(process.stdout.readline())["url"])
    finally:
        process.terminate()
        process.communicate(timeout=120)


def _round(line: Packaged, url: str, body: bytes) -> list[tuple[float, tuple[int, int, int]]]:
    back = _watched(line, url, body, "2", lambda: roll_back(line.line, "robots"))
    clear(line.line, 2, "for the next round")
    return [back, _watched(line, url, body, "1", lambda: _promote(line))]


def _promote(line: Packaged) -> None:
    registry = line.registry
    record = sample.record(
        id=record_id(now(), RUN.id, registry.last_record()),
        decision="promote",
        version=2,
        replaced=1,
        version_digest=registry.get(2).digest,
        evaluation=None,
        canary=canary().model_copy(update={"canary": 2, "stable": 1}),
        run=registry.start_run("rollout", RUN.id, "f"),
    )
    move(RUN, "rollout", record, None, None)


def _watched(
    line: Packaged, url: str, body: bytes, old: str, moves: Callable[[], object]
) -> tuple[float, tuple[int, int, int]]:
    """Seconds from the move of traffic to the last request that the old version got, and what was counted."""
    over = Event()
    with ThreadPoolExecutor(CLIENTS) as pool:
        asking = [pool.submit(_asked, url, body, over) for _ in range(CLIENTS)]
        try:
            moves()
            moved = line.line.traffic.stat().st_mtime
            while any(version == old for version in _versions(url, body)):
                time.sleep(0.01)
        finally:
            over.set()
        answers = [one for some in asking for one in some.result()]
    late = [one for one in answers if one.version == old and one.asked > moved]
    failed = sum(one.status != 200 for one in answers)
    return max((one.asked - moved for one in late), default=0.0), (len(answers), failed, len(late))


def _versions(url: str, body: bytes) -> list[str]:
    return [httpx.post(f"{url}/v2/models/ad_click/infer", content=body).json().get("model_version", "")]


def _asked(url: str, body: bytes, over: Event) -> list[Answer]:
    found = []
    with httpx.Client(base_url=url, timeout=60) as client:
        while not over.is_set():
            asked = time.time()
            answer = client.post("/v2/models/ad_click/infer", content=body)
            version = answer.json().get("model_version", "")
            found.append(Answer(asked, time.time(), answer.status_code, version))
    return found


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
