"""A model answers the same after it was saved and loaded, and never as a pickle."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from slipway.models import predictor
from slipway.system import Inputs, load_system
from tests.slipway.report.sample import card
from tests.slipway.root import ROOT
from tests.slipway.tiny import impressions


@pytest.fixture(scope="module")
def rows() -> tuple[Inputs, np.ndarray]:
    """Inputs and labels of two thousand impressions."""
    system = load_system("ad_click", ROOT)
    examples = system.examples(card(), impressions())
    state = system.fit_features(card(), examples.requests)
    return system.transform(card(), examples.requests, state), examples.labels


QUICK = {"logistic": {"c": 1.0}, "boosting": {"rounds": 15}}


@pytest.mark.parametrize("kind", ["logistic", "boosting"])
def test_a_loaded_model_answers_as_the_trained_one(kind: str, rows: tuple, tmp_path: Path) -> None:
    """Exactly: the format keeps every bit that matters."""
    inputs, labels = rows
    trained = predictor(kind).fit(inputs, labels, inputs, labels, QUICK[kind], seed=0)
    trained.save(tmp_path)

    loaded = predictor(kind).load(tmp_path)

    np.testing.assert_allclose(trained.scores(inputs), loaded.scores(inputs), rtol=0, atol=1e-12)
    assert {path.suffix for path in tmp_path.iterdir()} <= {".npy", ".txt"}


@pytest.mark.parametrize("kind", ["logistic", "boosting"])
def test_a_model_learns(kind: str, rows: tuple) -> None:
    """Better than always predicting the base rate."""
    from sklearn.metrics import log_loss

    inputs, labels = rows
    trained = predictor(kind).fit(inputs, labels, inputs, labels, QUICK[kind], seed=0)

    assert log_loss(labels, trained.scores(inputs)) < log_loss(labels, np.full(len(labels), labels.mean()))


def test_unknown_numbers_do_not_decide(rows: tuple) -> None:
    """A missing number counts as the mean, in every column."""
    inputs, labels = rows
    trained = predictor("logistic").fit(inputs, labels, inputs, labels, {}, seed=0)
    missing = np.full_like(inputs.numeric, np.nan)
    unknown = Inputs(
        missing,
        inputs.codes,
        inputs.buckets,
        inputs.unseen,
        inputs.numeric_names,
        inputs.code_names,
        inputs.bucket_count,
    )

    assert np.isfinite(trained.scores(unknown)).all()


@pytest.mark.parametrize("kind", ["logistic", "boosting"])
def test_an_unknown_parameter_is_refused(kind: str, rows: tuple) -> None:
    """LightGBM would take it with a warning that nobody reads."""
    inputs, labels = rows

    with pytest.raises(ValidationError, match="num_leafs"):
        predictor(kind).fit(inputs, labels, inputs, labels, {"num_leafs": 5}, seed=0)
