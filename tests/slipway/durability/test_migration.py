"""A line of the embedded registry is carried to a shared one, and holds there as it did here."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from mlflow import MlflowClient
from typer.testing import CliRunner

from slipway.base.errors import Refused, SlipwayError, UsageError
from slipway.cli import app
from slipway.registry.holdouts import Holdouts
from slipway.registry.migration import FROM, WHOLE, _all_runs, migrate
from slipway.registry.mlmodel import inside
from slipway.registry.model_version import DIGEST
from slipway.registry.versions import Registry
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.durability.conftest import Yard
from tests.slipway.durability.scenes import SIZE, SYSTEM, aliases
from tests.slipway.durability.served import served
from tests.slipway.stages.shared import ISSUER, WORKFLOW, sign, sign_records
from tests.slipway.trust.authority import Authority

ARCHIVES = "tests.slipway.durability.archives"
CARRYING = "slipway/registry/migration.py:*"


@pytest.fixture(scope="module")
def lived(yard: Yard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which version 2 was promoted over 1, 3 was deleted, and 4 is registered."""
    yard.set_back("two")
    root = Path(shutil.copytree(yard.root, tmp_path_factory.mktemp("lived") / "a project"))
    yard.forks.done(root, f"{ARCHIVES}:with_gap")
    return root


@pytest.fixture
def line(lived: Path, tmp_path: Path) -> Line:
    """The line of a project of its own."""
    return Line(Project(Path(shutil.copytree(lived, tmp_path / "a project"))), SYSTEM, SIZE)


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory, yard: Yard) -> Path:
    """The database of an empty registry, to copy."""
    folder = tmp_path_factory.mktemp("laid out")
    yard.forks.done(folder, f"{ARCHIVES}:made", str(folder / "shared.db"))
    return folder / "shared.db"


