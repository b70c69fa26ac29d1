"""A stage that refuses leaves its record and nothing else."""

from pathlib import Path

import pytest

from slipway.errors import Refused
from slipway.project import Project
from slipway.stages.abort import abort
from slipway.stages.canary import canary
from slipway.stages.package import package
from slipway.stages.register import register
from slipway.stages.rollback import roll_back
from tests.report import sample
from tests.stages.conftest import RUN, Desk


def enter(desk: Desk) -> int:
    """Register what lies on the desk."""
    return register(RUN, desk.data, desk.models, desk.evidence, desk.summary, desk.root / "report.html")


def decisions(desk: Desk) -> list[tuple[str, int | None]]:
    """What the registry remembers."""
    return [(record.decision, record.version) for record in desk.registry.records()]


def test_a_measured_candidate_is_registered_and_staged(desk: Desk) -> None:
    """The record, the report and, last, the alias."""
    assert enter(desk) == 1
    assert desk.registry.resolve("staging") == 1
    assert [("registered", 1)] == decisions(desk)
    assert "was registered" in (desk.root / "report.html").read_text()


@pytest.mark.parametrize("why", ["refused by the gate", "another model's evidence"])
def test_nothing_else_can_be_registered(desk: Desk, why: str) -> None:
    """Whoever calls the stage, and whatever a pipeline's condition said."""
    found = desk.write_evidence()
    changes = {"finite": False} if why == "refused by the gate" else {"digest": "another"}
    desk.write_evidence(candidate=found.candidate.model_copy(update=changes))

    with pytest.raises(Refused, match="not registered"):
        enter(desk)
    assert desk.registry.resolve("staging") is None
    assert [("refused", None)] == decisions(desk)


def test_a_barred_version_is_not_packaged(desk: Desk) -> None:
    """Until somebody clears it."""
    enter(desk)
    desk.registry.bar(1, "sold ads to cats")

    with pytest.raises(Refused, match="sold ads to cats"):
        package(RUN, 1)
    assert [("registered", 1), ("refused", 1)] == decisions(desk)
    assert not (desk.root / ".slipway" / "bentoml").exists()


def test_a_shared_registry_is_left_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop's traffic moves no alias of a registry that others use; nothing is even asked of it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")

    with pytest.raises(Refused, match="embedded registry only"):
        package(RUN, 1)
    with pytest.raises(Refused, match="embedded registry only"):
        desk.registry.point("production", 1)


def test_a_rollback_without_a_version_before_is_refused(desk: Desk) -> None:
    """There is nothing to go back to."""
    enter(desk)
    desk.registry.point("production", 1)

    with pytest.raises(Refused, match="a rollback needs both"):
        roll_back(Project(desk.root), "ad_click", "small", "because")
    assert desk.registry.resolve("production") == 1


def test_an_inconclusive_canary_is_withdrawn_and_recorded(desk: Desk, tmp_path: Path) -> None:
    """Inconclusive never promotes."""
    enter(desk)
    desk.registry.point("canary", 1)
    found = sample.canary(outcome="inconclusive")
    (tmp_path / "canary.json").write_text(found.model_dump_json())
    (tmp_path / "smoked.json").write_text("[]")
    files = [tmp_path / name for name in ("smoked.json", "canary.json", "report.html")]
    abort(RUN, 1, 7, "b:1", desk.data, *files)

    assert [("registered", 1), ("inconclusive", 1)] == decisions(desk)
    assert (desk.registry.resolve("canary"), desk.registry.resolve("production")) == (None, None)


def test_policy_may_hold_an_inconclusive_canary(desk: Desk, tmp_path: Path) -> None:
    """The alias stays for another try; production does not move."""
    card = desk.root / "systems" / "ad_click" / "system.yaml"
    card.write_text(card.read_text().replace("rollout:", "rollout:\n  on_inconclusive: hold"))
    enter(desk)
    desk.registry.point("canary", 1)
    (tmp_path / "canary.json").write_text(sample.canary(outcome="inconclusive").model_dump_json())
    (tmp_path / "smoked.json").write_text("[]")
    files = [tmp_path / name for name in ("smoked.json", "canary.json", "report.html")]
    abort(RUN, 1, 7, "b:1", desk.data, *files)

    assert (desk.registry.resolve("canary"), desk.registry.resolve("production")) == (1, None)


@pytest.mark.parametrize("number", [1, 2])
def test_neither_arm_may_know_the_traffic(desk: Desk, number: int) -> None:
    """The replay of the sample split begins after the first version's training and before the second's."""
    start = sample.split().parts["replay"].start
    for seen in (start.replace(year=2020), start) if number == 2 else (start, start.replace(year=2020)):
        found = desk.write_evidence()
        holdout = found.holdout.model_copy(update={"start": start.replace(year=2099)})
        candidate = found.candidate.model_copy(update={"train_end": seen})
        desk.write_evidence(candidate=candidate, holdout=holdout)
        enter(desk)

    with pytest.raises(Refused, match=f"version {number} was trained on rows until"):
        canary(RUN, 1, 2, "b:1", desk.data, desk.root / "evidence")


def test_a_version_is_not_tried_against_itself(desk: Desk) -> None:
    """It could only win by chance."""
    enter(desk)

    with pytest.raises(Refused, match="in production already"):
        canary(RUN, 1, 1, "b:1", desk.data, desk.root / "evidence")
    assert desk.registry.resolve("canary") is None
