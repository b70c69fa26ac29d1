"""The plan of a shadow, and of the canary after it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from slipway.base.errors import Refused
from slipway.rollout.plan import paired_basis, plan, shadow_plan
from slipway.rollout.power import PAIRED, design_effect
from slipway.settings import Card, load_card
from slipway.settings.card import Shadow
from slipway.tasks.click import TASK
from tests.slipway.report.sample import evidence
from tests.slipway.rollout.live import short, traffic
from tests.slipway.root import ROOT

LOSS = TASK.metric("log_loss")


@pytest.fixture
def card() -> Card:
    """A card with a short rollout."""
    return short(load_card(ROOT, "ad_click"))


def test_the_noise_of_pairs_is_that_of_the_holdout(card: Card, tmp_path: Path) -> None:
    """Half the gate's interval, at its level, is so many standard errors of the mean of its rows."""
    offered, found = traffic(card, tmp_path, 2019), evidence()
    compared = next(one.difference for one in found.comparisons if one.other == "champion")
    assert found.champion is not None
    assert found.champion.version is not None
    assert found.use is not None
    level = found.use.level
    half = (compared.high - compared.low) / 2
    basis = paired_basis(card, replace(offered, metric=LOSS), found, found.champion.version)

    assert basis.deviation == pytest.approx(half / norm.isf(level) * np.sqrt(found.holdout.rows))
    assert basis.effect == pytest.approx(0.0077)
    unknown = paired_basis(card, replace(offered, metric=LOSS), found, 99)
    presumed = offered.task.presumed(LOSS, offered.offered)
    alike = design_effect(presumed, offered.unit_codes)
    assert unknown.deviation == pytest.approx(presumed.std() * np.sqrt(alike / PAIRED))
    assert unknown.effect is None


@pytest.mark.gate("rollout.hopeless")
def test_a_shadow_that_can_hardly_show_anything_is_refused(card: Card, tmp_path: Path) -> None:
    """By the card's least gain, unless the card calls it exploratory."""
    rollout = card.rollout.model_copy(update={"shadow": Shadow(requests=200), "min_effect": 1e-4})
    tried = card.model_copy(update={"rollout": rollout})
    offered = traffic(card, tmp_path, 2320)

    with pytest.raises(Refused, match=r"hardly promote anything; shadow\.metric: power 0\.0"):
        shadow_plan(tried, offered)
    open_minded = tried.model_copy(update={"rollout": rollout.model_copy(update={"exploratory": True})})
    assert any(line.startswith("shadow.metric: power 0.0") for line in shadow_plan(open_minded, offered))


def test_after_a_shadow_the_canary_plans_no_gain(card: Card, tmp_path: Path) -> None:
    """Its quality is decided; errors, latency and unknown outcomes are left to be shown."""
    problem = card.problem.model_copy(update={"outcome_depends_on_answer": False})
    rollout = card.rollout.model_copy(update={"min_effect": 1e-4})
    tried = card.model_copy(update={"problem": problem, "rollout": rollout})
    lines = plan(tried, traffic(card, tmp_path, 2320))

    assert "it proves errors, latency and assignment; the shadow decides the quality" in lines
    assert not any(line.startswith("canary.metric:") for line in lines)
    assert any(line.startswith("canary.error_rate: power 1.00") for line in lines)
