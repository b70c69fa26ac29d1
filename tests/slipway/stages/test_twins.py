"""Bits that are registered already: refused at the gate, so that no schedule registers them every week."""

import pytest

from slipway.base.digest import sha256
from slipway.base.errors import Refused
from slipway.cli.demo import registered_already
from slipway.evaluation.gate import decide
from slipway.records.decision import DecisionRecord
from slipway.records.evidence import Twin
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.stages.evaluate import twin
from slipway.stages.register import register
from slipway.version.manifest import MANIFEST
from tests.slipway.report import sample
from tests.slipway.stages.conftest import RUN, Desk

AGAIN = RUN.model_copy(update={"id": "20260109-030405-bbbbbb"})
BARRED, SAME = Twin(version=3, barred="clicks from robots"), Twin(version=3, barred=None)


@pytest.mark.gate(
    "candidate.unregistered",
    fed="a candidate with the bits of a version that is registered, or barred",
    stops="gate",
    exit=3,
    reason="the version that has them, and why it is barred or how it is tried",
    untouched="nothing registered",
)
@pytest.mark.parametrize(
    ("found", "said"),
    [
        (SAME, "those of version 3; `slipway rollout --version 3` tries it"),
        (BARRED, "those of version 3, which is barred: clicks from robots"),
    ],
)
def test_the_gate_refuses_bits_that_a_version_has(found: Twin, said: str) -> None:
    """Whatever else speaks for the candidate."""
    card, known = sample.card(), sample.evidence(champion=False)
    before = decide(known, card.task, card.gate, card.problem.p99_latency_ms)
    verdict = decide(
        known.model_copy(update={"twin": found}), card.task, card.gate, card.problem.p99_latency_ms
    )
    [check] = [one for one in verdict.checks if one not in before.checks]
    assert (check.code, check.refuses, check.found) == ("candidate.unregistered", True, said)
    assert not verdict.passed


def line(desk: Desk) -> Line:
    """Of the desk."""
    return Line(Project(desk.root), "ad_click", "small")


def test_a_version_is_known_by_its_bits(desk: Desk) -> None:
    """To the runs after the one that registered it, as long as its record is there; and with its bar."""
    digest = sha256(desk.models / "candidate" / MANIFEST)
    assert twin(line(desk), AGAIN, digest, None) is None
    assert register(RUN, **desk.files) == 1
    assert twin(line(desk), RUN, digest, None) is None
    assert twin(line(desk), AGAIN, digest, None) == Twin(version=1, barred=None)
    assert twin(line(desk), AGAIN, digest, 1) is None
    assert twin(line(desk), AGAIN, "0" * 64, None) is None
    desk.registry.bar(1, "clicks from robots")
    assert twin(line(desk), AGAIN, digest, None) == Twin(version=1, barred="clicks from robots")


def test_what_a_kill_left_is_no_twin(desk: Desk) -> None:
    """A version without a record is never rolled out, so its bits have to be registered anew."""
    run = desk.registry.start_run("training", RUN.id, "f")
    assert desk.registry.register(run, desk.models / "candidate") == 1
    assert twin(line(desk), AGAIN, sha256(desk.models / "candidate" / MANIFEST), None) is None


@pytest.mark.gate(
    "evidence.twin",
    fed="evidence from before another run registered the same bits",
    stops="register",
    exit=3,
    reason="evidence.twin",
    untouched="nothing registered, no alias moved",
)
def test_two_runs_do_not_register_the_same(desk: Desk) -> None:
    """Both were judged when there was no such version."""
    assert register(RUN, **desk.files) == 1
    with pytest.raises(Refused, match=r"evidence.twin: None \(allowed: those of version 1; "):
        register(AGAIN, **desk.files)
    assert len(desk.registry.client.search_model_versions(f"name = '{desk.registry.name}'")) == 1


def test_a_demo_goes_on_with_the_version_that_there_is() -> None:
    """Its training may have been the last thing before a kill; a bar, or any other check, ends it."""

    def refused(found: Twin | None, *codes: str) -> DecisionRecord:
        checks = [one.model_copy(update={"code": code, "passed": False}) for code in codes for one in [CHECK]]
        evidence = sample.evidence(champion=False).model_copy(update={"twin": found})
        return sample.record(
            decision="refused", version=None, checks=checks, evaluation=evidence, canary=None
        )

    assert registered_already(refused(SAME, "candidate.unregistered")) == 3
    assert registered_already(refused(BARRED, "candidate.unregistered")) is None
    assert registered_already(refused(SAME, "candidate.unregistered", "candidate.size")) is None
    assert registered_already(refused(None, "candidate.size")) is None


CHECK = sample.record().checks[0]
