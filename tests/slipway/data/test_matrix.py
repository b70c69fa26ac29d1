"""`dvc.yaml` at the root: what DVC runs for which change, with commands that only copy."""

import contextlib
import io
import json
import logging
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dvc.cli import main

from slipway.base.errors import SlipwayError
from slipway.data.versions import run_stages
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.data.test_versions import git
from tests.slipway.root import REPOSITORY

COMMAND = re.compile(r"slipway data (\w+) --system (\S+) --size (\S+)")
CARD = "data: {source: {seed: 1}, columns: {x: {}}, split: {holdout: 0.1}}\n"
SCRIPT = """\
set -e
data=data/$2/$3
case $1 in
  ingest) mkdir -p $data/raw; cat systems/$2/source/* > $data/raw/rows ;;
  check) mkdir -p $data/checks; cp $data/raw/rows $data/checks/result.json ;;
  split) mkdir -p $data/split; cp $data/raw/rows $data/split/train
    echo '{"rows": 4, "train": {"labels": {"base_rate": 0.25}}}' > $data/metrics.json
    printf 'period,label\n1,0.2\n2,0.3\n' > $data/labels.csv ;;
esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Nothing is made yet."""
    return two_systems(tmp_path / "a project")


@pytest.fixture(scope="module")
def all_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All data is made."""
    project = two_systems(tmp_path_factory.mktemp("matrix") / "a project")
    assert repro(project) == stages("left", "right")
    return project.root


@pytest.fixture
def made(all_made: Path, tmp_path: Path) -> Project:
    """A copy of it that a test may change."""
    return Project(shutil.copytree(all_made, tmp_path / "a project", symlinks=True))


def two_systems(root: Path) -> Project:
    """Two systems and the repository's own stages."""
    text = (REPOSITORY / "dvc.yaml").read_text(encoding="utf-8")
    named = {dep for stage in yaml.safe_load(text)["stages"].values() for dep in stage["deps"]}
    code = dict.fromkeys((dep for dep in named if dep.startswith("slipway/")), "")
    of_dvc = (".dvc/config", ".dvc/.gitignore", ".dvcignore")
    files = {name: (REPOSITORY / name).read_text(encoding="utf-8") for name in of_dvc} | {
        ".gitignore": "/data/\n.slipway/\n__pycache__/\n",
        "project.yaml": "systems: [left, right]\n",
        "dvc.yaml": COMMAND.sub(r"sh stage.sh \1 \2 \3", text),
        "stage.sh": SCRIPT,
    }
    for system in ("left", "right"):
        files |= {
            f"systems/{system}/system.yaml": CARD,
            f"systems/{system}/__init__.py": "",
            f"systems/{system}/expectations.py": "",
            f"systems/{system}/source/__init__.py": system,
        }
    for name, content in (code | files).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    git(root, "init", "--quiet")
    return Project(root)


