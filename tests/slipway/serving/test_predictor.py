"""MLflow's users load a version and get the answers of its service; nothing of it runs before it is whole."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import mlflow
import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest

from slipway.base.errors import SlipwayError
from slipway.registry.mlmodel import INSIDE, LOADER, example, write_mlmodel
from slipway.registry.predictor import Predictor
from slipway.serving.inference import Protocol
from slipway.serving.refusal import Refusal
from slipway.serving.served import Served
from slipway.serving.warm import tensors
from tests.slipway.serving.tabled import Tabled
from tests.slipway.tiny import impressions
from tests.slipway.vouched import proven

RAW: dict[str, list[Any]] = {
    "signed_up": ["2024-05-01 10:00:00", "2024-05-01T10:00:00+02:00", "2024-06-01T23:00:00Z", "2024-05-01"],
    "plan": [" basic ", "NA", "plus", None],
    "months": [3.0, -999.0, None, 40.0],
    "monthly_spend": [0.1, 1e300, -999.0, float("nan")],
}
"""Rows as people write them: spaces, marks of missing values, values that training has not seen."""


def loaded(version: Path, folder: Path) -> mlflow.pyfunc.PyFuncModel:
    """What MLflow makes of a version."""
    write_mlmodel(version, folder)
    return mlflow.pyfunc.load_model(str(folder))


@pytest.fixture(scope="module")
def churn_model(cut: Tabled, tmp_path_factory: pytest.TempPathFactory) -> mlflow.pyfunc.PyFuncModel:
    """The table's version, as MLflow loads it."""
    return loaded(cut.folder, tmp_path_factory.mktemp("churn") / "model")


@pytest.fixture(scope="module")
def predictor(cut: Tabled) -> Iterator[Predictor]:
    """The same without MLflow."""
    with Predictor(proven(cut.folder)) as found:
        yield found


def answered(served: Served, rows: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """What the service answers to raw rows, by output."""
    inputs = [
        {
            "name": name,
            "datatype": "FP64" if name.startswith("month") else "BYTES",
            "shape": [4],
            "data": values,
        }
        for name, values in rows.items()
    ]
    missing = json.dumps({"inputs": inputs}).replace("NaN", "null")
    return {
        one["name"]: one["data"] for one in json.loads(Protocol(served).infer(missing.encode()))["outputs"]
    }


def test_raw_rows_are_answered_as_by_the_service(
    cut: Tabled, churn_model: mlflow.pyfunc.PyFuncModel, predictor: Predictor
) -> None:
    """Cleaned, recalibrated and ranked by the same code, and to the last bit."""
    due = answered(cut.served, RAW)

    for found in (churn_model.predict(pd.DataFrame(RAW)), predictor.predict(RAW)):
        assert list(found.columns) == ["score", "rank", "fallback"]
        assert {name: found[name].tolist() for name in found} == due
    # Rows that are cleaned to nothing differ from those that are not.
    assert len(set(due["score"])) > 1


def test_rows_of_one_request_are_ranked_together(served: Served, laid_out: Path, tmp_path: Path) -> None:
    """By their ids, whichever row each stands in; more rows than one HTTP request may have."""
    rows = impressions(1600, seed=5).drop_columns(["clicked"])
    model = loaded(laid_out.parent / "version", tmp_path / "model")
    # The first options of all requests, then the second ones: of equal scores the earlier row ranks first.
    apart = np.argsort(np.arange(1600) % 4, kind="stable")
    frame = rows.to_pandas().iloc[apart]

    found = model.predict(frame).sort_index()
    assert len(found) == 1600 > served.version.card.serving.max_rows
    for start in range(0, 1600, 400):
        body = tensors(served, rows.slice(start, 400))
        due = {one["name"]: one["data"] for one in json.loads(Protocol(served).infer(body))["outputs"]}
        part = found.iloc[start : start + 400]
        assert part["score"].tolist() == due["score"]
        assert part["rank"].tolist() == due["rank"]


@pytest.mark.parametrize(
    "rows",
    [
        {**RAW, "Plan": ["basic"] * 4},
        {**RAW, "months": ["three", 1.0, 1.0, 1.0]},
        {"elsewhere": [1, 2, 3, 4]},
    ],
)
def test_rows_that_the_service_refuses_are_refused_in_its_words(
    cut: Tabled, predictor: Predictor, rows: dict[str, list[Any]]
) -> None:
    """A misspelt column would otherwise count as missing; the process goes on."""
    with pytest.raises(Refusal) as due:
        answered(cut.served, rows)
    with pytest.raises(SlipwayError, match="made: ") as found:
        predictor.predict(rows)

    assert str(found.value) == f"made: {due.value}"
    assert len(predictor.predict(RAW)) == 4


def test_no_rows_have_no_answers(predictor: Predictor) -> None:
    """And the columns of one."""
    assert list(predictor.predict({name: [] for name in RAW}).columns) == predictor.outputs


def test_what_mlflow_shows_of_it(
    cut: Tabled, churn_model: mlflow.pyfunc.PyFuncModel, predictor: Predictor
) -> None:
    """Inputs and outputs by name, an example that it answers, and no code of its own on the path."""
    shown = churn_model.metadata
    flavor = shown.flavors["python_function"]

    assert (flavor["loader_module"], flavor.get("code")) == (LOADER, None)
    assert set(shown.signature.inputs.input_names()) == set(RAW)
    assert shown.signature.outputs.input_names() == predictor.outputs
    assert len(churn_model.predict(churn_model.input_example)) == 2
    assert len(predictor.predict(example(cut.card))) == 2


def test_what_was_changed_does_not_run(cut: Tabled, tmp_path: Path) -> None:
    """MLflow itself compares nothing."""
    write_mlmodel(cut.folder, tmp_path / "model")
    marker, code = tmp_path / "it ran", tmp_path / "model" / INSIDE / "code/systems/made/__init__.py"
    code.write_text(f"open({str(marker)!r}, 'w')\n{code.read_text()}")

    with pytest.raises(SlipwayError, match=r"systems/made/__init__.py: sha256"):
        mlflow.pyfunc.load_model(str(tmp_path / "model"))
    assert not marker.exists()


def test_a_version_from_before_is_told(cut: Tabled, tmp_path: Path) -> None:
    """Its own code is what answers, and that does not know how."""
    from slipway.base.digest import sha256
    from slipway.version.manifest import MANIFEST, Manifest, code_digest, digests

    folder = tmp_path / "version"
    shutil.copytree(cut.folder, folder)
    (folder / "code/slipway/serving/batch.py").unlink()
    files = digests(folder)
    manifest = Manifest.model_validate_json((folder / MANIFEST).read_text())
    code = manifest.code.model_copy(update={"digest": code_digest(files)})
    made = manifest.model_copy(update={"files": files, "code": code})
    (folder / MANIFEST).write_text(made.model_dump_json())

    with pytest.raises(SlipwayError, match="its code is from before a version answered tables"):
        Predictor(proven(folder))
    assert sha256(folder / MANIFEST)
