"""A canary that did not earn promotion is withdrawn, or held where policy says so."""

from pathlib import Path

import pytest

from slipway.records.checks import CanaryOutcome
from slipway.stages.abort import abort
from tests.slipway.report import sample
from tests.slipway.stages.conftest import RUN, Desk
from tests.slipway.stages.test_refusals import decisions, enter


def end(desk: Desk, folder: Path, outcome: CanaryOutcome) -> None:
    """The canary of version 1 ends so."""
    (folder / "evidence").write_text(sample.canary(outcome=outcome).model_dump_json())
    (folder / "smoked").write_text("[]")
    files = {name: folder / name for name in ("smoked", "evidence", "report")}
    abort(RUN, version=1, stable=7, bento="b:1", data=desk.data, **files)


@pytest.mark.gate(
    "canary.withdrawn",
    fed="a canary whose evidence suffices neither way",
    stops="canary",
    exit=4,
    reason="inconclusive",
    untouched="production not moved, the alias `canary` gone",
)
def test_an_inconclusive_canary_is_withdrawn_and_recorded(desk: Desk, tmp_path: Path) -> None:
    """Inconclusive never promotes."""
    enter(desk)
    desk.registry.point("canary", 1)
    end(desk, tmp_path, "inconclusive")

    assert [("registered", 1), ("inconclusive", 1)] == decisions(desk)
    assert (desk.registry.resolve("canary"), desk.registry.resolve("production")) == (None, None)


def test_the_canary_of_a_later_rollout_keeps_its_alias(desk: Desk, tmp_path: Path) -> None:
    """It may have begun between the verdict about this one and its record."""
    for _ in range(2):
        desk.retrain()
        enter(desk)
    desk.registry.point("canary", 2)
    end(desk, tmp_path, "abort")

    assert desk.registry.resolve("canary") == 2


def test_policy_may_hold_an_inconclusive_canary(desk: Desk, tmp_path: Path) -> None:
    """The alias stays for another try; production does not move."""
    card = desk.root / "systems" / "ad_click" / "system.yaml"
    card.write_text(card.read_text().replace("rollout:", "rollout:\n  on_inconclusive: hold"))
    enter(desk)
    desk.registry.point("canary", 1)
    end(desk, tmp_path, "inconclusive")

    assert (desk.registry.resolve("canary"), desk.registry.resolve("production")) == (1, None)
