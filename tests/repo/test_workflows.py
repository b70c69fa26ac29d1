"""GitHub's workflows: they run the commands that people run, with no more rights than each job needs."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from tests.repo.root import files, text
from tests.repo.test_makefile import make, project
from tests.root import REPOSITORY

__all__ = ["project"]

FOLDER = ".github/workflows"
NAMES = [name for name in files() if name.startswith(f"{FOLDER}/")]
RIGHTS = {
    ("ci", "comment"): {"pull-requests"},
    ("release", "image"): {"packages"},
    ("release", "sign"): {"packages", "id-token"},
    ("freshness", "propose"): {"contents", "pull-requests"},
}
"""The jobs that may write, and what."""
VARIABLES = {"MLFLOW_TRACKING_URI"}
GIT = "git add --update"
"""The one line that is neither make nor slipway: `make check` asks for staged files, new locks are not."""
RUN_BY = {
    "data check": "tests/data/test_commands.py::test_three_stages",
    "data ingest": "tests/data/test_commands.py::test_three_stages",
    "data reproduce": "tests/stages/data/test_reproduce.py::test_data_is_made_anew_where_its_source_changed",
    "doctor": "tests/stages/test_release.py::test_a_machine_that_is_thrown_away_needs_a_shared_registry",
    "package": "tests/stages/test_release.py::test_the_staged_version_is_packaged",
    "publish": "tests/stages/test_release.py::test_a_version_is_published_by_digest",
    "report": "tests/stages/test_release.py::test_the_verdict_is_printed_or_written_as_markdown",
    "rollout": "tests/stages/test_release.py::test_a_rollout_of_this_machine_does_not_begin",
    "train": "tests/chain/test_demo.py::worse",
}
"""The test, or the fixture of tests, that runs a command as a person would."""
HOSTILE = "1\"; touch pwned; $(touch pwned) '"


def workflow(name: str) -> dict[str, Any]:
    """One workflow; YAML 1.1 reads its key `on` as true."""
    content: dict[Any, Any] = yaml.safe_load(text(name))
    return {("on" if key is True else key): value for key, value in content.items()}


def jobs() -> list[tuple[str, str, dict[str, Any]]]:
    """Every job, with the names of its workflow and its own."""
    return [(Path(name).stem, key, job) for name in NAMES for key, job in workflow(name)["jobs"].items()]


def steps() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Every step, with the place and the job that it is in."""
    return [(f"{name}.{key}", job, step) for name, key, job in jobs() for step in job["steps"]]


def lines() -> list[tuple[str, str]]:
    """Every line that a job runs, with its place."""
    return [(place, line) for place, _, step in steps() for line in step.get("run", "").splitlines()]


def ran(program: str) -> list[str]:
    """The lines that call a program, each once."""
    return sorted({line for _, line in lines() if line.startswith(f"{program} ")})


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_has_no_rights_and_runs_beside_no_other(name: str) -> None:
    """Rights are given to jobs; a concurrency group keeps two runs apart."""
    found = workflow(name)
    assert found["permissions"] == {}
    assert found["concurrency"]["group"].startswith(Path(name).stem)


def test_a_release_is_never_cut_off() -> None:
    """A second one waits for the first, whatever branch it is of."""
    if f"{FOLDER}/release.yml" in NAMES:
        expected = {"group": "release", "cancel-in-progress": False}
        assert workflow(f"{FOLDER}/release.yml")["concurrency"] == expected


def test_a_job_writes_only_what_it_must() -> None:
    """It ends by itself, too, and has a name."""
    for name, key, job in jobs():
        writes = {right for right, level in job["permissions"].items() if level != "read"}
        assert writes == RIGHTS.get((name, key), set()), (name, key)
        assert job["timeout-minutes"] <= 120
        assert job["name"]


def test_who_may_write_runs_nothing_that_was_built() -> None:
    """A job with a right to write calls no Python, so no package of a pull request or of a new lock.

    The image is the exception: it is built by what `main` has locked, and may push nothing but packages.
    """
    for name, key, job in jobs():
        called = " ".join(step.get("run", "") for step in job["steps"])
        if (name, key) in RIGHTS and (name, key) != ("release", "image"):
            assert "slipway" not in called
            assert "setup" not in called
    comment = next((job for name, key, job in jobs() if (name, key) == ("ci", "comment")), {"steps": []})
    assert [step for step in comment["steps"] if "run" in step or "checkout" in step["uses"]] == []


def test_production_is_approved() -> None:
    """By the reviewers of an environment, for every job that moves traffic."""
    for _, job, step in steps():
        if ".venv/bin/slipway rollout" in step.get("run", ""):
            assert job["environment"] == "production"


