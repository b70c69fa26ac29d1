"""Parts, steps and bounds by the rows that there are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.data.manifest import PARTS
from slipway.rollout.blocks import LEAST
from slipway.rollout.plan import requests_needed
from slipway.rollout.sequential import rate_difference
from slipway.settings import load_card
from slipway.settings.card import Decision, Guardrails, Rollout
from slipway.starter.sizes import PartSize, Sizes, more_rows, sizes, small_rows, split_shares
from tests.slipway.root import ROOT

COLUMNS = load_card(ROOT, "ad_click").data


def sized(rows: int, share: float = 0.5, depends: bool = True) -> Sizes:
    """For parts of so many rows each."""
    return sizes(dict.fromkeys(PARTS, part(rows, max(1, round(rows * share)))), depends=depends)


def part(rows: int, positives: int) -> PartSize:
    """Of a table with two labels."""
    return PartSize(rows, positives, min(positives, rows - positives))


@pytest.mark.parametrize("rows", [1600, 8140, 25_000, 10**6])
def test_a_shadow_leaves_the_canary_what_it_has_to_prove(rows: int) -> None:
    """Most requests decide the quality; the rest make twelve blocks at least."""
    found, alone = sized(rows, depends=False), sized(rows)
    offered = sum(step.requests for step in found.steps)

    assert found.shadow_requests is not None
    assert found.shadow_requests + offered == sum(step.requests for step in alone.steps)
    assert offered // found.block_requests >= LEAST
    assert 0.45 < found.shadow_requests / (found.shadow_requests + offered) <= 0.7


@settings(deadline=None, max_examples=50)
@given(st.integers(100, 10**7), st.floats(1e-6, 0.999), st.booleans())
def test_every_size_makes_a_plan_that_its_traffic_suffices_for(
    rows: int, share: float, depends: bool
) -> None:
    """The card's own rules hold, and no request is needed twice, by a shadow and a canary neither."""
    found = sized(rows, share, depends)
    rollout = Rollout(
        steps=list(found.steps),
        warmup_requests=found.warmup_requests,
        batch_requests=found.batch_requests,
        block_requests=found.block_requests,
        guardrails=Guardrails(min_requests=found.min_requests)
        if found.max_rise is None
        else Guardrails(
            min_requests=found.min_requests,
            max_error_rate_rise=found.max_rise,
            max_unknown_rise=found.max_rise,
        ),
        max_duration_minutes=30,
    )
    assert requests_needed(rollout) + (found.shadow_requests or 0) <= rows
    assert depends == (found.shadow_requests is None)


@pytest.mark.parametrize("rows", [700, 1000, 5000, 30_000, 10**6])
def test_steps_hold_blocks_enough_to_compare_errors(rows: int) -> None:
    """Twelve at least, of fifty requests at least; much traffic has the card's default."""
    found = sized(rows)

    assert sum(step.requests for step in found.steps) // found.block_requests >= LEAST
    assert 50 <= found.block_requests <= Rollout.model_fields["block_requests"].default
    assert sized(10**6).block_requests == Rollout.model_fields["block_requests"].default


@pytest.mark.parametrize("rows", [250, 700, 1500, 5000, 30_000])
def test_a_canary_without_an_error_can_be_promoted(rows: int) -> None:
    """Judged as a canary is: without errors, both guardrails are shown to be kept at the end of the steps."""
    found = sized(rows)
    size, weight = (np.array([getattr(one, key) for one in found.steps]) for key in ("requests", "weight"))
    canary = np.concatenate([np.arange(n) % 100 < w for n, w in zip(size, weight, strict=True)])
    rates = [(0.0, float((canary == arm).sum())) for arm in (False, True)]
    most = found.max_rise or Guardrails().max_error_rate_rise

    assert rate_difference(rates[0], rates[1], Decision().alpha).high <= most
    assert most >= Guardrails().max_error_rate_rise


def test_much_traffic_keeps_the_default_guardrails() -> None:
    """And little traffic has wider ones."""
    assert sized(30_000).max_rise is None
    assert (sized(1500).max_rise or 0) > (sized(5000).max_rise or 0) > Guardrails().max_error_rate_rise


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


@pytest.mark.parametrize(("outcomes", "least"), [(100, None), (99, 89), (10, 9), (1, 1)])
def test_a_holdout_of_few_outcomes_asks_for_no_more_than_it_has(outcomes: int, least: int | None) -> None:
    """The card's default would let nothing pass, ever."""
    assert sizes(dict.fromkeys(PARTS, PartSize(5000, outcomes, outcomes))).min_outcomes == least


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
