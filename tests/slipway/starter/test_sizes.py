"""Parts, steps and bounds by the rows that there are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.data.manifest import PARTS
from slipway.rollout.plan import requests_needed
from slipway.settings import load_card
from slipway.settings.card import Guardrails, Rollout
from slipway.starter.sizes import PartSize, Sizes, more_rows, sizes, small_rows, split_shares
from slipway.tasks import bind
from tests.slipway.root import ROOT

COLUMNS = load_card(ROOT, "ad_click").data


def sized(rows: int, share: float = 0.5) -> Sizes:
    """For parts of so many rows each."""
    return sizes(dict.fromkeys(PARTS, PartSize(rows, max(1, round(rows * share)))))


@settings(deadline=None, max_examples=50)
@given(st.integers(100, 10**7), st.floats(1e-6, 0.999))
def test_every_size_makes_a_plan_that_its_traffic_suffices_for(rows: int, share: float) -> None:
    """The card's own rules hold, and no request is needed twice."""
    found = sized(rows, share)
    rollout = Rollout(
        steps=list(found.steps),
        warmup_requests=found.warmup_requests,
        batch_requests=found.batch_requests,
        guardrails=Guardrails(min_requests=found.min_requests),
        max_duration_minutes=30,
    )
    assert requests_needed(rollout) <= rows
    bind("binary", COLUMNS).bounds(found.bounds)


def test_a_small_size_grows_until_it_is_the_whole_table() -> None:
    """Each time to twice as many rows."""
    grown: list[int | None] = [small_rows(1_000_000)]
    while (limit := grown[-1]) is not None:
        grown.append(more_rows(limit, 1_000_000))
    assert grown == [100_000, 200_000, 400_000, None]


def test_much_traffic_is_not_all_offered() -> None:
    """A laptop takes half a minute for this."""
    assert sum(step.requests for step in sized(10**7).steps) == 30_000


@pytest.mark.parametrize(("rows", "steps"), [(1000, [50]), (5000, [10, 25, 50])])
def test_little_traffic_has_one_step(rows: int, steps: list[int]) -> None:
    """Where arms are equal, for a tenth of few rows tells nothing."""
    assert [step.weight for step in sized(rows).steps] == steps


@pytest.mark.parametrize(
    ("rows", "positives", "kept"), [(4000, 12, 0.93), (4000, 40, 0.95), (600, 300, 0.95)]
)
def test_few_positive_labels_widen_the_bounds_of_calibration(rows: int, positives: int, kept: float) -> None:
    """So that the interval of a perfect model lies inside, though each draw of labels has other bounds."""
    random, inside = np.random.default_rng(0), []
    for _ in range(1000):
        found = int(random.binomial(rows, positives / rows))
        bounds = sizes(dict.fromkeys(PARTS, PartSize(rows, found))).bounds.get("calibration")
        assert bounds
        drawn = np.maximum(random.binomial(rows, found / rows, 500), 0.1)  # none at all is no ratio
        low, high = np.quantile(positives / drawn, [0.025, 0.975])
        inside.append(bounds[0] <= low and high <= bounds[1])
    assert kept <= np.mean(inside) < 0.99


@pytest.mark.parametrize(
    ("positives", "bounds"), [(5000, None), (1450, (0.9, 1.11)), (1, (0.01, 343.93)), (9999, None)]
)
def test_bounds_of_calibration_are_never_tighter_than_the_default(
    positives: int, bounds: tuple[float, float] | None
) -> None:
    """Which stands where it can be kept."""
    assert sizes(dict.fromkeys(PARTS, PartSize(10_000, positives))).bounds.get("calibration") == bounds


@pytest.mark.parametrize(("rows", "small"), [(100_000, None), (2_000_000, 100_000)])
def test_a_large_table_has_a_small_size(rows: int, small: int | None) -> None:
    """The quick few."""
    assert small_rows(rows) == small


@settings(deadline=None, max_examples=50)
@given(st.integers(1000, 10**9))
def test_rows_are_left_to_train_on(rows: int) -> None:
    """As the card demands."""
    shares = split_shares(rows)
    assert shares.validation + shares.holdout + shares.replay < 0.6
