"""Large categories are used, training rows do not see their own labels, and serving sees what it should."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from slipway.models import BINARY, Labelled, predictor, statistics
from slipway.models.boosting import LARGEST
from slipway.system import Field, Inputs
from tests.slipway.models.rows import CLASSES, SQUARED, drawn, labelled, labels, loss

ROWS, VALUES = 60_000, 5_000
QUICK = {"rounds": 80, "learning_rate": 0.1}


def rows_of(values: NDArray[np.int64], cardinality: int, seed: int) -> Inputs:
    """A number that says nothing, and one category."""
    random = np.random.default_rng(seed)
    return Inputs(
        numeric=random.normal(size=(len(values), 1)).astype(np.float32),
        numeric_names=("noise",),
        fields=(Field("id", cardinality, values.astype(np.int32)),),
        unseen=np.zeros(len(values), np.bool_),
    )


def test_a_category_of_five_thousand_values_is_used() -> None:
    """It tells the rate of the label; without it nothing does."""
    random = np.random.default_rng(0)
    rate = random.beta(1, 9, VALUES)

    def part(seed: int) -> tuple[Inputs, NDArray[np.int8]]:
        drawn = np.random.default_rng(seed)
        values = drawn.integers(0, VALUES, ROWS)
        return rows_of(values, VALUES, seed), (drawn.random(ROWS) < rate[values]).astype(np.int8)

    (train, told), (validation, asked), (test, truth) = part(1), part(2), part(3)
    without = [replace(one, fields=()) for one in (train, validation, test)]
    known = labelled(train, told), labelled(validation, asked)
    unknown = labelled(without[0], told), labelled(without[1], asked)
    model = predictor("boosting").fit(*known, QUICK, 0)
    blind = predictor("boosting").fit(*unknown, QUICK, 0)

    assert roc_auc_score(truth, model.scores(test)) > 0.65
    assert roc_auc_score(truth, blind.scores(without[2])) < 0.55
    assert loss(model.scores(test), truth, BINARY) < loss(blind.scores(without[2]), truth, BINARY) - 0.015


def test_a_category_that_says_nothing_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With means of all rows, a row's own among them, each label is learned by its row's name."""
    rows = 20_000

    def part(seed: int) -> tuple[Inputs, NDArray[np.int8]]:
        drawn = np.random.default_rng(seed)
        inputs = rows_of(drawn.integers(0, rows // 2, rows), rows // 2, seed)
        chance = 1 / (1 + np.exp(2 - inputs.numeric[:, 0]))
        return inputs, (drawn.random(rows) < chance).astype(np.int8)

    (train, told), (test, truth) = part(1), part(2)
    blind = [replace(one, fields=()) for one in (train, test)]

    def excess() -> float:
        """How much worse than without the category; nothing stops the training."""
        settings = {"rounds": 40}
        known, unknown = labelled(train, told), labelled(blind[0], told)
        with_it = predictor("boosting").fit(known, known, settings, 0).scores(test)
        none = predictor("boosting").fit(unknown, unknown, settings, 0).scores(blind[1])
        return loss(with_it, truth, BINARY) - loss(none, truth, BINARY)

    honest = excess()
    monkeypatch.setattr(statistics, "told_in_training", naive)
    leaking = excess()

    assert abs(honest) < 0.005
    assert leaking > 0.1


def naive(field: Field, rows: Labelled, objective: Any, prior_weight: float) -> NDArray[np.float64]:
    """Target encoding as it is often written: the training rows are given the means that they are part of."""
    return statistics.told(field, statistics.means(field, rows.labels, objective, prior_weight))


def test_a_row_s_label_does_not_move_what_the_row_is_told() -> None:
    """Nor those of its neighbours in time; those of other folds do."""
    inputs = drawn(1000)
    known = labelled(inputs, labels(inputs, BINARY))
    for field in inputs.fields:
        before = statistics.told_in_training(field, known, BINARY, 1.0)
        turned = known.labels.copy()
        turned[:200] = 1 - turned[:200]
        after = statistics.told_in_training(field, replace(known, labels=turned), BINARY, 1.0)
        np.testing.assert_array_equal(before[:200], after[:200])
        assert (before[200:] != after[200:]).any()


def test_a_row_is_told_nothing_that_was_not_known_when_its_fold_began() -> None:
    """Nor by rows that came before the labels of its own fold were known; 50 rows on either side."""
    inputs = drawn(1000)
    known = labelled(inputs, labels(inputs, BINARY), delay=50)
    [shop] = [field for field in inputs.fields if field.name == "shop"]
    before = statistics.told_in_training(shop, known, BINARY, 1.0)

    def moved(rows: slice) -> bool:
        """Whether the fold of rows 400 to 599 is told otherwise where these labels are."""
        turned = known.labels.copy()
        turned[rows] = 1 - turned[rows]
        after = statistics.told_in_training(shop, replace(known, labels=turned), BINARY, 1.0)
        return bool((before[400:600] != after[400:600]).any())

    assert not moved(slice(350, 650))
    assert moved(slice(300, 350))
    assert moved(slice(650, 700))


def test_where_no_other_label_is_known_the_overall_mean_is_told() -> None:
    """Labels that come after all rows do not end in a division by zero."""
    inputs = drawn(100)
    known = labelled(inputs, labels(inputs, BINARY), delay=1000)
    told = statistics.told_in_training(inputs.fields[0], known, BINARY, 1.0)
    np.testing.assert_allclose(told, known.labels.mean(), rtol=1e-6)


def test_the_means_are_shrunk_to_the_overall_one() -> None:
    """By hand: three rows of one value, one of another, none of a third, which is told as the nearest one."""
    field = Field("id", 3, np.array([0, 0, 0, 1], np.int32))
    told = statistics.means(field, np.array([1, 1, 0, 0], np.int8), BINARY, 2.0)
    np.testing.assert_allclose(told[:, 0], [(2 + 1) / 5, (0 + 1) / 3, 0.6, 0.5], rtol=1e-6)


def test_a_number_has_its_mean_and_a_class_its_share() -> None:
    """One column, or one for each class."""
    field = Field("id", 2, np.array([0, 0, 1, 1], np.int32))
    number = statistics.means(field, np.array([10.0, 20.0, 0.0, 2.0]), SQUARED, 1e-9)
    share = statistics.means(field, np.array([0, 3, 3, 3]), CLASSES, 1e-9)
    np.testing.assert_allclose(number[:, 0], [15, 1, 8], rtol=1e-6)
    np.testing.assert_allclose(share, [[0.5, 0, 0, 0.5], [0, 0, 0, 1], [0.25, 0, 0, 0.75]], atol=1e-6)


def test_a_row_of_several_values_is_told_their_mean_and_one_of_none_the_overall_one() -> None:
    """As a film of two genres."""
    field = Field("genres", 2, np.array([0, 1], np.int32), np.array([0, 2, 2]))
    table = np.array([[0.2], [0.4], [0.9]], np.float32)
    np.testing.assert_allclose(statistics.told(field, table)[:, 0], [0.3, 0.9], rtol=1e-6)


@pytest.mark.parametrize("cardinality", [LARGEST, LARGEST + 1])
def test_only_large_categories_become_means(cardinality: int) -> None:
    """Trees split the others by their values."""
    values = np.random.default_rng(0).integers(0, cardinality, 2000)
    inputs = rows_of(values, cardinality, 0)
    known = labelled(inputs, (values % 2).astype(np.int8))
    model: Any = predictor("boosting").fit(known, known, {"rounds": 5}, 0)
    assert list(model.means) == ([] if cardinality == LARGEST else ["id"])


@pytest.mark.parametrize("name", ["file", "allow_pickle", "#unit"])
def test_a_category_may_have_any_name(name: str, tmp_path: Path) -> None:
    """Such as that of an argument of what saves it."""
    values = np.random.default_rng(0).integers(0, LARGEST + 1, 2000)
    inputs = rows_of(values, LARGEST + 1, 0)
    inputs = replace(inputs, fields=(replace(inputs.fields[0], name=name),))
    known = labelled(inputs, (values % 2).astype(np.int8))
    model = predictor("boosting").fit(known, known, {"rounds": 5}, 0)
    model.save(tmp_path)

    loaded = predictor("boosting").load(tmp_path)
    np.testing.assert_array_equal(model.scores(inputs), loaded.scores(inputs))
