"""What is read from the embedded database is what MLflow says, and takes no MLflow."""

import subprocess
import sys
from pathlib import Path

import pytest
from mlflow.utils.file_utils import local_file_uri_to_path

from slipway.base.errors import SlipwayError
from slipway.records.decision import record_id
from slipway.registry.artifacts import local_folder
from slipway.registry.embedded import OWN, Embedded, Run
from slipway.registry.kept_records import RECORD
from slipway.registry.tracking import DATABASE
from slipway.registry.versions import Registry


@pytest.fixture
def database(registry: Registry) -> Embedded:
    """The database of a line that has lived."""
    return Embedded(registry.folder / DATABASE)


def test_runs_are_those_that_mlflow_finds(registry: Registry, database: Embedded) -> None:
    """With their state, their address and slipway's tags; without those that somebody deleted."""
    client = registry.client
    experiment = client.get_experiment_by_name(registry.name).experiment_id
    client.create_run(experiment, tags={"theirs": "no record"})
    client.create_run(experiment, tags={RECORD: ""})
    client.create_run(client.create_experiment("another"), tags={RECORD: "20260301T120000001-r"})
    client.delete_run(client.create_run(experiment, tags={RECORD: "deleted"}).info.run_id)
    client.set_terminated(
        client.create_run(experiment, tags={RECORD: "x", "slipway_": "y"}).info.run_id, "FAILED"
    )

    due = [Run.of(one) for one in client.search_runs([experiment], f"tags.`{RECORD}` != ''")]
    assert len(due) == 7
    assert {run.id: run for run in database.runs(registry.name, RECORD)} == {run.id: ours(run) for run in due}
    for run in due:
        whole = Run.of(client.get_run(run.id))
        found = database.run(run.id)
        assert found is not None
        assert (found.status, found.artifacts, found.tags) == (whole.status, whole.artifacts, whole.tags)
    assert database.run("f" * 32) is None


def ours(run: Run) -> Run:
    """A run with those of its tags that are slipway's."""
    return Run(run.id, run.status, run.artifacts, {k: v for k, v in run.tags.items() if k.startswith(OWN)})


def test_versions_and_aliases_are_those_that_mlflow_finds(registry: Registry, database: Embedded) -> None:
    """Without a version that somebody deleted, and so without its aliases."""
    client = registry.client
    client.create_registered_model("another")
    client.create_model_version("another", "nowhere", tags={"other": "1"})
    client.set_registered_model_alias(registry.name, "canary", "3")
    client.delete_model_version(registry.name, "3")

    due = client.search_model_versions(f"name = '{registry.name}'")
    assert len(due) == 2
    names = ("run_id", "source", "current_stage", "tags")
    found = {one.version: [getattr(one, name) for name in names] for one in database.versions(registry.name)}
    assert found == {int(one.version): [getattr(one, name) for name in names] for one in due}
    aliases = client.get_registered_model(registry.name).aliases
    assert database.aliases(registry.name) == {alias: int(number) for alias, number in aliases.items()}
    assert database.experiment(registry.name) == client.get_experiment_by_name(registry.name).experiment_id
    assert (database.experiment("none"), database.versions("none"), database.aliases("none")) == (
        None,
        [],
        {},
    )


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """In a line, with its path; and none is made."""
    (tmp_path / DATABASE).write_bytes(b"SQLite format 3\0" + b"no" * 5000)
    with pytest.raises(SlipwayError, match=r"mlflow\.db: .*; see `slipway doctor`"):
        Embedded(tmp_path / DATABASE).experiment("x")
    with pytest.raises(SlipwayError, match=r"none\.db: unable to open database file"):
        Embedded(tmp_path / "none.db").experiment("x")
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    "uri",
    [
        "file:///a/b",
        "/a/b",
        "file:///a%20b/c",
        "/a%20b",
        "file:///a/../b",
        "a/b",
        "file:a/b",
        "file:///a;b?c#d",
        "/a#b",
    ],
)
def test_an_address_means_the_folder_that_mlflow_goes_to(uri: str) -> None:
    """Else what is compared is not what is read."""
    assert local_folder(uri) == Path(local_file_uri_to_path(uri))


@pytest.mark.parametrize("command", [["status"], ["history"], ["report", "--format", "markdown"]])
def test_who_looks_does_not_wait_for_mlflow(registry: Registry, command: list[str]) -> None:
    """It takes longer to import than thousands of decisions to read."""
    script = (
        "import sys\nfrom typer.testing import CliRunner\nfrom slipway.cli import app\n"
        f"done = CliRunner().invoke(app, {command!r})\n"
        "print(done.output, done.exit_code, 'mlflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=registry.line.project.root,
    )
    assert done.stdout.endswith("0 False\n")


def test_ids_stand_in_the_order_in_which_mlflow_would_sort_them(registry: Registry) -> None:
    """The newest of a line is asked for without its runs being read."""
    assert registry.last_record() == max(registry.chain().entries)
    assert registry.last_record() < record_id(registry.records()[-1].at.replace(year=2030), "r")
