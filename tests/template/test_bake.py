"""A bake is the live project under other names: nothing less, and no trace of the old ones."""

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from cookiecutter.environment import StrictEnvironment
from cookiecutter.prompt import prompt_for_config

from slipway.settings.root import Project
from tests.repo.root import files
from tests.root import REPOSITORY
from tests.template.conftest import LIVE, OTHER, SYSTEMS, Bake, cookiecutter, environment, git, tracked

OVERLAY = "{{cookiecutter.project_slug}}"
MADE = {"slipway/.sha256"}
"""What the hook makes, and the live project has no copy of."""
TRACE = re.compile(
    rb"slipway[-_]demo|Slipway Demo|SlipwayDemo|From versioned data to a canaried model, every"
)
LEFT = re.compile(rb"\{%|\{\{ *cookiecutter|endraw")


def hook() -> ModuleType:
    """`hooks/pre_prompt.py`, without running it."""
    spec = importlib.util.spec_from_file_location("pre_prompt", REPOSITORY / "hooks" / "pre_prompt.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_live_names_give_the_repository_back(bake: Bake) -> None:
    """Byte for byte and mode for mode, bar the overlay and the list of the template's own files."""
    project = bake(**LIVE)
    overlay = {name.removeprefix(f"{OVERLAY}/") for name in files() if name.startswith(f"{OVERLAY}/")}
    expected = {name for name in files() if not name.startswith(hook().OWN)} - overlay
    found = tracked(project) - MADE - overlay

    assert found == expected
    assert [n for n in expected if (project / n).read_bytes() != (REPOSITORY / n).read_bytes()] == []
    assert [n for n in expected if (project / n).stat().st_mode != (REPOSITORY / n).stat().st_mode] == []


def test_what_is_not_baked_is_there() -> None:
    """An entry of the list that names nothing is a slip."""
    assert [own for own in hook().OWN if not any(name.startswith(own) for name in files())] == []


def test_the_repository_has_no_links() -> None:
    """Cookiecutter makes a copy of a link to a file, and leaves out one to a folder, without a word."""
    assert [name for name in files() if (REPOSITORY / name).is_symlink()] == []
    kept = git(REPOSITORY, "ls-files", "--stage").splitlines()
    assert [line for line in kept if line.startswith("120000")] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_other_names_leave_no_trace(bake: Bake, system: str) -> None:
    """Neither in contents nor in paths; and no hole is left open."""
    project = bake(**OTHER, system=system)
    for name in tracked(project):
        content = (project / name).read_bytes()
        assert not TRACE.search(content), name
        assert not TRACE.search(name.encode())
        source = REPOSITORY / name
        if not source.exists() or source.read_bytes() != content:  # rendered
            assert not LEFT.search(content), name
        assert "{{" not in name


def test_a_project_has_its_names(bake: Bake) -> None:
    """Also where a description holds what YAML, TOML and Jinja would read as theirs."""
    project = bake(**OTHER, system="ad_click")
    settings = Project(project).settings
    toml = tomllib.loads((project / "pyproject.toml").read_text())["project"]

    assert (settings.name, settings.description) == (OTHER["project_slug"], OTHER["description"])
    assert settings.image_repository == OTHER["image_repository"]
    assert (toml["name"], toml["description"]) == (OTHER["project_slug"], OTHER["description"])
    assert OTHER["description"] in (project / "README.md").read_text()
    image = yaml.safe_load((project / "k8s/base/kustomization.yaml").read_text())["images"][0]["name"]
    assert image == OTHER["image_repository"]


def test_one_system_stays(bake: Bake) -> None:
    """With its tests; a blank project has none, and says so to no one."""
    for system, kept in (("ad_click", ["ad_click"]), ("blank", [])):
        project = bake(**OTHER, system=system)
        assert Project(project).settings.systems == kept
        assert sorted(path.name for path in project.glob("systems/*")) == kept
        tests = {path.name for path in (project / "tests" / "systems").glob("test_*.py")}
        assert {f"test_{name}.py" for name in kept} == tests & {"test_ad_click.py"}
        assert (project / "dvc.lock").exists() == bool(kept)


def test_every_system_can_be_chosen() -> None:
    """The question lists the systems that there are."""
    asked = questions()["system"]
    there = sorted(path.parent.name for path in REPOSITORY.glob("systems/*/system.yaml"))
    assert (sorted(asked), asked[-1]) == (sorted([*there, "blank"]), "blank")


def questions() -> dict[str, Any]:
    """What cookiecutter asks, and what it keeps for the template's own use."""
    found: dict[str, Any] = json.loads((REPOSITORY / "cookiecutter.json").read_text())
    return found


def test_five_questions_at_most() -> None:
    """Each explained in one line."""
    prompts = questions()["__prompts__"]
    asked = {name for name in questions() if not name.startswith("_")}
    assert len(asked) <= 5
    assert set(prompts) == asked
    assert set(prompts["system"]) == {"__prompt__", *questions()["system"]}


def test_defaults_work(bake: Bake) -> None:
    """`--no-input` alone."""
    project = bake()
    assert Project(project).settings.name == project.name == "my-project"


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("3 Ways of Looking at the Größe of Ads", "ways-of-looking-at-the"),
        ("Where Ships are Built, and Launched", "where-ships-are-built"),
        *((name, "my-project") for name in ("***", "2024", "\N{SHIP}", "No", "Slipway MLOps")),
    ],
)
def test_the_short_name_follows_from_any_name(tmp_path: Path, name: str, short: str) -> None:
    """A letter first, and no longer than what a host name has room for."""
    answers = prompt_for_config({"cookiecutter": questions() | {"project_name": name}}, no_input=True)
    assert answers["project_slug"] == short
    assert refusal(tmp_path, answers) == ""


