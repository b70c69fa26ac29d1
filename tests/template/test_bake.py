"""A bake is the live project under other names: nothing less, and no trace of the old ones."""

import importlib.util
import json
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from slipway.project import Project
from tests.repo.root import files
from tests.root import REPOSITORY
from tests.template.conftest import LIVE, OTHER, SYSTEMS, Bake, cookiecutter, environment, git

OVERLAY = "{{cookiecutter.project_slug}}"
MADE = "tests/example/"
"""What the hook makes of the live project, and the live project has no copy of."""
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


def tracked(project: Path) -> set[str]:
    """The files of a project's first commit."""
    return set(git(project, "ls-files", "-z").split("\0")) - {""}


def test_live_names_give_the_repository_back(bake: Bake) -> None:
    """Byte for byte and mode for mode, bar the overlay and the list of the template's own files."""
    project = bake(**LIVE)
    overlay = {name.removeprefix(f"{OVERLAY}/") for name in files() if name.startswith(f"{OVERLAY}/")}
    expected = {name for name in files() if not name.startswith(hook().OWN)} - overlay
    found = {name for name in tracked(project) if not name.startswith(MADE)} - overlay

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


def test_the_example_is_the_live_system(bake: Bake) -> None:
    """Tests of slipway stand on a copy of it, whatever the project started from."""
    for system in SYSTEMS:
        project = bake(**OTHER, system=system)
        example = {n.removeprefix(MADE) for n in tracked(project) if n.startswith(MADE)}
        assert example == {n for n in files() if n.startswith("systems/ad_click/")} | {"project.yaml"}
        assert Project(project / MADE).settings.systems == ["ad_click"]
        for name in example - {"project.yaml"}:
            assert (project / MADE / name).read_bytes() == (REPOSITORY / name).read_bytes()


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


def test_every_system_can_be_chosen() -> None:
    """The question lists the systems that there are."""
    asked = json.loads((REPOSITORY / "cookiecutter.json").read_text())["system"]
    there = sorted(path.parent.name for path in REPOSITORY.glob("systems/*/system.yaml"))
    assert (sorted(asked), asked[-1]) == (sorted([*there, "blank"]), "blank")


def test_five_questions_at_most() -> None:
    """Each explained in one line."""
    questions = json.loads((REPOSITORY / "cookiecutter.json").read_text())
    prompts = questions.pop("__prompts__")
    assert len(questions) <= 5
    assert set(prompts) == set(questions)
    assert set(prompts["system"]) == {"__prompt__", *questions["system"]}


def test_defaults_work(bake: Bake) -> None:
    """`--no-input` alone."""
    project = bake()
    assert Project(project).settings.name == project.name == "my-project"


def test_the_short_name_follows_from_any_name(bake: Bake) -> None:
    """A letter first, and no longer than what a host name has room for."""
    assert bake(project_name="3 Ways of Looking at the Größe of Ads", system="blank").name == (
        "ways-of-looking-at-the-gro"
    )


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
    """Hooks of their own do not stop the first commit, and what they ignore elsewhere is in it."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "prepare-commit-msg").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "prepare-commit-msg").chmod(0o755)
    (tmp_path / "ignored").write_text("*.lock\n.template.json\n.dvc/\ndata.py\n")
    (tmp_path / ".gitconfig").write_text(f"[core]\nhooksPath = {hooks}\nexcludesFile = {tmp_path}/ignored\n")

    done = cookiecutter(template, tmp_path, **OTHER, system="blank")

    assert done.returncode == 0, done.stderr
    assert tracked(tmp_path / "harbour-lights") == tracked(bake(**OTHER, system="blank"))


def test_another_repository_is_not_touched(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook or an alias of Git runs its commands with that repository in the environment."""
    git(tmp_path, "init", "--quiet", "other")
    monkeypatch.setattr(
        "tests.template.conftest.environment",
        lambda home: environment(home) | {"GIT_DIR": str(tmp_path / "other" / ".git")},
    )
    done = cookiecutter(template, tmp_path / "out", **OTHER, system="blank")

    assert done.returncode == 0, done.stderr
    assert git(tmp_path / "out" / "harbour-lights", "log", "--format=%s") == "Start from slipway 0.1.0\n"
    assert not (tmp_path / "other" / ".git" / "index").exists()


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


def test_the_changelog_is_the_project_s_alone() -> None:
    """An update that changes the line below which people write would be a conflict each time."""
    assert "_origin" not in (REPOSITORY / OVERLAY / "CHANGELOG.md").read_text()


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


WRONG = {
    "project_name": ["", "  ", "a\nb"],
    "project_slug": ["9lives", "Upper", "a_b", "-a", "a-", "a" * 27, "a b", "../a", "slipway-mlops"],
    "description": ["", " ", "a\nb", "a\u2028b"],
    "image_repository": [
        "",
        "image",
        "Registry.example.com/x",
        "r.example.com/x:tag",
        "r.example.com/x@sha256:0",
        "/x",
    ],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_an_answer_that_could_not_work_is_refused(
    template: Path, tmp_path: Path, name: str, value: str
) -> None:
    """In one line that names it, and nothing is written."""
    done = cookiecutter(template, tmp_path, **OTHER | {name: value})

    assert done.returncode != 0
    assert f"{name}: found {value!r}, expected " in done.stdout + done.stderr
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == []
