"""Two versions on the same requests, drawn: what a shadow sees where outcomes do not depend on answers."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from benchmarks.bench_shadow import FREE, LOSS, first, plan
from slipway.records.shadow import ShadowLook
from slipway.rollout.paired import Pairs
from slipway.rollout.shadow import judge_pairs

AT = datetime(2026, 1, 1, tzinfo=UTC)


def looks(pairs: Pairs, batch: int = 500) -> list[ShadowLook]:
    """What is said after each batch, up to the verdict."""
    found: list[ShadowLook] = []
    for end in range(batch, len(pairs) + 1, batch):
        part, last = first(pairs, end), end == len(pairs)
        found.append(judge_pairs(part, plan(len(pairs)), LOSS, AT, last, FREE))
        if found[-1].verdict.outcome != "continue":
            break
    return found


def failing(pairs: Pairs, share: float, seed: int = 0) -> Pairs:
    """The candidate's copies fail so often, and count as the answer that is the same for everybody."""
    failed = np.random.default_rng(seed).random(len(pairs)) < share
    rate = pairs.label.mean()
    fallback = np.where(pairs.label == 1, np.log(rate), np.log1p(-rate))
    return replace(pairs, candidate=np.where(failed, fallback, pairs.candidate), candidate_failed=failed)
