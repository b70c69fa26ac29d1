"""A stage that refuses leaves its record and nothing else."""

import pytest

from slipway.base.errors import Refused
from slipway.cli.console import Teller
from slipway.cli.jobs import rollout
from slipway.cli.move import clear
from slipway.records.evidence import HoldoutUse
from slipway.rollout.target import Deployed, TrafficState
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.stages.canary import canary
from slipway.stages.package import package
from slipway.stages.register import register
from slipway.stages.rollback import roll_back
from tests.slipway.evaluation.bad import evidence
from tests.slipway.report import sample
from tests.slipway.stages.conftest import RUN, Desk

UNDER_WAY = TrafficState(
    stable=Deployed(number=1, bento="b:1"), canary=Deployed(number=3, bento="b:3"), weight=10
)


DECIDES_AGAIN = pytest.mark.gate(
    "register.decides_again",
    fed="a candidate that the gate refused, handed to `register` all the same",
    stops="register",
    exit=3,
    reason="not registered: and every check that failed",
    untouched="nothing registered, no alias moved",
)


def enter(desk: Desk) -> int:
    """Register what lies on the desk."""
    return register(RUN, **desk.files)


def decisions(desk: Desk) -> list[tuple[str, int | None]]:
    """What the registry remembers."""
    return [(record.decision, record.version) for record in desk.registry.records()]


def is_kept(desk: Desk, caught: pytest.ExceptionInfo[Refused]) -> bool:
    """Whether the newest record gives the reason that was told."""
    newest = desk.registry.records()[-1]
    return (newest.decision, newest.reason) == ("refused", str(caught.value))


def test_a_measured_candidate_is_registered_and_staged(desk: Desk) -> None:
    """The record, the report and, last, the alias."""
    assert enter(desk) == 1
    assert desk.registry.resolve("staging") == 1
    assert [("registered", 1)] == decisions(desk)
    assert "was registered" in (desk.root / "report.html").read_text()


@pytest.mark.parametrize(
    ("about", "changes"),
    [
        pytest.param("candidate", {"finite": False}, marks=DECIDES_AGAIN),
        pytest.param("candidate", {"digest": "another"}, marks=pytest.mark.gate("evidence.candidate")),
        pytest.param("holdout", {"fingerprint": "other"}, marks=pytest.mark.gate("evidence.data")),
    ],
)
def test_nothing_else_can_be_registered(desk: Desk, about: str, changes: dict[str, object]) -> None:
    """Whoever calls the stage, and whatever a pipeline's condition said."""
    found = getattr(desk.write_evidence(), about)
    desk.write_evidence(**{about: found.model_copy(update=changes)})

    with pytest.raises(Refused, match="not registered") as caught:
        enter(desk)
    assert is_kept(desk, caught)
    assert desk.registry.resolve("staging") is None
    assert not desk.registry.client.search_model_versions()
    assert [("refused", None)] == decisions(desk)


@pytest.mark.gate("evidence.system")
def test_another_system_s_evidence_registers_nothing(desk: Desk) -> None:
    """Even where it is about the same bits."""
    desk.write_evidence(system="fraud")

    with pytest.raises(Refused, match=r"evidence\.system") as caught:
        enter(desk)
    assert is_kept(desk, caught)
    assert desk.registry.resolve("staging") is None
    assert [("refused", None)] == decisions(desk)


@pytest.mark.gate("evidence.champion")
def test_a_champion_that_went_live_meanwhile_stops_the_registration(desk: Desk) -> None:
    """The candidate was never compared with it."""
    enter(desk)
    desk.goes_live(1)

    with pytest.raises(Refused, match=r"evidence\.champion: None") as caught:
        enter(desk)
    assert is_kept(desk, caught)
    assert (desk.registry.resolve("staging"), desk.registry.resolve("production")) == (1, 1)
    assert [("registered", 1), ("first", 1), ("refused", None)] == decisions(desk)


@pytest.mark.gate("evidence.use")
def test_a_place_on_the_holdout_that_was_not_paid_for_registers_nothing(desk: Desk) -> None:
    """The evidence says the first candidate, and the registry has counted none."""
    enter(desk)
    desk.goes_live(1)
    desk.retrain()
    digest = desk.write_evidence().candidate.digest
    whole = evidence()
    champion = whole.champion.model_copy(update={"version": 1})
    holdout = whole.holdout.model_copy(update={"fingerprint": RUN.fingerprint})
    mine = whole.candidate.model_copy(update={"digest": digest})
    parts = {"candidate": mine, "champion": champion, "holdout": holdout, "use": HoldoutUse.of(1, 0.95)}
    desk.evidence.write_text(whole.model_copy(update=parts).model_dump_json())

    with pytest.raises(Refused, match=r"^not registered: evidence\.use: 1 \(allowed: None\)$") as caught:
        enter(desk)
    assert is_kept(desk, caught)
    assert [("registered", 1), ("first", 1), ("refused", None)] == decisions(desk)