@pytest.fixture
def empty(laid_out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A shared registry with nothing in it: a database of this machine, which takes no time to start."""
    shutil.copyfile(laid_out, tmp_path / "shared.db")
    monkeypatch.chdir(tmp_path)  # below it MLflow keeps the artifacts of such a registry
    return f"sqlite:///{tmp_path / 'shared.db'}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of MLflow's."""
    with served(tmp_path_factory.mktemp("served")) as address:
        yield address


def seen(registry: Registry) -> dict[str, Any]:
    """What a registry holds of a line, without the ids of runs."""
    versions = {int(one.version): one for one in registry._versions()}
    runs = {
        one.info.run_id: (
            one.info.run_name,
            one.info.start_time,
            one.info.status,
            one.data.metrics,
            one.data.params,
        )
        for one in _all_runs(registry, registry.name)
    }
    chain = registry.chain()
    kept = {one.id: one.kept for one in (*chain.entries.values(), *chain.waiting)}
    return {
        "aliases": aliases(registry),
        "versions": {number: (one.tags[DIGEST], one.description or "") for number, one in versions.items()},
        "of runs": {number: runs[one.run_id] for number, one in versions.items()},
        "runs": sorted(map(str, runs.values())),
        "records": {name: (one.content, runs[one.run]) for name, one in kept.items()},
        "uses": [
            (one.digest, one.place, one.rows.text()) for one in Holdouts(registry.line, registry.uri).uses()
        ],
    }


def signed_by_workflow(target: Registry) -> None:
    """What the job that has the identity does with what was left to sign."""
    authority = Authority()
    root = target.line.project.root
    authority.write_root(root / "root.json")
    settings = root / "project.yaml"
    named = f"trust: {{issuer: '{ISSUER}', identity: '{WORKFLOW}', trusted_root: root.json}}\n"
    settings.write_text(settings.read_text() + named)
    sign_records(target, authority)
    for number in (1, 2, 4):
        sign(target, authority, number)


@pytest.mark.long
def test_it_holds_on_a_server_as_it_did_here(
    line: Line, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next number is the next one there too; nothing counts before it is signed, and then all does."""
    monkeypatch.chdir(line.project.root)
    table = CliRunner().invoke(app, ["history", "--all"]).stdout
    before, here = CliRunner().invoke(app, ["history", "--verify"]), seen(Registry(line))
    found = CliRunner().invoke(app, ["migrate", "registry", "--to", server])
    assert before.exit_code == 0, before.output
    assert found.exit_code == 0, found.output
    target = Registry(line, server)

    assert {one.kind for one in target.chain().breaks} == {"unsigned"}
    assert not target.chain().entries
    signed_by_workflow(target)
    fresh = Line(Project(line.project.root), SYSTEM, SIZE)
    assert seen(Registry(fresh, server)) == here
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    after = CliRunner().invoke(app, ["history", "--verify"])
    assert after.exit_code == 0, after.output
    assert f"6 decision records verified, 6 signed by keyless {WORKFLOW}" in after.stdout
    assert (CliRunner().invoke(app, ["history", "--all"]).stdout, "6 decisions" in table) == (table, True)
    listed = CliRunner().invoke(app, ["history", "--all", "--json"]).stdout
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    # Byte for byte, but for the runs that the records lie in: the server has given them ids of its own.
    for one, other in zip(Registry(line).entries(), Registry(fresh, server).entries(), strict=True):
        listed = listed.replace(other.kept.run, one.kept.run)
    assert listed == CliRunner().invoke(app, ["history", "--all", "--json"]).stdout
    moved = Registry(fresh, server)
    assert all(moved.vouched(moved.get(number)) for number in (1, 2, 4))
    assert moved.register(moved.start_run("training", "next", "f"), line.project.root / "versions" / "1") == 5


def test_a_line_is_carried_once_and_wholly(line: Line, empty: str) -> None:
    """From then on it lives there."""
    here = seen(Registry(line))
    carried = migrate(line, empty, lambda _: None)
    assert carried is not None
    there = seen(Registry(line, empty))

    assert there == here
    assert sorted(there["versions"]) == [1, 2, 4]
    assert (carried.versions, carried.records, carried.to_sign) == (3, 6, 6)
    MlflowClient(empty).set_registered_model_alias(line.registered, "production", "4")
    assert migrate(line, empty, lambda _: None) is None
    assert Registry(line, empty).resolve("production") == 4


@pytest.mark.deep
def test_killed_anywhere_it_goes_on_where_it_was(
    yard: Yard, line: Line, laid_out: Path, empty: str, tmp_path: Path
) -> None:
    """No run, version or record is there twice."""
    root = line.project.root
    lines = yard.forks.run(root, f"{ARCHIVES}:carried", empty, functions=CARRYING)
    assert lines.code == 0, lines.answer
    end = yard.forks.done(root, f"{ARCHIVES}:counted", empty)
    for at in lines.spread(12):
        for path in tmp_path.glob("shared.db*"):
            path.unlink()
        shutil.copyfile(laid_out, tmp_path / "shared.db")
        assert yard.forks.run(root, f"{ARCHIVES}:carried", empty, functions=CARRYING, at=at).killed
        assert yard.forks.done(root, f"{ARCHIVES}:carried", empty) in (lines.answer, None)
        assert yard.forks.done(root, f"{ARCHIVES}:counted", empty) == end


@pytest.mark.gate(
    "migrate.direction",
    fed="a migration to the embedded registry, and one from a shared registry",
    stops="record",
    exit=2,
    reason="expected from the embedded registry to a shared one",
    untouched="nothing is made there",
)
@pytest.mark.parametrize("to_itself", [True, False])
def test_only_from_the_embedded_one_to_another(
    line: Line, empty: str, monkeypatch: pytest.MonkeyPatch, to_itself: bool
) -> None:
    """Never the other way, or to itself."""
    if not to_itself:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", empty)
    with pytest.raises(UsageError, match="expected from the embedded registry to a shared one"):
        migrate(line, line.project.embedded_tracking_uri if to_itself else empty, lambda _: None)
    assert MlflowClient(empty).search_registered_models() == []


@pytest.mark.gate(
    "migrate.intact",
    fed="a registry of which a record is gone",
    stops="record",
    exit=3,
    reason="nothing is carried that does not hold",
    untouched="nothing is made there",
)
@pytest.mark.gate(
    "migrate.moving",
    fed="a registry in which a move of production was killed",
    stops="record",
    exit=3,
    reason="a move of production was killed; what finishes it",
    untouched="nothing is made there",
)
@pytest.mark.gate(
    "migrate.alone",
    fed="a migration while another process moves production",
    stops="record",
    exit=3,
    reason="another process moves production or carries it",
    untouched="nothing is made there",
)
@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("lost", "nothing is carried that does not hold"),
        ("moving", "a move of production was killed"),
        ("locked", "another process moves production"),
    ],
)
def test_what_is_not_settled_is_not_carried(line: Line, empty: str, what: str, said: str) -> None:
    """Nothing is there afterwards."""
    lock = FileLock(line.lock)
    if what == "lost":
        registry = Registry(line)
        one = next(one for one in registry.records() if one.decision == "promote")
        registry.artifact(one.run or "", f"records/{one.id}.json").unlink()
    elif what == "moving":
        line.intent.parent.mkdir(exist_ok=True)
        line.intent.write_text("{}")
    else:
        lock.acquire()
    with pytest.raises(Refused, match=said):
        migrate(line, empty, lambda _: None)
    lock.release()
    assert MlflowClient(empty).search_registered_models() == []


@pytest.mark.gate(
    "migrate.room",
    fed="a shared registry that has versions or runs of this name",
    stops="record",
    exit=3,
    reason="is there already, and not from here",
    untouched="nothing is added there",
)
@pytest.mark.parametrize("model", [True, False])
def test_a_line_of_others_is_not_added_to(line: Line, empty: str, model: bool) -> None:
    """Neither to their versions nor to their runs."""
    client = MlflowClient(empty)
    client.create_registered_model(line.registered) if model else client.create_experiment(line.registered)
    with pytest.raises(Refused, match="is there already, and not from here"):
        migrate(line, empty, lambda _: None)
    assert client.search_model_versions() == []
    assert len(client.search_registered_models()) == model


@pytest.mark.gate(
    "migrate.number",
    fed="a shared registry in which somebody else registers a version of this name meanwhile",
    stops="record",
    exit=1,
    reason="is not from here: somebody else registers there",
    untouched="no alias is set, nothing is to be signed",
)
@pytest.mark.gate(
    "migrate.records",
    fed="a registry that was carried, and of whose runs one then lost the tag of its record",
    stops="record",
    exit=1,
    reason="not all records arrived",
    untouched="the line is not marked as carried",
)
@pytest.mark.gate(
    "migrate.versions",
    fed="a registry that was carried, and of whose versions one then changed a file",
    stops="record",
    exit=1,
    reason="which file of the version is not what its digest says",
    untouched="the line is not marked as carried",
)
@pytest.mark.parametrize("what", ["number", "records", "versions"])
def test_what_did_not_arrive_is_told(line: Line, empty: str, tmp_path: Path, what: str) -> None:
    """It is read back as another process would."""
    migrate(line, empty, lambda _: None)
    client, target = MlflowClient(empty), Registry(line, empty)
    client.delete_registered_model_tag(target.name, WHOLE)
    if what == "number":
        client.set_model_version_tag(target.name, "4", FROM, "3")
    elif what == "records":
        client.delete_tag(target.chain().waiting[0].kept.run, "slipway.record")
    else:
        target.fetch(1, tmp_path / "out")
        folder = Path(client.get_model_version(target.name, "1").source.removeprefix("file://"))
        (inside(folder) / "manifest.json").write_text("{}")
    with pytest.raises(SlipwayError, match=r"somebody else registers there|not all records|manifest\.json"):
        migrate(line, empty, lambda _: None)
    assert WHOLE not in client.get_registered_model(target.name).tags
