"""A line that an older slipway left goes on: its version is served, tried against and rolled back to."""

import json
import re
import shutil
from pathlib import Path

import pytest

from slipway.base.documents import read
from slipway.records.canary import CanaryEvidence
from slipway.records.decision import DecisionRecord
from slipway.release import servers
from slipway.release.bento import bento_path
from slipway.report import markdown, render
from slipway.rollout.status import look
from slipway.rollout.target import Deployed, TrafficState
from slipway.rollout.targets import bind
from slipway.stages.canary import canary
from slipway.stages.clear import clear
from slipway.stages.move import recover
from slipway.stages.rollback import roll_back
from slipway.stages.smoke import read_checks, smoke
from slipway.version.packed import require_packed
from tests.slipway.cli.conftest import slipway
from tests.slipway.older.line import NEWER, OLDER, unpacked, upgraded
from tests.slipway.report.sample import card
from tests.slipway.stages.packaged import RUN, Packaged

pytestmark = pytest.mark.long
REASON = "clicks from robots"
FIGURE, PLOT = re.compile(r"\d+\.\d{3,}"), re.compile(r"<(svg|style).*?</\1>", re.DOTALL)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """The older version is live, a newer one is registered."""
    return upgraded(tmp_path_factory.mktemp("upgraded") / "a project")


@pytest.fixture
def live(project: Packaged, monkeypatch: pytest.MonkeyPatch) -> Packaged:
    """The same as at first, whatever another test moved; and the test stands in it."""
    monkeypatch.chdir(project.root)
    if project.registry.get(NEWER).barred:
        clear(project.line, NEWER, "tried again")
    for alias, number in (("canary", None), ("previous", None), ("production", OLDER)):
        project.registry.point(alias, number)  # type: ignore[arg-type]
    shutil.copyfile(project.root.parent / "older" / "traffic.json", project.line.traffic)
    return project


@pytest.mark.deep
def test_its_bento_carries_its_own_code_and_passes_the_smoke_test(live: Packaged, tmp_path: Path) -> None:
    """By modules that lie elsewhere by now; contract, scores, typed answers and budget are as today's."""
    smoke(RUN, version=OLDER, bento=live.bentos[OLDER], checks=tmp_path / "checks.json")
    bento = bento_path(live.line.project, live.bentos[OLDER]) / "src"

    assert [one.code for one in read_checks(tmp_path / "checks.json") if not one.passed] == []
    assert require_packed(bento, live.registry.get(OLDER).digest).number == OLDER
    assert (bento / "slipway" / "errors.py").is_file()
    assert not (bento / "slipway" / "base").exists()


@pytest.mark.deep
def test_where_its_traffic_went_is_read(live: Packaged) -> None:
    """By the tag of its Bento, which is all that was written down then."""
    stable = Deployed(number=OLDER, bento=live.bentos[OLDER])
    assert live.traffic() == TrafficState(schema_version=1, stable=stable)
    assert look(live.registry).problems == []

    target = bind(live.line)
    with target.lease.held():
        assert target.placement.answering() == OLDER
    assert servers.running(live.line.project) == []


@pytest.mark.deep
def test_a_newer_version_is_tried_against_it(live: Packaged, tmp_path: Path) -> None:
    """The answers of both are read, request by request, and there is a verdict."""
    canary(RUN, version=NEWER, stable=OLDER, data=live.data, evidence=tmp_path / "evidence.json")
    found = read(tmp_path / "evidence.json", CanaryEvidence)
    last = found.looks[-1]

    assert (found.stable, found.canary) == (OLDER, NEWER)
    assert (last.stable.errors, last.canary.errors) == (0, 0)
    assert min(last.stable.requests, last.canary.requests) > 100
    assert last.stable.mean is not None
    assert servers.running(live.line.project) == []


@pytest.mark.deep
def test_a_move_of_then_that_was_killed_is_finished(live: Packaged) -> None:
    """Its intent holds a record of then; traffic had moved already, and the aliases follow."""
    record = json.loads((live.root.parent / "older" / "first.json").read_bytes())
    run = live.registry.records()[1].run
    live.registry.point("production", None)
    live.line.intent.parent.mkdir(exist_ok=True)
    live.line.intent.write_text(json.dumps({"schema_version": 1, "record": record | {"run": run}}))

    assert recover(live.line) == f"a first of version {OLDER} had moved traffic and was finished"
    assert live.registry.resolve("production") == OLDER
    assert not live.line.intent.exists()
    assert servers.running(live.line.project) == []


def test_production_goes_back_to_it(live: Packaged) -> None:
    """From a version of today, by today's command, and its record holds the evidence of then."""
    registry = live.registry
    live.went_live(OLDER, NEWER)
    stable = {"number": NEWER, "bento": live.bentos[NEWER]}
    live.line.traffic.write_text(json.dumps({"schema_version": 1, "stable": stable}))
    shutil.rmtree(bento_path(live.line.project, live.bentos[OLDER]))

    roll_back(live.line, REASON)

    kept = registry.records()[-1]
    assert (kept.decision, kept.version, kept.replaced) == ("rollback", OLDER, NEWER)
    assert kept.evaluation is not None
    assert kept.evaluation.task == "click"
    assert [registry.resolve(alias) for alias in ("production", "previous", "canary")] == [OLDER, None, None]
    assert registry.get(NEWER).barred == REASON
    assert live.traffic() == TrafficState(stable=live.deployed(OLDER))
    assert REASON in registry.artifact(kept.run or "", "report.html").read_text()
    assert servers.running(live.line.project) == []


@pytest.mark.deep
def test_its_decisions_are_listed_and_their_reports_are_those_of_then(live: Packaged) -> None:
    """The page of a decision was drawn when it was taken and is kept."""
    older = live.root.parent / "older"
    listed = slipway(live.root, "history", "--size", "small", "--json")
    first = json.loads((older / "first.json").read_bytes())["id"]
    page = slipway(live.root, "report", "--record", first, "--to", str(older / "page.html"))

    assert listed.returncode == 0, listed.stderr
    assert listed.stderr == ""
    assert [(one["decision"], one["version"]) for one in json.loads(listed.stdout)][:2] == [
        ("registered", OLDER),
        ("first", OLDER),
    ]
    assert page.returncode == 0, page.stderr
    assert (older / "page.html").read_bytes() == (older / "first.html").read_bytes()


@pytest.mark.parametrize("decision", ["registered", "first"])
def test_a_record_of_then_is_drawn_by_the_page_of_today(decision: str, tmp_path: Path) -> None:
    """Every figure of three and more decimals that the page of then showed is there, in its text."""
    older = unpacked(tmp_path)
    record = read(older / f"{decision}.json", DecisionRecord)
    page = render(record, card(), None)
    before, now = (
        set(FIGURE.findall(PLOT.sub("", one))) for one in ((older / f"{decision}.html").read_text(), page)
    )

    assert len(before) > 20
    assert before <= now
    assert f"### ✓ {decision}" in markdown(record)