def test_history_begins_without_an_identity(bake: Bake) -> None:
    """One commit of everything, and a clean tree, on a machine where Git knows nobody."""
    project = bake(**OTHER, system="blank")
    assert git(project, "log", "--format=%s|%D") == "Start from slipway 0.1.0|HEAD -> main\n"
    assert git(project, "status", "--porcelain") == ""


def test_a_known_author_commits(template: Path, tmp_path: Path) -> None:
    """Git's own settings come first."""
    (tmp_path / ".gitconfig").write_text(
        "[user]\nname = Ada\nemail = ada@example.com\n[commit]\ngpgsign = true\n"
    )
    assert cookiecutter(template, tmp_path, **OTHER, system="blank").returncode == 0
    assert git(tmp_path / "harbour-lights", "log", "--format=%an") == "Ada\n"


def test_a_user_s_settings_take_nothing_away(template: Path, bake: Bake, tmp_path: Path) -> None:
    """Hooks and line ends of theirs do not stop the first commit, and what they ignore elsewhere is in it."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "prepare-commit-msg").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "prepare-commit-msg").chmod(0o755)
    (tmp_path / "ignored").write_text("*.lock\n.template.json\n.dvc/\ndata.py\n")
    (tmp_path / ".gitconfig").write_text(
        f"[core]\nhooksPath = {hooks}\nexcludesFile = {tmp_path}/ignored\nautocrlf = true\nsafecrlf = true\n"
        "[init]\ndefaultBranch = master\n"
    )

    done = cookiecutter(template, tmp_path, **OTHER, system="blank")

    assert done.returncode == 0, done.stderr
    tree, expected = (
        git(project, "ls-tree", "-r", "main")
        for project in (tmp_path / "harbour-lights", bake(**OTHER, system="blank"))
    )
    assert tree == expected


def test_another_repository_is_not_touched(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook or an alias of Git runs its commands with that repository in the environment.

    The author that it knows is nobody here, and a committer alone is no author.
    """
    other = tmp_path / "other"
    git(tmp_path, "init", "--quiet", "other")
    for setting, value in (("name", "o"), ("email", "o@example.com"), ("useConfigOnly", "true")):
        git(other, "config", f"user.{setting}", value)
    known = {"GIT_DIR": f"{other}/.git", "GIT_COMMITTER_NAME": "c", "GIT_COMMITTER_EMAIL": "c@example.com"}
    monkeypatch.setattr("tests.template.conftest.environment", lambda home: environment(home) | known)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".gitconfig").write_text("[user]\nuseConfigOnly = true\n")

    done = cookiecutter(template, tmp_path / "out", **OTHER, system="blank")

    assert done.returncode == 0, done.stderr
    made = git(tmp_path / "out" / "harbour-lights", "log", "--format=%s, %an, %cn")
    assert made == "Start from slipway 0.1.0, slipway, c\n"
    assert not (other / ".git" / "index").exists()


