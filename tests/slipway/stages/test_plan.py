"""The plan of a line whose registry holds versions; what it takes from them."""

import shutil
from pathlib import Path

import pytest
import yaml

from slipway.base.errors import Refused, SlipwayError, UsageError
from slipway.rollout.plan import Expected
from slipway.stages.plan import Planned, planned, recorded_error_rate, simulate
from tests.slipway.report import sample
from tests.slipway.rollout.live import short, write_replay
from tests.slipway.root import ROOT
from tests.slipway.stages.conftest import Desk
from tests.slipway.stages.test_refusals import enter
from tests.slipway.tiny import tiny_version


@pytest.fixture
def line(desk: Desk) -> Desk:
    """Version 1 is in production, version 2 in staging; a short rollout, and rows for it."""
    for _ in range(2):
        desk.retrain()
        enter(desk)
    desk.registry.point("production", 1)
    folder = desk.root / "systems" / "ad_click"
    for file in (ROOT / "systems" / "ad_click").glob("*.py"):
        shutil.copyfile(file, folder / file.name)
    path = folder / "system.yaml"
    rollout = short(desk.registry.line.card).rollout.model_dump(mode="json")
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"rollout": rollout}))
    split = desk.registry.line.data / "split"
    split.parent.mkdir(parents=True)
    write_replay(split, 2100)
    return desk


def refuse(error: SlipwayError) -> None:
    """No record is expected to be unreadable."""
    raise error


def plan_of(desk: Desk, version: int | None = None) -> Planned:
    """The plan of the small line."""
    return planned(desk.registry.line, version, refuse)


def files(root: Path) -> set[Path]:
    """All of a project, but what Python compiles."""
    return {path for path in root.rglob("*") if "__pycache__" not in path.parts}


def test_the_version_in_staging_is_planned_against_the_live_one(line: Desk) -> None:
    """And nothing is written."""
    before = files(line.root)
    found = plan_of(line)

    assert (found.version, found.stable) == (2, 1)
    assert found.lines[0].startswith("2,020 of 2,100 requests")
    assert files(line.root) == before


def test_without_a_version_the_plan_is_that_of_the_card(line: Desk) -> None:
    """It can be asked for before anything is trained."""
    line.registry.point("production", None)
    line.registry.point("staging", None)
    found = plan_of(line)

    assert (found.version, found.stable, found.expected) == (None, None, None)
    assert found.effect > 0


def test_the_live_version_is_none_to_try(line: Desk) -> None:
    """After a promotion staging names it still; the plan is that of the next one."""
    line.registry.point("production", 2)
    found = plan_of(line)

    assert (found.version, found.stable) == (None, 2)


def test_errors_are_those_of_the_last_canary_of_the_live_version(line: Desk) -> None:
    """As either of its arms; a version that was in none has none."""
    evidence = sample.canary().model_copy(update={"stable": 1, "canary": 2})
    run = line.registry.start_run("rollout", "r", "f")
    line.registry.keep(
        sample.record(id="20260101T000000999-r", decision="abort", version=2, run=run, canary=evidence),
        line.root,
    )

    assert recorded_error_rate(line.registry, 1, refuse) == evidence.error_rate(1)
    assert recorded_error_rate(line.registry, 2, refuse) == evidence.error_rate(2)
    assert recorded_error_rate(line.registry, 3, refuse) is None
    assert plan_of(line).basis.error_rate == evidence.error_rate(1)


def test_the_live_version_answers_the_requests_of_a_simulation(line: Desk) -> None:
    """By its own code; the version on trial is not asked. Progress is told rollout by rollout."""
    told: list[tuple[int, int]] = []
    found = plan_of(line)
    tallies = simulate(found, 1, 0, lambda *given: told.append(given), workers=1)

    assert [len(one.ends) for one in tallies] == [1, 1, 1, 1]
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.gate("champion.rescored")
def test_a_live_version_that_is_no_longer_itself_is_not_simulated(line: Desk) -> None:
    """Worlds drawn from other answers than it gives its users would show nothing."""
    line.registry.point("production", None)
    shutil.rmtree(line.models / "candidate")
    tiny_version(ROOT, line.models / "candidate", "logistic", skew=0.1)
    line.write_evidence()
    line.registry.point("production", enter(line))
    found = plan_of(line)

    with pytest.raises(Refused, match=r"not shown to give its kept scores: 64 kept rows here"):
        simulate(found, 1, 0, lambda *given: None, workers=1)


def test_an_effect_that_is_no_gain_is_none_to_look_for(line: Desk) -> None:
    """A candidate that was worse on the holdout leaves the difference that the plan would find."""
    found = plan_of(line)
    lost = Planned(found.line, 2, 1, found.traffic, Expected(-0.3, -0.4), found.basis, None)

    assert lost.effect == found.effect > 0


def test_too_few_rows_are_told(line: Desk) -> None:
    """As the rollout would."""
    write_replay(line.registry.line.data / "split", 500)
    with pytest.raises(UsageError, match="need 2,020 requests, found 500"):
        plan_of(line)
