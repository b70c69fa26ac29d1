"""Realistic decision records, drawn from a seeded generator, for the tests of the report."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np

from slipway.data.manifest import Part, PartSummary, SplitManifest
from slipway.records.checks import Check
from slipway.records.decision import CheckSummary, DecisionRecord
from slipway.records.environment import Environment, Parity
from slipway.records.evidence import (
    Bin,
    Comparison,
    Evidence,
    Holdout,
    HoldoutUse,
    Interval,
    Latency,
    ModelMetrics,
    SliceDifference,
    SliceMetrics,
    ValidationScore,
)
from slipway.records.recalibration import Recalibration
from slipway.settings import Card, load_card
from tests.slipway.report.sample_canary import DECIDED, around, canary
from tests.slipway.root import ROOT

START = datetime(2026, 9, 1, tzinfo=UTC)
SLICES = [("device", value) for value in ("phone", "tablet", "desktop")]
SLICES += [("placement", value) for value in ("top", "sidebar", "feed", "footer")]
Role = Literal["baseline", "candidate", "champion"]


def card() -> Card:
    """The card of the ad click system."""
    return load_card(ROOT, "ad_click")


def digest(text: str) -> str:
    """A sha256 of something."""
    return hashlib.sha256(text.encode()).hexdigest()


def split() -> SplitManifest:
    """Eighty days, cut by time."""
    shares: dict[Part, float] = {"train": 0.55, "validation": 0.1, "holdout": 0.15, "replay": 0.2}
    parts, before = {}, 0.0
    for name, share in shares.items():
        start, end = (START + timedelta(days=80 * at) for at in (before, before + share))
        parts[name] = PartSummary(
            rows=round(1_000_000 * share),
            units=round(96_000 * share**0.4),
            labels={"base_rate": 0.0841 + before / 200},
            start=start,
            end=end - timedelta(seconds=7),
            sha256=digest(name),
            known_until=end - timedelta(seconds=1),
            left_out=0 if name == "replay" else 1200,
            copies=0 if name == "train" else 31,
        )
        before += share
    return SplitManifest(system="ad_click", size="full", source="generator", parts=parts)


def curve(rng: np.random.Generator, bend: float) -> list[Bin]:
    """Fifteen groups of rows whose predictions are off by the power `bend`."""
    predicted = np.quantile(rng.beta(1.3, 14, 20_000), np.linspace(0.04, 0.995, 15))
    rows = (30_000 * np.exp(-predicted * 9)).astype(int) + 300
    true = predicted**bend
    half = 1.96 * np.sqrt(true * (1 - true) / rows)
    observed = true + rng.normal(0, half / 2.5)
    return [
        Bin(rows=int(n), predicted=float(p), observed=around(float(o), float(h)))
        for n, p, o, h in zip(rows, predicted, observed, half, strict=True)
    ]


def timed(slow: float) -> Latency:
    """Of a model that takes so many times as long as the simplest."""
    p50, p99 = 0.21 * slow, 0.62 * slow + 0.2
    return Latency(requests=2000, p50_ms=p50, p99_ms=p99, ratio=around(1.9 * slow, 0.13))


def measured(rng: np.random.Generator, loss: float) -> dict[str, Interval]:
    """What goes with a log loss."""
    auc, entropy = around(0.97 - loss * 0.8, 0.0033), around(loss / 0.2932, 0.0041)
    ratio = around(float(rng.normal(1.0, 0.012)), 0.0141)
    return {"log_loss": around(loss, 0.0021), "auc": auc, "normalised_entropy": entropy, "calibration": ratio}


def metrics(role: Role, model: str, loss: float, seed: int, slices: list[tuple[str, str]]) -> ModelMetrics:
    """A model of the given log loss."""
    rng = np.random.default_rng(seed)
    return ModelMetrics(
        role=role,
        model=model,
        version={"baseline": None, "champion": 7, "candidate": None}[role],
        digest=digest(role + model),
        train_end=START + timedelta(days=52),
        train_known_until=START + timedelta(days=51, hours=23),
        finite=True,
        distinct_scores=149_320 - seed * 971,
        metrics=measured(rng, loss),
        curve=curve(rng, 1.0 if model == "boosting" else 1.06),
        slices=[SliceMetrics(column=c, value=v, rows=20_000, metrics=measured(rng, loss)) for c, v in slices],
        latency=timed(1.0 if model == "logistic" else 3.1),
        size_mb=1.31 if model == "logistic" else 4.42,
        recalibration=None if role == "champion" else bent(),
        environment=environment(),
        before={} if role == "champion" else measured(rng, loss + 0.0004),
    )


def environment() -> Environment:
    """Where all of them were trained."""
    return Environment(
        python="3.11.9",
        implementation="CPython",
        system="Linux",
        machine="x86_64",
        packages={"lightgbm": "4.7.0", "numpy": "2.4.6", "pyarrow": "25.0.1"},
        lock=digest("lock"),
    )


def bent() -> Recalibration:
    """By what the newest fortnight says."""
    return Recalibration(slope=0.9712, intercepts=[-0.0831], kept=0.9406, rows=100_000, units=31_204)


def comparison(
    other: Literal["baseline", "champion"], gap: float, slices: list[tuple[str, str]]
) -> Comparison:
    """The candidate is better by `gap`, more or less so in each slice."""
    rng = np.random.default_rng(11)
    inside = [-gap + float(change) for change in rng.normal(0, 0.0022, len(slices))]
    return Comparison(
        other=other,
        difference=around(-gap, 0.0011),
        farther={"calibration": around(0.002, 0.011)},
        slices=[
            SliceDifference(
                column=column,
                value=value,
                rows=20_000,
                difference=around(change, 0.0022),
                relative=around(change / 0.28, 0.0081),
            )
            for (column, value), change in zip(slices, inside, strict=True)
        ],
    )


def evidence(
    candidate: float = 0.2702, champion: bool = True, slices: list[tuple[str, str]] | None = None
) -> Evidence:
    """A holdout of a generated data set with a boosting candidate of the given log loss."""
    inside = SLICES if slices is None else slices
    live = metrics("champion", "logistic", 0.2779, 2, inside) if champion else None
    found = [comparison("baseline", 0.2771 - candidate, inside)]
    return Evidence(
        system="ad_click",
        task="click",
        primary="log_loss",
        confidence=0.95,
        holdout=Holdout(
            fingerprint="a3f1c2d4e5b60718293a4b5c6d7e8f90.dir",
            rows=150_000,
            units=38_211,
            labels={"base_rate": 0.0862},
            start=START + timedelta(days=52),
            end=START + timedelta(days=64),
            best=0.2588,
        ),
        baseline=metrics("baseline", "logistic", 0.2771, 1, inside),
        candidate=metrics("candidate", "boosting", candidate, 3, inside),
        champion=live,
        comparisons=[*found, comparison("champion", 0.2779 - candidate, inside)] if champion else found,
        validation=[
            ValidationScore(model="logistic", kind="logistic", score=0.2764, seconds=6.31, chosen=False),
            ValidationScore(model="boosting", kind="boosting", score=0.2698, seconds=41.7, chosen=True),
        ],
        parity=Parity(rows=200, tolerance=1e-6, here=0.0, differing=[]) if champion else None,
        use=HoldoutUse.of(2, 0.95) if champion else None,
    )


def gate_checks(better: bool = True) -> list[Check]:
    """What the gate held the candidate against."""
    passed = [
        ("finite", "every score is finite and in [0, 1]", "finite scores"),
        ("holdout.unseen", "trained until 2026-10-23 00:00", "before 2026-10-23 00:00"),
        ("auc", "0.7538 [0.7505, 0.7571]", "at least 0.55"),
        ("normalised_entropy", "0.9216 [0.9175, 0.9257]", "at most 1"),
        ("calibration", "1.006 [0.992, 1.020]", "0.9 to 1.1"),
        ("baseline.log_loss", "-0.0069 [-0.0080, -0.0058]", "below 0, beyond noise"),
        ("slice.device=phone", "-2.9 % [-3.7, -2.1]", "a rise of at most 2 %"),
        ("latency.ratio", "5.89 [5.76, 6.02]", "at most 10"),
        ("latency.p99", "2.12 ms", "at most 100 ms"),
        ("size", "4.42 MB", "at most 100 MB"),
    ]
    found = "-0.0077 [-0.0088, -0.0066]" if better else "+0.0013 [+0.0002, +0.0024]"
    rule = Check(code="champion.log_loss", passed=better, found=found, allowed="below 0, beyond noise")
    return [*(Check(code=code, passed=True, found=f, allowed=a) for code, f, a in passed), rule]


def record(**changes: object) -> DecisionRecord:
    """A promoted canary, or what `changes` make of it."""
    whole = {
        "id": "20261121T143205000-5f3a",
        "at": DECIDED,
        "by": "user@machine",
        "system": "ad_click",
        "decision": "promote",
        "reason": "the canary earned 0.043 [0.029, 0.057] more clicks per request than version 7",
        "version": 8,
        "replaced": 7,
        "size": "full",
        "data_fingerprint": "a3f1c2d4e5b60718293a4b5c6d7e8f90.dir",
        "revision": "WORKSPACE",
        "git_commit": "9c1f0e7d2b3a4c5d6e7f8091a2b3c4d5e6f70812",
        "git_clean": True,
        "version_digest": digest("version"),
        "code_digest": digest("code"),
        "bento": "slipway-demo:ad-click-8",
        "run": "6d0c2f9b1e8a47c5a3d2b1f0e9c8d7a6",
        "checks": gate_checks(),
        "data_checks": CheckSummary(
            evaluated=31, failed_critical=[], failed_warning=["price: null share 0.11"]
        ),
        "evaluation": evidence(),
        "canary": canary(),
    }
    return DecisionRecord.model_validate(whole | changes)


def promoted() -> DecisionRecord:
    """A canary that earned production."""
    return record()


def refused() -> DecisionRecord:
    """A candidate that the gate did not let through."""
    return record(
        decision="refused",
        reason="champion.log_loss: +0.0013 [+0.0002, +0.0024] (allowed: below 0, beyond noise)",
        version=None,
        replaced=None,
        git_clean=False,
        version_digest=None,
        bento=None,
        checks=gate_checks(better=False),
        evaluation=evidence(candidate=0.2792),
        canary=None,
    )


def first() -> DecisionRecord:
    """Nothing was in production."""
    return record(
        decision="first",
        reason="nothing was in production; the baseline passed every check of the gate",
        version=1,
        replaced=None,
        checks=[check for check in gate_checks() if not check.code.startswith(("champion", "slice"))],
        evaluation=evidence(champion=False),
        canary=None,
    )


def aborted() -> DecisionRecord:
    """A canary that failed its guardrail."""
    return record(
        decision="abort",
        reason="canary.error_rate: more than 0.05 higher in block after block (allowed: at most 0.005)",
        canary=canary("abort", "log_loss"),
    )


def inconclusive() -> DecisionRecord:
    """A canary that showed too little."""
    return record(
        decision="inconclusive",
        reason="canary.error_rate: not shown: rise of 0.0002 [-1, 0.0088] (allowed: at most 0.005)",
        canary=canary("inconclusive"),
    )


def bare() -> DecisionRecord:
    """A rollback: no evaluation, no data checks, no canary."""
    return record(
        decision="rollback",
        reason="complaints about sidebar ads",
        version=7,
        replaced=8,
        checks=[],
        **dict.fromkeys(("data_checks", "evaluation", "canary")),
    )
