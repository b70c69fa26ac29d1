"""What trees split by: shares of the gain, by the inputs that decide."""

from dataclasses import replace

import numpy as np
import pytest

from slipway.models import BINARY, Objective, kind
from tests.slipway.models.rows import CLASSES, drawn, labelled
from tests.slipway.models.test_models import QUICK


@pytest.mark.parametrize("objective", [BINARY, CLASSES], ids=lambda one: one.name)
@pytest.mark.parametrize("decides", ["size", "colour", "shop", "genres"])
def test_what_decides_has_most_of_the_gain(objective: Objective, decides: str) -> None:
    """A number, a small category, one of four hundred values, and one with several in a row."""
    train = drawn(6000)
    if decides == "size":
        number = train.numeric[:, 0].astype(np.float64)
    else:
        weights = np.random.default_rng(7).normal(size=(500, 1))
        field = next(one for one in train.fields if one.name == decides)
        number = field.mean(weights[: field.cardinality])[:, 0]
    ranked = np.argsort(np.argsort(number))
    most = objective.classes or 2
    rows = labelled(train, (ranked * most // len(ranked)).astype(np.int64))
    fitted = kind("boosting").predictor.fit(rows, rows, QUICK["boosting"], 0, objective)
    gains = kind("boosting").gains
    assert gains is not None
    found = gains(fitted, train)

    assert found.keys() == {"size", "colour", "shop", "genres"}
    assert sum(found.values()) == pytest.approx(1)
    assert max(found, key=lambda name: found[name]) == decides
    assert found[decides] > 0.8


def test_a_number_that_is_a_category_too_counts_once() -> None:
    """Their splits are of one column."""
    train = drawn(2000)
    both = replace(train, numeric_names=("colour",))
    rows = labelled(both, (train.fields[0].values > 2).astype(np.int8))
    fitted = kind("boosting").predictor.fit(rows, rows, QUICK["boosting"], 0, BINARY)
    gains = kind("boosting").gains
    assert gains is not None
    assert list(gains(fitted, both)) == ["colour", "shop", "genres"]


def test_others_have_no_splits() -> None:
    """And say so by saying nothing."""
    assert kind("logistic").gains is None
