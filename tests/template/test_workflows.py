"""GitHub's workflows: no more rights than each job needs, and nothing that a checker would refuse."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from slipway.registry.decisions import STATEMENTS
from tests.repo.root import files, text
from tests.repo.workflows import FOLDER, NAMES, jobs, lines, steps, workflow
from tests.root import REPOSITORY
from tests.template.test_makefile import make, project

__all__ = ["project"]

RIGHTS = {
    ("ci", "comment"): {"pull-requests"},
    ("release", "image"): {"packages"},
    ("release", "sign"): {"packages", "id-token"},
    ("train", "sign"): {"id-token"},
    ("freshness", "propose"): {"contents", "pull-requests"},
}
"""The jobs that may write, and what."""
VARIABLES = {"MLFLOW_TRACKING_URI", "PRODUCTION_IS_REVIEWED"}


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_has_no_rights_and_runs_beside_no_other(name: str) -> None:
    """Rights are given to jobs; a concurrency group keeps two runs apart."""
    found = workflow(name)
    assert found["permissions"] == {}
    for holder in [found] if "concurrency" in found else found["jobs"].values():
        assert holder["concurrency"]["group"].startswith(Path(name).stem)


def release() -> dict[str, Any]:
    """The jobs of a release; none where a project has no workflow of the kind."""
    found: dict[str, Any] = {key: job for name, key, job in jobs() if name == "release"}
    return found


def test_two_releases_never_meet() -> None:
    """Neither is cut off: the second's image waits for the first's, and its rollout for the first's."""
    groups = {key: job["concurrency"] for key, job in release().items() if key != "sign"}
    assert groups == {
        key: {"group": f"release-{key}", "cancel-in-progress": False}
        for key in ("package", "image", "rollout")
        if groups
    }


def test_a_release_is_of_the_default_branch() -> None:
    """Whoever may push a branch could else have anything signed; the signer's name says the branch too."""
    for key, job in release().items():
        assert "package" in job.get("needs", "package") or "image" in job["needs"]
        if key == "package":
            assert (
                job["if"] == "github.ref == format('refs/heads/{0}', github.event.repository.default_branch)"
            )
    signers = [step["env"]["SIGNER"] for _, _, step in steps() if "SIGNER" in step.get("env", {})]
    assert all(
        "@refs/heads/{2}" in one and "github.event.repository.default_branch)" in one for one in signers
    )
    assert len(signers) == (1 if release() else 0)


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


def test_who_may_push_packages_nothing() -> None:
    """The build of a Bento runs the version's own code; the push waits for an approval and finds it."""
    for key, job in release().items():
        ran = [step.get("run", "") for step in job["steps"]]
        builds = any("slipway package" in line and "GITHUB_OUTPUT" in line for line in ran)
        assert builds == (key == "package")
        if "packages" in RIGHTS.get(("release", key), set()) - {"id-token"} and key != "sign":
            assert job["environment"] == "production"
            fetching = [step for step in job["steps"] if "download-artifact" in step.get("uses", "")]
            assert [step["with"]["name"] for step in fetching] == ["bento"]


def test_what_was_kept_is_signed_however_the_training_ended() -> None:
    """The record of a refusal too; the job that signs gets the files of the run before it, and no more."""
    found: dict[str, Any] = {key: job for name, key, job in jobs() if name == "train"}
    for job in [found["sign"]] if found else []:
        (taken,) = [step for step in job["steps"] if "download-artifact" in step.get("uses", "")]
        (given,) = [step for step in found["train"]["steps"] if step.get("id") == "statements"]
        assert given["with"]["path"] == f".slipway/registries/*/{STATEMENTS}"
        assert given["with"]["name"] == taken["with"]["name"]
        assert given["if"].startswith(f"always() && hashFiles('.slipway/registries/*/{STATEMENTS}/*.txt')")
        assert job["if"] == "always() && (needs.train.outputs.statements != '' || inputs.statements != '')"
        assert job["needs"] == "train"
        # Or what lies in a folder of the commit, and then nothing is trained.
        assert job["env"]["STATEMENTS"] == f"${{{{ inputs.statements || '{taken['with']['path']}' }}}}"
        assert found["train"]["if"].startswith("inputs.statements == '' && ")
        assert taken["if"] == "inputs.statements == ''"


def test_who_proves_a_version_has_the_whole_history() -> None:
    """Its code may be that of any commit."""
    for _, _, job in jobs():
        called = " ".join(step.get("run", "") for step in job["steps"])
        if any(f"slipway {command}" in called for command in ("train", "package", "publish", "rollout")):
            assert job["steps"][0]["with"]["fetch-depth"] == 0


def test_who_trains_and_releases_has_no_package_of_the_tests() -> None:
    """Each package of a job that reaches the registry is one more that could be taken over."""
    for name, key, job in jobs():
        made = " ".join(step.get("run", "") for step in job["steps"])
        if name in ("train", "release", "monitor") and ".venv/bin/" in made:
            assert "make setup-run " in made, (name, key)
            assert "make setup " not in made, (name, key)
    caches = {
        step["with"].get("cache-dependency-path")
        for place, _, step in steps()
        if "setup-python" in step.get("uses", "") and place.split(".")[0] in ("train", "release", "monitor")
    }
    assert caches <= {None, "requirements.txt"}


def test_production_is_approved() -> None:
    """By the reviewers of an environment, for every job that moves traffic.

    GitHub makes one that is missing, without reviewers; that one has not the variable.
    """
    for _, job, step in steps():
        if ".venv/bin/slipway rollout" in step.get("run", ""):
            assert job["environment"] == "production"
            assert step["if"] == "vars.PRODUCTION_IS_REVIEWED == 'true'"


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
    matrices = [(name, job["strategy"]["matrix"]["python"]) for name, _, job in jobs() if "strategy" in job]
    assert all(
        matrix == supported[name == "freshness" :] for name, matrix in matrices
    )  # it begins on the oldest
    single = {
        step["with"]["python-version"] for _, _, step in steps() if "setup-python" in step.get("uses", "")
    }
    assert single <= {*supported, "${{ matrix.python }}"}


def test_the_python_that_was_set_up_is_used() -> None:
    """Else make takes the newest that it finds on the machine."""
    for name, key, job in jobs():
        made = [step["run"] for step in job["steps"] if step.get("run", "").startswith("make ")]
        if any("setup-python" in step.get("uses", "") for step in job["steps"]):
            assert next(line for line in made if "locks" not in line).endswith(" PYTHON=python"), (name, key)


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
