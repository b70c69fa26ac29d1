"""Which lines commands show, and which one they work on where none is named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from slipway.cli import app
from slipway.cli.lines import existing, in_use
from slipway.registry.versions import Registry
from slipway.rollout.target import Deployed, TrafficState
from slipway.settings import Line
from slipway.settings.data import Size
from slipway.settings.root import Project
from tests.slipway.cli.conftest import settings_only
from tests.slipway.report import sample

DECIDED = (("ad_click", "full", 1), ("ad_click", "small", 2), ("churn", "small", 3))
"""A decision on each of three lines, one a day."""


def two_systems(root: Path) -> Project:
    """Settings of two systems, of which none is the default."""
    settings_only(root)
    shutil.copytree(root / "systems/ad_click", root / "systems/churn")
    for path, key, value in (
        (root / "systems/churn/system.yaml", "name", "churn"),
        (root / "project.yaml", "systems", ["ad_click", "churn"]),
        (root / "project.yaml", "default_system", None),
    ):
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {key: value}))
    return Project(root)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which something was decided on three of its four lines."""
    project = two_systems(tmp_path_factory.mktemp("lines") / "a project")
    for system, size, day in DECIDED:
        registry = Registry(Line(project, system, size))  # type: ignore[arg-type]
        made = sample.record(
            id=f"2026030{day}T120000000-r",
            system=system,
            size=size,
            decision="refused",
            version=None,
            run=registry.start_run("training", f"r{day}", "f"),
        )
        registry.keep(made, project.root)
    return project


