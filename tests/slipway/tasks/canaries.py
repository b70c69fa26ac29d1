"""A canary of two versions whose answers are known, offered the rows of a world."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from slipway.records.canary import CanaryEvidence, Look
from slipway.rollout.analysis import judge
from slipway.rollout.assignment import in_canary
from slipway.rollout.observations import Observations
from slipway.rollout.plan import requests_needed
from slipway.rollout.reference import Reference
from slipway.rollout.traffic import Answer, Traffic
from slipway.system import load_system
from slipway.tasks import Scores
from slipway.version.answer import ranks
from tests.slipway.root import ROOT
from tests.slipway.tasks.worlds import START, World

REFERENCE = Reference(slow_ms=20.0)
"""Of latencies around 5 ms, none of which is slow."""


def answered(scores: Scores) -> list[Answer]:
    """An answer to each row, which is a request."""
    found = ranks(scores, np.arange(len(scores)))
    return [
        Answer(scores[row : row + 1], found[row : row + 1].astype(np.int64)) for row in range(len(scores))
    ]


def canary(found: World, folder: Path, stable: Scores, tried: Scores) -> CanaryEvidence:
    """Step by step, a look after each batch, until the evidence decides."""
    pq.write_table(found.rows, folder / "replay.parquet")
    traffic, plan = (
        Traffic.load(found.card, load_system("ad_click", ROOT), folder, seed=0),
        found.card.rollout,
    )
    gains = [traffic.gains(0, answered(scores)) for scores in (stable, tried)]
    labels = traffic.labels if traffic.metric.is_loss else np.full(len(traffic), np.nan)
    looks: list[Look] = []
    seen, first = 0, plan.warmup_requests
    step_of, arm_of = [], []
    for number, step in enumerate(plan.steps):
        units = traffic.units[first + seen : first + seen + step.requests]
        arm_of += in_canary(units, "trial", step.weight).tolist()
        step_of += [number] * step.requests
        for end in range(seen + plan.batch_requests, seen + step.requests + 1, plan.batch_requests):
            arms = np.array(arm_of[:end], np.bool_)
            rows = slice(first, first + end)
            observed = Observations(
                step=np.array(step_of[:end], np.int32),
                block=np.arange(end) // plan.block_requests,
                unit=traffic.unit_codes[rows],
                canary=arms,
                error=np.zeros(end, np.bool_),
                latency_ms=np.random.default_rng(1).normal(5, 1, end),
                due=np.ones(end, np.bool_),
                metric=np.where(arms, gains[1][rows], gains[0][rows]),
                label=labels[rows],
            )
            exhausted = end == requests_needed(plan) - first
            looks.append(judge(observed, plan, number, exhausted, START, traffic.metric, REFERENCE))
            if looks[-1].verdict.outcome != "continue":
                break
        if looks[-1].verdict.outcome != "continue":
            break
        seen += step.requests
    return CanaryEvidence(
        system=found.card.name,
        task=found.card.problem.task,
        experiment="trial",
        stable=1,
        canary=2,
        metric=traffic.metric.name,
        target="test",
        looks=looks,
        verdict=looks[-1].verdict,
    )
