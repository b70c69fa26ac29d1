"""The prose says what is there: every link, target of make and command in it exists."""

import re
import tomllib

import pytest

from tests.repo.prose import commands, links, targets, unknown
from tests.repo.root import files, text
from tests.root import REPOSITORY

PROSE = [
    name
    for name in files()
    if re.fullmatch(r"(slipway/)?README\.md|SECURITY\.md|docs/([^/]+/)?[^/]+\.md", name)
]


@pytest.mark.parametrize("name", PROSE)
def test_every_link_leads_to_a_file(name: str) -> None:
    """Relative to the document, as a reader follows it."""
    place = (REPOSITORY / name).parent
    assert [link for link in links(text(name)) if not place.joinpath(link).exists()] == []


@pytest.mark.parametrize("name", PROSE)
def test_every_make_target_exists(name: str) -> None:
    """As `make help` lists them."""
    assert {words[0] for words in commands(text(name), "make")} <= targets(REPOSITORY)


@pytest.mark.parametrize("name", PROSE)
def test_every_slipway_command_exists(name: str) -> None:
    """Commands, their subcommands and options, as the program knows them."""
    assert [words for words in commands(text(name), "slipway") if unknown(words)] == []


def test_the_changelog_has_the_version() -> None:
    """The project's version has an entry."""
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    assert f"\n## {version}" in text("CHANGELOG.md")
