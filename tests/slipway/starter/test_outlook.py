"""Whether a canary of a new table can find anything."""

from dataclasses import replace

import numpy as np
import pytest

from slipway.data.manifest import PARTS
from slipway.starter.choices import Choices
from slipway.starter.design import design
from slipway.starter.outlook import Noise, Outlook, outlook
from slipway.starter.render import Plan, card_text
from slipway.starter.sizes import PROVISIONAL, PartSize, Sizes, sizes, split_shares
from slipway.starter.summary import lines
from tests.slipway.starter.profiles import ROWS, column, label, table
from tests.slipway.starter.reading import card_of
from tests.slipway.tasks.worlds import card


def sized(rows: int) -> Sizes:
    """The sizes of a card whose table has so many rows, three in ten of which are positive."""
    return sizes({part: PartSize(rows // 4, rows * 3 // 40, rows * 3 // 40) for part in PARTS})


NOISE = Noise(loss=0.61, deviation=0.39)
"""Of a label that is positive three times in ten."""


@pytest.mark.parametrize(("rows", "hopeless"), [(2000, True), (20_000, True), (100_000, False)])
def test_small_tables_cannot_find_a_small_difference(rows: int, hopeless: bool) -> None:
    """A twentieth of what the constant answer loses; about as many requests would do, whatever there are."""
    found = outlook(sized(rows), NOISE)

    assert found is not None
    assert (found.min_effect, found.hopeless) == (0.03, hopeless)
    assert (found.power < 0.5) is hopeless
    assert found.requests == pytest.approx(10_500, rel=0.35)


@pytest.mark.parametrize(("rows", "hopeless"), [(2000, True), (20_000, False), (100_000, False)])
def test_pairs_find_less_in_fewer_rows(rows: int, hopeless: bool) -> None:
    """Where outcomes do not depend on the answer; the card says what share of the loss it is."""
    parts = {part: PartSize(rows // 4, rows * 3 // 40, rows * 3 // 40) for part in PARTS}
    found = outlook(sizes(parts, depends=False), NOISE)

    assert found is not None
    assert (found.min_effect, found.share, found.hopeless) == (pytest.approx(0.012), 0.02, hopeless)
    assert "this is 2 % of what the constant answer loses" in card_text(planned(found))


def test_nothing_is_said_where_no_row_is_harder_than_another() -> None:
    """As where all labels are alike."""
    assert outlook(sized(2000), Noise(loss=0.0, deviation=0.0)) is None


def test_noise_is_that_of_units() -> None:
    """Of four rows of each unit that are all alike, one tells as much as the four."""
    labels = np.tile([1, 0, 0, 0], 200)
    task = card("binary").task
    alone, alike = (
        Noise.of(task, labels, np.arange(800)),
        Noise.of(task, np.repeat(labels, 4), np.repeat(np.arange(800), 4)),
    )

    assert alone.loss == pytest.approx(0.5623, abs=1e-4)
    assert alone.deviation == pytest.approx(np.sqrt(3 / 16) * np.log(3))
    assert alike.deviation == pytest.approx(2 * alone.deviation)


def planned(found: Outlook | None) -> Plan:
    """The plan of a table with that outlook."""
    seen = table(label(), column("x", "number"))
    plan = Plan("t", seen.source, seen, design(seen, Choices("y"), {}), split_shares(ROWS), PROVISIONAL)
    return replace(plan, outlook=found)


def test_a_hopeless_card_says_that_it_is_exploratory() -> None:
    """In the card, for review, and in what is printed; a card that can find it says what it is to find."""
    hopeless = planned(Outlook(0.03, True, 0.062, 9500))
    text, said = card_text(hopeless), "\n".join(lines(hopeless))

    assert (card_of(text).rollout.exploratory, card_of(text).rollout.min_effect) == (True, 0.03)
    assert "# review: so few requests find that with a power of 0.062; 9,500 have one of 0.8" in text
    assert "exploratory: a gain of 0.03 per request is found with a power of 0.062" in said
    able = planned(Outlook(0.03, False, 0.9, 9500))
    assert not card_of(card_text(able)).rollout.exploratory
    assert "exploratory" not in "\n".join(lines(able))


def test_no_number_of_requests_may_do() -> None:
    """Then none is told."""
    hopeless = planned(Outlook(0.03, True, 0.0, None))

    assert "no number of them does" in card_text(hopeless)
    assert "no number of requests has one of 0.8" in "\n".join(lines(hopeless))
