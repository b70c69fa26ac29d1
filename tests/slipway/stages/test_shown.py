"""What somebody who opens MLflow finds after a training run and a rollout."""

from typing import Any

from mlflow.entities import Run

from slipway.base.provenance import who
from slipway.registry.tracking import FINGERPRINT, PIPELINE_RUN
from slipway.registry.versions import Registry
from slipway.stages.refuse import refuse
from slipway.stages.register import register
from tests.slipway.stages.conftest import RUN, Desk


def runs(registry: Registry) -> dict[str, Run]:
    """The runs of the line by their names."""
    experiment = registry.client.get_experiment_by_name(registry.name).experiment_id
    return {run.info.run_name: run for run in registry.client.search_runs([experiment])}


def test_runs_and_versions_say_what_happened(desk: Desk) -> None:
    """Names, parameters, figures, data, user and code, and a version that leads to its report."""
    assert register(RUN, **desk.files) == 1
    desk.goes_live(1)
    registry = desk.registry

    found = runs(registry)
    assert set(found) == {"boosting 1 registered", "boosting 1 went first"}
    trained = found["boosting 1 registered"]
    assert trained.data.params["model.c"] == "0.3"
    assert trained.data.params["evaluation.primary"] == "log_loss"
    assert trained.data.metrics["candidate_log_loss"] > 0
    assert trained.data.tags["mlflow.user"] == who().partition("@")[0]
    assert trained.data.tags["mlflow.source.name"] == "slipway training"
    assert (trained.data.tags[PIPELINE_RUN], trained.data.tags[FINGERPRINT]) == (RUN.id, RUN.fingerprint)
    [data] = trained.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest) == ("ad_click (small)", RUN.fingerprint)
    assert [(tag.key, tag.value) for tag in data.tags] == [("mlflow.data.context", "training")]
    version = registry.client.get_model_version(registry.name, "1")
    assert version.description.startswith("**boosting 1 went first** on ")
    assert f"/runs/{found['boosting 1 went first'].info.run_id}/artifacts/report.html" in version.description
    assert "slipway history" in registry.client.get_registered_model(registry.name).description


def test_who_was_refused_can_be_compared(desk: Desk) -> None:
    """With the same figures and parameters as who was let through."""
    refuse(RUN, **desk.files)
    register(RUN, **desk.files)

    refused, registered = (
        runs(desk.registry)[name] for name in ("boosting refused", "boosting 1 registered")
    )
    assert keys(refused.data.metrics) == keys(registered.data.metrics)
    assert keys(refused.data.params) == keys(registered.data.params)
    assert "**boosting refused** on " in refused.data.tags["mlflow.note.content"]


def keys(found: dict[str, Any]) -> set[str]:
    """Their names."""
    return set(found)


def test_a_run_that_is_kept_again_changes_no_parameter(desk: Desk) -> None:
    """A restart finds another card than the run that was killed did; MLflow would refuse the call."""
    registry = desk.registry
    run = registry.start_run("training", RUN.id, RUN.fingerprint)
    registry.log(run, {"size": "small"}, {})
    registry.log(run, {"size": "full", "more": "1"}, {})

    assert registry.client.get_run(run).data.params == {"size": "small", "more": "1"}
