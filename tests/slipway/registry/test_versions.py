"""Decision records in a real registry: added, never changed, found again and in order."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import Result
from typer.testing import CliRunner

from slipway.base.errors import SlipwayError, UsageError
from slipway.cli import app
from slipway.cli.jobs import record_of
from slipway.records.decision import DecisionRecord
from slipway.records.seal import Seal, unsigned
from slipway.registry.kept_records import RECORD, SEALS
from slipway.registry.tracking import INJECTED, PARENT, RUN
from slipway.registry.versions import Registry
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.stages import record as stage
from slipway.stages.run import RunRef
from slipway.trust.signing import LocalKey
from tests.slipway.cli.conftest import only_line, slipway
from tests.slipway.report import sample
from tests.slipway.root import ROOT

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with settings alone."""
    root = tmp_path_factory.mktemp("registry") / "a project"
    (root / "systems" / "ad_click").mkdir(parents=True)
    for name in ("project.yaml", "systems/ad_click/system.yaml"):
        shutil.copyfile(ROOT / name, root / name)
    return root


@pytest.fixture
def registry(root: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A line of its own in the embedded registry of the project, which is the working directory."""
    monkeypatch.chdir(root)
    return Registry(Line(Project(root), f"line{uuid4().hex[:8]}", "small"))


def record(registry: Registry, number: int = 1, **changes: object) -> DecisionRecord:
    """A decision that names no version, in a run of its own."""
    run = registry.start_run("rollout", f"run{number}", "f")
    known = {"id": f"20260301T120000{number:03d}-r", "version": None, "run": run}
    return sample.record(**(known | changes))


def kept(registry: Registry, made: DecisionRecord) -> Path:
    """The file of a record."""
    return registry.artifact(made.run or "", f"records/{made.id}.json")


def test_a_record_may_be_kept_twice(registry: Registry, tmp_path: Path) -> None:
    """As by a restart that finishes a move: the file is not even written again."""
    made = record(registry)
    registry.keep(made, tmp_path)
    before = kept(registry, made).stat().st_mtime_ns
    registry.keep(made, tmp_path)

    assert registry.records() == [made]
    assert kept(registry, made).stat().st_mtime_ns == before


@pytest.mark.gate(
    "record.unchanged",
    fed="a second record under the id of one that is kept, with another reason",
    stops="record",
    exit=1,
    reason="says something else; no record is changed",
    untouched="the record is the one that was kept first",
)
def test_a_record_is_never_changed(registry: Registry, tmp_path: Path) -> None:
    """History is not rewritten."""
    made = record(registry)
    registry.keep(made, tmp_path)
    before = kept(registry, made).read_bytes()

    with pytest.raises(SlipwayError, match="says something else; no record is changed"):
        registry.keep(made.model_copy(update={"reason": "it was always so"}), tmp_path)
    assert kept(registry, made).read_bytes() == before
    assert registry.records() == [made]


@pytest.mark.parametrize("size", [0, 1, 700])
def test_a_record_that_was_cut_off_is_written_again(registry: Registry, tmp_path: Path, size: int) -> None:
    """A process was killed in the middle of it, before anything pointed at it."""
    made = record(registry)
    part = tmp_path / "part" / f"{made.id}.json"
    part.parent.mkdir()
    part.write_text(made.model_dump_json()[:size])
    registry.client.log_artifact(made.run, str(part), "records")
    assert registry.records() == []
    registry.keep(made, tmp_path)

    assert registry.records() == [made]


@pytest.mark.gate(
    "record.schema",
    fed="a record whose fields do not hold against its schema",
    stops="record",
    exit=1,
    reason="this is no DecisionRecord: version: should be a valid integer",
    untouched="no record is kept",
)
def test_a_record_is_held_against_its_schema_when_it_is_written(registry: Registry, tmp_path: Path) -> None:
    """Pydantic does not check what is changed in a copy."""
    made = record(registry).model_copy(update={"version": "two"})

    with (
        pytest.warns(UserWarning, match="Pydantic serializer"),
        pytest.raises(SlipwayError, match=r"this is no DecisionRecord: version: should be a valid integer"),
    ):
        registry.keep(made, tmp_path)
    assert registry.records() == []


def spoil(registry: Registry, made: DecisionRecord, **changes: object) -> str:
    """Put another record in the place of the newest, signed as by another slipway; what reading it says."""
    path = kept(registry, made)
    content = json.dumps(json.loads(path.read_text()) | changes).encode()
    beside = registry.artifact(made.run or "", f"{SEALS}/{made.id}.json")
    before = Seal.model_validate_json(beside.read_bytes()).before
    seal = unsigned(made, content, registry.name, before, [])
    signer = LocalKey(registry.line.project.state)
    sealed = seal.model_copy(update={"signature": signer.sign(seal.statement())})
    path.write_bytes(content)
    beside.write_text(sealed.model_dump_json())
    shutil.rmtree(registry.line.project.state / "heads", ignore_errors=True)
    told: list[SlipwayError] = []
    registry.records(skip=told.append)
    with pytest.raises(SlipwayError) as caught:
        registry.records()
    assert [str(one) for one in told] == [str(caught.value)]
    return str(caught.value)


def test_a_record_that_cannot_be_read_hides_no_other(registry: Registry, tmp_path: Path) -> None:
    """It is named in one line: a newer slipway's by its schema, a spoilt one by its field."""
    one, two = record(registry, 1), record(registry, 2)
    for made in (one, two):
        registry.keep(made, tmp_path)
    newer = spoil(registry, two, schema_version=4, more="fields")
    spoilt = spoil(registry, two, schema_version=3, more="fields")

    assert registry.records(skip=lambda error: None) == [one]
    assert newer.endswith(
        f"records/{two.id}.json: schema_version 4 of a DecisionRecord was written by a newer slipway, "
        "this one reads up to 3: upgrade slipway"
    )
    assert f"records/{two.id}.json: this is no DecisionRecord: more: unknown key" in spoilt
    assert "\n" not in newer + spoilt


@pytest.mark.parametrize("jump", [timedelta(0), timedelta(milliseconds=-1), timedelta(days=-400)])
def test_a_clock_that_is_set_back_reorders_nothing(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    """Records keep what the clock said; their order is that of the decisions."""
    run = RunRef(id="r", system="ad_click", size="small", revision="WORKSPACE", fingerprint="f")
    for at, reason in ((NOON, "first"), (NOON + jump, "second"), (NOON + jump, "third")):
        monkeypatch.setattr(stage, "now", lambda at=at: at)
        made = stage.new_record(run, registry, "rollout", "refused", reason, stage.Known())
        registry.keep(made, tmp_path)
        assert registry.last_record() == made.id

    found = registry.records()
    assert [one.reason for one in found] == ["first", "second", "third"]
    assert [one.at for one in found] == [NOON, NOON + jump, NOON + jump]
    assert found[-1] == registry.records("r")[-1]


def test_the_newest_record_of_a_run_is_its_last(
    registry: Registry, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a command returns, on a clock that goes backwards."""
    run = RunRef(id=uuid4().hex, system="ad_click", size="small", revision="WORKSPACE", fingerprint="f")
    line = Registry(Line(Project(root), "ad_click", "small"))
    for hours, reason in ((5, "first"), (1, "second")):
        monkeypatch.setattr(stage, "now", lambda hours=hours: NOON + timedelta(hours=hours))
        line.keep(stage.new_record(run, line, "rollout", "refused", reason, stage.Known()), tmp_path)

    assert record_of(line.line, run.id).reason == "second"


def test_a_run_that_kubeflow_injected_is_used(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it lies in this line's experiment."""
    injected = registry.start_run("training", "before", "f")
    monkeypatch.setenv(INJECTED, injected)

    assert registry.start_run("training", "after", "f") == injected


def test_an_injected_run_of_another_experiment_is_the_parent(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """History finds the record, and each of both runs leads to the other."""
    client = registry.client
    injected = client.create_run(client.create_experiment(f"kubeflow {uuid4().hex}")).info.run_id
    monkeypatch.setenv(INJECTED, injected)
    made = record(registry)
    registry.keep(made, tmp_path)

    assert made.run != injected
    assert registry.records() == [made]
    assert client.get_run(made.run).data.tags[PARENT] == injected
    assert client.get_run(injected).data.tags[RUN] == made.run
    assert RECORD not in client.get_run(injected).data.tags


@pytest.mark.gate(
    "record.run",
    fed="a run id in MLFLOW_RUN_ID that the registry does not have",
    stops="record",
    exit=2,
    reason="MLFLOW_RUN_ID: found",
    untouched="no run begun, no record kept",
)
def test_an_injected_run_that_is_not_there_is_told(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that was left in a shell."""
    monkeypatch.setenv(INJECTED, "f" * 32)

    with pytest.raises(UsageError, match=f"MLFLOW_RUN_ID: found '{'f' * 32}', but the embedded registry has"):
        registry.start_run("training", "r", "f")
    experiment = registry.client.get_experiment_by_name(registry.name).experiment_id
    assert registry.client.search_runs([experiment]) == []
    assert registry.records() == []


def invoke(*arguments: str) -> Result:
    """A command, in this process."""
    return CliRunner().invoke(app, arguments)


@pytest.fixture(scope="module")
def lived(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The line of ad click at full size: a first version, a promotion, and a record of a newer slipway."""
    registry, folder = Registry(Line(Project(root), "ad_click", "full")), tmp_path_factory.mktemp("records")
    moves = (("first", 1), ("promote", 2), ("rollback", 1))
    for number, (decision, version) in enumerate(moves, 1):
        run = registry.start_run("rollout", f"lived{number}", "f")
        client = registry.client
        if number == 1:
            client.create_registered_model(registry.name)
        if number < 3:
            client.create_model_version(registry.name, "nowhere", run)
        made = sample.record(
            id=f"2026030{number}T120000000-r",
            at=NOON + timedelta(days=number - 1),
            decision=decision,
            version=version,
            reason=f"[/why] {decision}",
            run=run,
        )
        registry.keep(made, folder)
    spoil(registry, made, schema_version=4)
    return registry


def test_history_lists_what_it_can_read(lived: Registry, registry: Registry) -> None:
    """One warning for the record of a newer slipway; a reason with brackets is shown as it is."""
    table, listed = invoke("history", "--size", "full"), invoke("history", "--size", "full", "--json")

    assert (table.exit_code, listed.exit_code) == (0, 0), table.output + listed.output
    assert "2 decisions" in table.stdout
    assert "[/why]" in table.stdout
    assert ["first", "promote"] == [one["decision"] for one in json.loads(listed.stdout)]
    assert len(listed.stderr.strip().splitlines()) == 1
    assert "warning: " in listed.stderr
    assert "schema_version 4" in listed.stderr


def test_history_at_a_date_says_what_was_in_production(lived: Registry, registry: Registry) -> None:
    """A date is all of its day."""
    [found] = json.loads(invoke("history", "--at", "2026-03-01", "--size", "full", "--json").stdout)
    told = invoke("history", "--at", "2026-03-02T13:00+01:00").stdout

    assert (found["system"], found["size"]) == ("ad_click", "full")
    assert (found["production"], found["record"]) == (1, "20260301T120000000-r")
    assert [1] == [one["version"] for one in found["decisions"]]
    assert (
        "At 2026-03-02 12:00:00 UTC version 2 was in production, since 2026-03-02 12:00:00: promote" in told
    )


def test_what_is_no_date_is_a_usage_error(root: Path) -> None:
    """One line and exit code 2, before anything is read."""
    said = only_line(slipway(root, "history", "--at", "yesterday"), 2)

    assert "--at: found 'yesterday', expected an ISO date" in said