@pytest.mark.gate(
    "package.barred",
    fed="a version that a rollback barred",
    stops="package",
    exit=3,
    reason="is barred: and the reason that the rollback gave",
    untouched="no Bento built",
)
def test_a_barred_version_is_not_packaged(desk: Desk) -> None:
    """Until somebody clears it."""
    enter(desk)
    desk.registry.bar(1, "sold ads to cats")

    with pytest.raises(Refused, match="sold ads to cats") as caught:
        package(RUN, 1)
    assert is_kept(desk, caught)
    assert [("registered", 1), ("refused", 1)] == decisions(desk)
    assert not (desk.root / ".slipway" / "bentoml").exists()


@pytest.mark.gate(
    "rollback.target",
    fed="a rollback where no version was live before",
    stops="rollback",
    exit=3,
    reason="a rollback needs both; told as an error, for there is no version to keep a record of",
    untouched="production not moved, nothing barred, no record kept",
)
def test_a_rollback_without_a_version_before_is_refused(desk: Desk) -> None:
    """There is nothing to go back to."""
    enter(desk)
    desk.goes_live(1)

    with pytest.raises(Refused, match="a rollback needs both"):
        roll_back(Line(Project(desk.root), "ad_click", "small"), "because")
    assert desk.registry.resolve("production") == 1
    assert desk.registry.get(1).barred is None
    assert [("registered", 1), ("first", 1)] == decisions(desk)


@pytest.mark.gate(
    "rollback.reason_given",
    fed="a rollback for a reason that is blank",
    stops="rollback",
    exit=3,
    reason="a rollback needs a reason; told as an error, for a record needs one too",
    untouched="production not moved, nothing barred, no record kept",
)
def test_a_rollback_for_no_reason_is_refused(desk: Desk) -> None:
    """Whoever reads the history must know why; nothing is looked at before."""
    enter(desk)
    desk.registry.point("production", 1)

    with pytest.raises(Refused, match="needs a reason"):
        roll_back(Line(Project(desk.root), "ad_click", "small"), " ")
    assert desk.registry.resolve("production") == 1
    assert desk.registry.get(1).barred is None
    assert [("registered", 1)] == decisions(desk)


@pytest.mark.gate(
    "canary.traffic_unseen",
    fed="a version, new or live, that was trained on rows of the traffic",
    stops="canary",
    exit=3,
    reason="version N was trained on rows until",
    untouched="the alias `canary` not set, no server started",
)
@pytest.mark.parametrize("number", [1, 2])
def test_neither_arm_may_know_the_traffic(desk: Desk, number: int) -> None:
    """The replay of the sample split begins after the first version's training and before the second's."""
    start = sample.split().parts["replay"].start
    for seen in (start.replace(year=2020), start) if number == 2 else (start, start.replace(year=2020)):
        desk.retrain()
        found = desk.write_evidence()
        holdout = found.holdout.model_copy(update={"start": start.replace(year=2099)})
        candidate = found.candidate.model_copy(update={"train_end": seen})
        desk.write_evidence(candidate=candidate, holdout=holdout)
        enter(desk)

    with pytest.raises(Refused, match=f"version {number} was trained on rows until") as caught:
        canary(RUN, version=1, stable=2, data=desk.data, evidence=desk.root / "evidence")
    assert is_kept(desk, caught)
    assert desk.registry.resolve("canary") is None
    assert not (desk.root / ".slipway" / "servers").exists()


AGAINST_ITSELF = pytest.mark.gate(
    "canary.another_version",
    fed="the version that is in production",
    stops="canary",
    exit=3,
    reason="is in production already",
    untouched="the alias `canary` not set; by the command, which keeps no record: no run begun",
)


@AGAINST_ITSELF
def test_a_version_is_not_tried_against_itself(desk: Desk) -> None:
    """It could only win by chance."""
    enter(desk)

    with pytest.raises(Refused, match="in production already") as caught:
        canary(RUN, version=1, stable=1, data=desk.data, evidence=desk.root / "evidence")
    assert is_kept(desk, caught)
    assert desk.registry.resolve("canary") is None


@AGAINST_ITSELF
def test_no_rollout_of_the_live_version_is_begun(desk: Desk) -> None:
    """The command says so before any pipeline runs."""
    enter(desk)
    desk.goes_live(1)

    with pytest.raises(Refused, match="in production already"):
        rollout(Line(Project(desk.root), "ad_click", "small"), "WORKSPACE", 1, Teller(quiet=True))
    assert not (desk.root / ".slipway" / "runs").exists()
    assert [("registered", 1), ("first", 1)] == decisions(desk)


@pytest.mark.gate(
    "clear.barred",
    fed="a version that is not barred, to be cleared",
    stops="rollback",
    exit=3,
    reason="is not barred",
    untouched="no tag changed, no record kept",
)
def test_only_a_barred_version_is_cleared(desk: Desk) -> None:
    """A wrong number must not look like success."""
    enter(desk)
    tags = desk.registry.client.get_model_version(desk.registry.name, "1").tags

    with pytest.raises(Refused, match="is not barred"):
        clear(version=1, reason="why not", size="small")
    assert desk.registry.client.get_model_version(desk.registry.name, "1").tags == tags
    assert [("registered", 1)] == decisions(desk)