def test_actions_are_pinned_by_commit() -> None:
    """A tag can be moved; the version stands in a comment, and is everywhere the same."""
    uses = [use for name in NAMES for use in re.findall(r"uses: (.+)", text(name))]
    pinned = [
        re.fullmatch(r"([\w-]+/[\w-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)( # zizmor: .+)?", one)
        for one in uses
    ]
    assert [use for use, match in zip(uses, pinned, strict=True) if match is None] == []
    found = {(match[1], match[2], match[3]) for match in pinned if match}
    assert len(found) == len({action for action, _, _ in found})


def test_no_token_stays_in_the_checkout() -> None:
    """Nor is there any secret but the job's own token."""
    for place, _, step in steps():
        if "actions/checkout@" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False, place
    for name in NAMES:
        assert "secrets." not in text(name)
        assert set(re.findall(r"\bvars\.(\w+)", text(name))) <= VARIABLES


def test_no_expression_is_code() -> None:
    """What GitHub knows comes to a command as a variable of its environment."""
    assert [(place, line) for place, line in lines() if "${{" in line] == []
    assert [place for place, job, step in steps() if "shell" in step or "defaults" in job] == []


def test_every_supported_python_is_tried() -> None:
    """Those of `requires-python`, which is said once."""
    asked = SpecifierSet(tomllib.loads(text("pyproject.toml"))["project"]["requires-python"])
    supported = [f"3.{minor}" for minor in range(30) if asked.contains(f"3.{minor}.0")]
    matrices = [job["strategy"]["matrix"]["python"] for _, _, job in jobs() if "strategy" in job]
    assert all(matrix == supported for matrix in matrices)
    single = {
        step["with"]["python-version"] for _, _, step in steps() if "setup-python" in step.get("uses", "")
    }
    assert single <= {*supported, "${{ matrix.python }}"}


def test_every_line_calls_make_or_slipway() -> None:
    """So that what CI does can be done by hand, and is tested as what a person does."""
    known = (*ran("make"), *ran(".venv/bin/slipway"), GIT)
    assert [(place, line) for place, line in lines() if line not in known] == []


@pytest.mark.parametrize("line", ran("make"))
def test_every_make_line_ends_well(project: Path, line: str) -> None:
    """The target exists and does what it does with Python, uv and cosign that write down their calls."""
    assert make(project, "setup").returncode == 0
    shutil.copy(project / "bin/python3.12", project / ".venv/bin/uv")
    shutil.copy(project / "bin/python3.12", project / "bin/cosign")
    (project / "bin/grep").symlink_to(str(shutil.which("grep")))
    words = shlex.split(line.partition(" >> ")[0])[1:]
    (project / "calls").unlink()
    image = f"IMAGE=registry.example.org/a/b@sha256:{'0' * 64}"
    done = make(project, *words, *([image, "SIGNER=x"] if words[0] in ("sign", "verify") else []))

    assert done.returncode == 0, done.stderr
    assert (project / "calls").is_file() or words[0] == "setup"


@pytest.mark.parametrize("target", ["sign", "verify"])
@pytest.mark.parametrize("image", ["", "a/b:latest", "a/b@sha256:12", f"'; touch pwned' a@sha256:{'0' * 64}"])
def test_only_a_digest_is_signed(project: Path, target: str, image: str) -> None:
    """A tag may be moved between the push and the signature."""
    shutil.copy(project / "bin/python3.12", project / "bin/cosign")
    (project / "bin/grep").symlink_to(str(shutil.which("grep")))
    done = make(project, target, f"IMAGE={image}")

    assert done.returncode != 0
    assert "expected repository@sha256:" in done.stderr
    assert not (project / "calls").exists()
    assert not (project / "pwned").exists()


def called(tmp_path: Path, line: str, value: str) -> list[str]:
    """The words that slipway gets from a line of a workflow, whose variables all have one value."""
    program = tmp_path / ".venv/bin/slipway"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nprintf "%s\\0" "$@" > words\n')
    program.chmod(0o755)
    names = set(re.findall(r"\$\{?(\w+)", line))
    values = dict.fromkeys(names, value) | {name: "out" for name in names if name.startswith("GITHUB_")}
    subprocess.run(
        ["bash", "-e", "-c", line], cwd=tmp_path, env={"PATH": os.environ["PATH"]} | values, check=True
    )
    return (tmp_path / "words").read_text().split("\0")[:-1]


