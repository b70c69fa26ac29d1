"""What the worst bodies cost the service: memory above idle, and time, as a ratio to a valid body.

python -m benchmarks.bench_bodies [examples]

First the shapes that tests know, then so many that hypothesis finds while it looks for the largest peak.
"""

import os
import platform
import sys

from hypothesis import HealthCheck, given, settings, target

from tests.slipway.serving.browser import Browser
from tests.slipway.serving.peaks import ALLOWED_MIB, ALLOWED_TIMES, Cost, costs, served
from tests.slipway.serving.shapes import MOST, SHAPES, VALID, Shape, shapes

RUNS = 3
"""Of a body's time the least counts."""
LIKE = {True: "v2, 1,000 rows of 2 KiB", False: "v2, 1,000 rows"}
"""The valid body to compare with, by whether a body is of 1 MiB or more."""


def main(examples: int = 300) -> None:
    """Print the table and the worst that is found; end with an error where one costs more than is allowed."""
    browser = served()
    print(
        f"a logistic model, 1,000 rows allowed; one process at a time, {os.cpu_count()} cores, "
        f"load before {os.getloadavg()[0]:.1f}; Python {platform.python_version()}\n",
        flush=True,
    )
    found = _table(browser)
    dear = [name for name, cost in found.items() if cost.peak > cost.allowed]
    if examples:
        worst, body = _search(browser, examples)
        print(f"\n{examples} found: at worst {_mib(worst.peak)} of {_mib(worst.allowed)} MiB, {body[:99]!r}")
        dear += ["one that was found"] * (worst.peak > worst.allowed)
    if dear:
        sys.exit(f"more than {ALLOWED_MIB} MiB and {ALLOWED_TIMES} times the body: {dear}")


def _table(browser: Browser) -> dict[str, Cost]:
    print("| body | KiB | status | answer, KiB | peak above idle, MiB | allowed | time |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    found: dict[str, Cost] = {}
    seconds: dict[str, float] = {}
    for name, shape in (VALID | SHAPES).items():
        runs = [cost for _ in range(RUNS) for _, cost in costs(browser, {name: shape})]
        found[name] = cost = max(runs, key=lambda one: one.peak)
        seconds[name] = min(one.seconds for one in runs)
        ratio = seconds[name] / seconds.get(LIKE[cost.size >= 2**20], seconds[name])
        print(
            f"| {name} | {cost.size / 2**10:,.0f} | {cost.status} | {cost.answered / 2**10:,.0f} | "
            f"{_mib(cost.peak)} | {_mib(cost.allowed)} | {seconds[name]:.2f} s, {ratio:.1f} times |",
            flush=True,
        )
    return found


def _search(browser: Browser, examples: int) -> tuple[Cost, bytes]:
    found: list[tuple[float, Cost, bytes]] = []

    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(shape=shapes(MOST))
    def run(shape: Shape) -> None:
        ((_, cost),) = costs(browser, {"": shape})
        found.append((cost.peak / cost.allowed, cost, shape[1]))
        target(cost.peak / cost.allowed)

    run()
    _, cost, body = max(found, key=lambda one: one[0])
    return cost, body


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f}"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
