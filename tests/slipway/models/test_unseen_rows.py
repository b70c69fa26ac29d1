"""Raw rows with values that training never saw: what holds of a category that is two inputs to a model.

Its value and how often that occurred go together in known rows. In others the value counts as a known one, or
lies between two, and the frequency is the least known one: the score lies within those of each known value
with each known frequency, though not always within those of the pairs that there were.
"""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from slipway.models import Objective, predictor
from slipway.models.linear import Design
from slipway.models.logistic import Logistic
from slipway.settings import Card
from slipway.system import FeatureState, Field, Inputs, tabular
from tests.slipway.data.small import card
from tests.slipway.models.rows import labelled
from tests.slipway.models.test_models import EACH, QUICK

ROWS, CLOSE = 1500, 1e-6
COLUMNS: dict[str, dict[str, Any]] = {
    "at": {"type": "timestamp", "role": "time"},
    "who": {"type": "string", "role": "unit"},
    "plan": {"type": "string"},
    "shop": {"type": "string"},
    "size": {"type": "number", "null_share": 0.5},
    "left": {"type": "integer", "role": "label"},
}


def described() -> Card:
    """A card with a small category and a large one."""
    made = card({"kind": "table", "format": "csv"}, COLUMNS)
    features = {"categorical": ["plan", "shop"], "time_of_day": False, "hash_bits": 10}
    return made.model_copy(update={"features": made.features.model_copy(update=features)})


@cache
def rows() -> pa.Table:
    """Values of very different frequencies."""
    random = np.random.default_rng(3)
    plans, shops = random.geometric(0.4, ROWS), random.geometric(0.01, ROWS)
    size = random.normal(size=ROWS)
    size[::7] = np.nan
    return pa.table(
        {
            "plan": [f"plan {one}" for one in plans],
            "shop": [f"shop {one}" for one in shops],
            "size": pa.array(size, from_pandas=True),
        }
    )


@cache
def trained(kind: str, objective: Objective) -> tuple[Any, FeatureState]:
    """A model of labels that follow from how often a value occurs, and against the value itself."""
    made = described()
    state = tabular.fit(made, rows())
    inputs = tabular.transform(made, rows(), state)
    random = np.random.default_rng(4)
    effects = random.normal(size=inputs.fields[1].cardinality)[inputs.fields[1].values]
    often = inputs.numeric[:, [name.endswith(".frequency") for name in inputs.numeric_names]].sum(axis=1)
    noise = random.normal(size=ROWS)
    total = often - often.mean() + 2 * effects + noise
    truth: Any = total if objective.name in ("squared", "absolute") else (total > 0).astype(np.int8)
    if objective.classes:
        truth = np.digitize(total, np.quantile(total, [0.25, 0.5, 0.75])).astype(np.int64)
    known = labelled(inputs, truth)
    return predictor(kind).fit(known, known, QUICK.get(kind, {}), 0, objective), state


def pairs(inputs: Inputs, name: str, state: FeatureState) -> Inputs:
    """One row with each known value of a column and each known frequency."""
    place = [field.name for field in inputs.fields].index(name)
    codes = np.unique(tabular.transform(described(), rows(), state).fields[place].values)
    often = np.unique(state[f"{name}.frequency"][1:])
    value, frequency = (one.ravel() for one in np.meshgrid(codes, often))
    fields = [
        replace(field, values=np.repeat(field.values, len(value)).astype(np.int32)) for field in inputs.fields
    ]
    fields[place] = replace(fields[place], values=value.astype(np.int32))
    numeric: NDArray[np.float32] = np.repeat(inputs.numeric, len(value), axis=0)
    numeric[:, inputs.numeric_names.index(f"{name}.frequency")] = frequency
    return Inputs(numeric, inputs.numeric_names, tuple(fields), np.zeros(len(value), np.bool_))


@EACH
@settings(max_examples=20, deadline=None, derandomize=True)
@given(row=st.integers(0, ROWS - 1), name=st.sampled_from(["plan", "shop"]), value=st.text(max_size=5))
@example(row=0, name="plan", value="")
@example(row=1, name="shop", value="shop -1")
def test_an_unseen_value_stays_within_the_known(
    kind: str, objective: Objective, row: int, name: str, value: str
) -> None:
    """From the raw row to its score, the rest of the row as it is."""
    model, state = trained(kind, objective)
    one = rows().slice(row, 1)
    one = one.set_column(one.column_names.index(name), name, pa.array([value]))
    inputs = tabular.transform(described(), one, state)
    [score], known = model.scores(inputs), model.scores(pairs(inputs, name, state))

    assert inputs.unseen.all()
    assert (known.min(axis=0) - CLOSE <= score).all()
    assert (score <= known.max(axis=0) + CLOSE).all()


def test_a_class_gets_no_larger_a_share_than_a_known_value_gives_it() -> None:
    """Weights within the known ones, each by itself, would give the third nine tenths; a half is most."""
    field = Field("plan", 3, np.array([1, 2], np.int32))
    inputs = Inputs(np.zeros((2, 0), np.float32), (), (field,), np.zeros(2, np.bool_))
    model = Logistic(Design.of(inputs).learned(np.array([[2.0, 5.0], [5.0, 2.0], [5.0, 5.0]]), np.zeros(3)))
    unseen, *known = model.scores(replace_values(inputs, [0, 1, 2]))

    assert np.max(known, axis=0)[2] < 0.5
    assert (unseen <= np.max(known, axis=0)).all()
    assert (unseen >= np.min(known, axis=0)).all()


def replace_values(inputs: Inputs, values: list[int]) -> Inputs:
    """Rows of these values of the first field alone."""
    field = replace(inputs.fields[0], values=np.array(values, np.int32))
    return Inputs(np.zeros((len(values), 0), np.float32), (), (field,), np.zeros(len(values), np.bool_))