def dvc(project: Project, *arguments: str) -> str:
    """What a command of DVC's says, that has to end well; in this process, which has imported it."""
    out = io.StringIO()
    with (
        contextlib.chdir(project.root),
        contextlib.redirect_stdout(out),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("DVC_TEST", "1")  # it prints to what standard output is, and not to what it was at first
        assert main(list(arguments)) == 0
    return out.getvalue()


def repro(project: Project) -> set[str]:
    """The stages that ran, where all ended well; DVC logs them to what standard output was at first."""
    out = io.StringIO()
    logger, told = logging.getLogger("dvc"), logging.StreamHandler(out)
    logger.addHandler(told)
    try:
        dvc(project, "repro")
    finally:
        logger.removeHandler(told)
    return set(re.findall("Running stage '(.+)'", out.getvalue()))


def failing(project: Project, *arguments: str) -> tuple[set[str], str]:
    """The stages that ran where one failed, and all that DVC said, in a process of its own."""
    command = [sys.executable, "-m", "dvc", "repro", *arguments]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    return set(re.findall("Running stage '(.+)'", done.stdout)), done.stdout + done.stderr


def stages(*systems: str) -> set[str]:
    """All stages of systems, at both sizes."""
    return {
        f"{stage}@{system}-{size}"
        for stage in ("ingest", "check", "split")
        for system in systems
        for size in ("full", "small")
    }


def test_without_arguments_all_data_is_made_once(made: Project) -> None:
    """A second time does nothing and leaves the lock as it is; nor is bytecode a change."""
    lock = (made.root / "dvc.lock").read_bytes()
    (made.source("left") / "__pycache__").mkdir()
    (made.source("left") / "__pycache__" / "x.pyc").write_text("")

    assert repro(made) == set()
    assert (made.root / "dvc.lock").read_bytes() == lock


@pytest.mark.parametrize(
    ("file", "content", "ran"),
    [
        ("source/more.py", "", {"ingest"}),
        ("source/more.py", "more", {"ingest", "check", "split"}),
        ("expectations.py", "more", {"check"}),
        ("system.yaml", CARD.replace("0.1", "0.2"), {"split"}),
        ("features.py", "more", set()),
    ],
)
def test_an_edit_of_one_system_runs_its_stages_alone(
    made: Project, file: str, content: str, ran: set[str]
) -> None:
    """Those that depend on what was edited."""
    (made.root / "systems/right" / file).write_text(content)

    assert repro(made) == {one for one in stages("right") if one.partition("@")[0] in ran}


def test_a_system_without_a_source_stops_no_other(project: Project) -> None:
    """It is one line of ours; DVC, asked for all, names it too, and goes on where it is told to."""
    (project.source("left") / "__init__.py").unlink()
    project.source("left").rmdir()

    with pytest.raises(
        SlipwayError, match=r"^systems/left/source: no such folder; the system's table or gen"
    ):
        run_stages(Line(project, "left", "small"))
    assert run_stages(Line(project, "right", "small"))

    _, said = failing(project)
    assert "failed to reproduce 'ingest@left-full': [Errno 2] No such file or directory" in said
    assert f"'{project.source('left')}'" in said
    ran, _ = failing(project, "--keep-going")
    assert ran == {one for one in stages("right") if one.endswith("full")}


def test_a_project_without_systems_has_nothing_to_make(project: Project) -> None:
    """That is no error."""
    (project.root / "project.yaml").write_text("systems: [] # none yet\n")
    assert repro(project) == set()
    assert not (project.root / "dvc.lock").exists()


def test_metrics_and_plots_need_no_arguments(made: Project) -> None:
    """At the root, of all systems; a plot is a page, which Git does not see."""
    found = json.loads(dvc(made, "metrics", "show", "--json"))[""]["data"]
    assert {name: one["data"]["train"] for name, one in found.items()} == {
        f"data/{system}/{size}/metrics.json": {"labels": {"base_rate": 0.25}}
        for system in ("left", "right")
        for size in ("full", "small")
    }
    page = made.root / "dvc_plots" / "index.html"
    assert page.as_uri() in dvc(made, "plots", "show")
    drawn = page.read_text(encoding="utf-8")
    assert all(f"labels over time, {one}" in drawn for one in ("left (full)", "right (small)"))
    ignored = (REPOSITORY / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/dvc_plots/" in ignored


def test_metrics_are_compared_between_revisions(made: Project) -> None:
    """What changed in the data of one system, and nothing of the other one."""
    for words in (("add", "--all"), ("commit", "--quiet", "--message", "before")):
        git(made.root, "-c", "user.name=a", "-c", "user.email=a@b", *words)
    name = "data/right/full/metrics.json"
    (made.root / name).write_text('{"rows": 9, "train": {"labels": {"base_rate": 0.25}}}')
    found = json.loads(dvc(made, "metrics", "diff", "HEAD", "--json"))
    assert found == {name: {"rows": {"old": 4, "new": 9, "diff": 5}}}


def test_a_project_without_systems_shows_none(project: Project) -> None:
    """That is no error either."""
    (project.root / "project.yaml").write_text("systems: [] # none yet\n")
    assert json.loads(dvc(project, "metrics", "show", "--json")) == {"": {"data": {}}}
    dvc(project, "plots", "show")
