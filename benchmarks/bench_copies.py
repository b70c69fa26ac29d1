"""How often honest tables are taken for copied ones, how many copies are found, and how long it takes.

    python -m benchmarks.bench_copies [SEEDS] [ROWS]

draws SEEDS tables of each kind and size (50), and one of ROWS rows and fifteen columns (1,000,000). It ends
with exit status 1 where an honest table has copies in more than a row of two hundred, or fewer than four of
five planted copies are found in any.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.slipway.data.copied import Rows, copied, dependent, few, found, nested, rich, ruled, things

Kind = Callable[[np.random.Generator, int], Rows]
HONEST: dict[str, Kind] = {
    "three categories": few,
    "six categories, the label a rule": ruled,
    "sixteen questions that one trait drives, the label too": dependent,
    "postcode, town, country and age, the label a rule": nested,
    "products that recur with labels of their own": things,
    "four measurements": rich,
}
PLANTED: dict[str, tuple[Kind, float, int]] = {
    "four measurements, 1 % twice": (rich, 0.01, 1),
    "four measurements, 30 % twice": (rich, 0.3, 1),
    "four measurements, all ten times": (rich, 1.0, 9),
    "postcode, town, country and age, 30 % twice": (nested, 0.3, 1),
    "postcode, town, country and age, all ten times": (nested, 1.0, 9),
}


def honest(kind: Kind, count: int, seeds: int, folder: Path) -> float:
    """The largest share of rows that were taken for copies."""
    tables = (kind(np.random.default_rng(seed), count) for seed in range(seeds))
    return max(found(rows, folder).copies / count for rows in tables)


def planted(kind: Kind, share: float, times: int, count: int, seeds: int, folder: Path) -> float:
    """The smallest share of the copies that were found, the labels being coins."""
    least = np.inf
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        rows = kind(random, count) | {"y": random.integers(0, 2, count)}
        extra = np.tile(random.choice(count, int(share * count), replace=False), times)
        least = min(least, found(copied(random, rows, extra), folder).copies / len(extra))
    return least


def timed(count: int, folder: Path) -> str:
    """Seconds and memory of a table of fifteen columns, of whose rows a tenth are copies."""
    random = np.random.default_rng(0)
    extra = count // 10
    rows: Rows = {f"x{at}": random.normal(size=count - extra).round(2) for at in range(15)}
    rows = copied(random, rows | {"y": random.integers(0, 2, count - extra)}, np.arange(extra))
    begun = time.monotonic()
    copies = found(rows, folder).copies
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return f"{copies:,} copies, {time.monotonic() - begun:.1f} s with writing them, {memory:,.0f} MB in all"


def main(seeds: int = 50, rows: int = 1_000_000) -> int:
    """Print a line for each kind and size."""
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for count in (1000, 4000):
            for name, kind in HONEST.items():
                most = honest(kind, count, seeds, folder)
                wrong += most > 0.005
                print(f"{count:,} honest rows, {name}: at most {100 * most:.2f} % taken for copies")
            for name, (kind, share, times) in PLANTED.items():
                least = planted(kind, share, times, count, seeds, folder)
                wrong += least < 0.8
                print(f"{count:,} rows, {name}: at least {100 * least:.0f} % of the copies found")
        print(f"{rows:,} rows of fifteen columns: {timed(rows, folder)}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
