"""The documents of the template and of its bakes name nothing that is not there, and leave nothing out."""

import re
from datetime import date
from pathlib import Path

import pytest

from tests.repo.prose import SPAN, commands, targets
from tests.repo.root import files, text
from tests.root import REPOSITORY
from tests.template.conftest import OTHER, SYSTEMS, Bake, tracked

README = "README.md"
BAKED_README = f"{{{{cookiecutter.project_slug}}}}/{README}"
ADRS = [name for name in files() if name.startswith("docs/adr/")]
GENERATED = "docs/gates.md"
PROSE = re.compile(r"(slipway/)?README\.md|(CONTRIBUTING|SECURITY)\.md|docs/([^/]+/)?[^/]+\.md")
MADE_BY_A_RUN = {".slipway/", ".slipway/intents/", ".slipway/servers/", "data/", ".venv", ".venv/bin/slipway"}
MADE_BY_A_USER = {"systems", "systems/", "systems/NAME/", "systems/churn/"}
PATH = re.compile(r"\.?[\w-][\w.-]*(/[\w.-]*)*")
SUFFIX = (".md", ".yaml", ".toml", ".txt", ".py", ".typed")


def paths(document: str) -> set[str]:
    """What stands in backticks and looks like a path."""
    spans = [span for span in SPAN.findall(document) if PATH.fullmatch(span)]
    return {span for span in spans if "/" in span or span.startswith(".") or span.endswith(SUFFIX)}


def gone(root: Path, name: str) -> list[str]:
    """The paths of a document that are not there, as seen from the root or from slipway/."""
    return [
        path
        for path in paths((root / name).read_text(encoding="utf-8")) - MADE_BY_A_RUN - MADE_BY_A_USER
        if not any((root / base / path.split(":")[0]).exists() for base in ("", "slipway"))
    ]


def entries(document: str, heading: str) -> set[str]:
    """What the first column of the first table below a heading names."""
    table = document.split(f"{heading}\n")[1].strip().split("\n\n")
    rows = re.findall(r"^\| (`[^|]+) \|", next(one for one in table if one.startswith("|")), re.MULTILINE)
    return {entry.rstrip("/") for row in rows for entry in SPAN.findall(row)}


@pytest.mark.parametrize("name", [name for name in files() if PROSE.fullmatch(name) and name != GENERATED])
def test_every_path_exists(name: str) -> None:
    """Relative to the root or, in the README's table of it, to slipway/."""
    assert gone(REPOSITORY, name) == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_path_exists_in_a_project_too(bake: Bake, system: str) -> None:
    """A project has fewer files than the template that its documents come from."""
    project = bake(**OTHER, system=system)
    documents = [name for name in tracked(project) if PROSE.fullmatch(name)]
    assert {name: gone(project, name) for name in documents} == {name: [] for name in documents}


def test_every_root_entry_is_named() -> None:
    """And nothing that is not there: the table is the folder."""
    there = {name.split("/")[0] for name in files()}
    assert entries(text(README), "## The house") | MADE_BY_A_USER == there | MADE_BY_A_USER


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_root_entry_of_a_project_is_named(bake: Bake, system: str) -> None:
    """When it is made; what its people add is theirs to describe, or not."""
    project = bake(**OTHER, system=system)
    later = MADE_BY_A_USER | {"dvc.lock"}
    there = {name.split("/")[0] for name in tracked(project)} | later
    assert entries((project / README).read_text(), "## The house") | later == there


def test_every_entry_of_slipway_is_named() -> None:
    """In its own README, one phrase each."""
    there = {name.split("/")[1] for name in files() if name.startswith("slipway/")}
    assert entries(text("slipway/README.md"), "# slipway") == there


def test_contributing_names_targets_that_exist() -> None:
    """As `make help` lists them."""
    named = {words[0] for words in commands(text("CONTRIBUTING.md"), "make")}
    assert named
    assert named <= targets(REPOSITORY)


@pytest.mark.parametrize("name", [README, BAKED_README])
def test_every_command_is_told(name: str) -> None:
    """What a user can call stands in the README; `data` is what DVC calls."""
    from typer.main import get_command

    from slipway.cli import app

    told = {words[0] for words in commands(text(name), "slipway")}
    assert set(get_command(app).commands) - {"data", "demo"} <= told  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", [README, BAKED_README])
def test_the_readme_is_short(name: str) -> None:
    """Two screens of use and a map."""
    assert len(text(name).splitlines()) <= 200


@pytest.mark.parametrize("name", [README, BAKED_README])
def test_the_exit_codes_are_the_program_s(name: str) -> None:
    """As the errors carry them."""
    from slipway.base import errors

    told = {int(code) for code in re.findall(r"^\| (\d) \|", text(name), re.MULTILINE)}
    raised = (errors.SlipwayError, errors.UsageError, errors.Refused, errors.Inconclusive)
    assert told == {0, *(kind.exit_code for kind in raised)}


@pytest.mark.parametrize("name", ADRS)
def test_a_decision_record_is_short_and_dated(name: str) -> None:
    """A title, a date, context, decision and cost, in a dozen lines."""
    lines = text(name).splitlines()
    assert len(lines) <= 12
    assert re.fullmatch(r"docs/adr/\d{4}-[a-z0-9-]+\.md", name)
    assert lines[0].startswith("# ")
    assert date.fromisoformat(lines[2])
    assert [word for word in ("Context", "Decision", "Cost") if f"**{word}.**" not in text(name)] == []


def test_decision_records_are_numbered_without_gaps() -> None:
    """So that one can be cited by its number."""
    assert [int(name.split("/")[-1][:4]) for name in ADRS] == list(range(1, len(ADRS) + 1))
