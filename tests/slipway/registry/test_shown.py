"""What MLflow shows of a decision: bounded, by names that MLflow takes."""

import pytest
from mlflow.utils.validation import _validate_batch_log_data

from slipway.records.decision import DecisionRecord
from slipway.registry.shown import (
    LONGEST_VALUE,
    MOST_FIGURES,
    MOST_PARAMETERS,
    data_shown,
    described,
    figures,
    parameters,
    run_name,
)
from slipway.stages.evaluate import headline
from slipway.version.manifest import Manifest
from tests.slipway.records import documents
from tests.slipway.report import sample

PROMOTED = sample.record(decision="promote", version=2, replaced=1)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"decision": "promote", "version": 2}, "boosting 2 promoted"),
        ({"decision": "registered", "version": 3}, "boosting 3 registered"),
        ({"decision": "refused", "version": None}, "boosting refused"),
        ({"decision": "refused", "version": None, "evaluation": None}, "ad_click refused"),
        ({"decision": "first", "version": 1}, "boosting 1 went first"),
        ({"decision": "abort", "version": 2}, "boosting 2 aborted"),
        ({"decision": "inconclusive", "version": 2}, "boosting 2 inconclusive"),
        ({"decision": "rollback", "version": 1}, "rollback to 1"),
        ({"decision": "accepted", "version": None, "evaluation": None}, "ad_click accepted"),
    ],
)
def test_a_run_is_named_by_what_happened(changes: dict[str, object], name: str) -> None:
    """Not by the pipeline that it was of."""
    assert run_name(PROMOTED.model_copy(update=changes)) == name


def require_taken(params: dict[str, str], metrics: dict[str, float]) -> None:
    """MLflow itself says whether it would take them in one call."""
    from mlflow.entities import Metric, Param

    entities = [Metric(name, value, 0, 0) for name, value in metrics.items()]
    _validate_batch_log_data(entities, [Param(name, value) for name, value in params.items()], [])


def test_figures_are_those_of_the_evidence() -> None:
    """All that the pipeline's own metrics say, and the ends of what has an interval."""
    found = figures(PROMOTED)

    evidence = PROMOTED.evaluation
    assert evidence is not None
    assert headline(evidence).items() <= found.items()
    assert found["candidate_log_loss_low"] == evidence.candidate.metrics["log_loss"].low
    assert found["candidate/device/phone/log_loss"] == evidence.candidate.slices[0].metrics["log_loss"].value
    assert found["difference_to_champion"] == evidence.comparisons[-1].difference.value
    assert PROMOTED.canary is not None
    assert found["canary_requests"] == PROMOTED.canary.looks[-1].requests
    require_taken({}, found)


def sliced(values: list[str]) -> DecisionRecord:
    """A decision whose candidate was measured on slices of these names."""
    evidence = PROMOTED.evaluation
    assert evidence is not None
    first = evidence.candidate.slices[0]
    slices = [first.model_copy(update={"value": value}) for value in values]
    model = evidence.candidate.model_copy(update={"slices": slices})
    return PROMOTED.model_copy(update={"evaluation": evidence.model_copy(update={"candidate": model})})


def test_names_from_data_are_ones_that_mlflow_takes() -> None:
    """It refuses the whole call for one that leads out of a folder, or has a sign that it does not know."""
    found = figures(sliced(["..", ".", "", "/", "a/../b", "🛥 (large)", "x" * 400, "=1+1"]))

    assert "candidate/device/_../log_loss" in found
    require_taken({}, found)


def test_figures_are_bounded() -> None:
    """What decides comes first, so slices are what is left out."""
    found = figures(sliced([f"value {number}" for number in range(5000)]))

    assert len(found) == MOST_FIGURES
    assert "difference_to_champion" in found
    assert "candidate_log_loss" in found
    require_taken({}, found)


def trained(**params: object) -> Manifest:
    """What a version says of its model."""
    return documents.manifest().model_copy(update={"params": params})


def test_parameters_are_those_of_model_and_card() -> None:
    """The model's first, and none too many or too long."""
    card = sample.card()
    params = {f"p{number}": number for number in range(150)} | {"p0": ["x" * LONGEST_VALUE]}

    found = parameters(PROMOTED, card, trained(learning_rate=0.08))
    assert (found["model.learning_rate"], found["size"], found["replaced"]) == ("0.08", PROMOTED.size, "1")
    assert found["gate.max_latency_ratio"] == "10.0"
    assert '"user_id"' in found["data.columns"]
    many = parameters(PROMOTED, card, trained(**params))
    assert (len(many), len(many["model.p0"])) == (MOST_PARAMETERS, LONGEST_VALUE)
    for one in (found, many):
        require_taken(one, {})


def test_a_reason_cannot_add_to_a_page() -> None:
    """It may quote what somebody else wrote: a link, a picture, a new line."""
    found = described(
        PROMOTED.model_copy(update={"reason": "so ![x](http://elsewhere)\n# it <b>is</b>"}), "1"
    )

    assert "so !\\[x\\](http://elsewhere) \\# it \\<b\\>is\\</b\\>" in found
    assert f"(#/experiments/1/runs/{PROMOTED.run}/artifacts/report.html)" in found
    assert f"slipway report --record {PROMOTED.id}" in found


def test_data_is_named_by_its_fingerprint() -> None:
    """In full: MLflow takes as many characters as DVC's hash of a folder has."""
    fingerprint = f"{'0123456789abcdef' * 2}.dir"
    made = PROMOTED.model_copy(update={"data_fingerprint": fingerprint})

    found = data_shown(made, sample.card(), {"train": 3, "holdout": 4}, "training")
    assert found.digest == fingerprint
    assert '"num_rows": 7' in found.profile
