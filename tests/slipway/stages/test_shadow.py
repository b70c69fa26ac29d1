"""The stage before the canary: what it asks of the card, and what the canary makes of what it found."""

import json
from pathlib import Path

import pytest
import yaml

from slipway.base.errors import Refused, UsageError
from slipway.cli.console import Teller
from slipway.cli.jobs import rollout
from slipway.records.shadow import ShadowOutcome
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.stages.abort import abort
from slipway.stages.canary import canary, read_canary
from slipway.stages.register import register
from slipway.stages.shadow import read_shadow, shadow
from slipway.stages.verdict import verdict
from tests.slipway.report import shadows
from tests.slipway.stages.conftest import RUN, Desk


def declare(desk: Desk, depends: bool | None) -> None:
    """Let the card say whether outcomes depend on the answer."""
    path = desk.root / "systems" / "ad_click" / "system.yaml"
    card = yaml.safe_load(path.read_text())
    card["problem"] = card["problem"] | {"outcome_depends_on_answer": depends}
    path.write_text(yaml.safe_dump(card))


@pytest.fixture
def two(desk: Desk) -> Desk:
    """Two registered versions, of which the first is live."""
    for _ in range(2):
        desk.retrain()
        register(RUN, **desk.files)
    desk.goes_live(1)
    return desk


def found(desk: Desk, outcome: ShadowOutcome) -> Path:
    """What a shadow of version 2 beside version 1 wrote."""
    path = desk.root / "shadow.json"
    evidence = shadows.shadow(outcome).model_copy(update={"stable": 1, "candidate": 2})
    path.write_text(evidence.model_dump_json())
    return path


def untouched(desk: Desk) -> bool:
    """No alias set, no server started."""
    return desk.registry.resolve("canary") is None and not (desk.root / ".slipway" / "servers").exists()


def test_a_card_that_does_not_say_begins_no_rollout(two: Desk) -> None:
    """The command says so before any pipeline runs, and so does the stage."""
    declare(two, None)
    line = Line(Project(two.root), "ad_click", "small")

    with pytest.raises(UsageError, match=r"problem\.outcome_depends_on_answer: not said"):
        rollout(line, "WORKSPACE", 2, Teller(quiet=True))
    with pytest.raises(UsageError, match=r"problem\.outcome_depends_on_answer: not said"):
        shadow(RUN, version=2, stable=1, data=two.data, evidence=two.root / "shadow.json")
    assert not (two.root / ".slipway" / "runs").exists()
    assert untouched(two)


@pytest.mark.gate(
    "canary.shadowed",
    fed="a canary of a system whose outcomes depend on no answer, without a shadow of the same two versions",
    stops="canary",
    exit=3,
    reason="no shadow of version 2 beside 1 has decided the quality",
    untouched="the alias `canary` not set, no server started",
)
@pytest.mark.parametrize("other", [None, {"stable": 3}, {"candidate": 3}, {"decides": False}])
def test_a_canary_needs_a_shadow_that_decided(two: Desk, other: dict[str, object] | None) -> None:
    """It alone would promote a version whose quality nobody has seen."""
    declare(two, depends=False)
    path = None if other is None else found(two, "pass")
    if path is not None:
        path.write_text(json.dumps(json.loads(path.read_text()) | other))

    with pytest.raises(Refused, match="no shadow of version 2 beside 1 has decided the quality"):
        canary(RUN, version=2, stable=1, data=two.data, evidence=two.root / "evidence", shadow=path)
    assert two.registry.records()[-1].decision == "refused"
    assert untouched(two)


@pytest.mark.gate(
    "shadow.kept_back",
    fed="a shadow that was aborted, or that was inconclusive",
    stops="shadow",
    exit="3, 4",
    reason="the checks of the shadow",
    untouched="no traffic moves, no server started, production stays",
)
@pytest.mark.parametrize("outcome", ["abort", "inconclusive"])
def test_a_version_that_its_shadow_kept_back_meets_nobody(two: Desk, outcome: ShadowOutcome) -> None:
    """Its verdict is the rollout's, and the record holds what was seen."""
    declare(two, depends=False)
    evidence, smoked = two.root / "evidence", two.root / "smoked"
    smoked.write_text("[]")
    canary(RUN, version=2, stable=1, data=two.data, evidence=evidence, shadow=found(two, outcome))

    assert verdict(RUN, evidence) == outcome
    assert read_canary(evidence).looks == []
    known = {"version": 2, "stable": 1, "bento": "b:2", "data": two.data, "smoked": smoked}
    abort(RUN, **known, evidence=evidence, report=two.root / "report.html")
    record = two.registry.records()[-1]
    assert (record.decision, record.version) == (outcome, 2)
    assert record.reason.startswith("shadow.metric: ")
    assert record.canary is not None
    assert record.canary.shadow == read_shadow(two.root / "shadow.json")
    assert two.registry.resolve("production") == 1
    assert "no user met it" in (two.root / "report.html").read_text()
    assert untouched(two)


def test_where_outcomes_depend_on_the_answer_nothing_is_asked(two: Desk) -> None:
    """And the canary is not kept back by it."""
    path = two.root / "shadow.json"
    shadow(RUN, version=2, stable=1, data=two.data, evidence=path)
    evidence = read_shadow(path)

    assert (evidence.decides, evidence.offered, evidence.looks) == (False, 0, [])
    assert evidence.verdict.outcome == "pass"
    assert untouched(two)