@pytest.mark.parametrize("line", ran(".venv/bin/slipway"))
def test_every_slipway_line_is_understood(tmp_path: Path, line: str) -> None:
    """The command and its options exist, and a test runs the command."""
    from typer.main import get_command

    from slipway.cli import app

    words = called(tmp_path, line, "small" if "--size" in line else "3")
    command, path = get_command(app), []
    while hasattr(command, "commands"):
        path.append(words.pop(0))
        command = command.commands[path[-1]]
    command.make_context(path[-1], words)

    file, name = RUN_BY[" ".join(path)].split("::")
    functions = [node for node in ast.walk(ast.parse(text(file))) if isinstance(node, ast.FunctionDef)]
    (function,) = (node for node in functions if node.name == name)
    assert path[-1] in [node.value for node in ast.walk(function) if isinstance(node, ast.Constant)]


@pytest.mark.parametrize(
    "line", [line for line in ran(".venv/bin/slipway") if re.search(r"\$\{?(?!GITHUB_)[A-Z]", line)]
)
def test_an_input_is_never_code(tmp_path: Path, line: str) -> None:
    """Whatever somebody types into the form of a workflow is one word."""
    words = called(tmp_path, line, HOSTILE)

    assert not (tmp_path / "pwned").exists()
    assert words.count(HOSTILE) == len(set(re.findall(r"\$\{?(?!GITHUB_)([A-Z]+)", line)))


GOOD = """
name: good
on: push
permissions: {}
concurrency: {group: good, cancel-in-progress: true}
jobs:
  job:
    name: Job
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    permissions:
      contents: read # the checkout
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
        with:
          persist-credentials: false
      - run: echo hello
"""


@pytest.fixture
def checked(project: Path) -> Path:
    """A folder in which `make check` calls the real checkers of workflows."""
    assert make(project, "setup").returncode == 0
    for name in ("check-jsonschema", "zizmor"):
        (project / ".venv/bin" / name).symlink_to(Path(sys.executable).parent / name)
    (project / FOLDER).mkdir(parents=True)
    return project


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("", "", None),
        ("@08c6903cd8c0fde910a37f88322edcfb5dd907a8", "@v5", "unpinned-uses"),
        ("echo hello", "echo ${{ github.event.head_commit.message }}", "template-injection"),
        ("permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("          persist-credentials: false", "          fetch-depth: 1", "artipacked"),
        ("on: push", "on: pull_request_target", "dangerous-triggers"),
        ("concurrency: {group: good, cancel-in-progress: true}", "", "concurrency-limits"),
        ("runs-on: ubuntu-24.04", "runs_on: ubuntu-24.04", "runs_on"),
        ("timeout-minutes: 5", "timeout-minutes: soon", "timeout-minutes"),
    ],
)
def test_make_check_refuses_a_bad_workflow(checked: Path, before: str, after: str, said: str | None) -> None:
    """By GitHub's schema and by zizmor's audits, offline."""
    assert before in GOOD
    (checked / FOLDER / "some.yml").write_text(GOOD.replace(before, after) if before else GOOD)
    done = make(checked, "check")

    assert (done.returncode == 0) is (said is None), done.stdout + done.stderr
    assert said is None or said in done.stdout + done.stderr


def test_a_project_without_workflows_can_be_checked(checked: Path) -> None:
    """One that lives elsewhere than on GitHub deletes the folder."""
    shutil.rmtree(checked / ".github")
    assert make(checked, "check").returncode == 0


def test_the_checkers_run_here() -> None:
    """On the workflows of this repository, by the lines of `make check`."""
    recipe = re.findall(r"\$\(if \$\(WORKFLOWS\),(\.venv/bin/\S+)", text("Makefile"))
    assert [Path(program).name for program in recipe] == ["check-jsonschema", "zizmor"]
    place = Path(sys.executable).parent
    schema = [place / "check-jsonschema", "--builtin-schema"]
    if NAMES:
        subprocess.run([*schema, "vendor.github-workflows", *NAMES], cwd=REPOSITORY, check=True)
        audit = ["-q", "--offline", "--no-progress", "--persona", "auditor", ".github"]
        subprocess.run([place / "zizmor", *audit], cwd=REPOSITORY, check=True)
    if ".github/dependabot.yml" in files():
        subprocess.run([*schema, "vendor.dependabot", ".github/dependabot.yml"], cwd=REPOSITORY, check=True)


def test_the_documented_workflows_are_those_that_exist() -> None:
    """Each has a row; the template's own is no project's."""
    told = set(re.findall(r"^\| `(\w+\.yml)` \|", text("docs/workflows.md"), re.MULTILINE))
    assert told == {Path(name).name for name in NAMES} - {"template.yml"}
