"""LightGBM with one thread and with two, alone and where each core has other work: seconds, and the ratios.

python benchmarks/bench_threads.py [rows]
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

from slipway.models import Labelled, predictor
from slipway.settings.root import Project
from slipway.system import load_system

ROUNDS, SEED, TIMES = 30, 17, 2
BUSY = "import os; parent = os.getppid()\nwhile os.getppid() == parent: pass"


def main(rows: int = 88_000) -> None:
    """Print one line per situation."""
    project = Project.find(Path(__file__).parent)
    card = project.card("ad_click")
    system = load_system(card.name, project.root)
    with tempfile.TemporaryDirectory() as temporary:
        system.generate(rows, SEED, Path(temporary))
        examples = system.examples(card, pq.read_table(Path(temporary) / "rows.parquet"))
    state = system.fit_features(card, examples.requests)
    inputs = system.transform(card, examples.requests, state)
    known = Labelled(inputs, examples.labels, examples.known_at, examples.known_at)
    boosting = next(one for one in card.models.candidates if one.kind == "boosting")

    def seconds(threads: int) -> float:
        params = boosting.params | {"rounds": ROUNDS, "num_threads": threads}
        begun = time.perf_counter()
        predictor("boosting").fit(known, known, params, SEED)
        return time.perf_counter() - begun

    print(
        f"{rows} rows, {ROUNDS} rounds, the best of {TIMES}; {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, seed {SEED}"
    )
    for situation, others in (("alone", 0), ("beside one busy process per core", os.cpu_count() or 1)):
        with _busy(others):
            one, two = (min(seconds(threads) for _ in range(TIMES)) for threads in (1, 2))
        print(f"{situation}: one thread {one:.1f} s, two threads {two:.1f} s, two / one {two / one:.2f}")


@contextmanager
def _busy(processes: int) -> Iterator[None]:
    """Processes that compute as long as the block runs, and end with this one."""
    command = [sys.executable, "-c", BUSY]
    running = [subprocess.Popen(command) for _ in range(processes)]  # noqa: S603 - our own interpreter
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
