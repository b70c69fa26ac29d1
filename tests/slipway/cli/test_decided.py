"""What a decision makes of the command that asked for it: its exit code, and its reason in one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from slipway.base.errors import Refused
from slipway.cli import demo as command
from slipway.cli import jobs, unchanged
from slipway.data import versions
from slipway.records.decision import DecisionRecord
from tests.slipway.cli.conftest import environment, only_line
from tests.slipway.evaluation.bad import between, evidence, judged, measured_as
from tests.slipway.report import sample

DECIDED = """
import sys
from slipway.cli import jobs, main
from slipway.records.decision import DecisionRecord
from slipway.registry.versions import Registry
record = DecisionRecord.model_validate_json(sys.stdin.read())
jobs.reference = lambda *_: None
Registry.chosen = lambda _, version: version
jobs.rollout = jobs.train = lambda *_: record
main()
"""
"""The command line itself, where a pipeline has come to a decision already."""
REASON = "[b]because[/b] of this"
REFUSED = pytest.mark.gate(
    "command.refused",
    fed="a run that ended as refused or aborted",
    stops="record",
    exit=3,
    reason="the reason of the record",
    untouched="the command does not end as if all had gone well",
)
INCONCLUSIVE = pytest.mark.gate(
    "command.inconclusive",
    fed="a rollout whose evidence suffices neither way",
    stops="record",
    exit=4,
    reason="the reason of the record",
    untouched="the command does not end as if all had gone well",
)


def decided(root: Path, name: str, record: DecisionRecord) -> subprocess.CompletedProcess[str]:
    """Run a command whose pipeline has kept that record."""
    return subprocess.run(
        [sys.executable, "-c", DECIDED, *name.split(), "--size", "small"],
        cwd=root,
        env=environment({}),
        input=record.model_dump_json(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "decision", "code"),
    [
        pytest.param("train", "refused", 3, marks=REFUSED),
        pytest.param("rollout --version 2", "refused", 3, marks=REFUSED),
        pytest.param("rollout --version 2", "abort", 3, marks=REFUSED),
        pytest.param("rollout --version 2", "inconclusive", 4, marks=INCONCLUSIVE),
    ],
)
def test_a_decision_against_a_version_is_the_exit_code(
    root: Path, name: str, decision: str, code: int
) -> None:
    """And its reason the one line of the error."""
    ran = decided(root, name, sample.record(decision=decision, reason=REASON))

    assert only_line(ran, code).endswith(f": {REASON}\n")


@pytest.mark.parametrize("name", ["train", "train --allow-refusal"])
def test_a_refused_first_version_is_told_its_way_out(root: Path, name: str) -> None:
    """The key of the card, the value that admits it, what that means and what usually helps."""
    off = measured_as(calibration=between(1.15, 1.25))(evidence(champion=False))
    checks = judged(off, sample.card()).checks
    ran = decided(root, name, sample.record(decision="refused", reason=REASON, checks=checks, evaluation=off))

    assert (
        "Way out: candidate.calibration: gate.calibration decides; [0.9, 1.26] would admit it, and then "
        "what is predicted may be 0.9 to 1.26 times what comes"
    ) in " ".join(ran.stdout.split())
    assert "Usually helps: recalibration on newer rows (models.recalibrate" in " ".join(ran.stdout.split())


@pytest.mark.gate("command.refused")
@pytest.mark.parametrize(("compared", "code"), [(True, 0), (False, 3)])
def test_a_schedule_may_take_a_refusal_for_a_result(root: Path, *, compared: bool, code: int) -> None:
    """Where the gate kept the incumbent, and only there: of refused data nothing was compared."""
    record = sample.record(decision="refused", reason=REASON, **({} if compared else {"evaluation": None}))
    ran = decided(root, "train --allow-refusal", record)

    assert ran.returncode == code
    assert f"refused: {REASON}" in ran.stdout


@pytest.mark.parametrize(
    ("name", "decision"),
    [("train", "registered"), ("rollout --version 2", "promote"), ("rollout --version 2", "first")],
)
def test_a_decision_for_a_version_is_success(root: Path, name: str, decision: str) -> None:
    """Nothing is said on standard error."""
    ran = decided(root, name, sample.record(decision=decision, reason="well done"))

    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"{decision}: well done" in ran.stdout


@pytest.mark.gate("demo.baseline")
def test_a_baseline_that_is_not_first_ends_the_demo(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its training was refused: no second one is begun."""
    monkeypatch.chdir(own)
    begun: list[str] = []

    def refuse(*arguments: object) -> DecisionRecord:
        begun.append(str(arguments[1]))
        return sample.record(decision="refused", reason="worse than chance", version=None)

    for name in ("inputs_of", "last_decision", "remember"):
        monkeypatch.setattr(unchanged, name, lambda *_: None)
    monkeypatch.setattr(versions, "run_stages", lambda *_: None)
    monkeypatch.setattr(command, "_ready", lambda *_: None)
    monkeypatch.setattr(jobs, "reference", lambda *_: None)
    monkeypatch.setattr(jobs, "live", lambda *_: 0)
    monkeypatch.setattr(command, "_decide", refuse)

    with pytest.raises(Refused, match="the baseline did not go to production: worse than chance"):
        command.demo(size="small", as_json=True)
    assert begun == ["baseline"]