def test_a_project_that_is_there_is_not_baked_over(template: Path, tmp_path: Path) -> None:
    """Its systems would go; `--overwrite-if-exists` is asked for by habit."""
    write = tmp_path / "harbour-lights" / "systems" / "mine"
    write.mkdir(parents=True)
    (write / "system.yaml").write_text("mine")

    done = cookiecutter(template, tmp_path, "-f", **OTHER, system="blank")

    assert done.returncode != 0
    assert "harbour-lights: is there and not empty" in done.stdout + done.stderr
    assert [path.name for path in (tmp_path / "harbour-lights").rglob("*") if path.is_file()] == [
        "system.yaml"
    ]


@pytest.mark.parametrize("name", ["CHANGELOG.md", "README.md"])
def test_what_people_write_is_the_project_s_alone(name: str) -> None:
    """A line that each release changes would be a conflict for who wrote there, each time."""
    assert "_origin" not in (REPOSITORY / OVERLAY / name).read_text()


def test_answers_and_origin_are_recorded(template: Path, bake: Bake) -> None:
    """What an update goes by: small, and without a password."""
    project = bake(**OTHER, system="blank")
    record = json.loads((project / ".template.json").read_text())
    assert record == {
        "schema_version": 1,
        "source": None,
        "version": "0.1.0",
        "commit": git(template, "rev-parse", "HEAD").strip(),
        "answers": {**OTHER, "system": "blank"},
    }


def test_the_short_name_has_room_in_a_host_name() -> None:
    """KServe's `<name>-predictor-<namespace>`, of every overlay, under the longest name that is allowed."""
    (rule,) = re.findall(
        r'^SLUG = r"(.+)"$', (REPOSITORY / "hooks/pre_gen_project.py").read_text(), re.MULTILINE
    )
    longest = max((number * "a" for number in range(64) if re.fullmatch(rule, number * "a")), key=len)
    overlays = [yaml.safe_load(path.read_text()) for path in REPOSITORY.glob("k8s/overlays/*/*.yaml")]

    assert overlays
    for overlay in overlays:
        namespace = overlay["namespace"].replace(LIVE["project_slug"], longest)
        assert len(f"{longest}-predictor-{namespace}") <= 63, namespace


WRONG: dict[str, list[str | bool | None]] = {
    "project_name": ["", "  ", "a\nb"],
    "project_slug": [
        "9lives",
        "Upper",
        "a_b",
        "-a",
        "a-",
        "a" * 23,
        "a b",
        "../a",
        "slipway-mlops",
        *("null", "true", "false", "yes", "no", "on", "off", "y", "n"),
        False,
    ],
    "description": ["", " ", "a\nb", "a\u2028b", "\x7f", "a\x9b", "\uffff", "a\udc80", None],
    "image_repository": [
        "",
        "image",
        "Registry.example.com/x",
        "r.example.com/x:tag",
        "r.example.com/x@sha256:0",
        "/x",
        "r..example.com/x",
        "r._example.com/x",
        "r.example.com/x___y",
        "r.example.com:99999/x",
    ],
}


def refusal(folder: Path, answers: Mapping[str, object]) -> str:
    """What `hooks/pre_gen_project.py` says of answers, nothing where it takes them."""
    known = {**answers, "_repo_dir": str(REPOSITORY)}
    hook = (REPOSITORY / "hooks" / "pre_gen_project.py").read_text()
    script = StrictEnvironment(context={}).from_string(hook).render(cookiecutter=known)
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stderr


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_an_answer_that_could_not_work_is_refused(
    tmp_path: Path, name: str, value: str | bool | None
) -> None:
    """In one line that names it."""
    said = refusal(tmp_path, {**OTHER, "_refused": questions()["_refused"], name: value})
    assert said.startswith(f"{name}: found {value!r}, expected ")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "value", ["r/x", "xn--a-0ja.example/x", "r.example.com:65535/a--b/c__d.e", "localhost:1/x"]
)
def test_an_image_may_have_any_name_that_registries_take(tmp_path: Path, value: str) -> None:
    """Of a host in another script and with a port too."""
    answers = {**OTHER, "_refused": questions()["_refused"], "image_repository": value}
    assert refusal(tmp_path, answers) == ""


def test_where_an_answer_is_refused_nothing_is_written(template: Path, tmp_path: Path) -> None:
    """Neither a folder nor a part of one."""
    done = cookiecutter(template, tmp_path, **OTHER | {"project_slug": "no"})

    assert done.returncode != 0
    assert "project_slug: found 'no', expected " in done.stdout + done.stderr
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == []
