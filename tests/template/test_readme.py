"""The README of the template: how it works, and what it cannot."""

import re

from slipway import __version__
from tests.repo.root import text


def section(heading: str) -> str:
    """The README from a heading to the next of its kind."""
    return text("README.md").split(f"{heading}\n")[1].split("\n## ")[0]


def test_it_says_how_the_template_works_and_what_it_cannot() -> None:
    """In five lines, and the limits."""
    told = section("## A project of your own")
    works = told.split("**How the template works.**")[1].split("\n\n")[0]
    assert len(works.strip().splitlines()) <= 5
    for limit in ("2.4 or later", "hooks on", "no cruft", "copied whole"):
        assert limit in told


def test_there_is_a_picture_and_two_commands() -> None:
    """What people look at first."""
    first = text("README.md").split("## A project of your own")[0]
    assert "![" in first
    assert re.findall(r"^ {4}(make [a-z]+)", first, re.MULTILINE) == ["make demo", "make test"]


def test_the_changelog_has_the_template_s_version() -> None:
    """The library's version is the template's."""
    assert f"\n## {__version__}" in text("CHANGELOG.md")


def test_supported_versions_are_told() -> None:
    """One table, for Pythons, systems, Git and cookiecutter."""
    told = section("## Supported versions")
    for subject in ("Python", "Linux", "macOS", "Windows", "Git", "cookiecutter", "Slipway"):
        assert subject in told
