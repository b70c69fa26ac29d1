"""SECURITY.md claims nothing that no test shows, and a bake's claims nothing that is not there."""

import ast
import re

import pytest

from tests.repo.root import files, text
from tests.template.conftest import OTHER, SYSTEMS, Bake, tracked

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
FINDINGS = [f"F{number}" for number in range(1, 14)]


def sections() -> dict[str, str]:
    """The text below each heading of a finding."""
    return dict(re.findall(r"^## (F\d+): .+\n\n((?:(?!## ).*\n?)*)", text("SECURITY.md"), re.MULTILINE))


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED.findall(text("SECURITY.md")))))
def test_every_test_that_is_named_exists(file: str, name: str) -> None:
    """And runs: a class or a function inside of another is none."""
    assert file in files()
    assert name in {node.name for node in ast.parse(text(file)).body if isinstance(node, ast.FunctionDef)}


def test_every_finding_has_a_threat() -> None:
    """In a line of its own, before what defends."""
    assert list(sections()) == FINDINGS
    assert [key for key, section in sections().items() if not section.strip()] == []


@pytest.mark.parametrize("finding", FINDINGS)
def test_what_is_defended_is_shown_and_what_is_not_is_said(finding: str) -> None:
    """Each point below a threat names a test, and a last paragraph says how far it goes."""
    _, *points = re.split(r"^- ", sections()[finding], flags=re.MULTILINE)
    assert [point for point in points if "::test_" not in point] == []
    assert not points or "\nNot defended" in points[-1]


def test_no_test_stands_in_the_text_in_another_form() -> None:
    """It would not be looked for."""
    assert len(re.findall(r"\btest_\w+", text("SECURITY.md"))) == len(
        re.findall(r"tests/[\w/]*?/?test_\w+\.py", text("SECURITY.md"))
    ) + len(NAMED.findall(text("SECURITY.md")))


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_project_has_one_of_its_own(bake: Bake, system: str) -> None:
    """True there: it names no test of the library and no file that the project has not."""
    project = bake(**OTHER, system=system)
    told = (project / "SECURITY.md").read_text()

    assert "SECURITY.md" in tracked(project)
    assert "tests/" not in told
    assert "docs/gates.md" not in told
    assert "cookiecutter" not in told
