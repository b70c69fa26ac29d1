"""Every kind learns what it says it learns, and answers the same after it was saved and loaded."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from slipway.models import BINARY, Objective, kinds, predictor
from slipway.system import Field, Inputs
from tests.slipway.models.rows import ABSOLUTE, CLASSES, SQUARED, constant, drawn, labelled, labels, loss

OBJECTIVES = {one.name: one for one in (BINARY, SQUARED, ABSOLUTE, CLASSES)}
QUICK: dict[str, dict[str, Any]] = {"boosting": {"rounds": 40}}
EACH = pytest.mark.parametrize(
    ("kind", "objective"),
    [
        pytest.param(name, OBJECTIVES[learned], id=f"{name}-{learned}")
        for name, one in kinds().items()
        for learned in sorted(one.learns)
    ],
)
KINDS = pytest.mark.parametrize("kind", kinds())


def fitted(kind: str, objective: Objective, scale: float = 1.0, shift: float = 0.0) -> Any:
    """A model of three thousand rows whose labels, if they are numbers, are scaled and shifted."""
    train, validation = drawn(seed=0), drawn(seed=2)
    told, asked = labels(train, objective, seed=1), labels(validation, objective, seed=3)
    if objective in (SQUARED, ABSOLUTE):
        told, asked = scale * told + shift, scale * asked + shift
    rows = labelled(train, told), labelled(validation, asked)
    return predictor(kind).fit(*rows, QUICK.get(kind, {}), 0, objective)


@EACH
def test_it_learns(kind: str, objective: Objective) -> None:
    """On rows of another seed, clearly better than any constant."""
    rows = drawn(seed=4)
    truth = labels(rows, objective, seed=5)
    scores = fitted(kind, objective).scores(rows)

    assert scores.dtype == np.float64
    assert scores.shape == ((3000, 4) if objective.classes else (3000,))
    assert loss(scores, truth, objective) < 0.85 * loss(constant(truth, objective), truth, objective)
    if objective.classes:
        np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-12)


@EACH
def test_a_loaded_model_answers_as_the_trained_one(kind: str, objective: Objective, tmp_path: Path) -> None:
    """Within a millionth of its tolerance, and a row alone as among others."""
    trained, rows = fitted(kind, objective), drawn(64, seed=4)
    trained.save(tmp_path)
    loaded = predictor(kind).load(tmp_path)

    np.testing.assert_allclose(trained.scores(rows), loaded.scores(rows), rtol=0, atol=1e-12)
    alone = np.concatenate([loaded.scores(row_of(rows, row)) for row in range(64)])
    np.testing.assert_allclose(alone, loaded.scores(rows), rtol=0, atol=1e-12)
    assert {path.name for path in tmp_path.iterdir()} == kinds()[kind].files


@pytest.mark.parametrize(
    ("kind", "objective"), [("ridge", SQUARED), ("boosting", SQUARED), ("boosting", ABSOLUTE)]
)
@pytest.mark.parametrize(("scale", "shift"), [(1e-6, 0.0), (1e6, 0.0), (1.0, 1e7)])
def test_the_unit_of_a_number_does_not_matter(
    kind: str, objective: Objective, scale: float, shift: float
) -> None:
    """Prices in cents, in millions, or counted from a far zero are learned alike."""
    rows = drawn(seed=4)
    plain, moved = fitted(kind, objective), fitted(kind, objective, scale, shift)

    found = (moved.scores(rows) - shift) / scale
    assert np.abs(found - plain.scores(rows)).mean() < 0.01


@EACH
def test_what_is_unknown_does_not_decide(kind: str, objective: Objective) -> None:
    """A missing number, a value that training has not seen and a row without values give an answer."""
    rows = drawn(8, seed=4)
    nothing = replace(
        rows,
        numeric=np.full_like(rows.numeric, np.nan),
        fields=(*rows.fields[:2], Field("genres", 8, np.zeros(0, np.int32), np.zeros(9, np.int64))),
    )

    assert np.isfinite(fitted(kind, objective).scores(nothing)).all()


@KINDS
def test_it_learns_from_numbers_or_categories_alone(kind: str) -> None:
    """What a card need not list need not be there."""
    objective = OBJECTIVES[min(kinds()[kind].learns)]
    rows = drawn(500)
    truth = labels(rows, objective)
    for some in (
        replace(rows, fields=()),
        replace(rows, numeric=np.zeros((500, 0), np.float32), numeric_names=()),
    ):
        known = labelled(some, truth)
        trained = predictor(kind).fit(known, known, {}, 0, objective)
        assert loss(trained.scores(some), truth, objective) < loss(
            constant(truth, objective), truth, objective
        )


@pytest.mark.parametrize("kind", ["logistic", "boosting"])
def test_a_class_without_training_rows_is_unlikely(kind: str) -> None:
    """It may come later: then its probability is small and not an error."""
    rows = drawn()
    truth = labels(rows, CLASSES)
    kept = labelled(rows, np.where(truth == 2, 1, truth))
    scores = predictor(kind).fit(kept, kept, QUICK.get(kind, {}), 0, CLASSES).scores(rows)

    assert 0 < scores[:, 2].max() < 0.01
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-12)


@KINDS
def test_an_unknown_parameter_is_refused(kind: str) -> None:
    """A library would take it with a warning that nobody reads."""
    rows = drawn(100)
    known = labelled(rows, labels(rows, BINARY))
    with pytest.raises(ValidationError, match="num_leafs"):
        predictor(kind).fit(known, known, {"num_leafs": 5}, 0)


def row_of(rows: Inputs, row: int) -> Inputs:
    """One row alone."""
    fields = [
        replace(
            field,
            values=field.of(row),
            offsets=None if field.offsets is None else np.array([0, len(field.of(row))]),
        )
        for field in rows.fields
    ]
    one = slice(row, row + 1)
    return replace(rows, numeric=rows.numeric[one], fields=tuple(fields), unseen=rows.unseen[one])
