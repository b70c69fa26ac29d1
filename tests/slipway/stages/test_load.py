"""Versions of a registry, loaded by MLflow and by `slipway.load`."""

import shutil
import sys
from pathlib import Path

import mlflow
import mlflow.pyfunc
import pytest
import yaml

import slipway
from slipway.base.errors import Refused, SlipwayError
from slipway.registry.mlmodel import INSIDE
from slipway.registry.versions import MODEL_FOLDER, SIGNATURE, Registry
from slipway.stages.register import register
from tests.slipway.stages.conftest import RUN, Desk
from tests.slipway.tiny import impressions

ROWS = impressions(8, seed=9).drop_columns(["clicked"]).to_pandas()


@pytest.fixture
def lived(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The desk with version 1 in production; MLflow asks its registry."""
    assert register(RUN, **desk.files) == 1
    desk.goes_live(1)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", desk.registry.uri)
    return desk


def laid(registry: Registry) -> Path:
    """Where MLflow's file of version 1 lies."""
    return registry.artifact(registry.get(1).run, f"{MODEL_FOLDER}/MLmodel")


def test_mlflow_and_slipway_load_the_version_in_production(lived: Desk) -> None:
    """By its alias, and both answer alike."""
    model = mlflow.pyfunc.load_model(f"models:/{lived.registry.name}@production")

    with slipway.load("ad_click", "small") as one, slipway.load("ad_click", "small", version=1) as other:
        due = model.predict(ROWS)
        assert due.equals(one.predict(ROWS))
        assert due.equals(other.predict(ROWS))
    assert lived.registry.get(1).digest == model.metadata.metadata["slipway.digest"]


def test_whoever_writes_to_the_registry_chooses_what_mlflow_calls(
    lived: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where that is to be feared, `slipway.load` reads nothing of that file, and asks who signed."""
    evil, marker = tmp_path / "evil", tmp_path / "it ran"
    evil.mkdir()
    (evil / "theirs.py").write_text(
        f"class Theirs:\n    predict = len\n\n\n"
        f"def _load_pyfunc(path):\n    open({str(marker)!r}, 'w')\n    return Theirs()\n"
    )
    monkeypatch.setattr(sys, "path", [*sys.path])  # MLflow adds to it
    path = laid(lived.registry)
    content = yaml.safe_load(path.read_text())
    content["flavors"]["python_function"] |= {"loader_module": "theirs", "code": "code"}
    shutil.copytree(evil, path.parent / "code")
    path.write_text(yaml.safe_dump(content))

    with slipway.load("ad_click", "small") as found:
        assert len(found.predict(ROWS)) == len(ROWS)
    assert not marker.exists()
    mlflow.pyfunc.load_model(f"models:/{lived.registry.name}@production")
    assert marker.exists()


def test_what_nobody_signed_is_not_loaded(lived: Desk) -> None:
    """As it is neither packaged nor scored."""
    registry = lived.registry
    registry.client.delete_model_version_tag(registry.name, "1", SIGNATURE)

    with pytest.raises(Refused, match="version 1: not signed"):
        slipway.load("ad_click", "small", version=1)


def test_an_alias_that_was_moved_by_hand_is_not_loaded(lived: Desk) -> None:
    """MLflow's own users may move it; the records say what is live."""
    registry = lived.registry
    registry.client.delete_registered_model_alias(registry.name, "production")

    with pytest.raises(Refused, match="the alias production is not set, expected 1"):
        slipway.load("ad_click", "small")
    with pytest.raises(SlipwayError, match="no version has the alias canary"):
        slipway.load("ad_click", "small", version="canary")


def test_a_version_from_before_has_nothing_around_it(lived: Desk, tmp_path: Path) -> None:
    """It is as good as any to slipway; MLflow finds no model there."""
    registry = lived.registry
    outside = laid(registry).parent
    shutil.copytree(outside / INSIDE, tmp_path / "version")
    shutil.rmtree(outside)
    shutil.copytree(tmp_path / "version", outside)

    with slipway.load("ad_click", "small") as found:
        assert len(found.predict(ROWS)) == len(ROWS)
    with pytest.raises(mlflow.exceptions.MlflowException, match='Could not find an "MLmodel"'):
        mlflow.pyfunc.load_model(f"models:/{registry.name}@production")
