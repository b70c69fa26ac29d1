"""What training never saw: whatever the kind of model, a score stays within what known values give."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from slipway.models import Objective, kinds, predictor
from slipway.system import Field, Inputs
from tests.slipway.models.rows import drawn, labelled, labels
from tests.slipway.models.test_models import EACH, OBJECTIVES, QUICK

CLOSE = 1e-9
ROW = st.integers(0, 99)


def with_unseen(inputs: Inputs) -> Inputs:
    """The same with a first value in each field that no row has, as features make it."""
    return replace(
        inputs,
        fields=tuple(
            Field(field.name, field.cardinality + 1, field.values + np.int32(1), field.offsets)
            for field in inputs.fields
        ),
    )


@cache
def trained(kind: str, objective: Objective) -> tuple[Any, Inputs]:
    """A model and its rows; each fifth number is missing."""
    rows = with_unseen(drawn(1500))
    truth = labels(drawn(1500), objective)
    rows.numeric[::5] = np.nan
    known = labelled(rows, truth)
    return predictor(kind).fit(known, known, QUICK.get(kind, {}), 0, objective), rows


def varied(rows: Inputs, row: int, numbers: NDArray[np.float32]) -> Inputs:
    """One row again and again, with these numbers."""
    fields = [
        replace(
            field,
            values=np.tile(field.of(row), len(numbers)),
            offsets=None
            if field.offsets is None
            else np.arange(len(numbers) + 1, dtype=np.int64) * len(field.of(row)),
        )
        for field in rows.fields
    ]
    return Inputs(numbers[:, None], rows.numeric_names, tuple(fields), np.zeros(len(numbers), np.bool_))


@EACH
@settings(max_examples=25, deadline=None, derandomize=True)
@given(row=ROW, number=st.floats(width=32))
@example(row=0, number=float("inf"))
@example(row=0, number=float("-inf"))
@example(row=0, number=float("nan"))
@example(row=0, number=3e38)
def test_a_number_is_not_extrapolated(kind: str, objective: Objective, row: int, number: float) -> None:
    """Beyond the range of training it counts as its nearest end."""
    model, rows = trained(kind, objective)
    known = np.sort(rows.numeric[np.isfinite(rows.numeric)])
    numbers = np.array([number, np.clip(number, known[0], known[-1])], np.float32)
    strange, inside = model.scores(varied(rows, row, numbers))
    scores = model.scores(varied(rows, row, known))

    assert np.isfinite(strange).all()
    np.testing.assert_allclose(strange, inside, rtol=0, atol=CLOSE)
    if not np.isnan(number):
        slack = CLOSE + 1e-3 * np.ptp(scores, axis=0)  # between two known numbers a class may peak
        assert (scores.min(axis=0) - slack <= strange).all()
        assert (strange <= scores.max(axis=0) + slack).all()


@EACH
@settings(max_examples=25, deadline=None, derandomize=True)
@given(row=ROW, place=st.sampled_from([0, 1]))
def test_an_unseen_value_is_not_extrapolated(kind: str, objective: Objective, row: int, place: int) -> None:
    """Of a small category and of a large one."""
    model, rows = trained(kind, objective)
    field = rows.fields[place]
    values = np.append(np.unique(field.values), 0).astype(np.int32)
    made = varied(rows, row, np.repeat(rows.numeric[row], len(values)))
    fields = [replace(one, values=values) if one.name == field.name else one for one in made.fields]
    *known, unseen = model.scores(replace(made, fields=tuple(fields)))

    assert (np.min(known, axis=0) - CLOSE <= unseen).all()
    assert (unseen <= np.max(known, axis=0) + CLOSE).all()


@pytest.mark.parametrize("kind", kinds())
def test_a_model_from_before_is_loaded(kind: str, tmp_path: Path) -> None:
    """Without the bounds, which it had not; inside of them nothing changes."""
    objective = OBJECTIVES[min(kinds()[kind].learns)]
    model, rows = trained(kind, objective)
    model.save(tmp_path)
    (tmp_path / "ranges.npy").unlink(missing_ok=True)
    if (tmp_path / "means.npz").exists():
        with np.load(tmp_path / "means.npz") as arrays:
            kept = {name: arrays[name] for name in arrays.files if not name.startswith("as ")}
        np.savez_compressed(tmp_path / "means.npz", **kept)
    older = predictor(kind).load(tmp_path)

    np.testing.assert_array_equal(older.scores(rows), model.scores(rows))
    beyond = np.array([np.inf, -3e38, np.nan], np.float32)
    assert np.isfinite(older.scores(varied(rows, 0, beyond))).all()
