"""How often the gate errs, on a few seeds; benchmarks/bench_gate.py and bench_slices.py measure the rates."""

import pytest
from scipy.stats import binom

from benchmarks.bench_gate import LOGISTIC, Trainer, World, judged
from benchmarks.bench_slices import codes, refused, simulated, slice_card, uncorrected

SEEDS = range(16)
MOST = int(binom.ppf(0.99, len(SEEDS), 0.05))
"""So many errors are luck where one in twenty is the level. A rule that errs in every second makes more,
with a chance of 99 %."""


def test_a_reseeded_candidate_is_not_promoted() -> None:
    """Trained on the champion's rows with another seed; one that knows more passes the same rule."""
    world = World.generate(known=14_000, later=16_000)
    trainer = Trainer(world, 10_000, validation=4_000)
    baseline = trainer.fit(0, "logistic", LOGISTIC)
    *candidates, champion = [trainer.fit(seed) for seed in range(5)]
    pairs = [judged(world, baseline, one, champion) for one in candidates]
    crippled = trainer.fit(0, params={"rounds": 5, "learning_rate": 0.05})
    better = judged(world, baseline, champion, crippled)

    assert any(pair.seen < 0 for pair in pairs)
    assert [pair for pair in pairs if "champion.log_loss" not in pair.stopped] == []
    assert better.true < 0
    assert "champion.log_loss" not in better.stopped


@pytest.mark.long
def test_many_slices_do_not_refuse_by_chance() -> None:
    """Each on its own, one of some thirty slices looks bad for every other equal candidate."""
    card = slice_card(least=120, max_slice_regression=0.0)
    equal = [simulated(card, seed, rows=12_000) for seed in SEEDS]

    assert min(len(one.comparisons[-1].slices) for one in equal) >= 20
    assert sum(refused(uncorrected(one), card) for one in equal) > len(SEEDS) / 3
    assert sum(refused(one, card) for one in equal) <= MOST
    assert sum("champion.log_loss" not in codes(one, card) for one in equal) <= MOST


@pytest.mark.gate("slice")
def test_a_bad_slice_is_refused_among_thirty() -> None:
    """Wider intervals still find it, with the card's own floor."""
    card = slice_card(least=120)
    bad = [simulated(card, seed, damage=2.5, rows=12_000) for seed in range(8)]
    worst = [one.comparisons[-1].slices[0] for one in bad]

    assert all(
        f"slice.{one.column}.{one.value}" in codes(found, card) for one, found in zip(worst, bad, strict=True)
    )