@pytest.fixture
def project(lived: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """It is the working directory."""
    monkeypatch.chdir(lived.root)
    return Project.find()


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in which nothing was decided."""
    project = two_systems(tmp_path / "a project")
    monkeypatch.chdir(project.root)
    return project


def invoke(*arguments: str) -> Result:
    """A command, in this process."""
    return CliRunner().invoke(app, arguments)


def set_default(project: Project, system: str) -> None:
    """Name the default system."""
    path = project.root / "project.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"default_system": system}))


def make_live(project: Project, system: str, size: Size) -> Line:
    """Say that a version has the traffic of a line."""
    line = Line(project, system, size)
    line.traffic.parent.mkdir(parents=True, exist_ok=True)
    line.traffic.write_text(TrafficState(stable=Deployed(number=1, bento="b:1")).model_dump_json())
    return line


@pytest.mark.parametrize(
    ("system", "size", "found"),
    [
        (None, None, ["ad_click", "ad_click-small", "churn-small"]),
        (None, "small", ["ad_click-small", "churn-small"]),
        ("ad_click", None, ["ad_click", "ad_click-small"]),
        ("churn", "full", []),
    ],
)
def test_lines_that_exist(project: Project, system: str | None, size: Size | None, found: list[str]) -> None:
    """Those of which anything was kept; a system or a size leaves the others out."""
    assert [line.name for line in existing(system, size)] == found


def test_a_line_with_traffic_exists(empty: Project) -> None:
    """Whether or not the registry knows of it; looking makes no registry."""
    assert existing(None, None) == []
    line = make_live(empty, "churn", "small")
    assert existing(None, None) == [line]
    assert not (empty.state / "registry").exists()


def test_status_shows_every_line(project: Project) -> None:
    """As tables, and as a list for machines."""
    listed, shown = invoke("status", "--json"), invoke("status")
    assert [(one["system"], one["size"]) for one in json.loads(listed.stdout)] == [
        (system, size) for system, size, _ in DECIDED
    ]
    assert all(f"{system} ({size})" in shown.stdout for system, size, _ in DECIDED)
    assert ["small"] == [
        one["size"] for one in json.loads(invoke("status", "--system", "churn", "--json").stdout)
    ]


def test_history_shows_every_line(project: Project) -> None:
    """One list in the order of decisions; what was in production is told line by line."""
    listed, past = invoke("history", "--json"), invoke("history", "--at", "2026-03-02", "--json")
    told = invoke("history", "--at", "2026-03-02").stdout
    assert [(one["system"], one["size"]) for one in json.loads(listed.stdout)] == [
        (system, size) for system, size, _ in DECIDED
    ]
    assert [one["size"] for one in json.loads(past.stdout)] == ["full", "small", "small"]
    assert "3 decisions\n" in invoke("history").stdout
    assert "1 decisions on churn (small)" in invoke("history", "--system", "churn").stdout
    assert [line.split(":")[0] for line in told.splitlines() if "was in production" in line] == [
        "ad_click",
        "ad_click-small",
        "churn-small",
    ]


@pytest.mark.parametrize(
    ("system", "name", "said"),
    [
        (None, "churn-small", "using churn-small, the last one; --size says otherwise\n"),
        ("ad_click", "ad_click-small", "using ad_click-small, the last one; --size says otherwise\n"),
        ("churn", "churn-small", "using churn-small, the only one; --size says otherwise\n"),
    ],
)
def test_without_a_size_the_last_line_is_used(
    project: Project, capsys: pytest.CaptureFixture[str], system: str | None, name: str, said: str
) -> None:
    """It is told on standard error, so that what machines read stays as it is."""
    assert in_use(system, None).name == name
    assert capsys.readouterr() == ("", said)


def test_a_named_size_is_used_as_it_is(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the default system, whatever there is of it."""
    assert in_use(None, "full").name == "ad_click"
    assert in_use("churn", "full").name == "churn"
    assert capsys.readouterr() == ("", "")


def test_a_default_system_goes_first(empty: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Where `project.yaml` names one, no other is used unasked."""
    make_live(empty, "churn", "small")
    assert in_use(None, None).name == "churn-small"
    set_default(empty, "ad_click")
    assert in_use(None, None).name == "ad_click"
    make_live(empty, "ad_click", "full")
    assert in_use(None, None).name == "ad_click"
    assert capsys.readouterr().err.splitlines() == ["using churn-small, the only one; --size says otherwise"]


def test_serve_looks_at_traffic(project: Project) -> None:
    """What was decided on last may have none; a line that has it is chosen, whose version is gone."""
    line = make_live(project, "ad_click", "small")
    ran = invoke("serve", "--port", "0")
    line.traffic.unlink()
    assert "using ad_click-small, the only one" in ran.stderr
    assert "no version 1 in the embedded registry" in str(ran.exception)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("rollout", "nothing of slipway-demo.churn-small is in staging"),
        ("rollback --reason robots", "slipway-demo.churn-small: production is None"),
        ("clear --version 1 --reason mended", "slipway-demo.churn-small: no version 1"),
        ("package", "nothing of slipway-demo.churn-small is in staging"),
        ("publish", "nothing of slipway-demo.churn-small is in staging"),
        ("report --to report.html", "kept no report.html"),
    ],
)
def test_commands_use_the_last_line(project: Project, command: str, said: str) -> None:
    """Each says which, and goes on with that."""
    ran = invoke(*command.split())
    assert "using churn-small, the last one" in ran.stderr
    assert said in str(ran.exception)


def test_a_decision_is_found_on_any_line(project: Project) -> None:
    """By its id."""
    told = invoke("report", "--record", "20260301T120000000-r", "--format", "markdown")
    assert told.exit_code == 0, told.output
    assert told.stderr == ""


@pytest.mark.parametrize("command", ["train", "demo"])
def test_commands_that_begin_lines_keep_the_full_size(
    project: Project, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Whatever was decided on last."""
    seen: list[Line] = []

    def stop(line: Line, *_: object) -> None:
        seen.append(line)
        raise KeyboardInterrupt

    end: Callable[..., None] = stop
    monkeypatch.setattr("slipway.cli.jobs.train", end)
    monkeypatch.setattr("slipway.data.versions.run_stages", end)
    monkeypatch.setattr("slipway.cli.demo._ready", lambda *_: None)
    invoke(command)
    assert [line.name for line in seen] == ["ad_click"]
