"""The prose says what is there: every path, target and command in it exists, and nothing is left out."""

import re
import subprocess
import tomllib
from datetime import date

import pytest

from tests.repo.root import files, text
from tests.root import REPOSITORY

README = "README.md"
PROSE = [name for name in (README, "CONTRIBUTING.md", "slipway/README.md") if name in files()]
MADE_BY_A_RUN = {".slipway/", "data/", ".venv", ".venv/bin/slipway", "incoming/clicks.csv.gz"}
MADE_BY_A_USER = {"systems", "systems/", "systems/NAME/", "systems/churn/", "incoming", "incoming/"}
DOCS = [name for name in files() if re.fullmatch(r"docs/[^/]+\.md", name)]
GENERATED = "docs/gates.md"
ADRS = [name for name in files() if name.startswith("docs/adr/")]
SPAN = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"\.?[\w-][\w.-]*(/[\w.-]*)*")
SUFFIX = (".md", ".yaml", ".toml", ".txt", ".py", ".typed")


def paths(name: str) -> set[str]:
    """What stands in backticks and looks like a path."""
    spans = [span for span in SPAN.findall(text(name)) if PATH.fullmatch(span)]
    return {span for span in spans if "/" in span or span.startswith(".") or span.endswith(SUFFIX)}


def links(name: str) -> set[str]:
    """The targets of links to files, without the place in a file."""
    found = (link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text(name)) if "://" not in link)
    return {link for link in found if link}


def commands(name: str, program: str) -> list[list[str]]:
    """The words after a program's name, in code of either form, up to a comment."""
    blocks = re.findall(r"^ {4}(.+)$", text(name), re.MULTILINE)
    code = [line.split("#")[0] for line in [*blocks, *SPAN.findall(text(name))]]
    found = (re.search(rf"(?:^|\s|/){program} ([^\"]+)", line) for line in code)
    return [match[1].split() for match in found if match]


def entries(name: str, heading: str) -> set[str]:
    """What the first column of the first table below a heading names."""
    table = text(name).split(f"{heading}\n")[1].strip().split("\n\n")
    rows = re.findall(r"^\| (`[^|]+) \|", next(one for one in table if one.startswith("|")), re.MULTILINE)
    return {entry.rstrip("/") for row in rows for entry in SPAN.findall(row)}


@pytest.mark.parametrize("name", [*PROSE, *DOCS, *ADRS])
def test_every_link_leads_to_a_file(name: str) -> None:
    """Relative to the document, as a reader follows it."""
    assert [link for link in links(name) if not (REPOSITORY / name).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("name", sorted({*PROSE, *DOCS, *ADRS} - {GENERATED}))
def test_every_path_exists(name: str) -> None:
    """Relative to the root or, in the README's table of it, to slipway/."""
    gone = [
        path
        for path in paths(name) - MADE_BY_A_RUN - MADE_BY_A_USER
        if not any((REPOSITORY / base / path.split(":")[0]).exists() for base in ("", "slipway"))
    ]
    assert gone == []


def test_every_root_entry_is_named() -> None:
    """And nothing that is not there: the table is the folder."""
    there = {name.split("/")[0] for name in files()}
    assert entries(README, "## The house") | MADE_BY_A_USER == there | MADE_BY_A_USER


def test_every_entry_of_slipway_is_named() -> None:
    """In its own README, one phrase each."""
    there = {name.split("/")[1] for name in files() if name.startswith("slipway/")}
    assert not there or entries("slipway/README.md", "# slipway") == there


@pytest.mark.parametrize("name", [*PROSE, *DOCS])
def test_every_make_target_exists(name: str) -> None:
    """As `make help` lists them."""
    done = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    targets = set(re.findall(r"make ([a-z-]+) ", done.stdout))
    named = [words[0] for words in commands(name, "make")]
    assert named or name not in (README, "CONTRIBUTING.md")
    assert set(named) <= targets


@pytest.mark.parametrize("name", [*PROSE, *DOCS, *ADRS])
def test_every_slipway_command_exists(name: str) -> None:
    """Commands, their subcommands and options, as the program knows them."""
    from typer.main import get_command

    from slipway.cli import app

    for words in commands(name, "slipway"):
        command = get_command(app)
        for word in words:
            if word.startswith("--"):
                assert word in {option for parameter in command.params for option in parameter.opts}, words
            elif hasattr(command, "commands"):
                assert word in command.commands, words
                command = command.commands[word]


def test_every_command_is_told() -> None:
    """What a user can call stands in the README; `data` is what DVC calls."""
    from typer.main import get_command

    from slipway.cli import app

    told = {words[0] for words in commands(README, "slipway")}
    assert set(get_command(app).commands) - {"data", "demo"} <= told  # type: ignore[attr-defined]


def test_the_readme_is_short() -> None:
    """Two screens of use and a map."""
    assert len(text(README).splitlines()) <= 200


def test_the_exit_codes_are_the_program_s() -> None:
    """As the errors carry them."""
    from slipway.base import errors

    told = {int(code) for code in re.findall(r"^\| (\d) \|", text(README), re.MULTILINE)}
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


def test_the_licence_is_whole() -> None:
    """Apache-2.0, as `pyproject.toml` says."""
    assert "Apache License\n                           Version 2.0" in text("LICENSE")
    assert "END OF TERMS AND CONDITIONS" in text("LICENSE")
    assert 'license = "Apache-2.0"' in text("pyproject.toml")


def test_the_changelog_has_the_version() -> None:
    """The project's version has an entry."""
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    assert f"\n## {version}" in text("CHANGELOG.md")
