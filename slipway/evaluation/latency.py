"""How long versions take for one request, timed in turns so that a noisy machine treats all alike."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slipway.evaluation.resampling import percentiles
from slipway.records.evidence import Latency
from slipway.version.process import VersionProcess

REQUESTS = 200
"""Single requests that each version is timed on."""
WARMUP = 20
"""Requests before those: the first ones fill caches and would be taken for a slow model."""


def time_in_turns(
    versions: Mapping[str, VersionProcess], requests: Path, bounds: list[tuple[int, int]]
) -> dict[str, NDArray[np.float64]]:
    """Seconds per request and version, [requests]; the first ones warm up and are not returned.

    Args:
        requests: Parquet file whose rows `bounds` name.
        bounds: the first row of each request, and the one after its last.
    """
    # Few requests are repeated until there are enough to time.
    enough = REQUESTS + WARMUP
    chosen = (bounds * -(-enough // max(len(bounds), 1)))[:enough]
    seconds: dict[str, list[float]] = {name: [] for name in versions}
    for start, stop in chosen:
        # In turns: what slows the machine for a moment slows all versions alike.
        for name, version in versions.items():
            seconds[name].append(version.seconds(requests, start, stop))
    return {name: np.array(values[WARMUP:]) for name, values in seconds.items()}


def latency(
    seconds: NDArray[np.float64], reference: NDArray[np.float64], confidence: float, seed: int
) -> Latency:
    """Quantiles, and the ratio of medians with an interval over resampled requests.

    Args:
        seconds: [requests].
        reference: [requests]; the baseline's times of the same requests in the same order.
    """
    generator = np.random.default_rng(seed)
    draws = generator.integers(0, len(seconds), (500, len(seconds)))
    # The same requests in both, for a long request is long for every version.
    ratios = np.median(seconds[draws], axis=1) / np.median(reference[draws], axis=1)
    own = float(np.median(seconds) / np.median(reference))
    return Latency(
        requests=len(seconds),
        p50_ms=float(np.median(seconds) * 1e3),
        p99_ms=float(np.quantile(seconds, 0.99) * 1e3),
        ratio=percentiles(np.r_[own, ratios], confidence),
    )
